//! Waiting for what happens by itself, with a deadline.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// The longest that a test waits, also on a busy machine. The test runner's limit is longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until something is there; after a minute the test fails, and says what it has waited for.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(PAUSE).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for {what}"))
}
