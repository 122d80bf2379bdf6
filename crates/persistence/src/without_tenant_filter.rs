//! For one test only: leaves the workspace out of the generated SQL, to show that on PostgreSQL row-level security
//! suffices alone. Not compiled into the server.

use std::sync::atomic::{AtomicBool, Ordering};

static ON: AtomicBool = AtomicBool::new(false);

/// Leaves the workspace condition out of every statement of this process, or puts it back.
pub fn set(on: bool) {
    ON.store(on, Ordering::SeqCst);
}

pub(crate) fn is_on() -> bool {
    ON.load(Ordering::SeqCst)
}
