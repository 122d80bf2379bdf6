//! Ids that clients choose, values that no two records share, and what deleting and restoring does to both.

use kernel::id::TypeId;
use serde_json::{Value as Json, json};

use super::{CREATE_CONTACT, UPDATE_CONTACT};
use crate::support::{on_both, text};

const UUID_7: &str = "019aa8f0-5c00-7abc-8def-0123456789ab";
const UUID_4: &str = "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d";

fn type_id(prefix: &str, uuid: &str) -> String {
    TypeId { prefix, uuid: TypeId::parse_as(prefix, uuid).unwrap() }.to_string()
}

on_both! {
    async fn clients_may_choose_ids(stage) {
        let owner = &stage.owner;
        let chosen = type_id("contact", UUID_7);
        let before = owner.trace().await;
        for wrong in [
            type_id("contact", UUID_4),
            UUID_4.to_owned(),
            type_id("company", UUID_7),
            "mine".to_owned(),
            chosen.to_uppercase(),
        ] {
            let input = json!({ "id": wrong, "givenName": "Ada" });
            let at = [("wrong_type", "/id")];
            owner.post("/v1/contacts", &input).await.violates(422, "wrong_type", &at);
            owner.mutation_violates(CREATE_CONTACT, json!({ "input": input }), &at).await;
        }
        assert_eq!(owner.trace().await, before);

        let input = json!({ "id": chosen, "givenName": "Ada" });
        let created = owner.post("/v1/contacts", &input).await;
        assert_eq!(created.header("location"), Some(format!("/v1/contacts/{chosen}").as_str()));
        assert_eq!(created.ok()["id"], chosen);
        let before = owner.trace().await;
        owner.post("/v1/contacts", &input).await.refused(409, "not_unique");
        owner
            .post("/v1/contacts", &json!({ "id": UUID_7, "givenName": "Eve" }))
            .await
            .refused(409, "not_unique");
        assert_eq!(
            owner.user_errors(CREATE_CONTACT, json!({ "input": input })).await[0]["code"],
            "not_unique"
        );
        assert_eq!(owner.trace().await, before);
        owner.delete(&format!("/v1/contacts/{chosen}")).await.ok();
        owner.post("/v1/contacts", &input).await.refused(409, "not_unique");

        // A plain UUID is taken where it is known what it is an id of, and answered as a TypeID.
        let raw = UUID_7.replace("89ab", "89ac");
        assert_eq!(
            owner.create("contacts", json!({ "id": raw, "givenName": "Bob" })).await["id"],
            type_id("contact", &raw)
        );
        assert_eq!(owner.get(&format!("/v1/contacts/{raw}")).await.ok()["givenName"], "Bob");
        // The same id is free among other objects and in other workspaces.
        owner.create("companies", json!({ "id": type_id("company", UUID_7), "name": "Acme" })).await;
        stage.stranger().await.create("contacts", input).await;
    }
}

on_both! {
    async fn a_unique_value_leads_to_who_has_it(stage) {
        let owner = &stage.owner;
        let first = owner.create("tags", json!({ "name": "Érste Wahl" })).await;
        let other = owner.create("tags", json!({ "name": "Other" })).await;
        let before = owner.trace().await;
        let taken = [("not_unique", "/name")];
        for same in ["Érste Wahl", "ERSTE WAHL", "erste\u{a0}wahl"] {
            let problem =
                owner.post("/v1/tags", &json!({ "name": same })).await.violates(409, "not_unique", &taken);
            assert_eq!(problem["errors"][0]["meta"]["existingId"], first["id"]);
            let path = format!("/v1/tags/{}", text(&other["id"]));
            let problem =
                owner.patch(&path, &json!({ "name": same })).await.violates(409, "not_unique", &taken);
            assert_eq!(problem["errors"][0]["meta"]["existingId"], first["id"]);
            let create = "mutation($name: String!) { createTag(input: { name: $name }) { tag { id }
                userErrors { code field meta } } }";
            let errors = owner.mutation_violates(create, json!({ "name": same }), &taken).await;
            assert_eq!(errors[0]["meta"]["existingId"], first["id"]);
        }
        assert_eq!(owner.trace().await, before);
        let path = format!("/v1/tags/{}", text(&first["id"]));
        assert_eq!(owner.patch(&path, &json!({ "name": "erste wahl" })).await.ok()["name"], "erste wahl");

        let refs = json!([{ "system": "shop", "id": "7" }, { "system": "erp", "id": "8" }]);
        let ada = owner.create("contacts", json!({ "givenName": "Ada", "externalRefs": refs })).await;
        let before = owner.trace().await;
        let input = json!({ "givenName": "Eve", "externalRefs": [{ "system": "shop", "id": "8" },
            { "system": "ERP", "id": "8" }] });
        let taken = [("not_unique", "/externalRefs/1")];
        let problem = owner.post("/v1/contacts", &input).await.violates(409, "not_unique", &taken);
        assert_eq!(problem["errors"][0]["meta"]["existingId"], ada["id"]);
        let errors = owner.mutation_violates(CREATE_CONTACT, json!({ "input": input }), &taken).await;
        assert_eq!(errors[0]["meta"]["existingId"], ada["id"]);
        assert_eq!(owner.trace().await, before);
        // Another object may have the same outside id, and the same record keeps it.
        owner.create("companies", json!({ "name": "Acme", "externalRefs": refs })).await;
        let path = format!("/v1/contacts/{}", text(&ada["id"]));
        let more = json!([{ "system": "erp", "id": "9" }, { "system": "shop", "id": "7" }]);
        assert_eq!(owner.patch(&path, &json!({ "externalRefs": more })).await.ok()["externalRefs"], more);
        owner
            .create(
                "contacts",
                json!({ "givenName": "Bob", "externalRefs": [{ "system": "erp", "id": "8" }] }),
            )
            .await;
        // Twice within one record is once too often as well.
        let twice = json!({ "givenName": "Eve", "externalRefs": [{ "system": "a", "id": "1" },
            { "system": "a", "id": "1" }] });
        owner.post("/v1/contacts", &twice).await.refused(409, "not_unique");
    }
}

on_both! {
    async fn what_is_deleted_can_be_restored(stage) {
        let owner = &stage.owner;
        let input = json!({ "givenName": "Ada", "emails": [{ "address": "ada@x.org" }] });
        let created = owner.create("contacts", input).await;
        let path = format!("/v1/contacts/{}", text(&created["id"]));
        owner.post(&format!("{path}/restore"), &json!({})).await.refused(409, "illegal_state");
        let deleted = owner.delete(&path).await;
        assert_eq!(deleted.header("etag"), Some("\"2\""));
        let before = owner.trace().await;
        owner.get(&path).await.refused(404, "not_found");
        owner.patch(&path, &json!({ "jobTitle": "x" })).await.refused(404, "not_found");
        owner.delete(&path).await.refused(404, "not_found");
        owner.get(&format!("{path}/overview")).await.refused(404, "not_found");
        owner
            .command(&format!("{}/convert", &path[4..]), json!({ "dealName": "x" }))
            .await
            .refused(404, "not_found");
        let variables = json!({ "id": created["id"], "input": { "jobTitle": "x" } });
        assert_eq!(owner.user_errors(UPDATE_CONTACT, variables).await[0]["code"], "not_found");
        let data = owner.graphql(
            "query($id: ID!) { contact(id: $id) { id } node(id: $id) { id } }",
            json!({ "id": created["id"] }),
        );
        assert_eq!(data.await, json!({ "contact": null, "node": null }));
        let by_mail = json!({ "where": { "emails": { "some": { "address": { "eq": "ada@x.org" } } } } });
        assert_eq!(owner.post("/v1/contacts/search", &by_mail).await.ok()["items"], json!([]));
        let company =
            json!({ "contactId": created["id"], "name": "x", "stageId": stage.pipeline().await[0] });
        let gone = [("reference_not_found", "/contactId")];
        owner.post("/v1/deals", &company).await.violates(422, "reference_not_found", &gone);
        assert_eq!(owner.trace().await["contacts"], before["contacts"]);

        let restored = owner.send(owner.request(reqwest::Method::POST, &format!("{path}/restore"))).await;
        assert_eq!(restored.header("etag"), Some("\"3\""));
        let restored = restored.ok();
        let mut expected = created.clone();
        (expected["version"], expected["updatedAt"]) = (json!(3), restored["updatedAt"].clone());
        assert_eq!(restored, expected);
        assert_eq!(owner.get(&path).await.ok(), expected);
        assert_eq!(owner.post("/v1/contacts/search", &by_mail).await.ok()["items"][0]["id"], created["id"]);
        let delete = "mutation($id: ID!) { deleteContact(id: $id) { contact { deletedAt version }
            userErrors { code } } }";
        let data = owner.graphql(delete, json!({ "id": created["id"] })).await;
        assert_eq!(data["deleteContact"]["contact"]["version"], 4);
        assert!(data["deleteContact"]["contact"]["deletedAt"].is_string());
        assert_eq!(owner.user_errors(delete, json!({ "id": created["id"] })).await[0]["code"], "not_found");
        let restore = "mutation($id: ID!) { restoreContact(id: $id) { contact { deletedAt version }
            userErrors { code } } }";
        let data = owner.graphql(restore, json!({ "id": created["id"] })).await;
        assert_eq!(data["restoreContact"]["contact"], json!({ "deletedAt": null, "version": 5 }));
        assert_eq!(
            owner.user_errors(restore, json!({ "id": created["id"] })).await[0]["code"],
            "illegal_state"
        );
    }
}

on_both! {
    async fn a_deleted_record_gives_its_unique_values_free(stage) {
        let owner = &stage.owner;
        let refs = json!([{ "system": "shop", "id": "7" }]);
        for (objects, input, pointer) in [
            ("tags", json!({ "name": "vip" }), "/name"),
            ("contacts", json!({ "givenName": "Ada", "externalRefs": refs }), "/externalRefs/0"),
        ] {
            let first = text(&owner.create(objects, input.clone()).await["id"]);
            let path = format!("/v1/{objects}/{first}");
            owner.delete(&path).await.ok();
            let second: Json = owner.create(objects, input.clone()).await;
            let before = owner.trace().await;
            let taken = [("not_unique", pointer)];
            let problem =
                owner.post(&format!("{path}/restore"), &json!({})).await.violates(409, "not_unique", &taken);
            assert_eq!(problem["errors"][0]["meta"]["existingId"], second["id"]);
            assert_eq!(owner.trace().await, before);
            owner.get(&path).await.refused(404, "not_found");
            owner.delete(&format!("/v1/{objects}/{}", text(&second["id"]))).await.ok();
            owner.post(&format!("{path}/restore"), &json!({})).await.ok();
            owner.post(&format!("/v1/{objects}"), &input).await.refused(409, "not_unique");
        }
    }
}

on_both! {
    async fn a_conflict_does_not_tell_of_what_is_hidden(stage) {
        let (owner, agent) = (&stage.owner, stage.user("AGENT").await);
        let refs = json!([{ "system": "shop", "id": "7" }]);
        owner.create("contacts", json!({ "givenName": "Ada", "externalRefs": refs })).await;
        let input = json!({ "givenName": "Eve", "externalRefs": refs });
        let taken = [("not_unique", "/externalRefs/0")];
        let problem = agent.post("/v1/contacts", &input).await.violates(409, "not_unique", &taken);
        assert_eq!(problem["errors"][0].get("meta"), None);
        let errors = agent.mutation_violates(CREATE_CONTACT, json!({ "input": input }), &taken).await;
        assert_eq!(errors[0]["meta"], Json::Null);
    }
}
