//! Versions and patches: who writes over what nobody has seen is told so, and a patch changes what it names.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::UPDATE_CONTACT;
use crate::support::{on_both, text};

const MOVE: &str = "mutation($id: ID!, $version: Int, $stage: ID!) {
    moveDeal(id: $id, expectedVersion: $version, input: { stageId: $stage }) {
        deal { id version } userErrors { code field message meta } } }";

on_both! {
    async fn a_version_that_is_not_the_present_one_is_refused(stage) {
        let owner = &stage.owner;
        let id = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let path = format!("/v1/contacts/{id}");
        owner.patch(&path, &json!({ "jobTitle": "Countess", "source": "fair" })).await.ok();
        owner.patch(&path, &json!({ "familyName": "Lovelace" })).await.ok();
        let before = owner.trace().await;
        let matching = async |method: Method, path: &str, tag: &'static str| {
            let request = owner.request(method.clone(), path).header("if-match", tag);
            let request =
                if method == Method::PATCH { request.json(&json!({ "jobTitle": "x" })) } else { request };
            owner.send(request).await
        };
        for (method, path) in [
            (Method::PATCH, path.clone()),
            (Method::DELETE, path.clone()),
            (Method::POST, format!("{path}/restore")),
        ] {
            let problem = matching(method.clone(), &path, "\"1\"").await.refused(412, "version_conflict");
            assert_eq!(problem["currentVersion"], 3);
            assert_eq!(problem["changedFields"], json!(["familyName", "fullName", "jobTitle", "source"]));
            let problem = matching(method.clone(), &path, "\"2\"").await.refused(412, "version_conflict");
            assert_eq!(problem["changedFields"], json!(["familyName", "fullName"]));
            let problem = matching(method.clone(), &path, "\"9\"").await.refused(412, "version_conflict");
            assert_eq!((&problem["currentVersion"], &problem["changedFields"]), (&json!(3), &json!([])));
            for wrong in ["3", "\"3", "\"2\" \"3\"", "*, \"3\"", ""] {
                matching(method.clone(), &path, wrong).await.refused(400, "invalid_parameter");
            }
        }
        let input = json!({ "dealName": "A deal", "expectedVersion": 2 });
        let problem = owner.post(&format!("{path}/convert"), &input).await.refused(412, "version_conflict");
        assert_eq!(
            (&problem["currentVersion"], &problem["changedFields"]),
            (&json!(3), &json!(["familyName", "fullName"]))
        );
        let both =
            owner.request(Method::POST, &format!("{path}/convert")).header("if-match", "\"3\"").json(&input);
        owner.send(both).await.refused(400, "invalid_parameter");
        let text_version = json!({ "dealName": "A deal", "expectedVersion": "3" });
        let wrong = [("wrong_type", "/expectedVersion")];
        owner.post(&format!("{path}/convert"), &text_version).await.violates(422, "wrong_type", &wrong);

        let variables = json!({ "id": id, "version": 2, "input": { "jobTitle": "x" } });
        let errors = owner.user_errors(UPDATE_CONTACT, variables).await;
        assert_eq!((errors.len(), &errors[0]["code"]), (1, &json!("version_conflict")));
        assert_eq!(
            errors[0]["meta"],
            json!({ "currentVersion": 3, "changedFields": ["familyName", "fullName"] })
        );
        for mutation in ["deleteContact", "restoreContact"] {
            let mutation = format!(
                "mutation($id: ID!) {{ {mutation}(id: $id, expectedVersion: 1) {{ userErrors {{ code meta }}
                    }} }}"
            );
            assert_eq!(
                owner.user_errors(&mutation, json!({ "id": id })).await[0]["code"],
                "version_conflict"
            );
        }
        assert_eq!(owner.trace().await, before);

        assert_eq!(matching(Method::PATCH, &path, "\"3\"").await.ok()["version"], 4);
        assert_eq!(
            matching(Method::PATCH, &path, "*").await.ok()["version"],
            4,
            "nothing differs, so nothing is written"
        );
        let data = owner
            .graphql(UPDATE_CONTACT, json!({ "id": id, "version": 4, "input": { "jobTitle": "y" } }))
            .await;
        assert_eq!(data["updateContact"], json!({ "contact": { "id": id, "version": 5 }, "userErrors": [] }));
    }
}

on_both! {
    async fn move_deal_wants_the_version_that_was_seen(stage) {
        let owner = &stage.owner;
        let [open, won, _] = stage.pipeline().await;
        let id = text(&owner.create("deals", json!({ "name": "A deal", "stageId": open })).await["id"]);
        let before = owner.trace().await;
        let to = json!({ "stageId": won });
        owner.command(&format!("deals/{id}/move"), to.clone()).await.refused(428, "version_required");
        let any =
            owner.request(Method::POST, &format!("/v1/deals/{id}/move")).header("if-match", "*").json(&to);
        owner.send(any).await.refused(428, "version_required");
        let errors = owner.user_errors(MOVE, json!({ "id": id, "stage": won })).await;
        assert_eq!(errors[0]["code"], "version_required");
        let errors = owner.user_errors(MOVE, json!({ "id": id, "stage": won, "version": 7 })).await;
        assert_eq!(errors[0]["code"], "version_conflict");
        assert_eq!(owner.trace().await, before);
        let matched = owner
            .request(Method::POST, &format!("/v1/deals/{id}/move"))
            .header("if-match", "\"1\"")
            .json(&to);
        let reply = owner.send(matched).await;
        assert_eq!(reply.header("etag"), Some("\"2\""));
        assert_eq!(reply.ok()["deal"]["version"], 2);
    }
}

on_both! {
    async fn a_patch_changes_what_it_names(stage) {
        let owner = &stage.owner;
        let input = json!({ "givenName": "Ada", "familyName": "Lovelace", "jobTitle": "Countess",
            "birthday": "1815-12-10",
            "emails": [{ "address": "ada@x.org" }, { "address": "a@y.org", "primary": true }],
                "leadStatus": "NEW" });
        let created = owner.create("contacts", input).await;
        let path = format!("/v1/contacts/{}", text(&created["id"]));
        assert_eq!(created["emails"][0]["primary"], false);
        // Absent keeps, null clears, a list is replaced as a whole.
        let patch = json!({ "jobTitle": null, "birthday": null, "emails": [{ "address": "new@x.org" }],
            "leadStatus": null });
        let patched = owner.patch(&path, &patch).await.ok();
        let mut expected = created.clone();
        for name in ["jobTitle", "birthday", "leadStatus"] {
            expected[name] = Json::Null;
        }
        expected["emails"] = json!([{ "address": "new@x.org", "type": "WORK", "primary": true }]);
        expected["version"] = json!(2);
        expected["updatedAt"] = patched["updatedAt"].clone();
        assert_eq!(patched, expected);
        let cleared = owner.patch(&path, &json!({ "emails": null })).await.ok();
        assert_eq!(cleared["emails"], json!([]));

        let variables =
            json!({ "id": created["id"], "input": { "familyName": null, "jobTitle": "Countess" } });
        owner.graphql(UPDATE_CONTACT, variables).await;
        let now = owner.get(&path).await.ok();
        assert_eq!(
            (&now["fullName"], &now["familyName"], &now["jobTitle"]),
            (&json!("Ada"), &Json::Null, &json!("Countess"))
        );

        let before = owner.trace().await;
        let required = [("required", "/lifecycle")];
        owner.patch(&path, &json!({ "lifecycle": null })).await.violates(422, "required", &required);
        let variables = json!({ "id": created["id"], "input": { "lifecycle": null } });
        owner.mutation_violates(UPDATE_CONTACT, variables, &required).await;
        let nameless = [("required", "/givenName")];
        owner.patch(&path, &json!({ "givenName": null })).await.violates(422, "required", &nameless);
        for (patch, code, pointer) in [
            (json!({ "id": created["id"] }), "immutable", "/id"),
            (json!({ "version": 1 }), "read_only", "/version"),
            (json!({ "deletedAt": null }), "read_only", "/deletedAt"),
            (json!({ "fullName": "x" }), "read_only", "/fullName"),
        ] {
            owner.patch(&path, &patch).await.violates(422, code, &[(code, pointer)]);
        }
        let [open, ..] = stage.pipeline().await;
        let deal = text(&owner.create("deals", json!({ "name": "A deal", "stageId": open })).await["id"]);
        let at = [("command_only", "/stageId")];
        owner.patch(&format!("/v1/deals/{deal}"), &json!({ "stageId": open })).await.violates(
            422,
            "command_only",
            &at,
        );
        let unchanged = owner.patch(&path, &json!({})).await;
        assert_eq!((unchanged.header("etag"), &unchanged.json()["version"]), (Some("\"4\""), &json!(4)));
        let after = owner.trace().await;
        assert_eq!(after["contacts"], before["contacts"]);
        assert_eq!(owner.get(&path).await.ok(), now);
    }
}
