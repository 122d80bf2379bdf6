//! Conditions of requests as RFC 9110 has them: a write whose condition does not hold is not done, and none is ignored.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Caller, Reply, on_both, text};

async fn patch(caller: &Caller, path: &str, name: &str, value: &str) -> Reply {
    caller
        .send(caller.request(Method::PATCH, path).header(name, value).json(&json!({ "jobTitle": value })))
        .await
}

on_both! {
    async fn if_match_names_the_versions_that_will_do(stage) {
        let owner = &stage.owner;
        let path = format!("/v1/contacts/{}", text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]));
        for other in ["W/\"1\"", "\"2\"", "\"2\", \"3\"", "\"2\",W/\"1\"", "\"abc\"", "\"01\""] {
            let problem = patch(owner, &path, "if-match", other).await.refused(412, "version_conflict");
            assert_eq!(problem["currentVersion"], 1, "{other}");
        }
        let version = |json: Json| json["version"].clone();
        assert_eq!(version(patch(owner, &path, "if-match", "\"7\", \"1\"").await.ok()), 2);
        assert_eq!(version(patch(owner, &path, "if-match", "*").await.ok()), 3);
        assert_eq!(version(patch(owner, &path, "if-match", "W/\"3\", \"3\"").await.ok()), 4);
        for wrong in ["4", "\"4", "*, \"4\""] {
            patch(owner, &path, "if-match", wrong).await.refused(400, "invalid_parameter");
        }
        let delete = async |tags: &'static str| owner.send(owner.request(Method::DELETE, &path).header("if-match", tags)).await;
        delete("W/\"4\"").await.refused(412, "version_conflict");
        delete("\"3\", \"4\"").await.ok();
        let restore = format!("{path}/restore");
        let restore = async |tags: &'static str| owner.send(owner.request(Method::POST, &restore).header("if-match", tags)).await;
        restore("\"4\", \"6\"").await.refused(412, "version_conflict");
        restore("\"4\", \"5\"").await.ok();
    }
}

on_both! {
    async fn other_conditions_of_a_write_are_refused(stage) {
        let owner = &stage.owner;
        let id = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let before = owner.trace().await;
        let past = "Sat, 01 Jan 2000 00:00:00 GMT";
        for (method, path) in [
            (Method::POST, "/v1/contacts".to_owned()),
            (Method::PATCH, format!("/v1/contacts/{id}")),
            (Method::DELETE, format!("/v1/contacts/{id}")),
            (Method::POST, format!("/v1/contacts/{id}/restore")),
            (Method::POST, format!("/v1/contacts/{id}/convert")),
            (Method::POST, "/v1/api-keys/issue".to_owned()),
            (Method::POST, "/v1/files?name=a".to_owned()),
        ] {
            for (name, value) in [("if-none-match", "*"), ("if-none-match", "\"1\""), ("if-unmodified-since", past)] {
                let request = owner.request(method.clone(), &path).header(name, value);
                let problem = owner.send(request).await.refused(400, "invalid_parameter");
                assert!(text(&problem["detail"]).to_lowercase().contains(name), "{problem}");
            }
        }
        for path in ["/v1/contacts", "/v1/api-keys/issue", "/v1/files?name=a"] {
            let request = owner.request(Method::POST, path).header("if-match", "\"1\"");
            owner.send(request).await.refused(400, "invalid_parameter");
        }
        assert_eq!(owner.trace().await, before);
        // Beside If-Match the date counts for nothing, and reads have no such conditions.
        let both = owner.request(Method::PATCH, &format!("/v1/contacts/{id}")).header("if-match", "\"1\"");
        owner.send(both.header("if-unmodified-since", past).json(&json!({ "jobTitle": "x" }))).await.ok();
        let search = owner.request(Method::POST, "/v1/contacts/search").header("if-none-match", "*");
        owner.send(search.json(&json!({}))).await.ok();
    }
}
