//! Refreshes the statistics of tables that an import makes grow. Plans that were made for an
//! empty table walk through all of it, so that each row would cost more than the one before.

use std::{collections::BTreeMap, sync::Arc};

use kernel::object::Object;
use persistence::Transaction;

use crate::Kith;

/// The number of changes before the first refresh, and the factor to each next one.
const FIRST: u64 = 1_000;
const TIMES: u64 = 10;

/// The objects written, and the number of changes at which the statistics are refreshed next.
pub(super) struct Growth {
    objects: BTreeMap<&'static str, Arc<Object>>,
    changes: u64,
    analyzed: u64,
    next: u64,
}

impl Growth {
    /// The growth of an import that has made this many changes before.
    pub fn after(changes: u64) -> Self {
        let mut growth = Self { objects: BTreeMap::new(), changes, analyzed: 0, next: FIRST };
        growth.schedule_next();
        growth
    }

    fn schedule_next(&mut self) {
        while self.next <= self.changes {
            self.next = self.next.saturating_mul(TIMES);
        }
    }

    /// Adds what a unit of work is about to commit.
    pub fn add(&mut self, transaction: &Transaction) {
        for object in transaction.changed() {
            self.changes = self.changes.saturating_add(1);
            self.objects.entry(object.name).or_insert_with(|| Arc::clone(object));
        }
    }

    /// Refreshes the statistics of the tables where they have grown by much since the last time.
    pub async fn refresh(&mut self, kith: &Kith) {
        if self.changes >= self.next {
            self.schedule_next();
            self.analyze(kith).await;
        }
    }

    /// Refreshes the statistics once more at the end, for those who read what was written.
    pub async fn end(mut self, kith: &Kith) {
        if self.changes >= FIRST && self.changes.saturating_sub(self.analyzed) > self.analyzed / TIMES {
            self.analyze(kith).await;
        }
    }

    /// Without fresh statistics all goes on, only slower.
    async fn analyze(&mut self, kith: &Kith) {
        self.analyzed = self.changes;
        if let Err(error) = kith.database().analyze(self.objects.values().map(Arc::as_ref)).await {
            tracing::warn!(%error, cause = ?error.cause, "the statistics of tables could not be refreshed");
        }
    }
}
