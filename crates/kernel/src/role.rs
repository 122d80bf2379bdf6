//! Roles as data: which objects, which actions, which records and which fields.

use crate::object::{Action, Object, Ownership};

/// The records that a grant covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    /// All of the workspace.
    All,
    /// Those of the user; shared records count as theirs.
    Own,
    /// Those for which a predicate holds, given as JSON: `{"pipeline":{"name":{"eq":"Sales"}}}`. It may test every field
    /// and follow every link, whatever the role itself may read, and means the same for every caller at any time, so its
    /// operands are not relative. Its own links lead to all records.
    Matching(&'static str),
}

impl Rows {
    /// The names of its variants, as clients see them.
    pub const NAMES: [&'static str; 3] = ["ALL", "OWN", "MATCHING"];

    /// As clients see it.
    pub const fn as_str(self) -> &'static str {
        let [all, own, matching] = Self::NAMES;
        match self {
            Self::All => all,
            Self::Own => own,
            Self::Matching(_) => matching,
        }
    }
}

/// The objects that a grant covers.
#[derive(Clone, Copy, Debug)]
pub enum Objects {
    /// Every object.
    Any,
    /// The objects of these names.
    Named(&'static [&'static str]),
    /// The objects whose records have owners.
    Owned,
    /// The objects whose records are shared.
    Shared,
}

impl Objects {
    fn cover(&self, object: &Object) -> bool {
        match self {
            Objects::Any => true,
            Objects::Named(names) => names.contains(&object.name),
            Objects::Owned => object.ownership != Ownership::Shared,
            Objects::Shared => object.ownership == Ownership::Shared,
        }
    }
}

/// The actions of a role on some objects' records.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// The objects.
    pub objects: Objects,
    /// The actions.
    pub actions: &'static [Action],
    /// The records.
    pub rows: Rows,
    /// The fields that may be neither read nor written, besides sensitive ones.
    pub hidden: &'static [&'static str],
    /// The fields that may be read and not written.
    pub locked: &'static [&'static str],
}

impl Grant {
    /// Actions on records with all their fields.
    pub const fn new(objects: Objects, actions: &'static [Action], rows: Rows) -> Self {
        Self { objects, actions, rows, hidden: &[], locked: &[] }
    }

    /// These fields may be neither read nor written.
    #[must_use]
    pub const fn hiding(self, hidden: &'static [&'static str]) -> Self {
        Self { hidden, ..self }
    }

    /// These fields may be read and not written.
    #[must_use]
    pub const fn locking(self, locked: &'static [&'static str]) -> Self {
        Self { locked, ..self }
    }
}

/// A role: the first grant that covers an object decides; without one nothing is allowed.
#[derive(Debug)]
pub struct Role {
    /// Its name, as stored and shown: `OWNER`.
    pub name: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
    /// Its grants.
    pub grants: &'static [Grant],
    /// Whether it may read sensitive fields.
    pub reads_sensitive: bool,
}

impl Role {
    /// The grant that decides about an object.
    pub fn grant(&self, object: &Object) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.objects.cover(object))
    }
}
