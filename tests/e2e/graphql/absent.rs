//! A variable that is not sent stands for nothing: a member with it is left out, an argument with it was not given.

use std::sync::Arc;

use kernel::object::{Action, Object};
use serde_json::{Map, Value as Json, json};

use crate::{
    conformance::maker::Maker,
    support::{Caller, on_both, text},
};

/// The members of an input type with their types, as introspection tells them.
async fn members(caller: &Caller, input: &str) -> Vec<(String, String)> {
    let query =
        "query($name: String!) { __type(name: $name) { inputFields { name type { ...T ofType { ...T ofType {
        ...T ofType { ...T } } } } } } } fragment T on __Type { kind name }";
    let data = caller.graphql(query, json!({ "name": input })).await;
    let fields = data["__type"]["inputFields"].as_array().unwrap();
    fields.iter().map(|field| (text(&field["name"]), spelled(&field["type"]))).collect()
}

fn spelled(of: &Json) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", spelled(&of["ofType"])),
        Some("LIST") => format!("[{}]", spelled(&of["ofType"])),
        _ => text(&of["name"]),
    }
}

/// An update with a variable for every member.
fn update(object: &Object, members: &[(String, String)]) -> String {
    let variables = members.iter().map(|(name, of)| format!(", ${name}: {of}")).collect::<String>();
    let input = members.iter().map(|(name, _)| format!("{name}: ${name}")).collect::<Vec<_>>().join(", ");
    format!(
        "mutation($recordId: ID!{variables}) {{ update{of}(id: $recordId, input: {{ {input} }}) {{ {name} {{ version }}
         userErrors {{ code field message }} }} }}",
        of = object.type_name,
        name = object.name,
    )
}

on_both! {
    async fn no_update_touches_a_field_whose_variable_is_not_sent(stage) {
        let (owner, registry) = (&stage.owner, Arc::clone(stage.server.kith.registry()));
        let mut maker = Maker::new(&registry, owner);
        let changeable = |object: &&Arc<Object>| object.allows(Action::Create) && object.allows(Action::Update);
        let mut cleared = 0;
        for object in registry.objects().iter().filter(changeable) {
            let members = members(owner, &format!("Update{}Input", object.type_name)).await;
            let query = update(object, &members);
            let made = maker.make(object).await;
            let path = format!("/v1/{}/{}", object.path, text(&made["id"]));
            let mut before = owner.get(&path).await.ok();
            let data = owner.graphql(&query, json!({ "recordId": before["id"] })).await;
            let payload = &data[format!("update{}", object.type_name)];
            assert_eq!(payload["userErrors"], json!([]), "{}: {payload}", object.name);
            assert_eq!(owner.get(&path).await.ok(), before, "{}: nothing was sent", object.name);
            for (name, _) in &members {
                let mut variables = Map::from_iter([("recordId".to_owned(), before["id"].clone())]);
                variables.insert(name.clone(), Json::Null);
                let data = owner.graphql(&query, variables.into()).await;
                let is_refused = data[format!("update{}", object.type_name)]["userErrors"] != json!([]);
                let after = owner.get(&path).await.ok();
                for (other, _) in members.iter().filter(|(other, _)| is_refused || other != name) {
                    assert_eq!(after[other], before[other], "{}: null for {name} changes {other}", object.name);
                }
                // Items that are added or removed are no field.
                let has_preset = object.attribute(name).is_none_or(|attribute| attribute.preset.is_some());
                if !is_refused && !has_preset {
                    cleared += 1;
                    assert!(after[name].is_null() || after[name] == json!([]), "{}.{name}: {after}", object.name);
                }
                before = after;
            }
        }
        assert!(cleared > 40, "only {cleared} fields can be cleared");
    }
}

on_both! {
    async fn a_new_record_has_its_presets_where_nothing_is_sent(stage) {
        let create = "mutation($name: String, $life: ContactLifecycle, $emails: [EmailInput!]) { createContact(
            input: { givenName: \"Ada\", familyName: $name, lifecycle: $life, emails: $emails }) { contact {
            familyName lifecycle emails { address } } userErrors { code } } }";
        let data = stage.owner.graphql(create, json!({ "name": "King" })).await;
        let contact = json!({ "familyName": "King", "lifecycle": "LEAD", "emails": [] });
        assert_eq!(data["createContact"], json!({ "contact": contact, "userErrors": [] }));
    }
}

on_both! {
    async fn an_argument_that_is_not_sent_was_not_given(stage) {
        let owner = &stage.owner;
        for name in ["Ada", "Bob", "Cleo"] {
            owner.create("contacts", json!({ "givenName": name })).await;
        }
        let query = "query($n: Int, $last: Int, $name: String, $where: ContactFilter, $order: [ContactOrder!],
            $deleted: DeletedFilter, $after: String) {
            contacts(first: $n, last: $last, where: $where, orderBy: $order, deleted: $deleted, after: $after) {
                nodes { givenName } }
            named: contacts(first: 3, orderBy: [{givenName: ASC}], where: {givenName: {eq: $name, isNull: false}}) {
                nodes { givenName } } }";
        let names = |data: &Json, list: &str| -> Vec<String> {
            data[list]["nodes"].as_array().unwrap().iter().map(|node| text(&node["givenName"])).collect()
        };
        // Each twice: the second time the operation is prepared.
        for _ in 0..2 {
            let data = owner.graphql(query, json!({ "n": 5 })).await;
            assert_eq!(names(&data, "contacts"), ["Cleo", "Bob", "Ada"]);
            assert_eq!(names(&data, "named"), ["Ada", "Bob", "Cleo"]);
            let data = owner.graphql(query, json!({ "last": 1, "name": "Bob" })).await;
            assert_eq!(names(&data, "contacts"), ["Ada"]);
            assert_eq!(names(&data, "named"), ["Bob"]);
            // Null is a value of its own.
            let reply = owner.graphql_reply(query, json!({ "n": 5, "name": null })).await;
            reply.graphql_refused(422, "null_operand");
        }
        let id = text(&owner.get("/v1/contacts?limit=1&fields=id").await.ok()["items"][0]["id"]);
        let rename = "mutation($id: ID!, $seen: Int, $name: String) { updateContact(id: $id, expectedVersion: $seen,
            input: { givenName: $name }) { contact { givenName version } userErrors { code } } }";
        let data = owner.graphql(rename, json!({ "id": id, "name": "Dora" })).await;
        let contact = json!({ "givenName": "Dora", "version": 2 });
        assert_eq!(data["updateContact"], json!({ "contact": contact, "userErrors": [] }));
        let errors = owner.user_errors(rename, json!({ "id": id, "name": "Eve", "seen": 1 })).await;
        assert_eq!(errors[0]["code"], "version_conflict");
    }
}

on_both! {
    async fn a_command_takes_only_what_is_sent(stage) {
        let owner = &stage.owner;
        let stages = stage.pipeline().await;
        let id = text(&owner.create("deals", json!({ "name": "A deal", "stageId": stages[0] })).await["id"]);
        let lose = "mutation($id: ID!, $reason: String!, $day: Date) { loseDeal(id: $id, input: { closeDate: $day,
            lostReason: $reason }) { deal { status lostReason closeDate } userErrors { code field } } }";
        owner.graphql_reply(lose, json!({ "id": id })).await.graphql_refused(400, "invalid_query");
        let path = format!("/v1/deals/{id}");
        owner.patch(&path, &json!({ "closeDate": "2026-05-01" })).await.ok();
        let data = owner.graphql(lose, json!({ "id": id, "reason": "Price" })).await;
        let deal = json!({ "status": "LOST", "lostReason": "Price", "closeDate": "2026-05-01" });
        assert_eq!(data["loseDeal"], json!({ "deal": deal, "userErrors": [] }));
    }
}
