//! A job that goes from hand to hand is done once: what was written under a lease is known to whoever takes the next.

use std::{sync::Arc, time::Duration};

use kernel::{actor::Origin, time::Instant};
use persistence::{Database, queue::Progress};
use sea_orm::{ConnectionTrait, TransactionTrait, prelude::Uuid};
use serde_json::json;

use super::{counts, ended, first_tickets, import, start, store, tickets, tickets_of};
use crate::support::{self, Backend, Fresh, Stage, on_both};

const IMPORT: &[&str] = &["IMPORT"];

async fn open(database: &Fresh) -> Database {
    support::open(&support::configuration(database), app::registry()).await
}

/// A server that takes no jobs, on a database of its own.
async fn stage(backend: Backend) -> Stage {
    Stage::over(Arc::new(Fresh::new(backend).await), |config| config.jobs = 0).await
}

fn at(seconds: i64) -> Instant {
    Instant(1_772_366_400_000_000 + seconds * 1_000_000)
}

fn lease(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

on_both! {
    /// The lease is taken while whoever had it is about to commit.
    async fn a_lease_taken_at_the_last_step(backend: Backend) {
        let stage = stage(backend).await;
        let owner = &stage.owner;
        let (file, mapping) = tickets(1_000);
        start(owner, "ticket", &store(owner, "rows.csv", file).await, &mapping).await;
        let (one, other) = (open(&stage.database).await, open(&stage.database).await);
        let caller = stage.server.kith.authenticate(&owner.key, Origin::Api, "test".into()).await.unwrap();
        let held = one.claim_job(IMPORT, lease(1), at(0), at(60)).await.unwrap().expect("a job");
        assert!(
            other.claim_job(IMPORT, lease(2), at(59), at(119)).await.unwrap().is_none(),
            "it is in good hands"
        );

        let written = Progress { read: 500, created: 500, ..Progress::default() };
        let mut unit = one.begin(&caller.actor, at(0)).await.unwrap();
        assert!(unit.advance_job(&held, written, None, at(60)).await.unwrap());
        let taking = tokio::spawn(async move { other.claim_job(IMPORT, lease(2), at(61), at(121)).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        unit.commit().await.unwrap();
        let taken = taking.await.unwrap().unwrap().expect("the job was left behind");
        assert_eq!((taken.lease, taken.progress), (lease(2), written));

        let mut unit = one.begin(&caller.actor, at(62)).await.unwrap();
        let further = Progress { read: 1_000, created: 1_000, ..Progress::default() };
        assert!(!unit.advance_job(&held, further, None, at(122)).await.unwrap(), "it is in other hands");
        unit.rollback().await.unwrap();
        stage.end().await;
    }
}

on_both! {
    /// Another server, by whose clock every lease is long over, takes the job from the one that works on it.
    async fn a_job_taken_from_one_that_works(backend: Backend) {
        let stage = stage(backend).await;
        let slow = Stage::over(Arc::clone(&stage.database), |config| config.jobs = 1).await;
        let mut owner = slow.owner.clone();
        let (file, mapping) = tickets(6_000);
        let started = start(&owner, "ticket", &store(&owner, "rows.csv", file).await, &mapping).await;
        first_tickets(&owner).await;
        let (late, _) = stage.at("2199-01-01T00:00:00Z").await;
        owner.url.clone_from(&stage.owner.url);
        assert_eq!(counts(&ended(&owner, &started).await), [6_000, 0, 0, 0]);
        assert_eq!(tickets_of(&owner).await, 6_000);
        for other in [slow, late] {
            other.server.stop().await.unwrap();
        }
        stage.end().await;
    }
}

/// A row that had to wait too long for somebody else is no wrong row.
#[tokio::test]
async fn a_row_that_others_hold_for_a_while_is_written_later() {
    let database = Arc::new(Fresh::new(Backend::Postgres).await);
    let stage = Stage::over(database, |config| config.statement_timeout = Duration::from_secs(1)).await;
    let owner = &stage.owner;
    owner.create("companies", json!({ "name": "Acme" })).await;
    let mapping = json!({ "match": "name", "fields": {
        "name": { "column": "Name" }, "employeeCount": { "column": "Size", "type": "INTEGER" }
    } });
    let others = stage.database.connect().await;
    let held = others.begin().await.unwrap();
    held.execute_unprepared("SELECT 1 FROM companies FOR UPDATE").await.unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        held.commit().await.unwrap();
    };
    let import = import(owner, "company", "Name,Size\nAcme,20\nNew,1\n", &mapping);
    let (job, ()) = futures::future::join(import, release).await;
    assert_eq!(counts(&job), [1, 1, 0, 0]);
    stage.end().await;
}
