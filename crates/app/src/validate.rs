//! The validation of every change before it is written: its references exist and can be seen, its object's rules
//! agree, nothing required is missing, nothing unique is taken. For many records at once, in a number of
//! statements that does not depend on theirs.

mod checks;
mod target;
mod unique;

use std::{
    collections::{HashMap, HashSet},
    marker::PhantomData,
};

use kernel::{
    Code, Error, Permit, Record, Result, Value,
    actor::Actor,
    change::{Change, ChangeKind, NewRecord, References},
    error::Violation,
    field::Writing,
    input,
    object::{Action, Attribute, Object, Ownership},
    predicate::Parser,
    text::upper_snake,
};
use persistence::Owned;
use uuid::Uuid;

use checks::{check_days, check_needs, check_references, check_texts};
use target::{Target, target, targets};

use crate::unit_of_work::UnitOfWork;

/// A change that is being validated, and what was found about it.
pub(crate) struct PendingChange {
    pub before: Option<Record>,
    pub after: Record,
    /// The record's owner.
    pub owner: Option<Uuid>,
    /// The record's owner before the change.
    pub owner_before: Option<Uuid>,
    /// The record whose change caused this one.
    pub cause: Option<Uuid>,
    pub violations: Vec<Violation>,
    /// The records that its rules create along with it.
    pub related: Vec<NewRecord>,
    /// Whether the client chose the new record's id.
    pub has_own_id: bool,
    /// The fields of a new record that were said to be null.
    pub nulls: Vec<usize>,
}

/// The prefix of an object's ids, and the id of one of its records.
type Key = (String, Uuid);

/// A record that changes refer to.
struct Referenced {
    record: Record,
    /// Whether the permit of the changes reaches it, so that they may begin to refer to it.
    seen: bool,
}

/// The records that changes refer to.
type Found = HashMap<Key, Referenced>;

impl PendingChange {
    pub fn new(before: Option<Record>, after: Record) -> Self {
        let (violations, related, nulls) = (Vec::new(), Vec::new(), Vec::new());
        let (owner, owner_before, cause) = (None, None, None);
        Self { before, after, owner, owner_before, cause, violations, related, has_own_id: false, nulls }
    }

    /// The record as it is written.
    pub fn owned(&self) -> Owned<'_> {
        let Self { after: record, owner, owner_before, cause, .. } = self;
        Owned { record, owner: *owner, owner_before: *owner_before, cause: *cause }
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

    /// Whether the object has rules for such a change.
    fn has_rules(&self) -> bool {
        let kind = ChangeKind::of(self.before.as_ref(), &self.after);
        self.after.object.rules.iter().any(|rule| rule.is_on(kind))
    }

    pub(crate) fn differs(&self, attribute: &Attribute) -> bool {
        self.old(attribute) != self.wanted(attribute)
    }
}

impl UnitOfWork {
    /// Validates changes of one object; violations are added to each.
    pub(crate) async fn validate(&mut self, permit: &Permit, pending: &mut [PendingChange]) -> Result<()> {
        let object = permit.object();
        let found = self.referenced_records(permit, pending).await?;
        for change in pending.iter_mut() {
            check_texts(change);
            check_references(self.actor(), change, &found);
            check_needs(change, &found);
            self.apply_rules(change, &found);
            self.check_predicates(change);
            check_days(self.now(), change);
            // A rule may have set another reference; it set it from a record that the actor can see.
            let missing = input::missing(object, &change.after.values);
            change.violations.extend(missing);
        }
        self.resolve_owners(object, pending, &found);
        self.check_unique(permit, pending).await?;
        self.check_constraints(permit, pending).await
    }

    /// Puts the object's rules to changes that give no values, and resolves each record's owner.
    pub(crate) async fn check_rules(&mut self, permit: &Permit, pending: &mut [PendingChange]) -> Result<()> {
        let object = permit.object();
        let found = self.referenced_records(permit, pending).await?;
        for change in pending.iter_mut().filter(|change| change.has_rules()) {
            check_needs(change, &found);
            self.apply_rules(change, &found);
        }
        self.resolve_owners(object, pending, &found);
        Ok(())
    }

    fn resolve_owners(&self, object: &Object, pending: &mut [PendingChange], found: &Found) {
        for change in pending {
            change.owner = owner(object, &change.after, found);
            change.owner_before = change.before.as_ref().and_then(|before| owner(object, before, found));
        }
    }

    fn apply_rules(&self, pending: &mut PendingChange, found: &Found) {
        let object = std::sync::Arc::clone(&pending.after.object);
        let referenced = |record: &Record| -> References {
            let needed = object.needs.iter().filter_map(|name| object.attribute(name));
            needed
                .map(|attribute| {
                    let found =
                        targets(attribute, record).into_iter().filter_map(|target| found.get(&target.key));
                    (attribute.name, found.map(|found| found.record.clone()).collect())
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
            related: Vec::new(),
            references: &references,
            references_before: &references_before,
            of: PhantomData,
        };
        for rule in &object.rules {
            change = rule.apply(change);
        }
        let Change { after, violations, related, .. } = change;
        (pending.after, pending.violations, pending.related) = (after, violations, related);
    }

    /// Checks stored predicates: they are parsed as they will be when they are used.
    fn check_predicates(&self, pending: &mut PendingChange) {
        let object = std::sync::Arc::clone(&pending.after.object);
        for attribute in &object.attributes {
            let Some(over) = attribute.predicate_over.filter(|_| pending.differs(attribute)) else {
                continue;
            };
            let Value::Text(over) = pending.after.value(over) else { continue };
            let over = self.kith.registry().objects().iter().find(|object| upper_snake(object.name) == *over);
            let json = pending.after.value(attribute.name).as_document();
            let (Some(over), Some(json)) = (over, json) else { continue };
            let parser = Parser::new(self.actor().zone, self.now());
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

    /// The records that changes refer to: those newly referred to, as far as the permit reaches, and those that rules or
    /// ownership look at. Of the latter, what was referred to before and what Kith alone sets is loaded whether the
    /// permit reaches it or not.
    async fn referenced_records(&mut self, permit: &Permit, pending: &[PendingChange]) -> Result<Found> {
        let object = permit.object();
        let has_rules = pending.iter().any(PendingChange::has_rules);
        let mut wanted: HashMap<String, HashSet<Uuid>> = HashMap::new();
        let (mut kept, mut held) = (HashSet::new(), HashSet::new());
        for attribute in &object.attributes {
            let needed = has_rules && object.needs.contains(&attribute.name)
                || object.ownership == Ownership::Through(attribute.name);
            for change in pending {
                let mut want = |(object, id): Key| {
                    wanted.entry(object).or_default().insert(id);
                };
                let differs = change.differs(attribute);
                if needed
                    && let Some(key) = change.before.as_ref().and_then(|before| target(attribute, before))
                {
                    kept.insert(key.clone());
                    want(key);
                }
                if attribute.depends() && differs {
                    // Nobody deletes it before this is written.
                    held.extend(attribute.refers_to());
                }
                if needed || differs {
                    for Target { key, .. } in targets(attribute, &change.after) {
                        if needed && (!differs || attribute.writing == Writing::Computed) {
                            kept.insert(key.clone());
                        }
                        if needed || !is_oneself(self.actor(), &key) {
                            want(key);
                        }
                    }
                }
            }
        }
        let mut found = Found::new();
        for (name, ids) in wanted {
            let Some(object) = self.kith.registry().by_prefix(&name).cloned() else { continue };
            let hold = held.contains(name.as_str());
            let mut missing: Vec<_> = ids.into_iter().collect();
            if let Ok(read) = permit.beside(&object, Action::Read) {
                self.load_referenced(&read, &missing, hold, true, &mut found).await?;
                if read.reaches_all() {
                    continue;
                }
            }
            missing.retain(|id| {
                let key = (name.clone(), *id);
                kept.contains(&key) && !found.contains_key(&key)
            });
            let read = self.system(object.name, Action::Read)?;
            self.load_referenced(&read, &missing, hold, false, &mut found).await?;
        }
        Ok(found)
    }

    async fn load_referenced(
        &mut self,
        read: &Permit,
        ids: &[Uuid],
        hold: bool,
        seen: bool,
        found: &mut Found,
    ) -> Result<()> {
        let prefix = &read.object().prefix;
        for ids in ids.chunks(1_000) {
            let records = self.transaction.find_referenced(read, ids, hold).await?;
            let records = records.into_iter().map(|record| Referenced { record, seen });
            found.extend(records.map(|found| ((prefix.clone(), found.record.id()), found)));
        }
        Ok(())
    }
}

/// Whether this is the actor's own user, who is there as long as the credential is good.
fn is_oneself(actor: &Actor, (object, id): &Key) -> bool {
    actor.credential.is_some() && object == "user" && *id == actor.user
}

/// The owner of a record, along the chain of records it belongs to.
fn owner(object: &Object, record: &Record, found: &Found) -> Option<Uuid> {
    match object.ownership {
        Ownership::Shared => None,
        Ownership::Field(name) => match record.value(name) {
            Value::Id(id) => Some(*id),
            _ => None,
        },
        Ownership::Through(name) => {
            let parent = &found.get(&target(object.attribute(name)?, record)?)?.record;
            persistence::owner_of(&parent.object, parent)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use kernel::{
        field::{List, Member},
        id::TypeId,
        value::{FieldType, Ref},
    };
    use serde_json::{Value as Json, json};

    use super::*;

    kernel::object_type!(Journey, "journey");

    const GUIDE: Field<Ref<Journey>> = Field::reference("guideId", "The guide.");
    const WHO: Member<Ref<Journey>> = Member::reference("whoId", "The participant.");
    const PART: Member<String> = Member::text("part", 20, "The part.");
    static LIST: List = List::of("Participant", "participants", &[WHO.def, PART.def]);
    const PARTICIPANTS: Field<Json> = Field::list("participants", &LIST, "The participants.");

    fn change(guide: Uuid, participants: Json) -> PendingChange {
        let object = Object::plain("journey", "journeys", "A journey.");
        let object = object.fields(&[GUIDE.def, PARTICIPANTS.def]).needs(GUIDE);
        let mut record = Record::new(Arc::new(object));
        record.put(GUIDE.def.name, Value::Id(guide));
        record.put(PARTICIPANTS.def.name, Json::write(participants));
        PendingChange::new(None, record)
    }

    #[test]
    fn references_in_groups_are_looked_at() {
        let id = Uuid::from_u128(7);
        let text = TypeId { prefix: "journey", uuid: id }.to_string();
        let change = change(id, json!([{ "part": "driver" }, { "whoId": text, "part": "cook" }]));
        let object = Arc::clone(&change.after.object);
        let participants = object.attribute(PARTICIPANTS.def.name).unwrap();
        let found = targets(participants, &change.after);
        let found: Vec<_> =
            found.iter().map(|target| (target.pointer(participants), target.key.clone())).collect();
        assert_eq!(found, [("/participants/1/whoId".to_owned(), ("journey".to_owned(), id))]);
    }

    #[test]
    fn rules_do_not_run_without_what_they_need() {
        let mut change = change(Uuid::from_u128(7), json!([]));
        check_needs(&mut change, &Found::new());
        let told: Vec<_> = change.violations.iter().map(|found| (found.code, &*found.pointer)).collect();
        assert_eq!(told, [(Code::ReferenceNotFound, "/guideId")]);
        // One refusal for a field is enough.
        check_needs(&mut change, &Found::new());
        assert_eq!(change.violations.len(), 1);
    }
}
