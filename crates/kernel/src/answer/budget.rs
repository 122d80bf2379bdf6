//! The budget of an answer's size. Pages bound the records of an answer and not their length: a few hundred long
//! texts are more than a server should hold for one caller.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Code, Error, Result};

/// The bytes that one request may read and answer; all its reads draw on it.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    read: AtomicUsize,
}

impl Budget {
    /// A budget of that many bytes.
    pub const fn new(limit: usize) -> Self {
        Self { limit, read: AtomicUsize::new(0) }
    }

    /// No bound: for what Kith reads for itself.
    pub const fn unlimited() -> Self {
        Self::new(usize::MAX)
    }

    /// Counts bytes that were read.
    pub fn spend(&self, bytes: usize) -> Result<()> {
        self.covers(self.read.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes))
    }

    /// The bytes that were counted so far.
    pub fn spent(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// Goes back to what was counted by then, where reading begins anew.
    pub fn rewind(&self, spent: usize) {
        self.read.store(spent, Ordering::Relaxed);
    }

    /// Whether an answer of that many bytes is within the budget.
    pub fn covers(&self, bytes: usize) -> Result<()> {
        if bytes <= self.limit { Ok(()) } else { Err(self.exceeded()) }
    }

    #[cold]
    fn exceeded(&self) -> Error {
        let detail = format!(
            "the answer would have more than {} bytes: ask for fewer records at once, or for fewer fields",
            self.limit
        );
        Error::new(Code::QueryTooComplex, detail).with("limit", self.limit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn all_reads_draw_on_one_budget() {
        let budget = Budget::new(10);
        assert!(budget.spend(6).is_ok() && budget.spend(4).is_ok() && budget.covers(10).is_ok());
        let error = budget.spend(1).unwrap_err();
        assert_eq!((error.code, error.meta.get("limit")), (Code::QueryTooComplex, Some(&10.into())));
        assert!(Budget::unlimited().spend(usize::MAX).is_ok());
    }
}
