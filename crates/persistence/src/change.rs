//! What the log keeps of a change, and how it is shown. The log keeps the record after the change, without what is
//! empty and what the event says anyway, and beside it what the changed fields had before: nothing for a new record.
//! All that events show of a change is rendered from these two when it is read, with the fields that the reader may
//! read; so nothing is stored twice.

use std::collections::BTreeMap;

use kernel::{
    Error, Record, Registry, Result, Value,
    access::ObjectAccess,
    answer::{Budget, Cells, write_value},
    field::ChangePart,
    object::{Attribute, Object},
    plan::{Column, Plan},
    system,
    value::Cell,
};
use serde_json::{json, value::RawValue};
use uuid::Uuid;

const ID: &str = system::ID.def.name;
const VERSION: &str = system::VERSION.def.name;
const CREATED_AT: &str = system::CREATED_AT.def.name;
const UPDATED_AT: &str = system::UPDATED_AT.def.name;
const CREATED_BY: &str = system::CREATED_BY.def.name;
const UPDATED_BY: &str = system::UPDATED_BY.def.name;

/// The fields that change with every change, and so are not told as changes.
const STAMPS: [&str; 6] = [ID, VERSION, CREATED_AT, UPDATED_AT, CREATED_BY, UPDATED_BY];

/// A change as the log keeps it: two JSON objects.
pub(crate) struct StoredChange {
    /// The record after the change.
    pub data: String,
    /// What the changed fields had before; empty for a new record.
    pub before: String,
}

impl StoredChange {
    /// The change of a record by a user; none if it changes nothing that the log tells.
    pub fn new(object: &Object, before: Option<&Record>, after: &Record, user: Uuid) -> Option<Self> {
        let mut is_told = before.is_none();
        let (mut data, mut old) = (Vec::with_capacity(1_024), Vec::new());
        for (attribute, new) in object.attributes.iter().zip(&after.values) {
            let was = before.and_then(|before| before.values.get(attribute.index));
            let changed = was.is_none_or(|was| was != new);
            // A long text that did not change is not kept once more.
            if (changed || !attribute.is_long()) && !is_implied(attribute, new, before.is_none(), after, user)
            {
                member(&mut data, object, attribute, new);
            }
            if let Some(was) = was
                && changed
                && !STAMPS.contains(&attribute.name)
            {
                is_told |= !attribute.unlogged;
                member(&mut old, object, attribute, was);
            }
        }
        is_told.then(|| Self { data: document(data), before: document(old) })
    }
}

/// Whether a field's value is empty, or known from the event; [`ShownChange::value`] is the other way round.
fn is_implied(attribute: &Attribute, value: &Value, is_new: bool, record: &Record, user: Uuid) -> bool {
    match attribute.name {
        ID | VERSION => true,
        UPDATED_BY => *value == Value::Id(user),
        CREATED_BY if is_new => *value == Value::Id(user),
        CREATED_AT if is_new => value == record.value(UPDATED_AT),
        _ => value.is_null(),
    }
}

fn member(out: &mut Vec<u8>, object: &Object, attribute: &Attribute, value: &Value) {
    key(out, &attribute.key);
    write_value(out, attribute, &object.prefix, value.into());
}

/// Begins a member of an object by its key, which has its colon.
fn key(out: &mut Vec<u8>, key: &str) {
    out.push(if out.is_empty() { b'{' } else { b',' });
    out.extend_from_slice(key.as_bytes());
}

/// The members written so far as an object.
fn document(mut members: Vec<u8>) -> String {
    members.extend_from_slice(if members.is_empty() { b"{}" } else { b"}" });
    // It was written from texts.
    String::from_utf8(members).unwrap_or_default()
}

/// The rows of a plan, with what is rendered of their changes.
pub(crate) fn rendered(
    cells: impl Cells + 'static,
    plan: &Plan,
    registry: &Registry,
    budget: &Budget,
) -> Result<Box<dyn Cells>> {
    let log = plan.object();
    let part = |(place, column): (usize, &Column)| Some((place, log.at(column.as_field()?)?.rendered?));
    let parts: Vec<_> = plan.columns.iter().enumerate().filter_map(part).collect();
    if parts.is_empty() {
        return Ok(Box::new(cells));
    }
    let mut texts = Vec::with_capacity(cells.len());
    for row in 0..cells.len() {
        let change = ShownChange::read(&cells, row, plan, registry)?;
        let shown =
            change.map(|change| parts.iter().map(|(_, part)| change.render(*part)).collect::<Vec<_>>());
        let lengths = shown.iter().flatten().flatten().map(String::len);
        budget.spend(lengths.fold(0, usize::saturating_add))?;
        texts.push(shown);
    }
    Ok(Box::new(Rendered { cells, parts, texts }))
}

struct Rendered<C> {
    cells: C,
    /// The columns that are rendered, by their places.
    parts: Vec<(usize, ChangePart)>,
    /// Their texts in each row; none in a row that is older than the form in which changes are kept now, and so is shown
    /// as it is stored.
    texts: Vec<Option<Vec<Option<String>>>>,
}

impl<C: Cells> Cells for Rendered<C> {
    fn len(&self) -> usize {
        self.cells.len()
    }

    fn cell(&self, row: usize, place: usize) -> Result<Cell<'_>> {
        let part = self.parts.iter().position(|(part, _)| *part == place);
        match (self.texts.get(row), part) {
            (Some(Some(texts)), Some(part)) => {
                let text = texts.get(part).and_then(Option::as_deref);
                Ok(text.map_or(Cell::Null, Cell::Json))
            }
            _ => self.cells.cell(row, place),
        }
    }
}

type Members<'r> = BTreeMap<&'r str, &'r RawValue>;

/// A change that is read from the log.
struct ShownChange<'r> {
    /// The access to the record's object, which says what is shown of it.
    access: Option<&'r ObjectAccess>,
    /// The record's object; none if there is no such object any more.
    object: Option<&'r Object>,
    record_id: &'r str,
    version: i64,
    user: Cell<'r>,
    data: Members<'r>,
    before: Members<'r>,
}

impl<'r> ShownChange<'r> {
    fn read(
        cells: &'r impl Cells,
        row: usize,
        plan: &'r Plan,
        registry: &'r Registry,
    ) -> Result<Option<Self>> {
        let log = plan.object();
        let cell = |name: &str| {
            let place = log.index(name).and_then(|field| plan.place(&Column::Field(field)));
            place.map_or(Ok(Cell::Null), |place| cells.cell(row, place))
        };
        let members =
            |text| serde_json::from_str::<Members<'r>>(text).map_err(|error| Error::internal(error));
        let Some(fields) = log.tells_of else { return Ok(None) };
        let Cell::Json(data) = cell(fields.data)? else { return Ok(None) };
        let text = |cell: Cell<'r>| if let Cell::Text(text) = cell { text } else { "" };
        let Cell::Json(before) = cell(fields.changes)? else { return Ok(None) };
        let object = registry.object(text(cell(fields.object)?));
        Ok(Some(Self {
            access: object.and_then(|object| plan.permit.access_to(object)),
            object: object.map(AsRef::as_ref),
            record_id: text(cell(fields.record_id)?),
            version: if let Cell::Integer(version) = cell(fields.version)? { version } else { 0 },
            user: cell(fields.actor)?,
            data: members(data)?,
            before: members(before)?,
        }))
    }

    fn render(&self, part: ChangePart) -> Option<String> {
        match part {
            ChangePart::Data => Some(self.record()),
            ChangePart::Changes => Some(self.changes(false)),
            ChangePart::SensitiveChanges => Some(self.changes(true)).filter(|changes| changes != "{}"),
            ChangePart::ChangedFields => {
                let names: Vec<_> = self.changed(false).map(|field| field.name).collect();
                Some(json!(names).to_string())
            }
        }
    }

    fn may_read(&self, field: &Attribute) -> bool {
        self.access.is_some_and(|access| access.may_read(field))
    }

    fn is_new(&self) -> bool {
        self.before.is_empty()
    }

    /// The record after the change, as it is shown where it is read itself.
    fn record(&self) -> String {
        let is_kept =
            |field: &Attribute| !field.is_long() || self.is_new() || self.before.contains_key(field.name);
        let fields = self.object.into_iter().flat_map(|object| &object.attributes);
        let mut fields: Vec<_> = fields.filter(|field| self.may_read(field) && is_kept(field)).collect();
        // Documents are shown in canonical form, their members in order.
        fields.sort_unstable_by_key(|field| field.name);
        let mut out = Vec::with_capacity(1_024);
        for field in fields {
            key(&mut out, &field.key);
            self.value(&mut out, field);
        }
        document(out)
    }

    /// Writes the value that a field has after the change; what is not kept is empty or implied ([`is_implied`]).
    fn value(&self, out: &mut Vec<u8>, field: &Attribute) {
        let kept = match field.name {
            // The same instant.
            CREATED_AT if self.is_new() => self.data.get(CREATED_AT).or_else(|| self.data.get(UPDATED_AT)),
            name => self.data.get(name),
        };
        if let Some(value) = kept {
            return out.extend_from_slice(value.get().as_bytes());
        }
        let implied = match field.name {
            ID => Cell::Text(self.record_id),
            VERSION => Cell::Integer(self.version),
            UPDATED_BY => self.user,
            CREATED_BY if self.is_new() => self.user,
            _ => Cell::Null,
        };
        write_value(out, field, "", implied);
    }

    /// The changed fields that are sensitive or not, as far as they may be read, in the order of their names.
    fn changed(&self, sensitive: bool) -> impl Iterator<Item = &'r Attribute> {
        let changed = if self.is_new() { &self.data } else { &self.before };
        let fields = changed.keys().filter(|name| !STAMPS.contains(*name));
        let fields = fields.filter_map(|name| self.object?.attribute(name));
        fields.filter(move |field| field.sensitive == sensitive && self.may_read(field))
    }

    fn changes(&self, sensitive: bool) -> String {
        let mut out = Vec::with_capacity(512);
        for field in self.changed(sensitive) {
            key(&mut out, &field.key);
            out.extend_from_slice(b"{\"new\":");
            self.value(&mut out, field);
            out.extend_from_slice(b",\"old\":");
            match self.before.get(field.name) {
                Some(old) => out.extend_from_slice(old.get().as_bytes()),
                None => write_value(&mut out, field, "", Cell::Null),
            }
            out.push(b'}');
        }
        document(out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use kernel::value::Value;

    use super::*;

    mod job {
        kernel::object_type!(Job, "job");
        pub const NAME: Field<String> = Field::text("name", 10, "The name.");
        pub const LOG: Field<String> = Field::text("log", 100_000, "The log.").opaque();
        pub const DONE: Field<i64> = Field::integer("done", 0, 9, "The progress.").unlogged();
    }

    fn record(done: i64) -> Record {
        let object = Object::plain("job", "jobs", "A job.");
        let object = object.fields(&[job::NAME.def, job::LOG.def, job::DONE.def]);
        let mut record = Record::new(Arc::new(object));
        record.set(system::VERSION, done);
        record.set(system::UPDATED_BY, Uuid::nil());
        record.put("log", Value::Text("long".to_owned()));
        record.put("done", Value::Integer(done));
        record
    }

    #[test]
    fn progress_alone_is_not_told() {
        let (before, mut after) = (record(1), record(2));
        let change = |after: &Record| StoredChange::new(&after.object, Some(&before), after, Uuid::nil());
        assert!(change(&after).is_none());
        after.put("name", Value::Text("it".to_owned()));
        let change = change(&after).unwrap();
        assert_eq!(change.before, r#"{"name":null,"done":1}"#);
        // Neither what the event says anyway, nor what is empty, nor a long text that did not change.
        assert_eq!(change.data, r#"{"name":"it","done":2}"#);
    }
}
