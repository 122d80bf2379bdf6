//! Leaving: whoever is the last to have a way in keeps it.

use serde_json::{Value as Json, json};

use crate::{
    import::{counts, import},
    support::{Caller, Stage, on_both, text},
};

/// Another owner, with the id of the key.
async fn second(stage: &Stage) -> (Caller, String) {
    let owner = &stage.owner;
    let user = text(&owner.create("users", json!({ "name": "Second" })).await["id"]);
    let input = json!({ "name": "x", "userId": user, "role": "OWNER" });
    let issued = owner.command("api-keys/issue", input).await.ok();
    (Caller::new(&owner.url, &text(&issued["secret"]), &user), text(&issued["apiKey"]["id"]))
}

/// The id of the only key.
async fn only_key(owner: &Caller) -> String {
    text(&owner.get("/v1/api-keys").await.ok()["items"][0]["id"])
}

on_both! {
    async fn the_last_owner_stays(stage) {
        let owner = &stage.owner;
        let key = only_key(owner).await;
        stage.user("AGENT").await;
        stage.user("READ_ONLY").await;
        let path = format!("/v1/users/{}", owner.user);
        let before = owner.trace().await;
        owner.patch(&path, &json!({ "active": false })).await.refused(409, "illegal_state");
        owner.delete(&path).await.refused(409, "illegal_state");
        owner.command(&format!("api-keys/{key}/revoke"), json!({})).await.refused(409, "illegal_state");
        let leave = "mutation($id: ID!) { updateUser(id: $id, input: { active: false }) {
            user { id } userErrors { code } } }";
        assert_eq!(owner.user_errors(leave, json!({ "id": owner.user })).await[0]["code"], "illegal_state");
        assert_eq!(owner.trace().await, before);
        let mapping = json!({ "match": "name", "fields": {
            "name": { "column": "Name" }, "active": { "column": "Active", "type": "BOOLEAN" } } });
        let job = import(owner, "user", "Name,Active\nOlivia Owner,false\nBob,true\n", &mapping).await;
        assert_eq!(counts(&job), [1, 0, 0, 1]);
        owner.patch(&path, &json!({ "jobTitle": "Founder" })).await.ok();

        let (other, _) = second(stage).await;
        // Who deletes themselves could not take it back.
        owner.delete(&path).await.violates(409, "illegal_state", &[("illegal_state", "/id")]);
        let delete = "mutation($id: ID!) { deleteUser(id: $id) { user { id } userErrors { code field } } }";
        let errors = owner.user_errors(delete, json!({ "id": owner.user })).await;
        assert_eq!(errors, [json!({ "code": "illegal_state", "field": "/id" })]);
        owner.patch(&path, &json!({ "active": false })).await.ok();
        let path = format!("/v1/users/{}", other.user);
        other.patch(&path, &json!({ "active": false })).await.refused(409, "illegal_state");
        other.get("/v1/contacts").await.ok();
    }
}

on_both! {
    async fn a_key_that_ends_is_a_way_in_until_then(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let owner = &stage.owner;
        let key = only_key(owner).await;
        let input = json!({ "name": "x", "userId": owner.user, "role": "OWNER", "expiresAt": "2026-03-01T12:00:10Z" });
        owner.command("api-keys/issue", input).await.ok();
        clock.forward(10);
        owner.command(&format!("api-keys/{key}/revoke"), json!({})).await.refused(409, "illegal_state");
        let late = json!({ "name": "x", "userId": owner.user, "role": "OWNER", "expiresAt": "2026-03-01T12:00:09Z" });
        let late = owner.command("api-keys/issue", late).await;
        late.violates(422, "out_of_range", &[("out_of_range", "/expiresAt")]);
        stage.server.stop().await.unwrap();
    }
}

on_both! {
    async fn two_owners_who_leave_at_once_leave_one(stage) {
        let (owner, (other, _)) = (&stage.owner, second(stage).await);
        let off = json!({ "active": false });
        let (one_path, other_path) = (format!("/v1/users/{}", owner.user), format!("/v1/users/{}", other.user));
        let leave = |caller: &Caller, path: &str| {
            let (caller, path, off) = (caller.clone(), path.to_owned(), off.clone());
            async move { caller.patch(&path, &off).await }
        };
        let (one, two) = tokio::join!(leave(owner, &one_path), leave(&other, &other_path));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert!(statuses == [200, 409], "{one} {two}");
        let who = if one.status.as_u16() == 200 { &other } else { owner };
        assert_ne!(who.get("/v1/users").await.ok()["items"], Json::Null);
    }
}
