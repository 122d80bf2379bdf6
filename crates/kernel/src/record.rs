//! Records: the values of one instance of an object.

use std::{
    borrow::{Borrow, BorrowMut},
    marker::PhantomData,
    ops::Deref,
    sync::Arc,
};

use uuid::Uuid;

use crate::{
    error::{Error, Result, Violation},
    field::Field,
    items,
    object::{Belongs, Every, Object, ObjectType},
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

    /// The value of a field that every record has; [`Of`] has those of an object.
    pub fn get<T: FieldType>(&self, field: Field<Every, T>) -> Option<T::Rust> {
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

    /// Sets a field that every record has; [`Of`] has those of an object.
    pub fn set<T: FieldType>(&mut self, field: Field<Every, T>, value: impl Into<Option<T::Rust>>) {
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

/// A record that is known to be one of the object `O`, held or borrowed. Its own fields fit it, and those of every record:
///
/// ```
/// use kith_kernel::{Of, object_type, system::DELETED_AT};
/// object_type!(Deal, "deal");
/// const NAME: Field<String> = Field::text("name", 100, "The deal's name.");
///
/// fn name(deal: &Of<Deal>) -> Option<String> {
///     deal.get(DELETED_AT).is_none().then(|| deal.get(NAME))?
/// }
/// ```
///
/// Fields of other objects do not compile:
///
/// ```compile_fail,E0277
/// use kith_kernel::{Of, field::Field};
/// enum Contact {}
/// mod deal {
///     kith_kernel::object_type!(Deal, "deal");
/// }
/// const NAME: Field<Contact, String> = Field::text("name", 100, "The contact's name.");
///
/// fn name(deal: &Of<deal::Deal>) -> Option<String> {
///     deal.get(NAME)
/// }
/// ```
#[derive(Debug)]
pub struct Of<O, R = Record> {
    record: R,
    object: PhantomData<fn() -> O>,
}

impl<O, R: Clone> Clone for Of<O, R> {
    fn clone(&self) -> Self {
        Self { record: self.record.clone(), object: PhantomData }
    }
}

impl<O: ObjectType, R: Borrow<Record>> Of<O, R> {
    /// The record, which has to be one of the object.
    pub fn new(record: R) -> Result<Self> {
        let name = record.borrow().object.name;
        if name != O::NAME {
            return Err(Error::internal(format!("a record of {name} is no {}", O::NAME)));
        }
        Ok(Self { record, object: PhantomData })
    }

    /// The value of a field; none where it is null.
    pub fn get<P: Belongs<O>, T: FieldType>(&self, field: Field<P, T>) -> Option<T::Rust> {
        T::read(self.value(field.def.name))
    }

    /// The record, as the engine handles it.
    pub fn into_inner(self) -> R {
        self.record
    }
}

impl<O: ObjectType, R: BorrowMut<Record>> Of<O, R> {
    /// Sets a field.
    pub fn set<P: Belongs<O>, T: FieldType>(
        &mut self,
        field: Field<P, T>,
        value: impl Into<Option<T::Rust>>,
    ) {
        self.record.borrow_mut().put(field.def.name, value.into().map_or(Value::Null, T::write));
    }
}

impl<O, R: Borrow<Record>> Deref for Of<O, R> {
    type Target = Record;

    fn deref(&self) -> &Record {
        self.record.borrow()
    }
}
