//! What reads cost: remembered by the shape of a plan, which is to say by all but its operands.

use std::{
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use kernel::plan::Plan;
use quick_cache::sync::Cache;

/// What takes longer than this on average is dear.
const DEAR: Duration = Duration::from_millis(100);
/// Of how many shapes the cost is remembered.
const REMEMBERED: usize = 4_096;

/// The mean times of reads, in microseconds, the latest counting most.
pub(crate) struct Costs(Cache<u64, Arc<AtomicU64>>);

/// A read that is timed from its begin until it is dropped, whether it comes to its end or is cut short.
pub(crate) struct Timed {
    mean: Arc<AtomicU64>,
    begun: Option<Instant>,
    pub is_dear: bool,
}

impl Costs {
    pub fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    /// Looks up what a plan costs. What leads over links may cost anything until it is known.
    pub fn of(&self, plan: &Plan) -> Timed {
        let guess = if plan.predicate.follows_links() { 2 * micros(DEAR) } else { 0 };
        let shape = plan.shape();
        let known = self.0.get(&shape);
        let mean = known.unwrap_or_else(|| {
            let mean = Arc::new(AtomicU64::new(guess));
            self.0.insert(shape, Arc::clone(&mean));
            mean
        });
        let is_dear = mean.load(Ordering::Relaxed) > micros(DEAR);
        Timed { mean, begun: None, is_dear }
    }
}

impl Timed {
    /// The read begins; what it has waited for does not count, or waiting would make all reads dear.
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
