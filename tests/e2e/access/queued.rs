//! A write that waits behind the end of its key is not done, however long it has waited.

use std::time::Duration;

use futures::future::join3;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use tokio::time::sleep;

use super::Pair;
use crate::support::{Backend, on_both, text};

/// Long enough for a request to come to where it waits.
const WAIT: Duration = Duration::from_millis(400);

on_both! {
    async fn a_write_that_waits_behind_the_end_of_its_key_is_refused(stage) {
        // On SQLite a write waits before it looks at anything.
        if stage.database.backend == Backend::Postgres {
            let pair = Pair::of(stage).await;
            let newcomer = pair.newcomer().await;
            let emails: Vec<_> = (0..45).map(|number| json!({ "address": format!("a{number}@example.org") })).collect();
            // One that is written by a single statement, and one that takes more.
            let inputs = [json!({ "givenName": "Ada" }), json!({ "givenName": "Ada", "emails": emails })];
            let database = stage.database.connect().await;
            let held = database.begin().await.unwrap();
            held.execute_unprepared("SELECT 1 FROM counters WHERE name = 'seq' FOR UPDATE").await.unwrap();
            let revoke = pair.revoke(&newcomer);
            let write = async {
                sleep(WAIT).await;
                futures::future::join_all(inputs.iter().map(|input| newcomer.there.post("/v1/contacts", input))).await
            };
            let release = async {
                sleep(WAIT * 3).await;
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
