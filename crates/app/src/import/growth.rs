//! How much an import has written: the store is to look again at tables that have grown. Plans that were made for an
//! empty table walk through all of it, so that each row would cost more than the one before.

use std::{collections::BTreeMap, sync::Arc};

use kernel::object::Object;
use persistence::Transaction;

use crate::Kith;

/// So many changes are worth a first look, and each next look so many times as many.
const FIRST: u64 = 1_000;
const TIMES: u64 = 10;

/// What was written, and after how many changes the store is to look again.
pub(super) struct Growth {
    objects: BTreeMap<&'static str, Arc<Object>>,
    changes: u64,
    looked: u64,
    next: u64,
}

impl Growth {
    /// That of an import which has done so much already.
    pub fn after(changes: u64) -> Self {
        let mut growth = Self { objects: BTreeMap::new(), changes, looked: 0, next: FIRST };
        growth.look_later();
        growth
    }

    fn look_later(&mut self) {
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

    /// Has the tables looked at where they have grown by much since the last time.
    pub async fn settle(&mut self, kith: &Kith) {
        if self.changes >= self.next {
            self.look_later();
            self.look(kith).await;
        }
    }

    /// Has them looked at once more, for those who read what was written.
    pub async fn end(mut self, kith: &Kith) {
        if self.changes >= FIRST && self.changes.saturating_sub(self.looked) > self.looked / TIMES {
            self.look(kith).await;
        }
    }

    /// Without it all goes on, only slower.
    async fn look(&mut self, kith: &Kith) {
        self.looked = self.changes;
        if let Err(error) = kith.database().analyze(self.objects.values().map(Arc::as_ref)).await {
            tracing::warn!(%error, cause = ?error.cause, "tables that have grown could not be looked at");
        }
    }
}
