//! Records: the values of one instance of an object.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    error::Violation,
    field::Field,
    items,
    object::Object,
    system,
    value::{FieldType, Value},
};

/// One instance of an object, with all its fields.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it is an instance of.
    pub object: Arc<Object>,
    /// A value for every field of the object, in its order.
    pub values: Vec<Value>,
}

impl Record {
    /// An empty record.
    pub fn new(object: Arc<Object>) -> Self {
        let values = vec![Value::Null; object.attributes.len()];
        Self { object, values }
    }

    /// The value of a field; none where it is null or the object has no such field.
    pub fn get<T: FieldType>(&self, field: Field<T>) -> Option<T> {
        T::read(self.value(field.def.name))
    }

    /// The value of a field by its name; null where the object has no such field.
    pub fn value(&self, name: &str) -> &Value {
        self.object.index(name).and_then(|index| self.values.get(index)).unwrap_or(&Value::Null)
    }

    /// Changes single items of lists, and tells what of that is not possible.
    pub fn change_items(&mut self, changes: &[items::ListChange]) -> Vec<Violation> {
        let mut violations = Vec::new();
        for change in changes {
            let (Some(attribute), Some(place)) =
                (self.object.at(change.field), self.values.get_mut(change.field))
            else {
                continue;
            };
            match change.apply(attribute, place) {
                Ok(list) => *place = list,
                Err(violation) => violations.push(violation),
            }
        }
        violations
    }

    /// Sets a field, which the object has by its declaration.
    pub fn set<T: FieldType>(&mut self, field: Field<T>, value: impl Into<Option<T>>) {
        self.put(field.def.name, value.into().map_or(Value::Null, T::write));
    }

    /// Sets a field by its name. The names are those of declarations; one that the object does not have is a
    /// fault of the program, which tests find.
    pub fn put(&mut self, name: &str, value: Value) {
        match self.object.index(name).and_then(|index| self.values.get_mut(index)) {
            Some(place) => *place = value,
            None => debug_assert!(false, "{} has no field {name}", self.object.name),
        }
    }

    /// The record's id; nil where it has none yet.
    pub fn id(&self) -> Uuid {
        self.get(system::ID).unwrap_or_default()
    }

    /// The record's version; 0 where it has none yet.
    pub fn version(&self) -> i64 {
        self.get(system::VERSION).unwrap_or_default()
    }
}
