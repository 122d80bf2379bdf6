//! A write that waits behind the end of its key is not done, however long it has waited.

use futures::future::join3;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};
use serde_json::json;

use super::Pair;
use crate::support::{Backend, eventually, on_both, text};

/// Waits until so many statements on this database wait for others.
async fn waiting(database: &DatabaseConnection, count: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waits = Statement::from_string(DbBackend::Postgres, sql);
    eventually("statements that wait", async || {
        let row = database.query_one_raw(waits.clone()).await.unwrap().expect("a number");
        (row.try_get_by_index::<i64>(0).unwrap() >= count).then_some(())
    })
    .await;
}

on_both! {
    async fn a_write_that_waits_behind_the_end_of_its_key_is_refused(stage) {
        // On SQLite a write waits before it looks at anything.
        if stage.database.backend == Backend::Postgres {
            let pair = Pair::of(stage).await;
            let newcomer = pair.newcomer().await;
            let emails: Vec<_> = (0..45).map(|number| json!({ "address": format!("a{number}@example.org") })).collect();
            // One that is written by a single statement, and one that takes more.
            let inputs = [json!({ "givenName": "Ada" }), json!({ "givenName": "Ada", "emails": emails })];
            let (database, looking) = (stage.database.connect().await, stage.database.connect().await);
            let held = database.begin().await.unwrap();
            held.execute_unprepared("SELECT 1 FROM counters WHERE name = 'seq' FOR UPDATE").await.unwrap();
            let revoke = pair.revoke(&newcomer);
            let write = async {
                waiting(&looking, 1).await;
                futures::future::join_all(inputs.iter().map(|input| newcomer.there.post("/v1/contacts", input))).await
            };
            let release = async {
                waiting(&looking, 3).await;
                held.commit().await.unwrap();
            };
            let ((), written, ()) = join3(revoke, write, release).await;
            for reply in written {
                reply.refused(401, "unauthenticated");
            }
            assert_eq!(stage.owner.get("/v1/contacts?count=true").await.ok()["page"]["totalCount"], 0);
            let last = stage.owner.get("/v1/events?sort=-seq&limit=1").await.ok()["items"][0].take();
            assert_eq!(last["recordId"], newcomer.key.as_str(), "{last}");
            pair.end().await;
        }
    }
}

on_both! {
    async fn a_remembered_key_whose_time_is_over_is_looked_at_again(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let input = json!({ "name": "a key", "userId": stage.owner.user, "role": "OWNER", "expiresAt": "2026-03-01T13:00:00Z" });
        let issued = stage.owner.command("api-keys/issue", input).await.ok();
        let mut caller = stage.owner.clone();
        caller.key = text(&issued["secret"]);
        caller.get("/v1/contacts").await.ok();
        clock.forward(3_600);
        caller.get("/v1/contacts").await.refused(401, "unauthenticated");
        let database = stage.database.connect().await;
        database.execute_unprepared("UPDATE api_keys SET expires_at = NULL").await.unwrap();
        caller.get("/v1/contacts").await.ok();
        caller.create("contacts", json!({ "givenName": "Ada" })).await;
        stage.server.stop().await.unwrap();
    }
}
