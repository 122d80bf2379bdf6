//! For one test only: leaves the workspace out of the generated SQL, to show that on PostgreSQL the second
//! wall holds alone. Not compiled into the server.

use std::sync::atomic::{AtomicBool, Ordering};

static UNSCOPED: AtomicBool = AtomicBool::new(false);

/// Leaves the workspace condition out of every statement of this process, or puts it back.
pub fn set(on: bool) {
    UNSCOPED.store(on, Ordering::SeqCst);
}

pub(crate) fn is_on() -> bool {
    UNSCOPED.load(Ordering::SeqCst)
}
