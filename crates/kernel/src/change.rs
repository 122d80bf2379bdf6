//! A change of a record as rules see it: the record before and after, and what they find about it.

use std::collections::HashMap;

use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    actor::Actor,
    error::{Code, Violation},
    field::Field,
    record::Record,
    time::Instant,
    value::{FieldType, Value},
};

/// The records that a record refers to, by the name of the field: one, or those of a list.
pub type References = HashMap<&'static str, Vec<Record>>;

/// The object and typed values of a record to be created.
#[derive(Debug, Default)]
pub struct NewRecord {
    /// Its object.
    pub object: &'static str,
    /// Its values, by the names of its fields.
    pub values: Vec<(&'static str, Value)>,
}

impl NewRecord {
    /// A new record of that object.
    pub fn new(object: &'static str) -> Self {
        Self { object, values: Vec::new() }
    }

    /// Gives it a value.
    #[must_use]
    pub fn with<T: FieldType>(mut self, field: Field<T>, value: impl Into<Option<T>>) -> Self {
        self.values.push((field.def.name, value.into().map_or(Value::Null, T::write)));
        self
    }
}

/// A record about to be created or updated.
pub struct Change<'a> {
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
}

impl Change<'_> {
    /// Whether the record is being created.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// The record's id.
    pub fn id(&self) -> Uuid {
        self.after.id()
    }

    /// The field's value after the change.
    pub fn get<T: FieldType>(&self, field: Field<T>) -> Option<T> {
        self.after.get(field)
    }

    /// The field's value before the change; none for a new record.
    pub fn before<T: FieldType>(&self, field: Field<T>) -> Option<T> {
        self.before.and_then(|before| before.get(field))
    }

    /// Whether the field gets another value; a new record's fields all do that are not null.
    pub fn changes<T>(&self, field: Field<T>) -> bool {
        let name = field.def.name;
        let before = self.before.map_or(&Value::Null, |before| before.value(name));
        self.after.value(name) != before
    }

    /// Sets the field.
    pub fn set<T: FieldType>(&mut self, field: Field<T>, value: impl Into<Option<T>>) {
        self.after.set(field, value);
    }

    /// Sets the field where it has no value and none was refused.
    pub fn set_default<T: FieldType>(&mut self, field: Field<T>, value: impl Into<Option<T>>) {
        if self.after.value(field.def.name).is_null() && !self.is_null(field) {
            self.after.set(field, value);
        }
    }

    /// Whether the field of a new record was set to null.
    pub fn is_null<T>(&self, field: Field<T>) -> bool {
        self.after.object.index(field.def.name).is_some_and(|place| self.nulls.contains(&place))
    }

    /// The record that the field refers to; the object declares it with `needs`.
    pub fn referenced(&self, field: Field<Uuid>) -> Option<&Record> {
        self.references.get(field.def.name)?.first()
    }

    /// The records that the list refers to, in no certain order.
    pub fn referenced_all(&self, list: Field<Json>) -> &[Record] {
        self.references.get(list.def.name).map_or(&[], Vec::as_slice)
    }

    /// The record that the field referred to before.
    pub fn referenced_before(&self, field: Field<Uuid>) -> Option<&Record> {
        self.references_before.get(field.def.name)?.first()
    }

    /// Whether something was given for a field that could not be read.
    pub fn is_misread<T>(&self, field: Field<T>) -> bool {
        let name = |found: &Violation| found.pointer.split('/').nth(1) == Some(field.def.name);
        self.violations.iter().any(name)
    }

    /// Adds a violation of a field.
    pub fn refuse<T>(&mut self, field: Field<T>, code: Code, detail: impl Into<String>) {
        self.refuse_at(field.def.name, code, detail);
    }

    /// Adds a violation of a field, by its name or path.
    pub fn refuse_at(&mut self, path: &str, code: Code, detail: impl Into<String>) {
        self.violations.push(Violation::new(code, format!("/{path}"), detail));
    }

    /// Adds a violation if the field has no value.
    pub fn require<T>(&mut self, field: Field<T>) {
        if self.after.value(field.def.name).is_null() {
            self.refuse(field, Code::Required, format!("{} is required", field.def.name));
        }
    }

    /// Creates another record along with this one.
    pub fn also(&mut self, record: NewRecord) {
        self.related.push(record);
    }
}
