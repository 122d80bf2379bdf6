//! What holds among several records, kept for every object as it is declared: own ids, values that are unique
//! together, trees, flags that one record has, and records that others stand on.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use kernel::{
    Code, Error, Permit, Record, Result, Value, Violation,
    id::TypeId,
    object::{Action, Attribute, OnlyOne, Together},
    plan::sort_key,
    predicate::{Compare, Predicate, Test},
    system,
    time::Instant,
};
use persistence::Alike;
use serde_json::{Map, json};
use uuid::Uuid;

use crate::{
    settle::{Pending, folded},
    work::{RESTORABLE_MICROS, Values, Work},
};

/// So many levels a tree may have.
const LEVELS: usize = 100;

/// A first and a last day, each of them open where it is not known.
type Period = (Option<NaiveDate>, Option<NaiveDate>);

impl Pending {
    fn is_good(&self) -> bool {
        self.violations.is_empty()
    }

    fn is_restored(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.get(system::DELETED_AT).is_some())
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

    fn refuse(&mut self, field: &Attribute, code: Code, detail: String) {
        self.violations.push(Violation::new(code, format!("/{}", field.name), detail));
    }
}

impl Work {
    /// Takes the turn for a change of these values, before a record is locked.
    pub(crate) async fn take_turn(&mut self, permit: &Permit, values: &Values) -> Result<()> {
        let contended = |(field, value): &(usize, Value)| permit.object().is_contended(*field, value);
        if values.iter().any(contended) { self.unit.take_turn(permit).await } else { Ok(()) }
    }

    /// Notes what would not hold any more among the object's records.
    pub(crate) async fn keep_constraints(&mut self, permit: &Permit, pending: &mut [Pending]) -> Result<()> {
        let object = permit.object();
        let contended = |change: &Pending| {
            let mut fields = object.attributes.iter().filter(|field| change.differs(field));
            fields.any(|field| object.is_contended(field.index, change.at(field.index)))
        };
        if pending.iter().any(contended) {
            self.unit.take_turn(permit).await?;
        }
        self.keep_ids(permit, pending).await?;
        self.keep_together(permit, pending).await?;
        self.keep_trees(permit, pending).await?;
        self.keep_in_use(permit, pending).await?;
        self.keep_only_one(permit, pending).await
    }

    /// Notes every id that a client chose and another record has, also a deleted one.
    async fn keep_ids(&mut self, permit: &Permit, pending: &mut [Pending]) -> Result<()> {
        let chosen: Vec<_> =
            pending.iter().filter(|change| change.has_own_id).map(|change| change.after.id()).collect();
        if chosen.is_empty() || !permit.object().is_mutable() {
            return Ok(());
        }
        let mut known = HashMap::new();
        for ids in chosen.chunks(1_000) {
            known.extend(self.unit.known(permit, ids).await?);
        }
        for change in pending.iter_mut().filter(|change| change.has_own_id) {
            let id = change.after.id();
            let Some(deleted) = known.insert(id, false) else { continue };
            let detail = format!("another {} has this id", permit.object().name);
            let violation = Violation::new(Code::NotUnique, format!("/{}", system::ID.def.name), detail);
            let violation = self.held_by(permit, violation, id).await?;
            let tells = deleted && !violation.meta.is_empty();
            change.violations.push(if tells { violation.with("deleted", true) } else { violation });
        }
        Ok(())
    }

    /// Notes where another live record has the same values, at the same time where time matters.
    async fn keep_together(&mut self, permit: &Permit, pending: &mut [Pending]) -> Result<()> {
        let object = std::sync::Arc::clone(permit.object());
        for rule in &object.together {
            let days = rule.during.map(|(first, last)| [first, last]);
            let keys: Vec<_> = pending
                .iter()
                .map(|change| {
                    let fields = rule.fields.iter().copied().chain(days.into_iter().flatten());
                    change.changes(fields).then(|| key(rule, change)).flatten()
                })
                .collect();
            let asked: HashMap<_, _> = keys.iter().flatten().map(|key| (folded(key), key.clone())).collect();
            if asked.is_empty() {
                continue;
            }
            let asked: Vec<_> = asked.into_values().collect();
            let mut there: HashMap<Vec<String>, Vec<(Uuid, Period)>> = HashMap::new();
            for Alike { id, key, during } in self.unit.alike(permit, rule, &asked).await? {
                there.entry(folded(&key)).or_default().push((id, during));
            }
            for (change, key) in pending.iter_mut().zip(keys) {
                let Some(key) = key else { continue };
                let id = change.after.id();
                let period =
                    rule.during.map_or((None, None), |(first, last)| (change.day(first), change.day(last)));
                for others in there.values_mut() {
                    others.retain(|(other, _)| *other != id);
                }
                let others = there.entry(folded(&key)).or_default();
                let holder =
                    others.iter().find(|(_, other)| overlap(*other, period)).map(|(holder, _)| *holder);
                if let (Some(holder), Some(field)) =
                    (holder, rule.fields.last().and_then(|field| object.at(*field)))
                {
                    let detail = format!("another {} has this {}", object.name, names(&object, rule));
                    let violation = Violation::new(Code::NotUnique, format!("/{}", field.name), detail);
                    change.violations.push(self.held_by(permit, violation, holder).await?);
                } else if change.is_good() {
                    others.push((id, period));
                }
            }
        }
        Ok(())
    }

    /// Notes where a record would stand above itself, with the way that leads there.
    async fn keep_trees(&mut self, permit: &Permit, pending: &mut [Pending]) -> Result<()> {
        let object = std::sync::Arc::clone(permit.object());
        for field in object.attributes.iter().filter(|field| field.hierarchy) {
            let above = |change: &Pending| match change.at(field.index) {
                Value::Id(id) => Some(*id),
                _ => None,
            };
            let placed = pending.iter().filter(|change| change.is_good() && change.differs(field));
            let from: Vec<_> = placed.filter_map(above).collect();
            if from.is_empty() {
                continue;
            }
            let mut tree = HashMap::new();
            for from in from.chunks(1_000) {
                tree.extend(self.unit.above(permit, field, from, LEVELS).await?);
            }
            for change in pending.iter_mut().filter(|change| change.is_good() && change.differs(field)) {
                let id = change.after.id();
                let mut way = vec![id];
                let mut next = above(change);
                while let Some(at) = next.filter(|_| way.len() <= LEVELS) {
                    way.push(at);
                    next = if at == id { None } else { tree.get(&at).copied().flatten() };
                }
                if way.len() > LEVELS {
                    change.refuse(field, Code::OutOfRange, format!("a tree has at most {LEVELS} levels"));
                } else if way.len() > 1 && way.last() == Some(&id) {
                    let path: Vec<_> = way
                        .iter()
                        .map(|uuid| TypeId { prefix: &object.prefix, uuid: *uuid }.to_string())
                        .collect();
                    let detail = format!("{} would lead round: {}", field.name, path.join(" → "));
                    let violation = Violation::new(Code::Invalid, format!("/{}", field.name), detail);
                    change.violations.push(violation.with("path", path));
                } else {
                    tree.insert(id, above(change));
                }
            }
        }
        Ok(())
    }

    /// Notes what would become untrue of the records that refer to a record.
    async fn keep_in_use(&mut self, permit: &Permit, pending: &mut [Pending]) -> Result<()> {
        let object = std::sync::Arc::clone(permit.object());
        for field in object.attributes.iter().filter(|field| field.fixed_in_use) {
            for change in pending.iter_mut().filter(|change| change.before.is_some() && change.differs(field))
            {
                // What can be restored would come back to it.
                let since = Instant(self.now().0.saturating_sub(RESTORABLE_MICROS));
                let referring = self.referring(permit, change.after.id(), Some(since)).await?;
                if !referring.is_empty() {
                    let detail =
                        format!("{} stays while {} refer to the record", field.name, told(&referring));
                    let violation = Violation::new(Code::IllegalState, format!("/{}", field.name), detail);
                    change.violations.push(violation.with("referring", referring));
                }
            }
        }
        Ok(())
    }

    /// Takes a flag from the record that has it, where another gets it; the last one of several has it.
    async fn keep_only_one(&mut self, permit: &Permit, pending: &mut [Pending]) -> Result<()> {
        let object = std::sync::Arc::clone(permit.object());
        for rule in &object.only_one {
            let group = |change: &Pending| rule.within.map(|within| change.at(within).clone());
            let marks = |change: &Pending| {
                let is_marked = change.at(rule.flag) == &Value::Boolean(true);
                let fields = std::iter::once(rule.flag).chain(rule.within);
                change.is_good() && is_marked && change.changes(fields) && group(change) != Some(Value::Null)
            };
            let mut groups: Vec<(Option<Value>, usize)> = Vec::new();
            for place in 0..pending.len() {
                let Some(change) = pending.get(place).filter(|change| marks(change)) else { continue };
                let own = group(change);
                match groups.iter_mut().find(|(group, _)| *group == own) {
                    Some((_, last)) => {
                        if let Some(earlier) = pending.get_mut(std::mem::replace(last, place)) {
                            unmark(&mut earlier.after, rule);
                        }
                    }
                    None => groups.push((own, place)),
                }
            }
            if groups.is_empty() {
                continue;
            }
            let ids: HashSet<_> = pending.iter().map(|change| change.after.id()).collect();
            let Ok(update) = self.permit(object.name, Action::Update) else { continue };
            let marked = Predicate::equals(rule.flag, Value::Boolean(true));
            let holds = match rule.within {
                Some(field) => {
                    let compare =
                        Compare::OneOf(groups.iter().filter_map(|(group, _)| group.clone()).collect());
                    Predicate::Field(Test { field, compare }).and(marked)
                }
                None => marked,
            };
            let holders = self.unit.lock_where(&update, holds).await?;
            let others = holders.into_iter().filter(|holder| !ids.contains(&holder.id()));
            let mut others: Vec<_> = others
                .map(|before| {
                    let mut after = before.clone();
                    unmark(&mut after, rule);
                    Pending::new(Some(before), after)
                })
                .collect();
            for unmarked in Box::pin(self.update_all(&update, &mut others)).await? {
                unmarked?;
            }
        }
        Ok(())
    }

    /// Notes what a record would break that comes back: what is unique may be taken, a flag may be somebody else's by
    /// now, and what it stands on may be gone.
    pub(crate) async fn keep_restored(&mut self, permit: &Permit, change: &mut Pending) -> Result<()> {
        let object = std::sync::Arc::clone(permit.object());
        if !object.only_one.is_empty() || !object.together.is_empty() {
            self.unit.take_turn(permit).await?;
        }
        for rule in &object.only_one {
            if change.at(rule.flag) == &Value::Boolean(true) {
                let mut holds = Predicate::equals(rule.flag, Value::Boolean(true));
                if let Some(within) = rule.within {
                    holds = holds.and(Predicate::equals(within, change.at(within).clone()));
                }
                let read = self.permit(object.name, Action::Read)?;
                if !self.unit.find(&read, holds).await?.is_empty() {
                    unmark(&mut change.after, rule);
                }
            }
        }
        for field in object.attributes.iter().filter(|field| field.restrict) {
            let (Some(target), Value::Id(id)) = (field.target(), change.at(field.index)) else { continue };
            let (id, read) = (*id, self.permit(target, Action::Read)?);
            let found = self.unit.find_referenced(&read, &[id], true).await?;
            if found.iter().all(|record| record.get(system::DELETED_AT).is_some()) {
                let detail = format!("{}: the {target} is deleted; restore it first", field.name);
                change.refuse(field, Code::ReferenceNotFound, detail);
            }
        }
        self.keep_together(permit, std::slice::from_mut(change)).await
    }

    /// Refuses to delete a record while others stand on it.
    pub(crate) async fn hold(&mut self, permit: &Permit, id: Uuid) -> Result<()> {
        let referring = self.referring(permit, id, None).await?;
        if referring.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "{} refer to the {}; delete or change them first",
            told(&referring),
            permit.object().name
        );
        Err(Error::new(Code::IllegalState, detail).with("referring", referring))
    }

    /// How many records refer to a record in a way that holds it, by their objects.
    async fn referring(
        &mut self,
        permit: &Permit,
        id: Uuid,
        since: Option<Instant>,
    ) -> Result<Map<String, serde_json::Value>> {
        let mut referring = Map::new();
        for holder in &permit.object().held_by {
            let object = std::sync::Arc::clone(self.kith.object(holder.object)?);
            let Some(field) = object.at(holder.field) else { continue };
            let count = self.unit.referring(permit, &object, field, id, since).await?;
            if count > 0 {
                referring.insert(object.plural.to_owned(), json!(count));
            }
        }
        Ok(referring)
    }
}

fn unmark(record: &mut Record, rule: &OnlyOne) {
    if let Some(flag) = record.values.get_mut(rule.flag) {
        *flag = Value::Boolean(false);
    }
}

/// The values that no other record may have together; none where one of them is null.
fn key(rule: &Together, change: &Pending) -> Option<Vec<Value>> {
    let key: Vec<_> = rule.fields.iter().map(|field| sort_key(change.at(*field))).collect();
    (!key.contains(&Value::Null)).then_some(key)
}

fn names(object: &kernel::object::Object, rule: &Together) -> String {
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

/// “2 deals and 1 task”.
fn told(referring: &Map<String, serde_json::Value>) -> String {
    referring.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(" and ")
}
