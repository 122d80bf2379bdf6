//! The mapping of a file's columns to members of a record's input.

use super::mapping_file::{Checker, checked_name};
use super::shape::{Reference, Shape};
use super::source::Spelling;
use super::transform::Transform;
use chrono::NaiveDate;
use encoding_rs::Encoding;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The largest mapping file, in bytes.
pub const MAX_MAPPING_BYTES: usize = 256 * 1024;

/// The mapping of a file's rows to records: for each member of the input, where its value comes from, and how an
/// existing record is recognised.
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(super) matching: Option<String>,
    pub(super) existing: OnMatch,
    /// The lists to which the rows add, instead of replacing them.
    pub(super) add: Vec<String>,
    pub(super) spelling: Spelling,
    pub(super) fields: MemberSources,
}

/// The treatment of an existing record that a row matches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OnMatch {
    /// The row updates it.
    #[default]
    Update,
    /// It is kept unchanged.
    Keep,
}

pub(super) type MemberSources = Vec<(String, Source)>;

#[derive(Debug, Clone)]
pub(super) enum Source {
    Cells(Box<CellSource>),
    Constant(Value),
    /// Items whose cells are all blank are left out.
    List(Vec<MemberSources>),
    Object(MemberSources),
}

/// One or several cells of the row, joined and transformed.
#[derive(Debug, Clone)]
pub(super) struct CellSource {
    /// At least one.
    pub columns: Vec<Arc<str>>,
    pub join: String,
    pub transform: Transform,
}

/// Why a mapping cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingError {
    /// The place in the mapping, as a JSON Pointer.
    pub pointer: String,
    /// A sentence for people.
    pub message: String,
    /// The other errors.
    pub others: Vec<MappingError>,
}

impl MappingError {
    pub(super) fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into(), others: Vec::new() }
    }

    /// The values of several parts, or all their errors.
    pub(super) fn gathered<T>(parts: impl Iterator<Item = Result<T, Self>>) -> Result<Vec<T>, Self> {
        let (mut read, mut first) = (Vec::new(), None::<Self>);
        for part in parts {
            match (part, &mut first) {
                (Ok(part), _) => read.push(part),
                (Err(error), None) => first = Some(error),
                (Err(mut error), Some(first)) => {
                    let others = std::mem::take(&mut error.others);
                    first.others.push(error);
                    first.others.extend(others);
                }
            }
        }
        first.map_or(Ok(read), Err)
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, message, others } = self;
        if pointer.is_empty() {
            return write!(formatter, "the mapping cannot be used: {message}");
        }
        write!(formatter, "the mapping cannot be used: {message} (at {pointer})")?;
        others
            .iter()
            .try_for_each(|Self { pointer, message, .. }| write!(formatter, "; {message} (at {pointer})"))
    }
}

impl std::error::Error for MappingError {}

impl Mapping {
    /// Reads a mapping file and checks all that can be checked without the data.
    pub fn parse(file: &[u8]) -> Result<Self, MappingError> {
        if file.len() > MAX_MAPPING_BYTES {
            return Err(MappingError::new("", format!("it is longer than {} KiB", MAX_MAPPING_BYTES / 1024)));
        }
        let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
        let value = kernel::json::parse(file).map_err(|error| MappingError::new("", error.detail))?;
        Self::from_value(value)
    }

    /// Reads a mapping that is part of something else.
    pub fn from_value(file: Value) -> Result<Self, MappingError> {
        let Value::Object(mut file) = file else {
            return Err(MappingError::new("", "it is not an object"));
        };
        let matching = match file.remove("match") {
            None => None,
            Some(Value::String(member)) => Some(checked_name(&member, "/match")?.to_owned()),
            Some(_) => return Err(MappingError::new("/match", "here stands the name of a member")),
        };
        let existing = match file.remove("existing") {
            None => OnMatch::default(),
            Some(_) if matching.is_none() => {
                return Err(MappingError::new("/existing", "`existing` needs `match`"));
            }
            Some(name) => OnMatch::deserialize(name)
                .map_err(|_| MappingError::new("/existing", "`existing` is UPDATE or KEEP"))?,
        };
        let add = file.remove("add").map_or(Ok(Vec::new()), Vec::<String>::deserialize);
        let add = add.map_err(|_| MappingError::new("/add", "here stands a list of names of members"))?;
        let spelling = Spelling {
            encoding: said(&mut file, "encoding", |name| Encoding::for_label(name.as_bytes()))
                .map_err(|at| MappingError::new(&at, "there is no such encoding; usual is windows-1252"))?,
            delimiter: said(&mut file, "delimiter", |text| match text.as_bytes() {
                [sign] if sign.is_ascii_punctuation() && *sign != b'"' || *sign == b'\t' => Some(*sign),
                _ => None,
            })
            .map_err(|at| MappingError::new(&at, "`delimiter` is one sign, as a semicolon or a tab"))?,
        };
        let Some(fields) = file.remove("fields") else {
            return Err(MappingError::new("", "it has no `fields`"));
        };
        if let Some(unknown) = file.keys().next() {
            return Err(MappingError::new(
                &child("", unknown),
                "only `match`, `existing`, `add`, `encoding`, `delimiter` and `fields` are known",
            ));
        }
        let fields = Checker::default().members(fields, "/fields", 1)?;
        if let Some(member) = &matching
            && !fields.iter().any(|(name, _)| name == member)
        {
            return Err(MappingError::new("/match", format!("`{member}` is not among the fields")));
        }
        for (place, name) in add.iter().enumerate() {
            if !fields.iter().any(|(member, _)| member == name) {
                let at = child("/add", &place.to_string());
                return Err(MappingError::new(&at, format!("`{name}` is not among the fields")));
            }
        }
        Ok(Self { matching, existing, add, spelling, fields })
    }

    /// The member by which an existing record is recognised; without one, every row makes a new record.
    pub fn matching(&self) -> Option<&str> {
        self.matching.as_deref()
    }

    /// The treatment of an existing record that a row matches.
    pub fn existing(&self) -> OnMatch {
        self.existing
    }

    /// The members of the input this mapping may fill.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// Every column this mapping reads.
    pub fn columns(&self) -> BTreeSet<&str> {
        let mut columns = BTreeSet::new();
        each_cell(&self.fields, &mut |cell| columns.extend(cell.columns.iter().map(AsRef::as_ref)));
        columns
    }

    /// The first column read for a member, to name when the member is blank.
    pub(super) fn first_column(&self, member: &str) -> Option<&str> {
        let mut first: Option<&str> = None;
        for (name, source) in &self.fields {
            if name == member {
                each_source(source, &mut |cell| first = first.or(cell.columns.first().map(AsRef::as_ref)));
            }
        }
        first
    }

    /// The columns this mapping reads and a file does not have.
    pub fn missing_columns(&self, header: &[String]) -> Vec<&str> {
        let header: BTreeSet<&str> = header.iter().map(String::as_str).collect();
        self.columns().into_iter().filter(|column| !header.contains(column)).collect()
    }

    /// Years of two digits are meant as passed, for the members whose days have, unless the mapping says otherwise.
    pub(super) fn look_back(&mut self, has_passed: impl Fn(&str) -> bool, today: NaiveDate) {
        for (name, source) in &mut self.fields {
            if let (Source::Cells(cells), true) = (source, has_passed(name))
                && let Shape::Date(pattern) = &mut cells.transform.shape
            {
                pattern.look_back(today);
            }
        }
    }

    /// The objects this mapping looks records up in, and how.
    pub fn references(&self) -> BTreeSet<&Reference> {
        let mut references = BTreeSet::new();
        each_cell(&self.fields, &mut |cell| {
            if let Shape::Reference(reference) = &cell.transform.shape {
                references.insert(reference);
            }
        });
        references
    }
}

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A member that is a word of a certain kind, or where it stands wrongly.
fn said<T>(
    file: &mut Map<String, Value>,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, String> {
    let Some(value) = file.remove(name) else { return Ok(None) };
    value.as_str().and_then(read).map(Some).ok_or_else(|| child("", name))
}

fn each_cell<'m>(members: &'m MemberSources, see: &mut impl FnMut(&'m CellSource)) {
    members.iter().for_each(|(_, source)| each_source(source, see));
}

fn each_source<'m>(source: &'m Source, see: &mut impl FnMut(&'m CellSource)) {
    match source {
        Source::Cells(cell) => see(cell),
        Source::Constant(_) => {}
        Source::Object(members) => each_cell(members, see),
        Source::List(items) => items.iter().for_each(|item| each_cell(item, see)),
    }
}

/// The JSON Pointer (RFC 6901) of a member or item below another.
pub(super) fn child(pointer: &str, name: &str) -> String {
    if name.contains(['~', '/']) {
        return format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
    }
    format!("{pointer}/{name}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{MAX_MAPPING_BYTES, Mapping, OnMatch, child};
    use serde_json::{Value, json};

    fn parse(mapping: &Value) -> Result<Mapping, String> {
        Mapping::parse(mapping.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    fn pointer_of(source: Value) -> String {
        let mapping = json!({"fields": {"x": source}}).to_string();
        Mapping::parse(mapping.as_bytes()).unwrap_err().pointer
    }

    #[test]
    fn tells_its_columns_members_and_references() {
        let mapping = parse(&json!({
            "match": "externalRefs",
            "fields": {
                "externalRefs": {"list": [{"system": {"constant": "old"}, "id": {"column": "Id"}}]},
                "name": {"columns": ["First", "Last"], "join": ", "},
                "address": {"object": {"city": {"column": "City"}}},
                "ownerId": {"column": "Owner", "ref": {"object": "user", "by": "name"}},
                "companyId": {"column": "Firm", "ref": {"object": "company", "system": "old"}},
                "note": {"constant": null}
            }
        }))
        .unwrap();
        assert_eq!(mapping.matching(), Some("externalRefs"));
        let columns: Vec<&str> = mapping.columns().into_iter().collect();
        assert_eq!(columns, ["City", "Firm", "First", "Id", "Last", "Owner"]);
        assert_eq!(mapping.members().count(), 6);
        let objects: Vec<&str> =
            mapping.references().iter().map(|reference| reference.object.as_str()).collect();
        assert_eq!(objects, ["company", "user"]);
        let header = ["Id", "First", "Last", "City", "More"].map(str::to_owned);
        assert_eq!(mapping.missing_columns(&header), ["Firm", "Owner"]);
    }

    #[test]
    fn the_file_itself_is_checked() {
        for file in ["", "[]", "{}", r#"{"fields":{}}"#, r#"{"fields":[]}"#, r#"{"fields":{"a":1}}"#] {
            assert!(Mapping::parse(file.as_bytes()).is_err(), "{file}");
        }
        let name = json!({"column": "a"});
        assert!(parse(&json!({"fields": {"name": name}})).is_ok());
        assert!(parse(&json!({"fields": {"name": name}, "extra": 1})).is_err());
        assert!(parse(&json!({"match": "email", "fields": {"name": name}})).is_err());
        assert!(parse(&json!({"match": 1, "fields": {"name": name}})).is_err());
        let kept = |existing: Value| {
            parse(&json!({"match": "name", "existing": existing, "fields": {"name": name}}))
        };
        assert_eq!(kept(json!("KEEP")).unwrap().existing(), OnMatch::Keep);
        assert!(kept(json!("keep")).is_err());
        assert!(parse(&json!({"existing": "KEEP", "fields": {"name": name}})).is_err());
        assert!(parse(&json!({"fields": {"": name}})).is_err());
        assert!(Mapping::parse(br#"{"fields":{"a":{"column":"a"},"a":{"column":"b"}}}"#).is_err());
        assert!(Mapping::parse(" ".repeat(MAX_MAPPING_BYTES + 1).as_bytes()).is_err());
        assert!(Mapping::parse("\u{feff}{\"fields\":{\"a\":{\"column\":\"a\"}}}".as_bytes()).is_ok());
        let many: serde_json::Map<String, Value> =
            (0..501).map(|number| (format!("f{number}"), json!({"constant": 1}))).collect();
        assert!(parse(&json!({"fields": many})).is_err());
        let deep = (0..7).fold(json!({"constant": 1}), |inner, _| json!({"object": {"x": inner}}));
        assert!(parse(&json!({"fields": {"x": deep}})).is_err());
    }

    #[test]
    fn sources_are_checked_where_they_stand() {
        for source in [
            json!({}),
            json!({"column": "a", "constant": 1}),
            json!({"column": "a", "columns": ["b"]}),
            json!({"column": "a", "colour": "red"}),
            json!({"column": 1}),
            json!({"column": ""}),
            json!({"column": "a", "type": "FLOAT"}),
            json!({"column": "a", "date": "%F", "money": "USD"}),
            json!({"column": "a", "type": "INTEGER", "ref": {"object": "deal", "by": "name"}}),
            json!({"constant": 1, "trim": true}),
            json!({"list": [{"a": {"constant": 1}}], "blank": "NULL"}),
            json!({"column": "a", "split": {"on": " "}}),
        ] {
            assert_eq!(pointer_of(source.clone()), "/fields/x", "{source}");
        }
        for (option, source) in [
            ("join", json!({"column": "a", "join": " "})),
            ("columns", json!({"columns": []})),
            ("list", json!({"list": []})),
            ("list", json!({"list": {}})),
            ("object", json!({"object": {}})),
            ("split", json!({"column": "a", "split": {"on": "", "take": "ALL"}})),
            ("alias", json!({"column": "a", "alias": {"": "x"}})),
            ("default", json!({"column": "a", "default": "x"})),
            ("date", json!({"column": "a", "date": "%Q"})),
            ("instant", json!({"column": "a", "instant": "%F"})),
            ("zone", json!({"column": "a", "zone": "UTC"})),
            ("instant", json!({"column": "a", "instant": "%F %T", "zone": "Berlin"})),
            ("pivot", json!({"column": "a", "date": "%F", "pivot": 1950})),
            ("pivot", json!({"column": "a", "date": "%D", "pivot": 0})),
            ("pivot", json!({"column": "a", "pivot": 1950})),
            ("money", json!({"column": "a", "money": "usd"})),
            ("scale", json!({"column": "a", "scale": 10})),
            ("scale", json!({"column": "a", "money": "USD", "scale": 0})),
            ("scale", json!({"column": "a", "money": "USD", "scale": true})),
            ("ref", json!({"column": "a", "ref": {"object": "deal"}})),
            ("ref", json!({"column": "a", "ref": {"object": "deal", "by": "name", "system": "old"}})),
        ] {
            assert_eq!(pointer_of(source.clone()), format!("/fields/x/{option}"), "{source}");
        }
        assert_eq!(
            pointer_of(json!({"list": [{"a": {"constant": 1}}, {"b": {"object": {"c": {}}}}]})),
            "/fields/x/list/1/b/object/c"
        );
    }

    #[test]
    fn is_read_from_a_larger_document_too() {
        let mapping = json!({"fields": {"name": {"column": "a"}}});
        assert!(serde_json::from_value::<Mapping>(mapping).is_ok());
        let error = serde_json::from_value::<Mapping>(json!({"fields": {"x": {}}})).unwrap_err();
        assert!(error.to_string().contains("/fields/x"), "{error}");
    }

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(child("/a", "b/c~d"), "/a/b~1c~0d");
    }
}
