//! The sweeper, which frees the contents of files that cannot be reached any more.

use std::time::Duration;

use app::Kith;
use tokio::{sync::watch, time::sleep};

/// The interval between two sweeps.
const PAUSE: Duration = Duration::from_secs(3_600);

/// Sweeps until the server stops.
pub(crate) async fn sweep(kith: Kith, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = sleep(PAUSE) => {}
            _ = stop.changed() => return,
        }
        if let Err(error) = kith.sweep_files().await {
            tracing::error!(%error, cause = ?error.cause, "contents of files could not be freed");
        }
    }
}
