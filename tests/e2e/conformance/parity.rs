//! Parity: what one door can do the other can, under the same name.

use std::collections::{BTreeMap, BTreeSet};

use app::{contract, operation::OperationKind};
use kernel::{object::Action, text::pascal};
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::doors::Call;
use crate::support::{Stage, on_both, text};

/// What REST alone does, and why. This list only shrinks.
const ONLY_REST: &[(&str, &str)] = &[
    ("isAlive", "about the process, not about records"),
    ("isReady", "about the process, not about records"),
    ("explainCode", "where the type of a problem leads"),
    ("uploadFile", "bytes, which GraphQL does not carry"),
    ("downloadFile", "bytes, which GraphQL does not carry"),
];
/// What both do and no object, command or view stands for.
const BOTH: &[(&str, &str)] = &[("me", "about the caller, not about records")];
/// What GraphQL alone does, and why. This list only shrinks.
const ONLY_GRAPHQL: &[(&str, &str)] = &[("node", "in REST the path says of which object a record is")];

on_both! {
    async fn both_doors_do_the_same_under_the_same_names(stage) {
        let rest = operations(stage).await;
        let graphql = fields(stage).await;
        let calls = Call::all(&stage.server.kith);

        let meant: BTreeSet<_> =
            calls.iter().map(Call::name).chain(names(ONLY_REST)).chain(names(BOTH)).collect();
        assert_eq!(rest, meant, "the operations of REST are those of the registry");
        let meant: BTreeSet<_> =
            calls.iter().map(Call::field).chain(names(ONLY_GRAPHQL)).chain(names(BOTH)).collect();
        assert_eq!(graphql, meant, "the fields of GraphQL are those of the registry");

        // A record and a list are called after the object in GraphQL, which has verbs only where something is done.
        let mut in_graphql: BTreeSet<_> = rest.difference(&names(ONLY_REST).collect()).cloned().collect();
        for object in
            stage.server.kith.registry().objects().iter().filter(|object| object.allows(Action::Read))
        {
            for (verb, noun, field) in [
                ("get", object.type_name.clone(), object.name),
                ("list", pascal(object.plural), object.plural),
                ("search", pascal(object.plural), object.plural),
            ] {
                assert!(in_graphql.remove(&format!("{verb}{noun}")), "REST has no {verb}{noun}");
                in_graphql.insert(field.to_owned());
            }
        }
        in_graphql.extend(names(ONLY_GRAPHQL));
        assert_eq!(graphql, in_graphql);
    }
}

fn names(exceptions: &[(&str, &str)]) -> impl Iterator<Item = String> {
    exceptions.iter().map(|(name, _)| (*name).to_owned())
}

/// The operations that the server's OpenAPI document names, each on a path that leads somewhere.
async fn operations(stage: &Stage) -> BTreeSet<String> {
    let document = stage.owner.get("/openapi.json").await.ok();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(operations.insert(name.to_owned()), "{name} stands twice");
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
            let status = knock(stage, method, path).await;
            assert!(!matches!(status, 404 | 405), "{name}: {path} answers {status}");
        }
    }
    operations
}

/// The root fields of the server's GraphQL schema.
async fn fields(stage: &Stage) -> BTreeSet<String> {
    let query = "{ __schema { queryType { fields { name } } mutationType { fields { name } } subscriptionType { name } } }";
    let schema = stage.owner.graphql(query, json!({})).await["__schema"].take();
    assert!(schema["subscriptionType"].is_null());
    let roots = ["queryType", "mutationType"].map(|root| schema[root]["fields"].as_array().unwrap().clone());
    roots.concat().iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
}

/// What is answered on a path of the document to somebody without a key.
async fn knock(stage: &Stage, method: Method, path: &str) -> u16 {
    let request = reqwest::Client::new()
        .request(method, format!("{}{}", stage.server.url, path.replace("{code}", "timeout")));
    stage.owner.send(request).await.status.as_u16()
}

/// What OpenAPI alone describes: pages and searches, which have arguments and connections for them in GraphQL, errors, and
/// what goes along with a path. This list only shrinks.
const ONLY_OPENAPI: &[&str] =
    &["ErrorCodeInfo", "Pagination", "Problem", "RestoreInput", "ServerStatus", "Violation"];
/// What is a scalar in GraphQL, which cannot say that a value is either of two.
const SCALARS: &[&str] = &["DateOperand", "DateTimeOperand"];

type Members = BTreeSet<String>;

/// The types of the server's GraphQL schema, each with its fields, members or values.
async fn types(stage: &Stage) -> BTreeMap<String, Members> {
    let query = "{ __schema { types { name fields { name } inputFields { name } enumValues { name } } } }";
    let schema = stage.owner.graphql(query, json!({})).await["__schema"].take();
    let members = |of: &Json| -> Members {
        let members = ["fields", "inputFields", "enumValues"].map(|kind| of[kind].as_array());
        members.into_iter().flatten().flatten().map(|member| text(&member["name"])).collect()
    };
    let types = schema["types"].as_array().unwrap().iter();
    types.map(|of| (text(&of["name"]), members(of))).collect()
}

/// The members or values of a schema of the OpenAPI document.
fn members(schema: &Json) -> Members {
    let members = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let values = schema["enum"].as_array().into_iter().flatten().map(text);
    members.chain(values).collect()
}

on_both! {
    async fn what_both_doors_name_is_the_same(stage) {
        let document = stage.owner.get("/openapi.json").await.ok();
        let types = types(stage).await;
        let operations = stage.server.kith.operations();
        let commands: Vec<_> = operations
            .iter()
            .filter(|operation| matches!(&operation.kind, OperationKind::Write(write) if !write.is_standard))
            .collect();
        let payloads: BTreeSet<_> = commands.iter().map(|command| contract::payload(&command.name)).collect();
        let inputs: BTreeSet<_> = commands.iter().map(|command| contract::input(&command.name)).collect();
        let on_record = commands.iter().filter(|command| command.on_record);
        let on_record: BTreeSet<_> = on_record.map(|command| contract::input(&command.name)).collect();
        let mut both = 0;
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            let is_list = name.ends_with("Page") || name.starts_with("Search");
            if is_list || ONLY_OPENAPI.contains(&name.as_str()) {
                assert!(!types.contains_key(name), "{name} is in GraphQL, too");
                continue;
            }
            let mut described = members(schema);
            if on_record.contains(name) {
                // An argument of its own in GraphQL.
                assert!(described.remove("expectedVersion"), "{name}");
            }
            if described.is_empty() && inputs.contains(name) {
                // GraphQL has no input without members.
                assert!(!types.contains_key(name), "{name} is in GraphQL, too");
                continue;
            }
            if payloads.contains(name) {
                described.insert("userErrors".to_owned());
            }
            let told = types.get(name).unwrap_or_else(|| panic!("GraphQL has no {name}"));
            if !SCALARS.contains(&name.as_str()) {
                assert_eq!(&described, told, "{name}");
            }
            both += 1;
        }
        assert!(both > 150, "{both} types are on both doors");
    }
}

on_both! {
    async fn versions_are_of_one_type(stage) {
        let query = "{ contact: __type(name: \"Contact\") { fields { name type { ofType { name } } } }
            mutations: __type(name: \"Mutation\") { fields { args { name type { name } } } } }";
        let data = stage.owner.graphql(query, json!({})).await;
        let named = |members: &Json, name: &str| -> Vec<Json> {
            let members = members.as_array().unwrap().iter().filter(|member| member["name"] == name);
            members.map(|member| member["type"].clone()).collect()
        };
        assert_eq!(named(&data["contact"]["fields"], "version")[0]["ofType"]["name"], "Int");
        let fields = data["mutations"]["fields"].as_array().unwrap().iter();
        let expected: Vec<_> = fields.flat_map(|field| named(&field["args"], "expectedVersion")).collect();
        assert!(expected.len() > 40 && expected.iter().all(|of| of["name"] == "Int"), "{expected:?}");
    }
}
