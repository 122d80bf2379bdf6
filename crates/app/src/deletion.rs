//! Deleting and restoring: changes like others, which the objects' rules see, and which take along the records whose
//! references say so ([`OnDelete::Cascade`]).

use std::{collections::HashSet, sync::Arc};

use kernel::{
    Code, Error, Permit, Record, Result, Value, Violation,
    object::{Action, Object},
    reference::{OnDelete, Referrer},
    system,
    time::Instant,
};
use uuid::Uuid;

use crate::{unit_of_work::UnitOfWork, validate::PendingChange};

/// The most records that are deleted or restored along with one.
pub const MAX_ALONG: usize = 10_000;

/// The number of days for which a deleted record can be restored.
pub(crate) const RESTORABLE_DAYS: i64 = 30;
/// A day, in the unit of instants.
pub(crate) const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Records of one object that go or come back together, each with the record that takes it along.
struct Group {
    permit: Permit,
    records: Vec<(Record, Option<Uuid>)>,
}

/// The records that were met on the way, by the places of their objects.
type Met = HashSet<(usize, Uuid)>;

impl Group {
    /// The changes that set or clear `deletedAt`.
    fn changes(self, deleted: Option<Instant>) -> Vec<PendingChange> {
        let change = |(before, cause): (Record, Option<Uuid>)| {
            let mut after = before.clone();
            after.set(system::DELETED_AT, deleted);
            PendingChange { cause, ..PendingChange::new(Some(before), after) }
        };
        self.records.into_iter().map(change).collect()
    }

    fn ids(&self) -> Vec<Uuid> {
        self.records.iter().map(|(record, _)| record.id()).collect()
    }

    /// What refers to other records, as it was found: each once, with the one that it refers to.
    fn of(permit: Permit, referrer: &Referrer, found: Vec<Record>, met: &mut Met) -> Self {
        let place = permit.object().place;
        let new = found.into_iter().filter(|record| met.insert((place, record.id())));
        let with_cause = |record: Record| match record.values.get(referrer.field) {
            Some(Value::Id(cause)) => (Some(*cause), record),
            _ => (None, record),
        };
        let records = new.map(with_cause).map(|(cause, record)| (record, cause)).collect();
        Self { permit, records }
    }
}

impl UnitOfWork {
    /// Deletes a record, softly, and along with it what depends on it.
    pub async fn delete(&mut self, permit: &Permit, id: Uuid, expected: Option<i64>) -> Result<Record> {
        let before = self.lock(permit, id, expected).await?;
        if before.get(system::DELETED_AT).is_some() {
            return Err(Code::NotFound.into());
        }
        let groups = self.deleted_along(permit, before).await?;
        let mut deleted = None;
        for group in groups {
            let permit = group.permit.clone();
            let changes = group.changes(Some(self.now()));
            let written = self.write_deletions(&permit, changes).await;
            let written = if deleted.is_none() { written } else { along(&permit, "deleted", written) };
            deleted = deleted.or(written?.pop());
        }
        deleted.ok_or_else(|| Error::internal("nothing was deleted"))
    }

    /// Restores a deleted record, and along with it what was deleted along with it.
    pub async fn restore(&mut self, permit: &Permit, id: Uuid, expected: Option<i64>) -> Result<Record> {
        let before = self.lock(permit, id, expected).await?;
        let Some(at) = before.get(system::DELETED_AT) else {
            return Err(Error::new(Code::IllegalState, "the record is not deleted"));
        };
        let age = self.now().0.saturating_sub(at.0) / DAY_MICROS;
        if age >= RESTORABLE_DAYS {
            return Err(Code::NotFound.into());
        }
        let mut changes = Group { permit: permit.clone(), records: vec![(before, None)] }.changes(None);
        for (place, _) in self.deleted_parents(permit, &changes, None).await?.into_iter().flatten() {
            if let (Some(field), Some(change)) = (permit.object().at(place), changes.first_mut()) {
                let target = field.target().unwrap_or_default();
                let detail = format!("{}: the {target} is deleted; restore it first", field.name);
                change.refuse(field, Code::ReferenceNotFound, detail);
            }
        }
        let mut restored = self.write_deletions(permit, changes).await?;
        self.restore_along(permit.object(), id, at).await?;
        restored.pop().ok_or_else(|| Error::internal("nothing was restored"))
    }

    /// Locks a record that goes and all that goes along with it, after checking that nothing keeps them.
    async fn deleted_along(&mut self, permit: &Permit, record: Record) -> Result<Vec<Group>> {
        let mut met = Met::from([(permit.object().place, record.id())]);
        let mut groups = vec![Group { permit: permit.clone(), records: vec![(record, None)] }];
        let mut next = 0;
        while let Some(group) = groups.get(next) {
            next += 1;
            let (permit, ids) = (group.permit.clone(), group.ids());
            self.check_not_referred_to(&permit, &ids).await?;
            let object = permit.object();
            for referrer in object.referrers(OnDelete::Cascade) {
                let permit = self.system(referrer.object, Action::Delete)?;
                let rest = rest(&met);
                let found = self.transaction.lock_referring(&permit, referrer.field, &ids, rest + 1).await?;
                check_number(object, &found, rest)?;
                let group = Group::of(permit, referrer, found, &mut met);
                if !group.records.is_empty() {
                    groups.push(group);
                }
            }
        }
        Ok(groups)
    }

    /// Restores what was deleted along with a record at that instant. What depends on another record too, which is
    /// still deleted, stays deleted along with that one: at its instant.
    async fn restore_along(&mut self, object: &Arc<Object>, id: Uuid, at: Instant) -> Result<()> {
        let mut met = Met::from([(object.place, id)]);
        let mut restored = vec![(Arc::clone(object), vec![id])];
        while let Some((object, ids)) = restored.pop() {
            for referrer in object.referrers(OnDelete::Cascade) {
                let permit = self.system(referrer.object, Action::Delete)?;
                let rest = rest(&met);
                let found =
                    self.transaction.lock_deleted(&permit, referrer.field, &ids, at, rest + 1).await?;
                check_number(&object, &found, rest)?;
                let changes = Group::of(permit.clone(), referrer, found, &mut met).changes(None);
                if changes.is_empty() {
                    continue;
                }
                let parents = self.deleted_parents(&permit, &changes, Some(referrer.field)).await?;
                let (mut back, mut waiting) = (Vec::new(), Vec::new());
                for (mut change, parent) in changes.into_iter().zip(parents) {
                    match parent {
                        None => back.push(change),
                        Some((_, deleted)) => {
                            change.after.set(system::DELETED_AT, deleted);
                            waiting.push(change);
                        }
                    }
                }
                self.write_deletions(&permit, waiting).await?;
                let back = self.write_deletions(&permit, back).await;
                let ids = along(&permit, "restored", back)?.iter().map(Record::id).collect();
                restored.push((Arc::clone(permit.object()), ids));
            }
        }
        Ok(())
    }

    /// For each change the first of the records it depends on that is deleted: the reference's place, and when it was
    /// deleted. Those that are not stay until the transaction ends. One reference can be left out.
    async fn deleted_parents(
        &mut self,
        permit: &Permit,
        changes: &[PendingChange],
        but: Option<usize>,
    ) -> Result<Vec<Option<(usize, Option<Instant>)>>> {
        let mut parents = vec![None; changes.len()];
        let object = Arc::clone(permit.object());
        let depends = object.attributes.iter().filter(|field| field.depends() && but != Some(field.index));
        for field in depends {
            let Some(target) = field.target() else { continue };
            let parent = |change: &PendingChange| match change.after.values.get(field.index) {
                Some(Value::Id(id)) => Some(*id),
                _ => None,
            };
            let ids: HashSet<_> = changes.iter().filter_map(parent).collect();
            let ids: Vec<_> = ids.into_iter().collect();
            let read = self.system(target, Action::Read)?;
            let mut deleted = std::collections::HashMap::new();
            for ids in ids.chunks(1_000) {
                let found = self.transaction.find_referenced(&read, ids, true).await?;
                let at = |record: &Record| Some((record.id(), record.get(system::DELETED_AT)?));
                deleted.extend(found.iter().filter_map(at));
            }
            for (change, known) in changes.iter().zip(&mut parents) {
                let at = parent(change).and_then(|id| deleted.get(&id));
                *known = known.or(at.map(|at| (field.index, Some(*at))));
            }
        }
        Ok(parents)
    }

    /// Writes that records are deleted or restored, if their object's rules agree and, of those that come back, nothing
    /// that is unique has been taken meanwhile.
    async fn write_deletions(
        &mut self,
        permit: &Permit,
        mut changes: Vec<PendingChange>,
    ) -> Result<Vec<Record>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        self.check_rules(permit, &mut changes).await?;
        if changes.iter().any(PendingChange::is_restored) {
            self.check_unique(permit, &mut changes).await?;
            self.check_restored(permit, &mut changes).await?;
        }
        if changes.iter().all(|change| change.violations.is_empty()) {
            changes.iter_mut().for_each(|change| self.stamp(change));
            let written = changes.iter().filter_map(|change| Some((change.before.as_ref()?, change.owned())));
            let written: Vec<_> = written.collect();
            self.transaction.delete(permit, &written).await?;
            self.create_related(&mut changes).await?;
        }
        changes.into_iter().map(PendingChange::outcome).collect()
    }
}

/// The number of records that may still go along.
fn rest(met: &Met) -> usize {
    MAX_ALONG.saturating_sub(met.len().saturating_sub(1))
}

fn check_number(object: &Object, found: &[Record], rest: usize) -> Result<()> {
    if found.len() <= rest {
        return Ok(());
    }
    let detail = format!(
        "more than {MAX_ALONG} records would be deleted or restored along with the {}; change some of them first",
        object.name
    );
    Err(Error::new(Code::IllegalState, detail).with("limit", MAX_ALONG))
}

/// The outcome of what records go through along with another, which a refusal says: its places are not those of the
/// request.
fn along<T>(permit: &Permit, what: &str, outcome: Result<T>) -> Result<T> {
    outcome.map_err(|mut error| {
        let object = permit.object().name;
        for Violation { pointer, detail, .. } in &mut error.violations {
            pointer.clear();
            *detail = format!("a {object} that would be {what} along: {detail}");
        }
        error
    })
}
