//! The second wall between workspaces, alone: with the first one left out of the SQL, PostgreSQL still shows
//! nobody another's rows. In a program of its own, because what leaves it out is of the whole process.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails panics"
)]

#[expect(dead_code, unused_imports, unused_macros, reason = "most of it is for the other tests")]
#[path = "../e2e/support/mod.rs"]
mod support;

use serde_json::{Value as Json, json};
use support::{Backend, Caller, Stage, text};

/// Reads all that a list, a link, a predicate and an id can reach of contacts.
async fn look(stage: &Stage, stranger: &Caller, hidden: &str) -> Vec<Json> {
    let ids = json!({ "where": { "id": { "in": [hidden] } }, "deleted": "INCLUDE", "count": true });
    let names = "{ contacts(first: 9) { nodes { givenName } totalCount } deals(first: 9) { nodes { contact { givenName } } }
        events(first: 200, where: { object: { eq: \"contact\" } }) { nodes { recordId } } }";
    let around = json!({ "deals": { "some": { "contact": { "givenName": { "eq": "Ada" } } } } });
    vec![
        stranger.get("/v1/contacts?fields=givenName&count=true").await.ok(),
        stranger.post("/v1/contacts/search", &ids).await.ok(),
        stranger.graphql(names, json!({})).await,
        stranger.get_where("/v1/users?fields=name", around).await.ok(),
        stranger.get(&format!("/v1/contacts/{hidden}")).await.json()["status"].take(),
        stranger.patch(&format!("/v1/contacts/{hidden}"), &json!({ "givenName": "Mine" })).await.json()["status"].take(),
        stranger.delete(&format!("/v1/contacts/{hidden}")).await.json()["status"].take(),
        stage.owner.get("/v1/contacts?fields=givenName").await.ok()["items"].take(),
    ]
}

async fn workspaces(backend: Backend) -> (Stage, Caller, String) {
    let stage = Stage::new(backend).await;
    let stranger = stage.stranger().await;
    let [open, ..] = stage.pipeline().await;
    let hidden = text(&stage.owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
    stage.owner.create("deals", json!({ "name": "A deal", "stageId": open, "contactId": hidden })).await;
    stranger.create("contacts", json!({ "givenName": "Eve" })).await;
    (stage, stranger, hidden)
}

#[tokio::test]
async fn row_level_security_holds_alone() {
    let (stage, stranger, hidden) = workspaces(Backend::Postgres).await;
    let (other, other_stranger, other_hidden) = workspaces(Backend::Sqlite).await;
    let behind_both = look(&stage, &stranger, &hidden).await;
    assert_eq!(behind_both[0]["items"], json!([{ "givenName": "Eve" }]));
    assert_eq!(behind_both[4..7], [json!(404), json!(404), json!(404)]);

    persistence::without_tenant_filter::set(true);
    assert_eq!(look(&stage, &stranger, &hidden).await, behind_both);
    // Where there is no second wall the same questions find what is hidden, so the first is really gone.
    let listed = other_stranger.get("/v1/contacts?fields=givenName&count=true").await.ok();
    assert_eq!(listed["page"]["totalCount"], 2);
    let found = other_stranger.get(&format!("/v1/contacts/{other_hidden}")).await.ok();
    assert_eq!(found["givenName"], "Ada");
    persistence::without_tenant_filter::set(false);
    other_stranger.get(&format!("/v1/contacts/{other_hidden}")).await.refused(404, "not_found");
    // Without the condition no statement has what the others are checked for.
    drop(persistence::recording::take());
    stage.end().await;
    other.end().await;
}
