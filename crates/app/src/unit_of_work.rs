//! The unit of work, in which standard operations and commands are written. Every change goes through its object's
//! checks and rules, and into one transaction with its events.

use std::{collections::BTreeSet, sync::Arc};

use kernel::{
    Code, Error, Of, Permit, Record, Result, Value,
    actor::Actor,
    answer::Budget,
    change::NewRecord,
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
use persistence::Transaction;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{Kith, validate::PendingChange};

/// The number of changes that a version conflict looks back over.
const MAX_CHANGES: u32 = 200;

/// A unit of work of one actor.
pub struct UnitOfWork {
    pub(crate) kith: Kith,
    pub(crate) transaction: Transaction,
    /// Whether a job was enqueued, so that a runner is woken after the commit.
    pub(crate) queues: bool,
}

/// The values of a record about to be created or changed, by the places of their fields.
pub type Values = Vec<(usize, Value)>;

impl UnitOfWork {
    /// Begins a unit of work for an actor.
    pub async fn begin(kith: &Kith, actor: &Actor) -> Result<Self> {
        let now = kith.context().clock.now();
        let transaction = kith.database().begin(actor, now).await?;
        Ok(Self { kith: kith.clone(), transaction, queues: false })
    }

    /// The actor.
    pub fn actor(&self) -> &Actor {
        self.transaction.actor()
    }

    /// The instant of all its changes.
    pub fn now(&self) -> Instant {
        self.transaction.now()
    }

    /// The actor's permit for an action on an object.
    pub fn permit(&self, object: &str, action: Action) -> Result<Permit> {
        self.actor().permit(self.kith.object(object)?, action)
    }

    /// The system's permit for an action on an object: for what a change brings about, whoever makes it.
    pub(crate) fn system(&self, object: &str, action: Action) -> Result<Permit> {
        self.actor().permit_under(self.kith.policy().system(), self.kith.object(object)?, action)
    }

    /// Creates one record. Violations of reading its input are reported with all others.
    pub async fn create(&mut self, permit: &Permit, input: impl Into<Input>) -> Result<Record> {
        let Input { values, violations, items: _ } = input.into();
        let pending = PendingChange { violations, ..self.draft(permit.object(), values) };
        let mut created = self.create_all(permit, vec![pending]).await?;
        created.pop().ok_or_else(|| Error::internal("nothing was created"))?
    }

    /// Creates a record from typed values.
    pub async fn make<O: ObjectType>(&mut self, record: NewRecord<O>) -> Result<Of<O>> {
        let permit = self.permit(record.object, Action::Create)?;
        let values = values_of(permit.object(), record);
        Of::new(self.create(&permit, values).await?)
    }

    /// A new record with its defaults, before its rules.
    pub(crate) fn draft(&self, object: &Arc<Object>, values: Values) -> PendingChange {
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
                // A field that cannot be null keeps its default.
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
        PendingChange { has_own_id, nulls, ..PendingChange::new(None, record) }
    }

    /// Creates records of one object together. Those that break a rule are refused, the others are created.
    pub(crate) async fn create_all(
        &mut self,
        permit: &Permit,
        mut pending: Vec<PendingChange>,
    ) -> Result<Vec<Result<Record>>> {
        self.validate(permit, &mut pending).await?;
        self.number(permit.object(), &mut pending).await?;
        let good: Vec<_> = pending.iter().filter(|pending| pending.violations.is_empty()).collect();
        let owned: Vec<_> = good.iter().map(|pending| pending.owned()).collect();
        if !owned.is_empty() {
            self.transaction.insert(permit, &owned).await?;
            let ids: Vec<_> = owned.iter().map(|owned| owned.record.id()).collect();
            self.check_still_visible(permit, &ids).await?;
        }
        self.create_related(&mut pending).await?;
        Ok(pending.into_iter().map(PendingChange::outcome).collect())
    }

    /// Locks the record of that id; not found if the permit does not reach it.
    pub async fn lock(&mut self, permit: &Permit, id: Uuid, expected: Option<i64>) -> Result<Record> {
        let record = self.transaction.lock(permit, &[id]).await?.pop().ok_or(Code::NotFound)?;
        match expected {
            Some(version) if version != record.version() => Err(self.conflict(&record, version).await),
            _ => Ok(record),
        }
    }

    /// Updates a locked record. If nothing differs, nothing is written.
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
        self.replace(permit, PendingChange { violations, ..PendingChange::new(Some(before), after) }).await
    }

    /// Updates typed fields of a locked record.
    pub async fn change<O: ObjectType>(
        &mut self,
        before: Of<O>,
        set: impl FnOnce(&mut Of<O>),
    ) -> Result<Of<O>> {
        let permit = self.permit(O::NAME, Action::Update)?;
        let mut after = before.clone();
        set(&mut after);
        let pending = PendingChange::new(Some(before.into_inner()), after.into_inner());
        Of::new(self.replace(&permit, pending).await?)
    }

    async fn replace(&mut self, permit: &Permit, pending: PendingChange) -> Result<Record> {
        let mut replaced = self.update_all(permit, &mut vec![pending]).await?;
        replaced.pop().ok_or_else(|| Error::internal("nothing was changed"))?
    }

    /// Changes records of one object together, like [`UnitOfWork::create_all`].
    pub(crate) async fn update_all(
        &mut self,
        permit: &Permit,
        pending: &mut Vec<PendingChange>,
    ) -> Result<Vec<Result<Record>>> {
        self.validate(permit, pending).await?;
        let changed = |pending: &PendingChange| {
            let differs = pending.before.as_ref().is_some_and(|before| before.values != pending.after.values);
            differs && pending.violations.is_empty()
        };
        let mut written = Vec::new();
        for pending in pending.iter_mut().filter(|pending| changed(pending)) {
            self.stamp(pending);
            written.extend(pending.before.as_ref().map(|before| (before, pending.owned())));
        }
        if !written.is_empty() {
            self.transaction.update(permit, &written).await?;
            let ids: Vec<_> = written.iter().map(|(before, _)| before.id()).collect();
            self.check_still_visible(permit, &ids).await?;
        }
        self.create_related(pending).await?;
        Ok(std::mem::take(pending).into_iter().map(PendingChange::outcome).collect())
    }

    /// Gives a changed record its next version, and notes who changed it and when.
    pub(crate) fn stamp(&self, pending: &mut PendingChange) {
        let version = pending.before.as_ref().map_or(0, Record::version);
        pending.after.set(system::VERSION, version.saturating_add(1));
        pending.after.set(system::UPDATED_AT, self.now());
        pending.after.set(system::UPDATED_BY, self.actor().user);
    }

    /// The records for which a predicate holds.
    pub async fn find(&mut self, object: &str, predicate: Predicate) -> Result<Vec<Record>> {
        let permit = self.permit(object, Action::Read)?;
        self.transaction.find(&permit, predicate).await
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

    /// The first records of an object in the order of their ids, or the next ones behind an id: so a job goes through
    /// them all, step by step.
    pub async fn next_by_id<O: ObjectType>(&mut self, after: Option<Uuid>, limit: u32) -> Result<Vec<Of<O>>> {
        let permit = self.permit(O::NAME, Action::Read)?;
        let found = self.transaction.next_by_id(&permit, after, limit).await?;
        found.into_iter().map(Of::new).collect()
    }

    /// The record of that id, where the actor can see it.
    pub async fn find_one<O: ObjectType>(&mut self, id: Uuid) -> Result<Option<Of<O>>> {
        let found = self.find(O::NAME, Predicate::equals(Object::ID, Value::Id(id))).await?;
        found.into_iter().next().map(Of::new).transpose()
    }

    /// Whether the record exists and is not deleted, even if the actor cannot see it.
    pub async fn lives<O: ObjectType>(&mut self, id: Uuid) -> Result<bool> {
        let permit = self.system(O::NAME, Action::Read)?;
        Ok(self.transaction.existing(&permit, &[id]).await?.get(&id) == Some(&false))
    }

    /// The id of an object that a member of a command's input is. Whether there is such a record is checked where a
    /// reference is set to it.
    pub fn id_of<O: ObjectType>(&self, member: &str, text: &str) -> Result<Uuid> {
        let prefix = &self.kith.object(O::NAME)?.prefix;
        let wrong = || {
            let detail = format!("{member}: an id {prefix}_… is expected");
            Violation::new(Code::WrongType, format!("/{member}"), detail)
        };
        Ok(TypeId::parse_as(prefix, text).ok_or_else(wrong)?)
    }

    /// The record that a member of a command's input refers to.
    pub async fn referenced<O: ObjectType>(&mut self, member: &str, text: &str) -> Result<Of<O>> {
        let id = self.id_of::<O>(member, text)?;
        let missing = || {
            let detail = format!("there is no such {}", O::NAME);
            Violation::new(Code::ReferenceNotFound, format!("/{member}"), detail)
        };
        Ok(self.find_one(id).await?.ok_or_else(missing)?)
    }

    /// Sets the numbers of serial fields.
    async fn number(&mut self, object: &Object, pending: &mut [PendingChange]) -> Result<()> {
        for attribute in object.attributes.iter().filter(|attribute| attribute.serial) {
            let good = pending.iter_mut().filter(|pending| pending.violations.is_empty());
            let good: Vec<_> = good.collect();
            if good.is_empty() {
                continue;
            }
            let name = format!("{}.{}", object.name, attribute.name);
            let first = self.transaction.next_numbers(&name, good.len()).await?;
            for (pending, number) in good.into_iter().zip(first..) {
                pending.after.put(attribute.name, Value::Integer(number));
            }
        }
        Ok(())
    }

    /// Creates the records that rules create along with a change, which is their cause, whether the actor could create
    /// them or not.
    pub(crate) async fn create_related(&mut self, pending: &mut [PendingChange]) -> Result<()> {
        let mut by_object: Vec<(&'static str, Vec<(Uuid, NewRecord)>)> = Vec::new();
        for pending in pending.iter_mut().filter(|pending| pending.violations.is_empty()) {
            let cause = pending.after.id();
            for record in std::mem::take(&mut pending.related) {
                match by_object.iter_mut().find(|(object, _)| *object == record.object) {
                    Some((_, group)) => group.push((cause, record)),
                    None => by_object.push((record.object, vec![(cause, record)])),
                }
            }
        }
        for (object, group) in by_object {
            let permit = self.system(object, Action::Create)?;
            let object = permit.object();
            let draft = |(cause, record)| PendingChange {
                cause: Some(cause),
                ..self.draft(object, values_of(object, record))
            };
            let drafts = group.into_iter().map(draft).collect();
            for created in Box::pin(self.create_all(&permit, drafts)).await? {
                created?;
            }
        }
        Ok(())
    }

    /// Refuses a change after which the actor could not see the record any more.
    async fn check_still_visible(&mut self, permit: &Permit, ids: &[Uuid]) -> Result<()> {
        if ids.is_empty() || self.transaction.reaches(permit, ids).await? {
            return Ok(());
        }
        Err(Error::new(
            Code::Forbidden,
            "your role does not reach all records, and would not reach this one any more",
        ))
    }

    /// The error for a caller that has seen another version.
    async fn conflict(&mut self, record: &Record, seen: i64) -> Error {
        let changed = self.changed_since(record, seen).await.unwrap_or_default();
        Error::from(Code::VersionConflict)
            .with("currentVersion", record.version())
            .with("changedFields", changed)
    }

    /// The fields that changed since that version, as far as the actor may read them.
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
        let table = self.transaction.read(&plan, &Budget::unlimited()).await?;
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

/// The values of a new record that are not null.
pub(crate) fn values_of<O>(object: &Object, record: NewRecord<O>) -> Values {
    let given = record.values.into_iter().filter(|(_, value)| !value.is_null());
    given.filter_map(|(name, value)| Some((object.index(name)?, value))).collect()
}
