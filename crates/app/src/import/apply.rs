//! Makes a draft of a row as the mapping says, or tells everything that is wrong with the row.

use super::draft::{Draft, Lookup, LookupKey};
use super::fault::{Fault, RowError};
use super::mapping::{CellSource, Mapping, MemberSources, Source};
use super::mapping_error::child;
use super::row::{Cell, Row};
use super::shape::{Reference, ReferenceBy, Shape};
use super::transform::{Blank, Texts};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The most text one row may become; a mapping may use a long cell often.
const MAX_DRAFT_BYTES: usize = 4 * 1024 * 1024;

impl Mapping {
    /// Makes the input of a row, or tells everything that is wrong with it.
    pub fn apply(&self, row: &Row) -> Result<Draft, Vec<RowError>> {
        let mut builder = Builder::new(row);
        let mut input = Map::new();
        let mut matched = self.matching.is_none();
        for (name, source) in &self.fields {
            let pointer = child("", name);
            let before = builder.errors.len();
            let value = builder.value(source, &pointer);
            // The matching member has an error already; a second one would only repeat it.
            if self.matching.as_ref() == Some(name) {
                matched = builder.errors.len() > before || builder.is_filled(value.as_ref(), &pointer);
            }
            if let Some(value) = value {
                input.insert(name.clone(), value);
            }
        }
        let Builder { row: _, lookups, origins, mut errors, cells: _, filled: _, bytes } = builder;
        let draft = Draft { input, lookups, origins: origins.into_iter().collect(), size: bytes };
        if bytes > MAX_DRAFT_BYTES {
            errors.push(draft_too_large().in_row());
        } else if let (false, Some(member)) = (matched, &self.matching) {
            let message = format!("`{member}` is blank, and a record is recognised by it");
            let column = self.first_column(member).map(str::to_owned);
            errors.push(RowError { column, ..Fault::new("blank_match", message).in_row() });
        }
        if errors.is_empty() { Ok(draft) } else { Err(errors) }
    }
}

/// The approximate size of a value's text, in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len().saturating_add(size(value))).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

fn draft_too_large() -> Fault {
    let limit = MAX_DRAFT_BYTES / (1024 * 1024);
    Fault::new("draft_too_large", format!("the row becomes more than {limit} MiB of input"))
}

struct Builder<'r> {
    row: &'r Row,
    lookups: Vec<Lookup>,
    origins: Vec<(String, Arc<str>)>,
    errors: Vec<RowError>,
    /// The number of sources with cells that were read, and of those that were not blank.
    cells: usize,
    filled: usize,
    bytes: usize,
}

impl<'r> Builder<'r> {
    fn new(row: &'r Row) -> Self {
        Self {
            row,
            lookups: Vec::new(),
            origins: Vec::new(),
            errors: Vec::new(),
            cells: 0,
            filled: 0,
            bytes: 0,
        }
    }

    /// Whether a member holds something or will after its lookup.
    fn is_filled(&self, value: Option<&Value>, pointer: &str) -> bool {
        match value {
            None => false,
            Some(Value::Null) => self.lookups.iter().any(|lookup| lookup.pointer == pointer),
            Some(_) => true,
        }
    }

    fn value(&mut self, source: &Source, pointer: &str) -> Option<Value> {
        match source {
            Source::Constant(value) => {
                self.bytes = self.bytes.saturating_add(size(value));
                Some(value.clone())
            }
            Source::Object(members) => self.object(members, pointer),
            Source::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    let pointer = child(pointer, &list.len().to_string());
                    list.extend(self.object(item, &pointer));
                }
                (!list.is_empty()).then_some(Value::Array(list))
            }
            Source::Cells(source) => {
                let column = source.columns.first()?;
                self.cells = self.cells.saturating_add(1);
                self.origins.push((pointer.to_owned(), Arc::clone(column)));
                match self.cell(source, column, pointer) {
                    Ok(None) => (source.transform.blank == Blank::Null).then_some(Value::Null),
                    Ok(value) => {
                        self.filled = self.filled.saturating_add(1);
                        value
                    }
                    Err(error) => {
                        self.filled = self.filled.saturating_add(1);
                        self.errors.push(error);
                        None
                    }
                }
            }
        }
    }

    /// The members together, or nothing when they have cells and all of them are blank.
    fn object(&mut self, members: &MemberSources, pointer: &str) -> Option<Value> {
        let (cells, filled, origins) = (self.cells, self.filled, self.origins.len());
        let mut object = Map::new();
        for (name, source) in members {
            if let Some(value) = self.value(source, &child(pointer, name)) {
                object.insert(name.clone(), value);
            }
        }
        if self.cells > cells && self.filled == filled {
            // The next item takes this place, and these columns gave nothing to it.
            self.origins.truncate(origins);
            return None;
        }
        Some(Value::Object(object))
    }

    fn cell(&mut self, source: &CellSource, column: &str, pointer: &str) -> Result<Option<Value>, RowError> {
        let CellSource { columns, join, transform } = source;
        let in_column = |fault: Fault| fault.in_column(column);
        let mut text = String::new();
        for column in columns {
            let part = match self.row.cell(column) {
                Some(Cell::Text(part)) => transform.trimmed(part),
                Some(Cell::Nested(value)) if columns.len() == 1 && transform.is_plain() => {
                    self.bytes = self.bytes.saturating_add(value.to_string().len());
                    return Ok((self.bytes <= MAX_DRAFT_BYTES).then(|| value.clone()));
                }
                Some(Cell::Nested(_)) => {
                    let message = "a list or an object goes through as it is only, without transforms";
                    return Err(Fault::new("nested_value", message).in_column(column));
                }
                None => {
                    return Err(Fault::new("missing_column", "the file has no such column").in_column(column));
                }
            };
            if !text.is_empty() && !part.is_empty() {
                text.push_str(join);
            }
            text.push_str(part);
        }
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > MAX_DRAFT_BYTES {
            // Told once at the end; nothing more is gathered meanwhile.
            return Ok(None);
        }
        match transform.texts(&text).map_err(in_column)? {
            Texts::Blank => Ok(None),
            Texts::One(text) => self.shaped(source, column, text, pointer.to_owned()).map(Some),
            Texts::Many(texts) => {
                let texts = texts.into_iter().enumerate();
                let items = texts.map(|(place, text)| {
                    self.shaped(source, column, text, child(pointer, &place.to_string()))
                });
                Ok(Some(Value::Array(items.collect::<Result<_, _>>()?)))
            }
        }
    }

    fn shaped(
        &mut self,
        source: &CellSource,
        column: &str,
        text: String,
        pointer: String,
    ) -> Result<Value, RowError> {
        let Shape::Reference(Reference { object, by }) = &source.transform.shape else {
            return source.transform.shape.value(text).map_err(|fault| fault.in_column(column));
        };
        let key = match by {
            ReferenceBy::Field(name) => LookupKey::Field { name: name.clone(), value: text },
            ReferenceBy::System(system) => LookupKey::External { system: system.clone(), id: text },
        };
        self.lookups.push(Lookup { pointer, object: object.clone(), key, column: column.to_owned() });
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests;
