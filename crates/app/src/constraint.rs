//! Constraints among several records, checked for every object as it declares them: own ids, values that are unique
//! together, trees, flags that one record has, and records that others stand on.

mod in_use;
mod only_one;
mod tree;

use std::{collections::HashMap, sync::Arc};

use chrono::NaiveDate;
use kernel::{
    Code, Permit, Result, Value, Violation,
    change::ChangeKind,
    object::{Attribute, Object, Together, key_texts},
    system,
};
use persistence::Alike;
use uuid::Uuid;

use crate::{
    unit_of_work::{UnitOfWork, Values},
    validate::PendingChange,
};

/// A first and a last day, each of them open where it is not known.
type Period = (Option<NaiveDate>, Option<NaiveDate>);

impl PendingChange {
    fn is_good(&self) -> bool {
        self.violations.is_empty()
    }

    pub(crate) fn is_restored(&self) -> bool {
        ChangeKind::of(self.before.as_ref(), &self.after) == ChangeKind::Restore
    }

    /// Whether one of these fields is not as it was among the live records.
    fn changes(&self, mut fields: impl Iterator<Item = usize>) -> bool {
        let object = &self.after.object;
        self.is_restored() || fields.any(|field| object.at(field).is_some_and(|field| self.differs(field)))
    }

    fn at(&self, field: usize) -> &Value {
        self.after.values.get(field).unwrap_or(&Value::Null)
    }

    fn day(&self, field: usize) -> Option<NaiveDate> {
        match self.at(field) {
            Value::Date(day) => Some(*day),
            _ => None,
        }
    }

    pub(crate) fn refuse(&mut self, field: &Attribute, code: Code, detail: String) {
        self.violations.push(Violation::new(code, format!("/{}", field.name), detail));
    }
}

impl UnitOfWork {
    /// Locks the object's table for a change of these values if they are contended, before a record is locked.
    pub(crate) async fn lock_contended(&mut self, permit: &Permit, values: &Values) -> Result<()> {
        let contended = |(field, value): &(usize, Value)| permit.object().is_contended(*field, value);
        if values.iter().any(contended) { self.transaction.lock_table(permit).await } else { Ok(()) }
    }

    /// Checks the constraints among the object's records.
    pub(crate) async fn check_constraints(
        &mut self,
        permit: &Permit,
        pending: &mut [PendingChange],
    ) -> Result<()> {
        let object = permit.object();
        let contended = |change: &PendingChange| {
            let mut fields = object.attributes.iter().filter(|field| change.differs(field));
            fields.any(|field| object.is_contended(field.index, change.at(field.index)))
        };
        if pending.iter().any(contended) {
            self.transaction.lock_table(permit).await?;
        }
        self.check_ids(permit, pending).await?;
        self.check_together(permit, pending).await?;
        self.check_trees(permit, pending).await?;
        self.check_in_use(permit, pending).await?;
        self.enforce_only_one(permit, pending).await
    }

    /// Checks that ids chosen by clients are free; deleted records keep theirs.
    async fn check_ids(&mut self, permit: &Permit, pending: &mut [PendingChange]) -> Result<()> {
        let chosen: Vec<_> =
            pending.iter().filter(|change| change.has_own_id).map(|change| change.after.id()).collect();
        if chosen.is_empty() || !permit.object().is_mutable() {
            return Ok(());
        }
        let mut known = HashMap::new();
        for ids in chosen.chunks(1_000) {
            known.extend(self.transaction.existing(permit, ids).await?);
        }
        for change in pending.iter_mut().filter(|change| change.has_own_id) {
            let id = change.after.id();
            let Some(deleted) = known.insert(id, false) else { continue };
            let detail = format!("another {} has this id", permit.object().name);
            let violation = Violation::new(Code::NotUnique, format!("/{}", system::ID.def.name), detail);
            let violation = self.with_holder(permit, violation, id).await?;
            let tells = deleted && !violation.meta.is_empty();
            change.violations.push(if tells { violation.with("deleted", true) } else { violation });
        }
        Ok(())
    }

    /// Checks that no other live record has the same values, in the same period if the rule has one.
    async fn check_together(&mut self, permit: &Permit, pending: &mut [PendingChange]) -> Result<()> {
        let object = Arc::clone(permit.object());
        for rule in &object.together {
            let days = rule.during.map(|(first, last)| [first, last]);
            let keys: Vec<_> = pending
                .iter()
                .map(|change| {
                    let fields = rule.fields.iter().copied().chain(days.into_iter().flatten());
                    change.changes(fields).then(|| key(rule, change)).flatten()
                })
                .collect();
            let asked: HashMap<_, _> =
                keys.iter().flatten().map(|key| (key_texts(key), key.clone())).collect();
            if asked.is_empty() {
                continue;
            }
            let asked: Vec<_> = asked.into_values().collect();
            let mut there: HashMap<Vec<String>, Vec<(Uuid, Period)>> = HashMap::new();
            for Alike { id, key, during } in self.transaction.alike(permit, rule, &asked).await? {
                there.entry(key_texts(&key)).or_default().push((id, during));
            }
            for (change, key) in pending.iter_mut().zip(keys) {
                let Some(key) = key else { continue };
                let id = change.after.id();
                let period =
                    rule.during.map_or((None, None), |(first, last)| (change.day(first), change.day(last)));
                for others in there.values_mut() {
                    others.retain(|(other, _)| *other != id);
                }
                let others = there.entry(key_texts(&key)).or_default();
                let holder =
                    others.iter().find(|(_, other)| overlap(*other, period)).map(|(holder, _)| *holder);
                if let (Some(holder), Some(field)) =
                    (holder, rule.fields.last().and_then(|field| object.at(*field)))
                {
                    let detail = format!("another {} has this {}", object.name, names(&object, rule));
                    let violation = Violation::new(Code::NotUnique, format!("/{}", field.name), detail);
                    change.violations.push(self.with_holder(permit, violation, holder).await?);
                } else if change.is_good() {
                    others.push((id, period));
                }
            }
        }
        Ok(())
    }

    /// Notes what records would break that come back: what is unique together may be taken, and a flag may be somebody
    /// else's by now.
    pub(crate) async fn check_restored(
        &mut self,
        permit: &Permit,
        pending: &mut [PendingChange],
    ) -> Result<()> {
        let object = Arc::clone(permit.object());
        if object.only_one.is_empty() && object.together.is_empty() {
            return Ok(());
        }
        self.transaction.lock_table(permit).await?;
        self.give_up_flags(permit, pending).await?;
        self.check_together(permit, pending).await
    }
}

/// The values that no other record may have together; none where one of them is null.
fn key(rule: &Together, change: &PendingChange) -> Option<Vec<Value>> {
    let object = &change.after.object;
    let part = |field: &usize| object.at(*field).map(|attribute| attribute.sort_key(change.at(*field)));
    let key: Vec<_> = rule.fields.iter().filter_map(part).collect();
    (!key.contains(&Value::Null)).then_some(key)
}

fn names(object: &Object, rule: &Together) -> String {
    let names = rule.fields.iter().filter_map(|field| object.at(*field)).map(|field| field.name);
    let names = names.collect::<Vec<_>>().join(" and ");
    if rule.during.is_some() { format!("{names} at the same time") } else { names }
}

fn overlap((first, last): Period, (other_first, other_last): Period) -> bool {
    let begins_by = |first: Option<NaiveDate>, last: Option<NaiveDate>| {
        first.zip(last).is_none_or(|(first, last)| first <= last)
    };
    begins_by(first, other_last) && begins_by(other_first, last)
}
