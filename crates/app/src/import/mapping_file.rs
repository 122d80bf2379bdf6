//! A mapping as it is written, checked on the way to a [`Mapping`].

mod cells;

use super::mapping::{Mapping, MemberSources, OnMatch, Source};
use super::mapping_error::{MappingError, child};
use super::source::Spelling;
use cells::cells;
use encoding_rs::Encoding;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::{Map, Value};

/// The largest mapping file, in bytes.
pub const MAX_MAPPING_BYTES: usize = 256 * 1024;
const MAX_SOURCES: usize = 500;
const MAX_DEPTH: usize = 6;
const MAX_NAME_BYTES: usize = 200;
const KINDS: [&str; 5] = ["column", "columns", "constant", "list", "object"];

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

/// Checks sources and counts them.
#[derive(Default)]
struct Checker {
    sources: usize,
}

impl Checker {
    /// The members of the input, or of an object or list item inside it.
    fn members(&mut self, file: Value, at: &str, depth: usize) -> Result<MemberSources, MappingError> {
        let wrong = |message: &str| Err(MappingError::new(at, message));
        let Value::Object(file) = file else {
            return wrong("here stands an object of members");
        };
        if depth > MAX_DEPTH {
            return wrong("sources are nested too deep");
        }
        if file.is_empty() {
            return wrong("no member is named");
        }
        MappingError::gathered(file.into_iter().map(|(member, source)| {
            let at = child(at, &member);
            checked_name(&member, &at)?;
            Ok((member, self.source(source, &at, depth)?))
        }))
    }

    fn source(&mut self, file: Value, at: &str, depth: usize) -> Result<Source, MappingError> {
        let wrong = |message: String| Err(MappingError::new(at, message));
        self.sources = self.sources.saturating_add(1);
        if self.sources > MAX_SOURCES {
            return wrong(format!("more than {MAX_SOURCES} sources"));
        }
        let Value::Object(mut file) = file else {
            return wrong("a source is an object".to_owned());
        };
        let mut kinds = KINDS.into_iter().filter(|kind| file.contains_key(*kind));
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            return wrong(
                "a source has exactly one of column, columns, constant, list and object".to_owned(),
            );
        };
        if matches!(kind, "column" | "columns") {
            return cells(file, at).map(|cells| Source::Cells(Box::new(cells)));
        }
        let content = file.remove(kind).unwrap_or_default();
        if let Some(option) = file.keys().next() {
            return wrong(format!("`{option}` does not go with `{kind}`"));
        }
        let (at, depth) = (child(at, kind), depth.saturating_add(1));
        match (kind, content) {
            ("constant", content) => Ok(Source::Constant(content)),
            ("object", content) => self.members(content, &at, depth).map(Source::Object),
            (_, Value::Array(items)) if !items.is_empty() => {
                let items = items.into_iter().enumerate();
                let items =
                    items.map(|(place, item)| self.members(item, &child(&at, &place.to_string()), depth));
                MappingError::gathered(items).map(Source::List)
            }
            _ => Err(MappingError::new(&at, "here stands a list of at least one item")),
        }
    }
}

fn checked_name<'n>(name: &'n str, at: &str) -> Result<&'n str, MappingError> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(MappingError::new(at, format!("a name has 1 to {MAX_NAME_BYTES} bytes")));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{MAX_MAPPING_BYTES, Mapping, OnMatch};
    use serde_json::{Value, json};

    fn parse(mapping: &Value) -> Result<Mapping, String> {
        Mapping::parse(mapping.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    fn pointer_of(source: Value) -> String {
        let mapping = json!({"fields": {"x": source}}).to_string();
        Mapping::parse(mapping.as_bytes()).unwrap_err().pointer
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
}
