//! The costs of reads, remembered by the shape of a plan, which is to say by all but its operands.

use std::{
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use kernel::plan::Plan;
use quick_cache::sync::Cache;

/// A read that takes longer than this on average is expensive.
const EXPENSIVE: Duration = Duration::from_millis(100);
/// The number of shapes whose cost is remembered.
const REMEMBERED: usize = 4_096;

/// The mean times of reads, in microseconds, the latest counting most.
pub(crate) struct Costs(Cache<u64, Arc<AtomicU64>>);

/// A read that is timed from its begin until it is dropped, whether it comes to its end or is cut short.
pub(crate) struct Timed {
    mean: Arc<AtomicU64>,
    begun: Option<Instant>,
    pub is_expensive: bool,
}

impl Costs {
    pub fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    /// The cost of a plan. A plan whose predicate follows links is taken for expensive until its cost is known.
    pub fn of(&self, plan: &Plan) -> Timed {
        let guess = if plan.predicate.follows_links() { 2 * micros(EXPENSIVE) } else { 0 };
        let shape = plan.shape();
        let known = self.0.get(&shape);
        let mean = known.unwrap_or_else(|| {
            let mean = Arc::new(AtomicU64::new(guess));
            self.0.insert(shape, Arc::clone(&mean));
            mean
        });
        let is_expensive = mean.load(Ordering::Relaxed) > micros(EXPENSIVE);
        Timed { mean, begun: None, is_expensive }
    }
}

impl Timed {
    /// Starts the clock. Waiting does not count, or it would make all reads expensive.
    pub fn begin(&mut self) {
        self.begun = Some(Instant::now());
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        let Some(begun) = self.begun else { return };
        let (mean, taken) = (self.mean.load(Ordering::Relaxed), micros(begun.elapsed()));
        self.mean.store(mean / 2 + taken / 2, Ordering::Relaxed);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
