//! For tests: PostgreSQL forgets a session's state after each transaction, as if the next one were in another
//! session. Only a server that relies on none goes on working.

use std::sync::atomic::{AtomicBool, Ordering};

static DISCARDING: AtomicBool = AtomicBool::new(false);

/// Lets `DISCARD ALL` follow on the end of every transaction of this process.
pub fn set(on: bool) {
    DISCARDING.store(on, Ordering::SeqCst);
}

pub(crate) fn is_on() -> bool {
    DISCARDING.load(Ordering::SeqCst)
}
