//! What a new workspace begins with, and how whoever runs the database lets somebody in.

use kernel::id::TypeId;
use serde_json::{Value as Json, json};

use crate::support::{Caller, Stage, new_workspace, on_both, text};

/// The owner of a new workspace, with its id.
async fn founded(stage: &Stage, with_pipeline: bool) -> (Caller, String) {
    let new = app::NewWorkspace { with_pipeline, ..new_workspace("New") };
    let made = stage.server.kith.create_workspace(new).await.unwrap();
    (Caller::new(&stage.server.url, &made.key, &made.user), made.id)
}

on_both! {
    async fn a_new_workspace_has_a_pipeline(stage) {
        let (owner, _) = founded(stage, true).await;
        let query = "{ pipelines(first: 9) { nodes { name isDefault
            stages(first: 9, orderBy: [{ position: ASC }]) { nodes { name kind probability } } } } }";
        let data = owner.graphql(query, json!({})).await;
        let stages = [
            ("New", "OPEN", 10),
            ("Qualified", "OPEN", 25),
            ("Proposal", "OPEN", 50),
            ("Negotiation", "OPEN", 75),
            ("Won", "WON", 100),
            ("Lost", "LOST", 0),
        ];
        let stages: Vec<_> = stages
            .iter()
            .map(|(name, kind, probability)| json!({ "name": name, "kind": kind, "probability": probability }))
            .collect();
        let expected = json!([{ "name": "Sales", "isDefault": true, "stages": { "nodes": stages } }]);
        assert_eq!(data["pipelines"]["nodes"], expected);
        // A lead can be converted at once.
        let lead = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let made = owner.command(&format!("contacts/{lead}/convert"), json!({ "dealName": "x" })).await.ok();
        assert_eq!(made["deal"]["probability"], 10);
        let (owner, _) = founded(stage, false).await;
        assert_eq!(owner.get("/v1/pipelines").await.ok()["items"], json!([]));
    }
}

on_both! {
    async fn the_operator_lets_somebody_in(stage) {
        let (owner, workspace) = founded(stage, false).await;
        let user = owner.create("users", json!({ "name": "Bob", "active": false })).await;
        let id = |text: &str| TypeId::parse(text).unwrap().uuid;
        let (workspace, bob) = (id(&workspace), id(&text(&user["id"])));
        let (key, secret) = stage.server.kith.let_in(workspace, bob, "Back again").await.unwrap();
        let bob = Caller::new(&owner.url, &secret, &text(&user["id"]));
        let key = TypeId { prefix: "api_key", uuid: key }.to_string();
        let shown = bob.get(&format!("/v1/api-keys/{key}")).await.ok();
        assert_eq!((&shown["role"], &shown["name"]), (&json!("OWNER"), &json!("Back again")));
        assert_eq!(bob.get(&format!("/v1/users/{}", bob.user)).await.ok()["active"], true);
        let event = bob.events().await.pop().unwrap();
        assert_eq!((&event["type"], &event["origin"]), (&json!("apiKey.created"), &json!("COMMAND_LINE")));
        // Also one who was deleted; but nobody of another workspace.
        owner.delete(&format!("/v1/users/{}", bob.user)).await.ok();
        assert_eq!(bob.get("/v1/users").await.status.as_u16(), 401);
        let (_, secret) = stage.server.kith.let_in(workspace, id(&bob.user), "x").await.unwrap();
        let bob = Caller::new(&owner.url, &secret, &bob.user);
        assert_ne!(bob.get("/v1/users").await.ok()["items"], Json::Null);
        let (_, other) = founded(stage, false).await;
        assert!(stage.server.kith.let_in(id(&other), id(&bob.user), "x").await.is_err());
    }
}
