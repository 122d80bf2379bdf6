//! What the tests of rules share: records made in a line, and an object's rules run over them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use kernel::{
    Code, Record,
    actor::{Actor, Origin},
    change::{Change, NewRecord, References},
    field::Field,
    object::Object,
    system,
    time::Instant,
    value::FieldType,
};
use uuid::Uuid;

/// When every test takes place.
pub const NOW: Instant = Instant(1_767_225_600_000_000);
/// Who acts in every test.
pub const USER: Uuid = Uuid::from_u128(0xA11CE);

/// An empty record of an object, with that id.
pub fn record(object: Object, id: u128) -> Record {
    let mut record = Record::new(Arc::new(object));
    record.set(system::ID, Uuid::from_u128(id));
    record
}

/// Records with values, in one expression.
pub trait With {
    /// The record with that value.
    fn with<T: FieldType>(self, field: Field<T>, value: impl Into<Option<T>>) -> Self;
}

impl With for Record {
    fn with<T: FieldType>(mut self, field: Field<T>, value: impl Into<Option<T>>) -> Self {
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
pub struct Trial {
    before: Option<Record>,
    after: Record,
    references: References,
    references_before: References,
}

/// What came of it.
pub struct Outcome {
    /// The record as the rules leave it.
    pub after: Record,
    /// Each refusal, as its code and pointer.
    pub refusals: Vec<(Code, String)>,
    /// What is to be created along with it.
    pub related: Vec<NewRecord>,
}

impl Outcome {
    /// What the rules leave in the field.
    pub fn get<T: FieldType>(&self, field: Field<T>) -> Option<T> {
        self.after.get(field)
    }

    /// The only refusals are these.
    pub fn refuses(&self, expected: &[(Code, &str)]) {
        let refusals: Vec<_> =
            self.refusals.iter().map(|(code, pointer)| (*code, pointer.as_str())).collect();
        assert_eq!(refusals, expected);
    }
}

impl Trial {
    /// The record is created.
    pub fn create(record: Record) -> Self {
        Self {
            before: None,
            after: record,
            references: References::new(),
            references_before: References::new(),
        }
    }

    /// The record becomes another.
    pub fn update(before: Record, after: Record) -> Self {
        Self { before: Some(before), ..Self::create(after) }
    }

    /// The record that the field refers to.
    pub fn to(mut self, field: Field<Uuid>, record: &Record) -> Self {
        self.references.insert(field.def.name, vec![record.clone()]);
        self
    }

    /// The record that the field referred to before.
    pub fn from(mut self, field: Field<Uuid>, record: &Record) -> Self {
        self.references_before.insert(field.def.name, vec![record.clone()]);
        self
    }

    /// Puts the rules to it.
    pub fn run(self) -> Outcome {
        let actor = Actor {
            workspace: Uuid::from_u128(1),
            user: USER,
            credential: None,
            role: &crate::roles::OWNER,
            zone: chrono_tz::UTC,
            origin: Origin::Api,
            request_id: Arc::from("test"),
            epoch: None,
            remembered: false,
        };
        let mut change = Change {
            before: self.before.as_ref(),
            after: self.after,
            actor: &actor,
            now: NOW,
            nulls: &[],
            violations: Vec::new(),
            related: Vec::new(),
            references: &self.references,
            references_before: &self.references_before,
        };
        for rule in change.after.object.rules.clone() {
            rule(&mut change);
        }
        let refusals = change.violations.into_iter().map(|violation| (violation.code, violation.pointer));
        Outcome { refusals: refusals.collect(), after: change.after, related: change.related }
    }
}
