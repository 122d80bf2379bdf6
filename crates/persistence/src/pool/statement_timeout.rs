//! The statement timeout on SQLite, which has none of its own and goes on when the caller has gone: SQLite asks every
//! few thousand steps whether to continue.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::SqliteConnection;

/// The number of steps of SQLite's virtual machine between two looks at the clock.
const STEPS: i32 = 20_000;
/// No timeout.
const NEVER: u64 = u64::MAX;

/// The deadline of a connection's statement, in milliseconds since the process began to count.
#[derive(Clone)]
pub(super) struct StatementTimeout(Arc<AtomicU64>);

impl StatementTimeout {
    /// Bounds the statements of a connection.
    pub async fn on(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let timeout = Self(Arc::new(AtomicU64::new(NEVER)));
        let until = Arc::clone(&timeout.0);
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS, move || elapsed() < until.load(Ordering::Relaxed));
        Ok(timeout)
    }

    /// Starts the timeout of a statement.
    pub fn begin(&self, limit: Duration) {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(NEVER);
        self.0.store(elapsed().saturating_add(limit), Ordering::Relaxed);
    }

    /// Ends the timeout: the statement is done.
    pub fn end(&self) {
        self.0.store(NEVER, Ordering::Relaxed);
    }

    /// Stops the statement: its caller has gone.
    pub fn stop(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

fn elapsed() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(NEVER)
}
