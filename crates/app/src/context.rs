//! Time, ids and randomness from outside; tests bring their own.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use kernel::{
    Error, Result,
    time::{Clock, Instant, SystemClock},
};
use uuid::{ContextV7, Timestamp, Uuid};

/// The source of new records' ids.
pub trait Ids: Send + Sync {
    /// A new id, greater than the ones before.
    fn next(&self, now: Instant) -> Uuid;
}

/// The source of randomness.
pub trait Entropy: Send + Sync {
    /// Fills the bytes with randomness that nobody can guess.
    fn fill(&self, bytes: &mut [u8]) -> Result<()>;
}

/// Time, ids and randomness.
#[derive(Clone)]
pub struct Context {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The ids.
    pub ids: Arc<dyn Ids>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Context {
    /// The same with a clock that never goes back.
    pub(crate) fn steady(self) -> Self {
        Self { clock: Arc::new(Steady::over(self.clock)), ..self }
    }

    /// The machine's own.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(TimeOrdered::default()),
            entropy: Arc::new(System),
        }
    }
}

/// A clock that stands still where the one below it goes back, until that has come as far again.
struct Steady {
    clock: Arc<dyn Clock>,
    last: AtomicI64,
    is_held: AtomicBool,
}

/// A clock that is corrected by less than this is not worth a word.
const CORRECTION_MICROS: i64 = 1_000_000;

impl Steady {
    fn over(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: AtomicI64::new(i64::MIN), is_held: AtomicBool::new(false) }
    }
}

impl Clock for Steady {
    fn now(&self) -> Instant {
        let now = self.clock.now();
        let last = self.last.fetch_max(now.0, Ordering::Relaxed);
        let behind = last.saturating_sub(now.0);
        if behind <= 0 {
            self.is_held.store(false, Ordering::Relaxed);
            return now;
        }
        if behind >= CORRECTION_MICROS && !self.is_held.swap(true, Ordering::Relaxed) {
            let seconds = behind / 1_000_000;
            tracing::warn!(seconds, "the clock has gone back; time stands still here until it has caught up");
        }
        Instant(last)
    }
}

/// UUIDv7 (RFC 9562): ordered by time, and within a millisecond by a counter.
#[derive(Default)]
pub struct TimeOrdered(Mutex<ContextV7>);

impl Ids for TimeOrdered {
    fn next(&self, now: Instant) -> Uuid {
        let millis = u64::try_from(now.0 / 1_000).unwrap_or_default();
        let nanos = u32::try_from(millis % 1_000).unwrap_or_default() * 1_000_000;
        let context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, millis / 1_000, nanos))
    }
}

/// The operating system's randomness.
pub struct System;

impl Entropy for System {
    #[expect(clippy::disallowed_methods, reason = "this is the randomness that everything else is given")]
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        getrandom::fill(bytes).map_err(|error| Error::internal(error.to_string()))
    }
}
