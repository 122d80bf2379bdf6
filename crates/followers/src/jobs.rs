//! The runner of jobs: one after the other, as long as there are any.

use std::time::Duration;

use app::Kith;
use tokio::{sync::watch, time::sleep};

/// The interval at which the queue is polled for jobs that another process enqueued or abandoned.
const POLL: Duration = Duration::from_secs(5);

/// Runs jobs until the server stops.
pub(crate) async fn run(kith: Kith, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match kith.run_next_job(&stop).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, cause = ?error.cause, "the queue of jobs could not be worked off")
            }
        }
        tokio::select! {
            () = kith.job_queued() => {}
            () = sleep(POLL) => {}
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}
