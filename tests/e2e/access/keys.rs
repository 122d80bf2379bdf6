//! Keys that one server remembers side by side do not stand in for each other.

use futures::future::join_all;
use serde_json::json;

use super::Pair;
use crate::support::{Caller, on_both, text};

/// The key with another character near its end, where the secret is.
fn forged(caller: &Caller) -> Caller {
    let (start, end) = caller.key.split_at(caller.key.len() - 10);
    let other = if end.starts_with('A') { "B" } else { "A" };
    Caller::new(&caller.url, &format!("{start}{other}{}", &end[1..]), &caller.user)
}

on_both! {
    async fn roles_do_not_mix(stage) {
        let pair = Pair::of(stage).await;
        let agent = stage.user("AGENT").await;
        // The agent's own user has an owner's key as well.
        let input = json!({ "name": "more", "userId": agent.user, "role": "OWNER" });
        let issued = stage.owner.command("api-keys/issue", input).await.ok();
        let both = Caller::new(&pair.there.server.url, &text(&issued["secret"]), &agent.user);
        let (owner, agent) = (pair.there(&stage.owner), pair.there(&agent));
        let revenue = json!({ "amount": "7.00", "currency": "EUR" });
        let acme = stage.owner.create("companies", json!({ "name": "Acme", "annualRevenue": revenue })).await;
        let mine = agent.create("companies", json!({ "name": "Mine" })).await;
        let path = |company: &serde_json::Value| format!("/v1/companies/{}", text(&company["id"]));
        let (acme, mine) = (path(&acme), path(&mine));
        let names = "{ companies(first: 9, orderBy: [{ name: ASC }]) { nodes { name } } }";
        let keys = "{ apiKeys(first: 1) { nodes { role } } }";
        let sees_all = async |caller: &Caller| {
            assert_eq!(caller.get(&acme).await.ok()["annualRevenue"]["amount"], "7.00");
            assert_eq!(caller.get(&mine).await.ok()["name"], "Mine");
            let all = caller.graphql(names, json!({})).await;
            assert_eq!(all["companies"]["nodes"], json!([{ "name": "Acme" }, { "name": "Mine" }]));
            caller.get("/v1/api-keys").await.ok();
            caller.graphql(keys, json!({})).await;
            caller.create("teams", json!({ "name": text(&caller.create("tasks", json!({ "title": "x" })).await["id"]) })).await;
        };
        let sees_own = async |caller: &Caller| {
            caller.get(&acme).await.refused(404, "not_found");
            assert_eq!(caller.get(&mine).await.ok().get("annualRevenue"), None);
            let own = caller.graphql(names, json!({})).await;
            assert_eq!(own["companies"]["nodes"], json!([{ "name": "Mine" }]));
            caller.get("/v1/api-keys").await.refused(403, "forbidden");
            caller.graphql_reply(keys, json!({})).await.graphql_refused(403, "forbidden");
            caller.post("/v1/teams", &json!({ "name": "x" })).await.refused(403, "forbidden");
            caller.patch(&acme, &json!({ "name": "x" })).await.refused(404, "not_found");
        };
        for _ in 0..3 {
            sees_all(&owner).await;
            sees_own(&agent).await;
            sees_all(&both).await;
            sees_own(&agent).await;
        }
        let ask = async |number: usize| match number % 3 {
            0 => sees_all(&owner).await,
            1 => sees_own(&agent).await,
            _ => sees_all(&both).await,
        };
        join_all((0..12).map(ask)).await;
        // One of two keys of a user ends; the other does not.
        stage.owner.command(&format!("api-keys/{}/revoke", text(&issued["apiKey"]["id"])), json!({})).await.ok();
        both.get(&mine).await.refused(401, "unauthenticated");
        sees_own(&agent).await;
        pair.end().await;
    }
}

on_both! {
    async fn a_remembered_key_needs_its_secret(stage) {
        let pair = Pair::of(stage).await;
        let newcomer = pair.newcomer().await;
        let (right, wrong) = (&newcomer.there, forged(&newcomer.there));
        let query = "{ contacts(first: 1) { totalCount } }";
        right.graphql(query, json!({})).await;
        let before = stage.owner.trace().await;
        let refused = async || {
            wrong.get("/v1/contacts").await.refused(401, "unauthenticated");
            wrong.get("/v1/teams").await.refused(401, "unauthenticated");
            wrong.post("/v1/contacts", &json!({ "givenName": "Eve" })).await.refused(401, "unauthenticated");
            wrong.post("/v1/contacts", &json!({ "nope": 1 })).await.refused(401, "unauthenticated");
            wrong.graphql_reply(query, json!({})).await.refused(401, "unauthenticated");
            wrong.graphql_reply("{ __typename }", json!({})).await.refused(401, "unauthenticated");
        };
        for _ in 0..3 {
            refused().await;
            right.get("/v1/contacts").await.ok();
        }
        assert_eq!(stage.owner.trace().await, before);
        // Also where the memory is old, and where the wrong secret is the first that the server sees.
        stage.owner.create("users", json!({ "name": "Nina" })).await;
        refused().await;
        right.get("/v1/contacts").await.ok();
        let unseen = pair.there(&stage.user("OWNER").await);
        forged(&unseen).get("/v1/contacts").await.refused(401, "unauthenticated");
        unseen.get("/v1/contacts").await.ok();
        forged(&unseen).get("/v1/contacts").await.refused(401, "unauthenticated");
        unseen.get("/v1/contacts").await.ok();
        pair.end().await;
    }
}
