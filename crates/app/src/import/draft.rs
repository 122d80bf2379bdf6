//! The input one row becomes, what must still be looked up for it, and which column each part came from.

use super::fault::{Fault, RowError, excerpt};
use kernel::{Error, Violation};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The input of a record, made from one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The members to write. A member that waits for a lookup is null until then.
    pub input: Map<String, Value>,
    /// The records whose ids are still to be put in.
    pub lookups: Vec<Lookup>,
    /// The column each part of the input comes from, blank ones too, by JSON Pointer.
    pub origins: BTreeMap<String, Arc<str>>,
    /// The approximate size of its text, in bytes.
    pub size: usize,
}

/// A reference to another record, by what the file knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The place of the record's id in the input, as a JSON Pointer.
    pub pointer: String,
    /// The object of the record.
    pub object: String,
    /// The key by which the file names it.
    pub key: LookupKey,
    /// The column that names it.
    pub column: String,
}

/// The key by which a file names a record in place of its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LookupKey {
    /// The value of one of its fields.
    Field {
        /// The field.
        name: String,
        /// Its value.
        value: String,
    },
    /// Its key in an outside system.
    External {
        /// The system.
        system: String,
        /// The key.
        id: String,
    },
}

impl fmt::Display for LookupKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { name, value } => write!(formatter, "whose {name} is {}", excerpt(value)),
            Self::External { system, id } => {
                write!(formatter, "with the id {} in {}", excerpt(id), excerpt(system))
            }
        }
    }
}

impl Draft {
    /// The row errors of an error, at the columns the input comes from.
    pub(super) fn errors(&self, error: Error) -> Vec<RowError> {
        if error.violations.is_empty() {
            return vec![Fault::new(error.code.as_str(), error.detail).in_row()];
        }
        self.row_errors(error.violations)
    }

    /// The row errors of violations, at the columns the input comes from.
    pub(super) fn row_errors(&self, violations: Vec<Violation>) -> Vec<RowError> {
        let error = |violation: Violation| {
            let Violation { code, pointer, detail, meta: _ } = violation;
            self.fault_at(&pointer, Fault::new(code.as_str(), detail))
        };
        violations.into_iter().map(error).collect()
    }

    /// A fault of a part of the input, at the column it comes from.
    pub(super) fn fault_at(&self, pointer: &str, fault: Fault) -> RowError {
        match self.column_of(pointer) {
            Some(column) => fault.in_column(column),
            None => fault.in_row(),
        }
    }

    /// The column that a part of the input comes from: its own, that of the nearest part around it, or the first
    /// within it.
    pub fn column_of(&self, pointer: &str) -> Option<&str> {
        let mut around = pointer;
        loop {
            if let Some(column) = self.origins.get(around) {
                return Some(column);
            }
            match around.rsplit_once('/') {
                Some((outer, _)) => around = outer,
                None => break,
            }
        }
        let within = format!("{pointer}/");
        let (first, column) = self.origins.range(within.clone()..).next()?;
        first.starts_with(&within).then_some(column)
    }
}

/// Puts a value, such as a record's id, where a lookup's pointer says; false when there is no such place.
#[must_use]
pub(super) fn put(input: &mut Map<String, Value>, pointer: &str, value: Value) -> bool {
    let Some(path) = pointer.strip_prefix('/') else {
        return false;
    };
    let (member, below) = path.split_once('/').map_or((path, None), |(member, below)| (member, Some(below)));
    let Some(place) = input.get_mut(&member.replace("~1", "/").replace("~0", "~")) else {
        return false;
    };
    let place = match below {
        None => Some(place),
        Some(below) => place.pointer_mut(&format!("/{below}")),
    };
    match place {
        Some(place) => {
            *place = value;
            true
        }
        None => false,
    }
}
