//! The input one row becomes, what must still be looked up for it, and which column each part came from.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The input of a record, made from one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The members to write. A member that waits for a lookup is null until [`Draft::put`].
    pub input: Map<String, Value>,
    /// The records whose ids are still to be put in.
    pub lookups: Vec<Lookup>,
    /// The column each part of the input comes from, blank ones too, by JSON Pointer.
    pub origins: BTreeMap<String, Arc<str>>,
}

/// A reference to another record, by what the file knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Where in the input the record's id belongs, as a JSON Pointer.
    pub pointer: String,
    /// The object of the record.
    pub object: String,
    /// What the file knows of it.
    pub key: LookupKey,
    /// The column that names it.
    pub column: String,
}

/// What a file knows of a record in place of its id.
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

impl Draft {
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

    /// Puts a value, such as a record's id, where a lookup's pointer says; false when there is no such place.
    #[must_use]
    pub fn put(&mut self, pointer: &str, value: Value) -> bool {
        let Some(path) = pointer.strip_prefix('/') else {
            return false;
        };
        let (member, below) = path
            .split_once('/')
            .map_or((path, None), |(member, below)| (member, Some(below)));
        let Some(place) = self.input.get_mut(&member.replace("~1", "/").replace("~0", "~")) else {
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
}
