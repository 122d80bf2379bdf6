//! Works off the queue of jobs: one after the other, as long as there are any.

use std::time::Duration;

use app::Kith;
use tokio::{sync::watch, time::sleep};

/// So often it is asked for jobs that another process put into the queue or left behind.
const ASK: Duration = Duration::from_secs(5);

/// Works until it is to stop.
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
            () = sleep(ASK) => {}
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}
