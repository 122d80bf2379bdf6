//! A piece of work: what standard operations and commands are written in. Every change goes through its
//! object's checks and rules, and into one transaction with its events.

use std::{collections::BTreeSet, sync::Arc};

use kernel::{
    Code, Error, Of, Permit, Record, Result, Value,
    actor::Actor,
    change::Companion,
    error::Violation,
    field::{Field, Kind},
    id::TypeId,
    input::{self, Input},
    object::{Action, Object, ObjectType},
    plan::Plan,
    predicate::{Compare, Predicate, Test},
    system,
    time::Instant,
    value::FieldType,
};
use persistence::{Owned, Unit};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{Kith, settle::Pending};

/// How many changes a version conflict looks back over.
const MAX_CHANGES: u32 = 200;

/// Deleted records can be restored for so many days.
pub(crate) const RESTORABLE_DAYS: i64 = 30;
/// A day in the unit of instants.
pub(crate) const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Work in progress.
pub struct Work {
    pub(crate) kith: Kith,
    pub(crate) unit: Unit,
    /// Whether a job was put into the queue, so that somebody is to be woken once it can be seen there.
    pub(crate) queues: bool,
}

/// The values of a record about to be created or changed, by the places of their fields.
pub type Values = Vec<(usize, Value)>;

impl Work {
    /// Begins to work for somebody.
    pub async fn begin(kith: &Kith, actor: &Actor) -> Result<Self> {
        let now = kith.context().clock.now();
        let unit = kith.database().begin(actor, now).await?;
        Ok(Self { kith: kith.clone(), unit, queues: false })
    }

    /// Who works.
    pub fn actor(&self) -> &Actor {
        self.unit.actor()
    }

    /// The instant of the work.
    pub fn now(&self) -> Instant {
        self.unit.now()
    }

    /// Asks for leave, for the one who works.
    pub fn permit(&self, object: &str, action: Action) -> Result<Permit> {
        self.actor().permit(self.kith.object(object)?, action)
    }

    /// Creates one record. What could not be read of its input is told with all else that is wrong.
    pub async fn create(&mut self, permit: &Permit, input: impl Into<Input>) -> Result<Record> {
        let Input { values, violations, items: _ } = input.into();
        let pending = Pending { violations, ..self.draft(permit.object(), values) };
        let mut created = self.create_all(permit, vec![pending]).await?;
        created.pop().ok_or_else(|| Error::internal("nothing was created"))?
    }

    /// Creates a record from typed values.
    pub async fn make<O: ObjectType>(&mut self, companion: Companion<O>) -> Result<Of<O>> {
        let permit = self.permit(companion.object, Action::Create)?;
        let values = values_of(permit.object(), companion);
        Of::new(self.create(&permit, values).await?)
    }

    /// A new record with its presets, before its rules.
    pub(crate) fn draft(&self, object: &Arc<Object>, values: Values) -> Pending {
        let (now, user) = (self.now(), self.actor().user);
        let mut record = Record::new(Arc::clone(object));
        for attribute in &object.attributes {
            if let Some(preset) = attribute.preset {
                record.put(attribute.name, input::preset(preset, user, now));
            }
        }
        record.set(system::ID, self.kith.context().ids.next(now));
        let (mut has_own_id, mut nulls) = (false, Vec::new());
        for (index, value) in values {
            let Some(attribute) = object.at(index) else { continue };
            let is_id = matches!(attribute.kind, Kind::Id);
            match value.is_null() {
                // What cannot be null is what it is by default.
                true if is_id || attribute.required && attribute.preset.is_some() => continue,
                true => nulls.push(index),
                false => has_own_id |= is_id,
            }
            if let Some(place) = record.values.get_mut(index) {
                *place = value;
            }
        }
        // The records of a log have no such fields.
        if object.is_mutable() {
            record.set(system::VERSION, 1);
            record.set(system::CREATED_AT, now);
            record.set(system::UPDATED_AT, now);
            record.set(system::CREATED_BY, user);
            record.set(system::UPDATED_BY, user);
        }
        Pending { has_own_id, nulls, ..Pending::new(None, record) }
    }

    /// Creates records of one object together. Those that break a rule are refused, the others are created.
    pub(crate) async fn create_all(
        &mut self,
        permit: &Permit,
        mut pending: Vec<Pending>,
    ) -> Result<Vec<Result<Record>>> {
        self.settle(permit, &mut pending).await?;
        self.number(permit.object(), &mut pending).await?;
        let good: Vec<_> = pending.iter().filter(|pending| pending.violations.is_empty()).collect();
        let owned: Vec<_> =
            good.iter().map(|pending| Owned { record: &pending.after, owner: pending.owner }).collect();
        if !owned.is_empty() {
            self.unit.insert(permit, &owned).await?;
            let ids: Vec<_> = owned.iter().map(|owned| owned.record.id()).collect();
            self.stay_in_sight(permit, &ids).await?;
        }
        self.accompany(&mut pending).await?;
        Ok(pending.into_iter().map(Pending::outcome).collect())
    }

    /// The record of that id, kept from other writers; not found where the permit does not reach it.
    pub async fn lock(&mut self, permit: &Permit, id: Uuid, expected: Option<i64>) -> Result<Record> {
        let record = self.unit.lock(permit, &[id]).await?.pop().ok_or(Code::NotFound)?;
        match expected {
            Some(version) if version != record.version() => Err(self.conflict(&record, version).await),
            _ => Ok(record),
        }
    }

    /// Changes a record that was locked. Where nothing differs nothing is written.
    pub async fn update(
        &mut self,
        permit: &Permit,
        before: Record,
        input: impl Into<Input>,
    ) -> Result<Record> {
        let Input { values, items, mut violations } = input.into();
        let mut after = before.clone();
        violations.extend(after.change_items(&items));
        for (index, value) in values {
            if let Some(place) = after.values.get_mut(index) {
                *place = value;
            }
        }
        self.replace(permit, Pending { violations, ..Pending::new(Some(before), after) }).await
    }

    /// Changes typed fields of a record that was locked.
    pub async fn change<O: ObjectType>(
        &mut self,
        before: Of<O>,
        set: impl FnOnce(&mut Of<O>),
    ) -> Result<Of<O>> {
        let permit = self.permit(O::NAME, Action::Update)?;
        let mut after = before.clone();
        set(&mut after);
        let pending = Pending::new(Some(before.into_inner()), after.into_inner());
        Of::new(self.replace(&permit, pending).await?)
    }

    async fn replace(&mut self, permit: &Permit, pending: Pending) -> Result<Record> {
        let mut replaced = self.update_all(permit, &mut vec![pending]).await?;
        replaced.pop().ok_or_else(|| Error::internal("nothing was changed"))?
    }

    /// Changes records of one object together, like [`Work::create_all`].
    pub(crate) async fn update_all(
        &mut self,
        permit: &Permit,
        pending: &mut Vec<Pending>,
    ) -> Result<Vec<Result<Record>>> {
        self.settle(permit, pending).await?;
        let (now, user) = (self.now(), self.actor().user);
        let changed = |pending: &Pending| {
            let differs = pending.before.as_ref().is_some_and(|before| before.values != pending.after.values);
            differs && pending.violations.is_empty()
        };
        let mut written = Vec::new();
        for pending in pending.iter_mut().filter(|pending| changed(pending)) {
            let Some(before) = &pending.before else { continue };
            pending.after.set(system::VERSION, before.version().saturating_add(1));
            pending.after.set(system::UPDATED_AT, now);
            pending.after.set(system::UPDATED_BY, user);
            written.push((before, Owned { record: &pending.after, owner: pending.owner }));
        }
        if !written.is_empty() {
            self.unit.update(permit, &written).await?;
            let ids: Vec<_> = written.iter().map(|(before, _)| before.id()).collect();
            self.stay_in_sight(permit, &ids).await?;
        }
        self.accompany(pending).await?;
        Ok(std::mem::take(pending).into_iter().map(Pending::outcome).collect())
    }

    /// Deletes a record, softly.
    pub async fn delete(&mut self, permit: &Permit, id: Uuid, expected: Option<i64>) -> Result<Record> {
        let before = self.lock(permit, id, expected).await?;
        if before.get(system::DELETED_AT).is_some() {
            return Err(Code::NotFound.into());
        }
        self.hold(permit, id).await?;
        let now = self.now();
        self.mark(permit, before, Some(now)).await
    }

    /// Restores a deleted record.
    pub async fn restore(&mut self, permit: &Permit, id: Uuid, expected: Option<i64>) -> Result<Record> {
        let before = self.lock(permit, id, expected).await?;
        let Some(deleted) = before.get(system::DELETED_AT) else {
            return Err(Error::new(Code::IllegalState, "the record is not deleted"));
        };
        let age = self.now().0.saturating_sub(deleted.0) / DAY_MICROS;
        if age >= RESTORABLE_DAYS {
            return Err(Code::NotFound.into());
        }
        self.mark(permit, before, None).await
    }

    async fn mark(&mut self, permit: &Permit, before: Record, deleted: Option<Instant>) -> Result<Record> {
        let mut after = before.clone();
        after.set(system::DELETED_AT, deleted);
        after.set(system::VERSION, before.version().saturating_add(1));
        after.set(system::UPDATED_AT, self.now());
        after.set(system::UPDATED_BY, self.actor().user);
        let mut pending = vec![Pending::new(Some(before), after)];
        self.own(permit, &mut pending).await?;
        if deleted.is_none() {
            self.keep_unique(permit, &mut pending).await?;
            for change in &mut pending {
                self.keep_restored(permit, change).await?;
            }
        }
        let Some(pending) = pending.pop() else { return Err(Error::internal("nothing was changed")) };
        if let (Some(before), true) = (&pending.before, pending.violations.is_empty()) {
            let after = Owned { record: &pending.after, owner: pending.owner };
            self.unit.delete(permit, before, &after).await?;
        }
        pending.outcome()
    }

    /// The records for which a predicate holds.
    pub async fn find(&mut self, object: &str, predicate: Predicate) -> Result<Vec<Record>> {
        let permit = self.permit(object, Action::Read)?;
        self.unit.find(&permit, predicate).await
    }

    /// The records whose field has this value.
    pub async fn find_by<O: ObjectType, T: FieldType>(
        &mut self,
        field: Field<O, T>,
        value: T::Rust,
    ) -> Result<Vec<Of<O>>> {
        let index = self.kith.object(O::NAME)?.place(field)?;
        let value = match (field.def.kind, T::write(value)) {
            (Kind::Text(_), Value::Text(text)) => Value::Text(field.def.comparison.form(&text).into_owned()),
            (_, value) => value,
        };
        let found = self.find(O::NAME, Predicate::equals(index, value)).await?;
        found.into_iter().map(Of::new).collect()
    }

    /// The record of that id, where the actor can see it.
    pub async fn find_one<O: ObjectType>(&mut self, id: Uuid) -> Result<Option<Of<O>>> {
        let found = self.find(O::NAME, Predicate::equals(Object::ID, Value::Id(id))).await?;
        found.into_iter().next().map(Of::new).transpose()
    }

    /// Whether the record is there and not deleted, whoever may see it.
    pub async fn lives<O: ObjectType>(&mut self, id: Uuid) -> Result<bool> {
        let permit = self.permit(O::NAME, Action::Read)?;
        Ok(self.unit.known(&permit, &[id]).await?.get(&id) == Some(&false))
    }

    /// The record that a command's input refers to.
    pub async fn referenced<O: ObjectType>(&mut self, member: &str, text: &str) -> Result<Of<O>> {
        let object = O::NAME;
        let prefix = self.kith.object(object)?.prefix.clone();
        let pointer = format!("/{member}");
        let wrong =
            || Violation::new(Code::WrongType, &*pointer, format!("{member}: an id {prefix}_… is expected"));
        let id = TypeId::parse_as(&prefix, text).ok_or_else(wrong)?;
        let found = self.find_one(id).await?;
        let missing =
            || Violation::new(Code::ReferenceNotFound, &*pointer, format!("there is no such {object}"));
        Ok(found.ok_or_else(missing)?)
    }

    /// Makes everything durable.
    pub async fn commit(self) -> Result<()> {
        self.unit.commit().await?;
        if self.queues {
            self.kith.0.queued.notify_one();
        }
        Ok(())
    }

    /// Gives out the numbers of serial fields.
    async fn number(&mut self, object: &Object, pending: &mut [Pending]) -> Result<()> {
        for attribute in object.attributes.iter().filter(|attribute| attribute.serial) {
            let good = pending.iter_mut().filter(|pending| pending.violations.is_empty());
            let good: Vec<_> = good.collect();
            if good.is_empty() {
                continue;
            }
            let name = format!("{}.{}", object.name, attribute.name);
            let first = self.unit.take_numbers(&name, good.len()).await?;
            for (pending, number) in good.into_iter().zip(first..) {
                pending.after.put(attribute.name, Value::Integer(number));
            }
        }
        Ok(())
    }

    /// Creates what the rules want created along.
    async fn accompany(&mut self, pending: &mut [Pending]) -> Result<()> {
        let companions: Vec<_> = pending
            .iter_mut()
            .filter(|pending| pending.violations.is_empty())
            .flat_map(|p| std::mem::take(&mut p.companions))
            .collect();
        let mut by_object: Vec<(&'static str, Vec<Companion>)> = Vec::new();
        for companion in companions {
            match by_object.iter_mut().find(|(object, _)| *object == companion.object) {
                Some((_, group)) => group.push(companion),
                None => by_object.push((companion.object, vec![companion])),
            }
        }
        for (object, group) in by_object {
            let permit = self.permit(object, Action::Create)?;
            let object = permit.object();
            let drafts = group.into_iter().map(|companion| self.draft(object, values_of(object, companion)));
            let drafts = drafts.collect();
            for created in Box::pin(self.create_all(&permit, drafts)).await? {
                created?;
            }
        }
        Ok(())
    }

    /// Refuses a change that would take a record out of the sight of whoever made it.
    async fn stay_in_sight(&mut self, permit: &Permit, ids: &[Uuid]) -> Result<()> {
        if ids.is_empty() || self.unit.reaches(permit, ids).await? {
            return Ok(());
        }
        Err(Error::new(
            Code::Forbidden,
            "your role reaches its own records only; this one would not be yours",
        ))
    }

    /// What is told to somebody who has seen another version.
    async fn conflict(&mut self, record: &Record, seen: i64) -> Error {
        let changed = self.changed_since(record, seen).await.unwrap_or_default();
        Error::from(Code::VersionConflict)
            .with("currentVersion", record.version())
            .with("changedFields", changed)
    }

    /// Which fields the latest changes since that version touched, as far as the actor may read them.
    async fn changed_since(&mut self, record: &Record, seen: i64) -> Result<Vec<String>> {
        use domain::platform::event;
        let permit = self.permit("event", Action::Read)?;
        let object = Arc::clone(permit.object());
        let id = TypeId { prefix: &record.object.prefix, uuid: record.id() }.to_string();
        let later = Compare::More(Value::Integer(seen));
        let later = Predicate::Field(Test { field: object.place(event::VERSION)?, compare: later });
        let mut plan = Plan::new(permit.clone());
        plan.predicate = Predicate::equals(object.place(event::RECORD_ID)?, Value::Text(id)).and(later);
        plan.page.limit = MAX_CHANGES;
        let mut shown = vec![plan.column(object.place(event::CHANGED_FIELDS)?)];
        if let Ok(sensitive) = permit.readable(event::SENSITIVE_CHANGES.def.name) {
            shown.push(plan.column(sensitive.index));
        }
        let table = self.unit.read(&plan).await?;
        let cells = (0..table.len()).flat_map(|row| shown.iter().map(move |column| (row, *column)));
        let mut names = BTreeSet::new();
        for (row, column) in cells {
            match table.cell(row, column)?.to_value().as_document().unwrap_or_default() {
                Json::Array(listed) => {
                    names.extend(listed.iter().filter_map(|name| name.as_str().map(str::to_owned)))
                }
                Json::Object(members) => names.extend(members.into_iter().map(|(name, _)| name)),
                _ => {}
            }
        }
        Ok(names.into_iter().collect())
    }
}

/// The values of a companion; where it has none, it says nothing.
pub(crate) fn values_of<O>(object: &Object, companion: Companion<O>) -> Values {
    let said = companion.values.into_iter().filter(|(_, value)| !value.is_null());
    said.filter_map(|(name, value)| Some((object.index(name)?, value))).collect()
}
