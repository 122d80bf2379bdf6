//! Parity: what one door can do the other can, under the same name.

use std::collections::BTreeSet;

use kernel::{object::Action, text::pascal};
use reqwest::Method;
use serde_json::json;

use super::doors::Call;
use crate::support::{Stage, on_both};

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

/// What introspection tells of a type's fields or members.
async fn members_of(stage: &Stage, name: &str) -> BTreeSet<String> {
    let query = "query($name: String!) { __type(name: $name) { fields { name } inputFields { name } } }";
    let of = stage.owner.graphql(query, json!({ "name": name })).await["__type"].take();
    let members = ["fields", "inputFields"].map(|kind| of[kind].as_array().cloned().unwrap_or_default());
    members.concat().iter().filter_map(|member| Some(member["name"].as_str()?.to_owned())).collect()
}

on_both! {
    async fn both_doors_take_and_show_the_same_members(stage) {
        let document = stage.owner.get("/openapi.json").await.ok();
        let schemas = &document["components"]["schemas"];
        let members = |name: &str| -> BTreeSet<String> {
            let members = schemas[name]["properties"].as_object();
            members.into_iter().flatten().map(|(name, _)| name.clone()).collect()
        };
        for object in stage.server.kith.registry().objects() {
            let (name, links) = (&object.type_name, object.links.iter().map(|link| link.name.clone()));
            let mut shown = members(name);
            shown.extend(links);
            assert_eq!(shown, members_of(stage, name).await, "{name}");
            for (action, verb) in [(Action::Create, "Create"), (Action::Update, "Update")] {
                if object.allows(action) {
                    let name = format!("{verb}{name}");
                    assert_eq!(members(&name), members_of(stage, &name).await, "{name}");
                }
            }
            let name = format!("{name}Where");
            assert_eq!(members(&name), members_of(stage, &name).await, "{name}");
        }
        for command in stage.server.kith.commands() {
            let name = format!("{}Input", pascal(command.spec.name));
            let mut taken = members(&name);
            if command.on_record {
                // An argument of its own in GraphQL.
                assert!(taken.remove("expectedVersion"), "{name}");
            }
            assert_eq!(taken, members_of(stage, &name).await, "{name}");
        }
    }
}
