//! Bounds the time of a statement on SQLite, which has no limit of its own and goes on when its caller has
//! gone: the engine asks every few thousand steps whether to.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::SqliteConnection;

/// So many steps of SQLite's virtual machine lie between two looks at the time.
const STEPS: i32 = 20_000;
/// There is no end.
const NEVER: u64 = u64::MAX;

/// Until when a connection's statement may run, in milliseconds since the process began to count.
#[derive(Clone)]
pub(super) struct Watch(Arc<AtomicU64>);

impl Watch {
    /// Watches over a connection.
    pub async fn over(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let watch = Self(Arc::new(AtomicU64::new(NEVER)));
        let until = Arc::clone(&watch.0);
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS, move || elapsed() < until.load(Ordering::Relaxed));
        Ok(watch)
    }

    /// The statement that begins now may take so long.
    pub fn begin(&self, limit: Duration) {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(NEVER);
        self.0.store(elapsed().saturating_add(limit), Ordering::Relaxed);
    }

    /// The statement is done.
    pub fn end(&self) {
        self.0.store(NEVER, Ordering::Relaxed);
    }

    /// Nobody waits for the statement any more.
    pub fn stop(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

fn elapsed() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(NEVER)
}
