//! A change of a record as rules see it: the record before and after, and what they find about it.

use std::{collections::HashMap, marker::PhantomData};

use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    actor::Actor,
    error::{Code, Violation},
    field::Field,
    object::{Belongs, ObjectType},
    record::{Of, Record},
    system,
    time::Instant,
    value::{FieldType, Ref, Value},
};

/// The records that a record refers to, by the name of the field: one, or those of a list.
pub type References = HashMap<&'static str, Vec<Record>>;

/// The typed values of a record of the object `O` to be created.
#[derive(Debug)]
pub struct NewRecord<O = ()> {
    /// Its object.
    pub object: &'static str,
    /// Its values, by the names of its fields.
    pub values: Vec<(&'static str, Value)>,
    of: PhantomData<fn() -> O>,
}

impl<O: ObjectType> NewRecord<O> {
    /// A new record without values.
    pub fn new() -> Self {
        Self { object: O::NAME, values: Vec::new(), of: PhantomData }
    }

    /// Gives it a value.
    #[must_use]
    pub fn with<P: Belongs<O>, T: FieldType>(
        mut self,
        field: Field<P, T>,
        value: impl Into<Option<T::Rust>>,
    ) -> Self {
        self.values.push((field.def.name, value.into().map_or(Value::Null, T::write)));
        self
    }
}

impl<O: ObjectType> Default for NewRecord<O> {
    fn default() -> Self {
        Self::new()
    }
}

/// The kind of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    /// The record comes into being.
    Create,
    /// It gets other values.
    Update,
    /// It is deleted, softly.
    Delete,
    /// It is restored.
    Restore,
}

impl ChangeKind {
    /// The kinds that give records values.
    pub const WRITES: &'static [Self] = &[Self::Create, Self::Update];

    /// The kind of the change from one state of a record to another.
    pub fn of(before: Option<&Record>, after: &Record) -> Self {
        let is_deleted = |record: &Record| record.get(system::DELETED_AT).is_some();
        let Some(before) = before else { return Self::Create };
        match (is_deleted(before), is_deleted(after)) {
            // What is deleted is not updated; it may stay deleted for another reason.
            (_, true) => Self::Delete,
            (true, false) => Self::Restore,
            (false, false) => Self::Update,
        }
    }
}

/// A record of the object `O` about to be created, updated, deleted or restored. The engine knows it without the
/// object's type.
pub struct Change<'a, O = ()> {
    /// The record before the change; none when it is created.
    pub before: Option<&'a Record>,
    /// The record after the change.
    pub after: Record,
    /// The actor that makes the change.
    pub actor: &'a Actor,
    /// The present instant.
    pub now: Instant,
    /// The fields of a new record that were set to null, by their places: they get no default.
    pub nulls: &'a [usize],
    /// The rules that the change breaks.
    pub violations: Vec<Violation>,
    /// The records to be created along with it, in the same transaction.
    pub related: Vec<NewRecord>,
    /// The records it refers to, as far as the object's rules need them.
    pub references: &'a References,
    /// The records it referred to before, as far as the object's rules need them.
    pub references_before: &'a References,
    /// The object's type.
    pub of: PhantomData<fn() -> O>,
}

impl<'a, O> Change<'a, O> {
    /// The kind of the change.
    pub fn kind(&self) -> ChangeKind {
        ChangeKind::of(self.before, &self.after)
    }

    /// The same change of a record that is known by another type.
    pub(crate) fn of<P>(self) -> Change<'a, P> {
        let Self { before, after, actor, now, nulls, violations, related, .. } = self;
        let (references, references_before) = (self.references, self.references_before);
        Change {
            before,
            after,
            actor,
            now,
            nulls,
            violations,
            related,
            references,
            references_before,
            of: PhantomData,
        }
    }
}

impl<O: ObjectType> Change<'_, O> {
    /// Whether the record is being created.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// The record's id.
    pub fn id(&self) -> Uuid {
        self.after.id()
    }

    /// The field's value after the change.
    pub fn get<T: FieldType>(&self, field: Field<O, T>) -> Option<T::Rust> {
        T::read(self.after.value(field.def.name))
    }

    /// The field's value before the change; none for a new record.
    pub fn before<T: FieldType>(&self, field: Field<O, T>) -> Option<T::Rust> {
        T::read(self.before?.value(field.def.name))
    }

    /// Whether the field gets another value; a new record's fields all do that are not null.
    pub fn changes<T>(&self, field: Field<O, T>) -> bool {
        let name = field.def.name;
        let before = self.before.map_or(&Value::Null, |before| before.value(name));
        self.after.value(name) != before
    }

    /// Sets the field.
    pub fn set<T: FieldType>(&mut self, field: Field<O, T>, value: impl Into<Option<T::Rust>>) {
        self.after.put(field.def.name, value.into().map_or(Value::Null, T::write));
    }

    /// Sets the field where it has no value and none was refused.
    pub fn set_default<T: FieldType>(&mut self, field: Field<O, T>, value: impl Into<Option<T::Rust>>) {
        if self.after.value(field.def.name).is_null() && !self.is_null(field) {
            self.set(field, value);
        }
    }

    /// Whether the field of a new record was set to null.
    pub fn is_null<T>(&self, field: Field<O, T>) -> bool {
        self.after.object.index(field.def.name).is_some_and(|place| self.nulls.contains(&place))
    }

    /// The record that the field refers to; the object declares it with `needs`.
    pub fn referenced<To: ObjectType>(&self, field: Field<O, Ref<To>>) -> Option<Of<To, &Record>> {
        Of::new(self.references.get(field.def.name)?.first()?).ok()
    }

    /// The records of an object that the list refers to, in no certain order.
    pub fn referenced_all<To: ObjectType>(
        &self,
        list: Field<O, Json>,
    ) -> impl Iterator<Item = Of<To, &Record>> {
        self.references.get(list.def.name).into_iter().flatten().filter_map(|record| Of::new(record).ok())
    }

    /// The record that the field referred to before.
    pub fn referenced_before<To: ObjectType>(&self, field: Field<O, Ref<To>>) -> Option<Of<To, &Record>> {
        Of::new(self.references_before.get(field.def.name)?.first()?).ok()
    }

    /// Whether something was given for a field that could not be read.
    pub fn is_misread<T>(&self, field: Field<O, T>) -> bool {
        let name = |found: &Violation| found.pointer.split('/').nth(1) == Some(field.def.name);
        self.violations.iter().any(name)
    }

    /// Adds a violation of a field.
    pub fn refuse<T>(&mut self, field: Field<O, T>, code: Code, detail: impl Into<String>) {
        self.refuse_at(field.def.name, code, detail);
    }

    /// Adds a violation of a field, by its name or path.
    pub fn refuse_at(&mut self, path: &str, code: Code, detail: impl Into<String>) {
        self.violations.push(Violation::new(code, format!("/{path}"), detail));
    }

    /// Adds a violation if the field has no value.
    pub fn require<T>(&mut self, field: Field<O, T>) {
        if self.after.value(field.def.name).is_null() {
            self.refuse(field, Code::Required, format!("{} is required", field.def.name));
        }
    }

    /// Creates another record along with this one.
    pub fn also<P>(&mut self, record: NewRecord<P>) {
        let NewRecord { object, values, .. } = record;
        self.related.push(NewRecord { object, values, of: PhantomData });
    }
}
