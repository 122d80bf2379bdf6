//! Followers of the log and timers: what a server does besides answering. Today that is running the jobs
//! of the queue, which several servers share, and freeing the contents of files.

mod files;
mod jobs;

use app::Kith;
use tokio::{sync::watch, task::JoinSet};

/// The followers at work.
#[derive(Debug)]
pub struct Handle {
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Starts the followers on the current runtime; they run `jobs` jobs at a time.
pub fn start(kith: &Kith, jobs: usize) -> Handle {
    let (stopping, stop) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(files::sweep(kith.clone(), stop.clone()));
    for _ in 0..jobs {
        tasks.spawn(jobs::run(kith.clone(), stop.clone()));
    }
    Handle { stopping, tasks }
}

impl Handle {
    /// Stops the followers; each finishes its current step, and its job continues when a server starts again.
    pub async fn stop(mut self) {
        let _ = self.stopping.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
