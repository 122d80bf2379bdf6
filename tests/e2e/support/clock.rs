//! A server whose clock a test sets.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use app::{Context, Kith};
use kernel::time::{Clock, Instant};

use super::Stage;

/// A clock that stands still until it is moved.
pub struct Hands(AtomicI64);

impl Hands {
    /// Moves it on.
    pub fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
}

impl Stage {
    /// Another server on the same database where it is that time; its owner is of a workspace of its own.
    pub async fn at(&self, time: &str) -> (Self, Arc<Hands>) {
        self.at_with(time, |_| {}).await
    }

    /// The same, configured otherwise.
    pub async fn at_with(
        &self,
        time: &str,
        configure: impl FnOnce(&mut server::Config),
    ) -> (Self, Arc<Hands>) {
        let hands = Arc::new(Hands(AtomicI64::new(Instant::parse(time).expect("a time").0)));
        let context = Context { clock: Arc::clone(&hands) as Arc<dyn Clock>, ..Context::system() };
        let kith = |store| Kith::new(store, context);
        (Self::of(Arc::clone(&self.database), configure, app::registry(), kith).await, hands)
    }
}
