//! Connections to PostgreSQL: those that have ended are not met again, and there are no more than configured.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::json;

use crate::support::{Backend, Caller, Fresh, Stage, eventually};

/// Ends all of Kith's connections to the database, as a restart does.
async fn end_all(admin: &DatabaseConnection) -> i64 {
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    number(admin, end).await
}

async fn number(admin: &DatabaseConnection, sql: &str) -> i64 {
    let row = admin.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn statuses(owner: &Caller, count: usize) -> Vec<u16> {
    let one = |number: usize| async move {
        let reply = match number % 4 {
            0 => {
                owner
                    .post(
                        "/v1/tags",
                        &json!({ "name": format!("Tag {number} {:?}", std::time::Instant::now()) }),
                    )
                    .await
            }
            1 => owner.post("/v1/contacts", &json!({ "givenName": "Ada" })).await,
            2 => owner.get("/v1/contacts?limit=2&include=tags").await,
            _ => owner.graphql_reply("{ contacts(first: 1) { totalCount } }", json!({})).await,
        };
        reply.status.as_u16()
    };
    join_all((0..count).map(one)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_have_ended_are_not_met_again() {
    let database = Arc::new(Fresh::new(Backend::Postgres).await);
    let stage =
        Stage::over(Arc::clone(&database), |config| (config.workers, config.connections) = (2, 12)).await;
    drop(database);
    let admin = stage.database.connect().await;
    for round in 0..6 {
        let warm = statuses(&stage.owner, 40).await;
        assert!(warm.iter().all(|status| *status < 300), "{warm:?}");
        assert!(end_all(&admin).await > 0, "round {round}");
        // One after the other, beginning with a write: the first thing that a connection is used for.
        let reply = stage.owner.post("/v1/contacts", &json!({ "givenName": "Eve" })).await;
        assert!(reply.status.is_success(), "round {round}: {reply}");
        let after = statuses(&stage.owner, 40).await;
        assert!(after.iter().all(|status| *status < 300), "round {round}: {after:?}");
    }
    // Nothing was written twice.
    let told = number(&admin, "SELECT count(*) FROM events WHERE type = 'contact.created'").await;
    assert_eq!(told, number(&admin, "SELECT count(*) FROM contacts").await);
    assert_eq!(told, 6 * (1 + 10 + 10));
    admin.close().await.unwrap();
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stops_under_load_is_unavailable_and_no_fault_of_the_server() {
    let stage = Stage::new(Backend::Postgres).await;
    let admin = stage.database.connect().await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        let load = async {
            let mut seen = Vec::new();
            for _ in 0..5 {
                seen.extend(statuses(&stage.owner, 12).await);
            }
            seen
        };
        let stop = async {
            for _ in 0..40 {
                end_all(&admin).await;
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
        };
        seen.extend(tokio::join!(load, stop).0);
    }
    assert!(seen.iter().all(|status| *status < 300 || *status == 503), "{seen:?}");
    admin.close().await.unwrap();
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_ends_with_the_request_that_waits_for_it() {
    let database = Arc::new(Fresh::new(Backend::Postgres).await);
    let configure = |config: &mut server::Config| {
        (config.request_timeout, config.statement_timeout) =
            (Duration::from_secs(1), Duration::from_secs(60));
    };
    let stage = Stage::over(Arc::clone(&database), configure).await;
    drop(database);
    let admin = stage.database.connect().await;
    for sql in [
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$",
        "CREATE TRIGGER slow BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION slow()",
    ] {
        admin.execute_unprepared(sql).await.unwrap();
    }
    let begun = Instant::now();
    let reply = stage.owner.post("/v1/contacts", &json!({ "givenName": "Ada" })).await;
    assert!(!reply.status.is_success(), "{reply}");
    let runs = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
        AND pid <> pg_backend_pid()";
    // Nobody waits for it. It would be busy for half a minute.
    let ended = async || {
        assert!(begun.elapsed() < Duration::from_secs(15), "the statement runs on");
        (number(&admin, runs).await == 0).then_some(())
    };
    eventually("the statement's end", ended).await;
    admin.close().await.unwrap();
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_connections_than_configured() {
    for connections in [1, 2, 4, 5] {
        let database = Arc::new(Fresh::new(Backend::Postgres).await);
        let configure = |config: &mut server::Config| (config.workers, config.connections) = (2, connections);
        let stage = Stage::over(Arc::clone(&database), configure).await;
        drop(database);
        let admin = stage.database.connect().await;
        let load = statuses(&stage.owner, 60).await;
        assert!(load.iter().all(|status| *status < 300), "{load:?}");
        let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = 'kith'";
        let open = number(&admin, open).await;
        assert!(open <= i64::try_from(connections).unwrap(), "{open} of {connections}");
        admin.close().await.unwrap();
        stage.end().await;
    }
}
