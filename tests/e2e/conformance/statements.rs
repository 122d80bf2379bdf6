//! How PostgreSQL is asked about what is linked: in forms whose plans do not depend on what it believes of the tables;
//! and which statements reach several workspaces.

use kernel::time::Instant;
use persistence::queue::{Claim, Progress};
use sea_orm::{ConnectionTrait, DbBackend, Statement, prelude::Uuid};
use serde_json::{Value as Json, json};

use crate::support::{self, Backend, Stage, distribution};

/// Asks for the contacts for which something holds, or that are named Ada, and gives the last statement about
/// contacts. One is named so: where nothing is found, the connection is asked something else afterwards.
async fn asked(stage: &Stage, predicate: Json) -> String {
    let either = json!({ "or": [predicate, { "givenName": { "eq": "Ada" } }] });
    let found = stage.owner.get_where("/v1/contacts?fields=id", &either).await.ok();
    assert_ne!(found["items"], json!([]));
    let question = "SELECT query FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'kith' AND query LIKE '%FROM \"contacts\"%' ORDER BY query_start DESC LIMIT 1";
    let database = stage.database.connect().await;
    let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, question)).await;
    row.unwrap().expect("a statement").try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn links_over_many_to_many_begin_at_the_connections() {
    let stage = Stage::new(Backend::Postgres).await;
    stage.owner.create("contacts", json!({ "givenName": "Ada" })).await;
    let named = json!({ "contacts": { "some": { "givenName": { "eq": "Ada" } } } });
    for how in ["some", "none", "every"] {
        let sql = asked(&stage, json!({ "companies": { how: named } })).await;
        assert!(sql.contains("EXISTS") && !sql.contains("IN (SELECT"), "{how}: {sql}");
    }
    stage.end().await;
}

#[tokio::test]
async fn what_must_not_be_there_is_looked_for_record_by_record() {
    let stage = Stage::new(Backend::Postgres).await;
    stage.owner.create("contacts", json!({ "givenName": "Ada" })).await;
    for absent in [
        json!({ "activities": { "none": {} } }),
        json!({ "companies": { "every": { "name": { "eq": "Acme" } } } }),
        json!({ "not": { "emails": { "some": { "address": { "eq": "ada@example.org" } } } } }),
    ] {
        let sql = asked(&stage, absent).await;
        // PostgreSQL makes no join of what is offset.
        assert!(sql.contains("NOT EXISTS") && sql.contains("OFFSET"), "{sql}");
    }
    stage.end().await;
}

/// All other statements are looked at where a test ends.
#[tokio::test]
async fn no_more_exceptions_are_listed_than_are_met() {
    let stage = Stage::new(Backend::Postgres).await;
    // What runners and the sweeper do.
    let store = support::open(&support::configuration(&stage.database), app::registry()).await;
    let (nobody, never) = (Uuid::nil(), Instant(0));
    let progress = Progress::default();
    let claim = Claim {
        workspace: nobody,
        job: nobody,
        kind: "IMPORT".to_owned(),
        user: nobody,
        credential: nobody,
        lease: nobody,
        attempts: 0,
        progress,
        checkpoint: None,
    };
    store.claim_job(&["IMPORT"], nobody, never, never).await.unwrap();
    store.should_yield(&["IMPORT"], &claim, never).await.unwrap();
    store.close().await;
    stage.server.kith.sweep_files().await.unwrap();
    let database = stage.database.connect().await;
    let met = distribution::check(&database).await;
    database.close().await.unwrap();
    let idle: Vec<_> = distribution::exceptions().into_iter().filter(|sql| !met.contains(sql)).collect();
    assert!(idle.is_empty(), "tests/golden/across_workspaces.sql does not need {idle:#?}");
    stage.end().await;
}
