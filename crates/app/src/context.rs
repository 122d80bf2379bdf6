//! What the outside gives: time, ids, randomness. Tests give their own.

use std::sync::{Arc, Mutex, PoisonError};

use kernel::{
    Error, Result,
    time::{Clock, Instant, SystemClock},
};
use uuid::{ContextV7, Timestamp, Uuid};

/// Where ids of new records come from.
pub trait Ids: Send + Sync {
    /// A new id, greater than the ones before.
    fn next(&self, now: Instant) -> Uuid;
}

/// Where secrets come from.
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
    /// The machine's own.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(TimeOrdered::default()),
            entropy: Arc::new(System),
        }
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
