//! What every change passes before it is written: its references exist and can be seen, its object's rules
//! agree, nothing required is missing, nothing unique is taken. For many records at once, in a number of
//! statements that does not depend on theirs.

use std::{
    collections::{HashMap, HashSet},
    marker::PhantomData,
};

use kernel::{
    Code, Error, Permit, Record, Result, Value,
    actor::Actor,
    change::{Change, Companion, References},
    error::Violation,
    field::Kind,
    id::TypeId,
    input, items,
    object::{Action, Attribute, Object, Ownership},
    predicate::Parser,
    system,
    text::upper_snake,
    time::Instant,
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::work::Work;

/// A change on its way.
pub(crate) struct Pending {
    pub before: Option<Record>,
    pub after: Record,
    /// Whose the record is.
    pub owner: Option<Uuid>,
    pub violations: Vec<Violation>,
    pub companions: Vec<Companion>,
    /// Whether the client chose the new record's id.
    pub has_own_id: bool,
    /// The fields of a new record that were said to be null.
    pub nulls: Vec<usize>,
}

/// Records that changes refer to, by object and id.
type Found = HashMap<(String, Uuid), Record>;

impl Pending {
    pub fn new(before: Option<Record>, after: Record) -> Self {
        let (violations, companions, nulls) = (Vec::new(), Vec::new(), Vec::new());
        Self { before, after, owner: None, violations, companions, has_own_id: false, nulls }
    }

    /// The record, or what is wrong with it. What was given and could not be read is not also missing.
    pub fn outcome(self) -> Result<Record> {
        let Self { after, mut violations, .. } = self;
        if violations.is_empty() {
            return Ok(after);
        }
        let field = |found: &Violation| found.pointer.split('/').nth(1).unwrap_or_default().to_owned();
        let misread = violations.iter().filter(|found| found.code != Code::Required);
        let misread: HashSet<_> = misread.map(field).collect();
        let lacks =
            |found: &Violation| found.code == Code::Required && found.pointer.matches('/').count() == 1;
        violations.retain(|found| !(lacks(found) && misread.contains(&field(found))));
        Err(Error::invalid(violations))
    }

    fn old(&self, attribute: &Attribute) -> &Value {
        self.before.as_ref().and_then(|before| before.values.get(attribute.index)).unwrap_or(&Value::Null)
    }

    fn wanted(&self, attribute: &Attribute) -> &Value {
        self.after.values.get(attribute.index).unwrap_or(&Value::Null)
    }

    pub(crate) fn differs(&self, attribute: &Attribute) -> bool {
        self.old(attribute) != self.wanted(attribute)
    }
}

impl Work {
    /// Takes changes of one object through all checks; what is wrong is noted with each.
    pub(crate) async fn settle(&mut self, permit: &Permit, pending: &mut [Pending]) -> Result<()> {
        let object = permit.object();
        let found = self.referenced_records(object, pending).await?;
        for change in pending.iter_mut() {
            check_texts(change);
            check_references(self.actor(), change, &found);
            self.apply_rules(change, &found);
            self.check_predicates(change);
            check_days(self.now(), change);
            // A rule may have set another reference; it set it from a record that the actor can see.
            let missing = input::missing(object, &change.after.values);
            change.violations.extend(missing);
        }
        self.own_through(object, pending, &found);
        self.keep_unique(permit, pending).await?;
        self.keep_constraints(permit, pending).await
    }

    /// Notes whose the records are.
    pub(crate) async fn own(&mut self, permit: &Permit, pending: &mut [Pending]) -> Result<()> {
        let found = self.referenced_records(permit.object(), pending).await?;
        self.own_through(permit.object(), pending, &found);
        Ok(())
    }

    fn own_through(&self, object: &Object, pending: &mut [Pending], found: &Found) {
        for change in pending {
            change.owner = owner(object, &change.after, found);
        }
    }

    fn apply_rules(&self, pending: &mut Pending, found: &Found) {
        let object = std::sync::Arc::clone(&pending.after.object);
        let referenced = |record: &Record| -> References {
            let needed = object.needs.iter().filter_map(|name| object.attribute(name));
            needed
                .map(|attribute| {
                    let targets = targets(attribute, record);
                    (attribute.name, targets.iter().filter_map(|target| found.get(target)).cloned().collect())
                })
                .collect()
        };
        let references = referenced(&pending.after);
        let references_before = pending.before.as_ref().map(referenced).unwrap_or_default();
        let mut change = Change {
            before: pending.before.as_ref(),
            after: Record {
                object: std::sync::Arc::clone(&object),
                values: std::mem::take(&mut pending.after.values),
            },
            actor: self.actor(),
            now: self.now(),
            nulls: &pending.nulls,
            violations: std::mem::take(&mut pending.violations),
            companions: Vec::new(),
            references: &references,
            references_before: &references_before,
            of: PhantomData,
        };
        for rule in &object.rules {
            change = rule.apply(change);
        }
        let Change { after, violations, companions, .. } = change;
        (pending.after, pending.violations, pending.companions) = (after, violations, companions);
    }

    /// Notes what is wrong with predicates that are kept: they are read as they will be when they are asked.
    fn check_predicates(&self, pending: &mut Pending) {
        let object = std::sync::Arc::clone(&pending.after.object);
        for attribute in &object.attributes {
            let Some(over) = attribute.predicate_over.filter(|_| pending.differs(attribute)) else {
                continue;
            };
            let Value::Text(over) = pending.after.value(over) else { continue };
            let over = self.kith.registry().objects().iter().find(|object| upper_snake(object.name) == *over);
            let json = pending.after.value(attribute.name).as_document();
            let (Some(over), Some(json)) = (over, json) else { continue };
            let parser = Parser::new(self.kith.registry(), self.actor(), self.now());
            let read = self.actor().permit(over, Action::Read);
            let pointer = format!("/{}", attribute.name);
            if let Err(error) = read.and_then(|permit| parser.parse(&permit, &json, &pointer)) {
                if error.violations.is_empty() {
                    pending.violations.push(Violation::new(error.code, &*pointer, &*error.detail));
                }
                pending.violations.extend(error.violations);
            }
        }
    }

    /// The records that changes refer to and the actor can see: those newly referred to, and those that
    /// rules or ownership look at.
    async fn referenced_records(&mut self, object: &Object, pending: &[Pending]) -> Result<Found> {
        let mut wanted: HashMap<String, HashSet<Uuid>> = HashMap::new();
        let mut want = |(object, id): (String, Uuid)| {
            wanted.entry(object).or_default().insert(id);
        };
        let mut held = HashSet::new();
        let actor = self.actor().clone();
        for attribute in &object.attributes {
            let needed = object.needs.contains(&attribute.name)
                || object.ownership == Ownership::Through(attribute.name);
            for change in pending {
                if needed && let Some(before) = &change.before {
                    target(attribute, before).into_iter().for_each(&mut want);
                }
                if attribute.restrict && change.differs(attribute) {
                    // Nobody deletes it before this is written.
                    held.extend(attribute.refers_to());
                }
                if needed || change.differs(attribute) {
                    let targets = targets(attribute, &change.after).into_iter();
                    targets.filter(|target| needed || !is_oneself(&actor, target)).for_each(&mut want);
                }
            }
        }
        let mut found = Found::new();
        for (name, ids) in wanted {
            let Some(object) = self.kith.registry().by_prefix(&name).cloned() else { continue };
            let Ok(permit) = self.actor().permit(&object, Action::Read) else { continue };
            let ids: Vec<_> = ids.into_iter().collect();
            for ids in ids.chunks(1_000) {
                let hold = held.contains(name.as_str());
                for record in self.unit.find_referenced(&permit, ids, hold).await? {
                    found.insert((name.clone(), record.id()), record);
                }
            }
        }
        Ok(found)
    }

    /// Notes every unique value that another live record has, with that record's id where the actor can see it.
    pub(crate) async fn keep_unique(&mut self, permit: &Permit, pending: &mut [Pending]) -> Result<()> {
        let object = std::sync::Arc::clone(permit.object());
        for attribute in object.attributes.iter().filter(|attribute| !attribute.serial) {
            let restored = |change: &Pending| {
                change.before.as_ref().is_some_and(|b| b.get(system::DELETED_AT).is_some())
            };
            let keys: Vec<Vec<Vec<Value>>> = pending
                .iter()
                .map(|change| match change.differs(attribute) || restored(change) {
                    true => unique_keys(attribute, change.after.value(attribute.name)),
                    false => Vec::new(),
                })
                .collect();
            let all: Vec<_> = keys.iter().flatten().cloned().collect();
            if all.is_empty() {
                continue;
            }
            let mut taken = HashMap::new();
            for keys in all.chunks(500) {
                taken.extend(self.unit.taken(permit, attribute, keys).await?);
            }
            for (change, keys) in pending.iter_mut().zip(keys) {
                let id = change.after.id();
                for (position, key) in keys.iter().enumerate() {
                    // Within one batch the first one gets it.
                    let holder = *taken.entry(compared(key)).or_insert(id);
                    if holder != id {
                        let violation = self.not_unique(permit, attribute, position, holder).await?;
                        change.violations.push(violation);
                    }
                }
            }
        }
        Ok(())
    }

    async fn not_unique(
        &mut self,
        permit: &Permit,
        attribute: &Attribute,
        position: usize,
        holder: Uuid,
    ) -> Result<Violation> {
        let pointer = match attribute.list() {
            Some(_) => format!("/{}/{position}", attribute.name),
            None => format!("/{}", attribute.name),
        };
        let detail = format!("another {} has this {}", permit.object().name, attribute.name);
        self.held_by(permit, Violation::new(Code::NotUnique, pointer, detail), holder).await
    }

    /// Tells in whose hands something is, where the actor can see that record.
    pub(crate) async fn held_by(
        &mut self,
        permit: &Permit,
        violation: Violation,
        holder: Uuid,
    ) -> Result<Violation> {
        let object = permit.object();
        let visible = match self.actor().permit(object, Action::Read) {
            Ok(permit) => self.unit.reaches(&permit, &[holder]).await?,
            Err(_) => false,
        };
        let id = TypeId { prefix: &object.prefix, uuid: holder }.to_string();
        Ok(if visible { violation.with("existingId", id) } else { violation })
    }
}

/// Brings texts that commands made into the form that they would have from outside, and notes those that
/// have none.
fn check_texts(change: &mut Pending) {
    let object = std::sync::Arc::clone(&change.after.object);
    let outside = |attribute: &&Attribute| attribute.writing != kernel::field::Writing::Computed;
    for attribute in object.attributes.iter().filter(outside) {
        if !matches!(attribute.kind, Kind::Text(_)) || !change.differs(attribute) {
            continue;
        }
        match input::checked(attribute, change.wanted(attribute)) {
            Ok(value) => change.after.put(attribute.name, value),
            Err((code, detail)) => {
                change.violations.push(Violation::new(code, format!("/{}", attribute.name), detail));
            }
        }
    }
}

/// Notes every reference to a record that does not exist or cannot be seen.
fn check_references(actor: &Actor, change: &mut Pending, found: &Found) {
    let object = std::sync::Arc::clone(&change.after.object);
    for attribute in
        object.attributes.iter().filter(|attribute| attribute.writing != kernel::field::Writing::Computed)
    {
        if !change.differs(attribute) {
            continue;
        }
        // What was referred to before may stay, even where it is deleted by now.
        let before = change.before.as_ref().map(|before| targets(attribute, before)).unwrap_or_default();
        for (position, key) in targets(attribute, &change.after).into_iter().enumerate() {
            let lives = found.get(&key).is_some_and(|record| record.get(system::DELETED_AT).is_none());
            if lives || is_oneself(actor, &key) || before.contains(&key) {
                continue;
            }
            let pointer = match attribute.list() {
                Some(_) => format!("/{}/{position}", attribute.name),
                None => format!("/{}", attribute.name),
            };
            let detail = format!("{}: there is no such {}", attribute.name, key.0);
            change.violations.push(Violation::new(Code::ReferenceNotFound, pointer, detail));
        }
    }
}

/// Notes every day that has not come and should have; the earliest place on earth decides what day it is.
fn check_days(now: Instant, change: &mut Pending) {
    const EARLIEST_MICROS: i64 = 14 * 3_600 * 1_000_000;
    let today = Instant(now.0.saturating_add(EARLIEST_MICROS)).utc().date_naive();
    let object = std::sync::Arc::clone(&change.after.object);
    for attribute in object.attributes.iter().filter(|attribute| attribute.past) {
        if let Value::Date(day) = change.wanted(attribute)
            && *day > today
            && change.differs(attribute)
        {
            let detail = format!("{} must not be in the future", attribute.name);
            change.violations.push(Violation::new(Code::OutOfRange, format!("/{}", attribute.name), detail));
        }
    }
}

/// Whether this is the actor's own user, who is there as long as the credential is good.
fn is_oneself(actor: &Actor, (object, id): &(String, Uuid)) -> bool {
    actor.credential.is_some() && object == "user" && *id == actor.user
}

/// The record that a reference refers to: the prefix of its object's ids, and its id.
fn target(attribute: &Attribute, record: &Record) -> Option<(String, Uuid)> {
    match (attribute.kind, record.value(attribute.name)) {
        (Kind::Reference(object), Value::Id(id)) => Some((kernel::text::snake(object), *id)),
        _ => None,
    }
}

/// The records that a field refers to, a list's items one after the other.
fn targets(attribute: &Attribute, record: &Record) -> Vec<(String, Uuid)> {
    let refers = |member: &Attribute| matches!(member.kind, Kind::Reference(_) | Kind::AnyReference);
    match (attribute.list(), attribute.members.first()) {
        (Some(list), Some(member)) if list.plain && refers(member) => {
            let items = record.value(attribute.name).as_document();
            let items = items.as_ref().and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
            let ids = items.iter().filter_map(|item| TypeId::parse(item.as_str()?));
            ids.map(|id| (id.prefix.to_owned(), id.uuid)).collect()
        }
        _ => target(attribute, record).into_iter().collect(),
    }
}

/// Whose a record is, along the chain of records it belongs to.
fn owner(object: &Object, record: &Record, found: &Found) -> Option<Uuid> {
    match object.ownership {
        Ownership::Shared => None,
        Ownership::Field(name) => match record.value(name) {
            Value::Id(id) => Some(*id),
            _ => None,
        },
        Ownership::Through(name) => {
            let parent = found.get(&target(object.attribute(name)?, record)?)?;
            persistence::owner_of(&parent.object, parent)
        }
    }
}

/// The values that no two records may share: one of a unique field, or one for each item of a list.
pub(crate) fn unique_keys(attribute: &Attribute, value: &Value) -> Vec<Vec<Value>> {
    match attribute.list() {
        None if attribute.unique && !value.is_null() => vec![vec![attribute.sort_key(value)]],
        Some(list) if list.unique => item_keys(attribute, value),
        _ => Vec::new(),
    }
}

/// The keys of a list's items, as values.
pub(crate) fn item_keys(attribute: &Attribute, value: &Value) -> Vec<Vec<Value>> {
    let part = |part: Option<String>| part.map_or(Value::Null, Value::Text);
    let key = |item: &Json| items::key(attribute, item).into_iter().map(part).collect();
    items::of(value).iter().map(key).collect()
}

pub(crate) fn compared(key: &[Value]) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    key.iter().map(text).collect()
}
