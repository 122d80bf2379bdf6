//! What the tests of rules share: records made in a line, and an object's rules run over them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{marker::PhantomData, sync::Arc};

use kernel::{
    Code, Of, Record, Registry,
    access::Access,
    actor::{Actor, Origin},
    change::{Change, NewRecord, References},
    field::Field,
    object::{Belongs, Object, ObjectType},
    system,
    time::Instant,
    value::{FieldType, Ref},
};
use uuid::Uuid;

/// When every test takes place.
pub const NOW: Instant = Instant(1_767_225_600_000_000);
/// Who acts in every test.
pub const USER: Uuid = Uuid::from_u128(0xA11CE);

/// An empty record of an object, with that id.
pub fn record<O: ObjectType>(object: Object, id: u128) -> Of<O> {
    let mut record = Record::new(Arc::new(object));
    record.set(system::ID, Uuid::from_u128(id));
    Of::new(record).unwrap()
}

/// Records with values, in one expression.
pub trait With<O> {
    /// The record with that value.
    fn with<P: Belongs<O>, T: FieldType>(self, field: Field<P, T>, value: impl Into<Option<T::Rust>>)
    -> Self;
}

impl<O: ObjectType> With<O> for Of<O> {
    fn with<P: Belongs<O>, T: FieldType>(
        mut self,
        field: Field<P, T>,
        value: impl Into<Option<T::Rust>>,
    ) -> Self {
        assert!(
            self.object.index(field.def.name).is_some(),
            "{} has no {}",
            self.object.name,
            field.def.name
        );
        self.set(field, value);
        self
    }
}

/// A change to which the rules of its object are put.
pub struct Trial<O> {
    before: Option<Of<O>>,
    after: Of<O>,
    references: References,
    references_before: References,
}

/// What came of it.
pub struct Outcome<O> {
    /// The record as the rules leave it.
    pub after: Of<O>,
    /// Each refusal, as its code and pointer.
    pub refusals: Vec<(Code, String)>,
    /// What is to be created along with it.
    pub related: Vec<NewRecord>,
}

impl<O: ObjectType> Outcome<O> {
    /// What the rules leave in the field.
    pub fn get<T: FieldType>(&self, field: Field<O, T>) -> Option<T::Rust> {
        self.after.get(field)
    }

    /// The only refusals are these.
    pub fn refuses(&self, expected: &[(Code, &str)]) {
        let refusals: Vec<_> =
            self.refusals.iter().map(|(code, pointer)| (*code, pointer.as_str())).collect();
        assert_eq!(refusals, expected);
    }
}

impl<O: ObjectType> Trial<O> {
    /// The record is created.
    pub fn create(record: Of<O>) -> Self {
        Self {
            before: None,
            after: record,
            references: References::new(),
            references_before: References::new(),
        }
    }

    /// The record becomes another.
    pub fn update(before: Of<O>, after: Of<O>) -> Self {
        Self { before: Some(before), ..Self::create(after) }
    }

    /// The record is deleted.
    pub fn delete(record: Of<O>) -> Self {
        Self::update(record.clone(), record.with(system::DELETED_AT, NOW))
    }

    /// The record is restored.
    pub fn restore(record: Of<O>) -> Self {
        Self::update(record.clone().with(system::DELETED_AT, NOW), record)
    }

    /// The record that the field refers to.
    pub fn to<To: ObjectType>(mut self, field: Field<O, Ref<To>>, record: &Of<To>) -> Self {
        self.references.insert(field.def.name, vec![record.clone().into_inner()]);
        self
    }

    /// The record that the field referred to before.
    pub fn from<To: ObjectType>(mut self, field: Field<O, Ref<To>>, record: &Of<To>) -> Self {
        self.references_before.insert(field.def.name, vec![record.clone().into_inner()]);
        self
    }

    /// Puts the rules to it.
    pub fn run(self) -> Outcome<O> {
        let actor = Actor {
            workspace: Uuid::from_u128(1),
            user: USER,
            credential: None,
            access: Arc::new(Access::new(&crate::roles::OWNER, &Registry::default(), &[])),
            zone: chrono_tz::UTC,
            origin: Origin::Api,
            request_id: Arc::from("test"),
            epoch: None,
            remembered: false,
        };
        let mut change = Change {
            before: self.before.as_deref(),
            after: self.after.into_inner(),
            actor: &actor,
            now: NOW,
            nulls: &[],
            violations: Vec::new(),
            related: Vec::new(),
            references: &self.references,
            references_before: &self.references_before,
            of: PhantomData,
        };
        for rule in change.after.object.rules.clone() {
            change = rule.apply(change);
        }
        let refusals = change.violations.into_iter().map(|violation| (violation.code, violation.pointer));
        Outcome {
            refusals: refusals.collect(),
            after: Of::new(change.after).unwrap(),
            related: change.related,
        }
    }
}
