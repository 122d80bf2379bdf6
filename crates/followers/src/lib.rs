//! Followers of the log and timers: what a server does besides answering. Today that is working off the queue of
//! jobs; several servers share it.

mod jobs;

use app::Kith;
use tokio::{sync::watch, task::JoinSet};

/// So many jobs are worked on at a time, so that a long one does not hold up all others.
const JOBS: usize = 2;

/// The followers at work.
#[derive(Debug)]
pub struct Handle {
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Starts the followers on the present runtime.
pub fn start(kith: &Kith) -> Handle {
    let (stopping, stop) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for _ in 0..JOBS {
        tasks.spawn(jobs::work_off(kith.clone(), stop.clone()));
    }
    Handle { stopping, tasks }
}

impl Handle {
    /// Stops the followers; each ends the step it is at, and what it leaves goes on where it stands when a server
    /// starts again.
    pub async fn stop(mut self) {
        let _ = self.stopping.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
