//! Jobs have their turn fairly by workspace, and no workspace fills the queue.

use std::sync::Arc;

use serde_json::json;

use super::{ended, first_tickets, start, store, tickets};
use crate::support::{Backend, Caller, Fresh, Stage, on_both, text};

/// A server that works on so many jobs at a time, on a database of its own.
async fn stage(backend: Backend, jobs: usize) -> Stage {
    Stage::over(Arc::new(Fresh::new(backend).await), |config| config.jobs = jobs).await
}

async fn start_many(caller: &Caller, count: usize, rows: usize) -> Vec<String> {
    let (file, mapping) = tickets(rows);
    let file = store(caller, "rows.csv", file).await;
    let mut jobs = Vec::new();
    for _ in 0..count {
        jobs.push(text(&start(caller, "ticket", &file, &mapping).await.json()["job"]["id"]));
    }
    jobs
}

async fn states(caller: &Caller, jobs: &[String]) -> Vec<String> {
    let mut states = Vec::new();
    for job in jobs {
        states.push(text(&caller.get(&format!("/v1/jobs/{job}")).await.ok()["state"]));
    }
    states
}

on_both! {
    async fn a_short_job_among_many(backend: Backend) {
        let stage = stage(backend, 1).await;
        let (owner, stranger) = (&stage.owner, stage.stranger().await);
        let jobs = start_many(owner, 6, 1_500).await;
        let (file, mapping) = tickets(1);
        let started = start(&stranger, "ticket", &store(&stranger, "rows.csv", file).await, &mapping).await;
        assert_eq!(ended(&stranger, &started).await["rowsCreated"], 1);
        let done = states(owner, &jobs).await.iter().filter(|state| *state == "SUCCEEDED").count();
        assert!(done <= 3, "{done} jobs of the other workspace came first");
        stage.end().await;
    }
}

on_both! {
    async fn a_short_job_beside_a_long_one(backend: Backend) {
        let stage = stage(backend, 1).await;
        let (owner, stranger) = (&stage.owner, stage.stranger().await);
        let jobs = start_many(owner, 1, 60_000).await;
        first_tickets(owner).await;
        let (file, mapping) = tickets(1);
        let started = start(&stranger, "ticket", &store(&stranger, "rows.csv", file).await, &mapping).await;
        assert_eq!(ended(&stranger, &started).await["rowsCreated"], 1);
        assert_eq!(states(owner, &jobs).await, ["RUNNING"]);
        owner.command(&format!("jobs/{}/cancel", jobs[0]), json!({})).await.ok();
        stage.end().await;
    }
}

on_both! {
    async fn the_queue_of_a_workspace_is_bounded(backend: Backend) {
        let stage = stage(backend, 0).await;
        let owner = &stage.owner;
        let jobs = start_many(owner, 100, 1).await;
        let (file, mapping) = tickets(1);
        let file = store(owner, "rows.csv", file).await;
        let refusal = start(owner, "ticket", &file, &mapping).await.refused(409, "illegal_state");
        assert!(refusal["detail"].as_str().unwrap().starts_with("100 jobs of the workspace wait"), "{refusal}");
        // Others are not concerned, and neither is whoever makes room.
        let stranger = stage.stranger().await;
        assert_eq!(start_many(&stranger, 1, 1).await.len(), 1);
        owner.command(&format!("jobs/{}/cancel", jobs[0]), json!({})).await.ok();
        assert_eq!(start(owner, "ticket", &file, &mapping).await.status, 202);
        stage.end().await;
    }
}
