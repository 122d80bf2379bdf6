//! Callers learn who they are and what they may do.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Caller, on_both};

fn of<'j>(me: &'j Json, object: &str) -> Option<&'j Json> {
    me["permissions"].as_array().unwrap().iter().find(|permission| permission["object"] == object)
}

async fn me(caller: &Caller) -> Json {
    let me = caller.get("/v1/me").await.ok();
    let query = "{ me { user { id name } role workspace { id name } permissions { object actions rows closedFields } } }";
    let told = caller.graphql(query, json!({})).await["me"].take();
    assert_eq!(told["permissions"], me["permissions"]);
    for (object, field) in [("user", "id"), ("user", "name"), ("workspace", "id"), ("workspace", "name")] {
        assert_eq!(told[object][field], me[object][field]);
    }
    assert_eq!(told["role"], me["role"]);
    me
}

on_both! {
    async fn each_role_learns_its_own(stage) {
        let owner = me(&stage.owner).await;
        assert_eq!((&owner["role"], &owner["workspace"]["name"]), (&json!("OWNER"), &json!("Acme")));
        assert_eq!(owner["user"]["id"], stage.owner.user);
        let all = json!({ "object": "contact", "actions": ["READ", "CREATE", "UPDATE", "DELETE"], "rows": "ALL", "closedFields": [] });
        assert_eq!(of(&owner, "contact"), Some(&all));
        assert_eq!(of(&owner, "event").unwrap()["actions"], json!(["READ"]));
        assert_eq!(of(&owner, "apiKey").unwrap()["actions"], json!(["READ", "CREATE", "UPDATE"]));

        let agent = stage.user("AGENT").await;
        let told = me(&agent).await;
        assert_eq!((&told["role"], &told["user"]["id"]), (&json!("AGENT"), &json!(agent.user)));
        let own = json!({ "object": "company", "actions": ["READ", "CREATE", "UPDATE", "DELETE"], "rows": "OWN", "closedFields": ["annualRevenue"] });
        assert_eq!(of(&told, "company"), Some(&own));
        assert_eq!(of(&told, "tag").unwrap()["actions"], json!(["READ", "CREATE"]));
        assert_eq!(of(&told, "apiKey"), None);

        let reader = me(&stage.user("READ_ONLY").await).await;
        for permission in reader["permissions"].as_array().unwrap() {
            assert_eq!(permission["actions"], json!(["READ"]), "{permission}");
        }
    }
}

on_both! {
    async fn it_is_an_operation_like_others(stage) {
        let owner = &stage.owner;
        Caller::new(&owner.url, "kith_nonsense", "").get("/v1/me").await.refused(401, "unauthenticated");
        owner.get("/v1/me?nope=1").await.refused(400, "unknown_parameter");
        owner.get("/v1/me/x").await.refused(404, "unknown_operation");
        let posted = owner.post("/v1/me", &json!({})).await;
        posted.refused(405, "method_not_allowed");
        assert_eq!(posted.header("allow"), Some("GET, HEAD"));
        assert_eq!(owner.send(owner.request(Method::HEAD, "/v1/me")).await.bytes.len(), 0);
        // What is asked in another way is answered the same.
        let plain = owner.graphql("{ me { role permissions { object } } }", json!({})).await;
        let mixed = owner.graphql("{ __schema { queryType { name } } me { role permissions { object } } }", json!({})).await;
        assert_eq!(plain["me"], mixed["me"]);
        let renamed = owner.graphql("{ who: me { __typename boss: user { name } } }", json!({})).await;
        assert_eq!(renamed["who"], json!({ "__typename": "Me", "boss": { "name": "Olivia Owner" } }));
    }
}
