//! What the body of a search asks: `{"where", "orderBy", "limit", "cursor", "fields", "include", "deleted",
//! "count"}`, all of them optional.

use app::listing::{DEFAULT_PAGE, Listing, Part};
use kernel::{Code, Result, plan::Deleted};
use serde_json::{Map, Value as Json};

use super::{
    query::{Faults, MAX_NAMES, invalid, too_many},
    select::Selection,
};

/// What a search asks.
#[derive(Debug)]
pub struct Question {
    /// Which records.
    pub listing: Listing,
    /// In which order, as it was sent.
    pub order_by: Option<Json>,
    /// What is shown of them.
    pub selection: Selection,
}

impl Question {
    /// Reads the body of a search. A member that is null counts as left out.
    pub fn read(body: Map<String, Json>, faults: &mut Faults) -> Result<Self> {
        let mut members = Members { given: body, faults };
        let predicate = members.take("where");
        let order_by = members.take("orderBy");
        let limit = members.take_as("limit", "a whole number", |json| u32::try_from(json.as_u64()?).ok());
        let cursor = members.take_as("cursor", "text", |json| json.as_str().map(str::to_owned));
        let (fields, include) = (members.take_names("fields"), members.take_names("include"));
        let deleted = members.take_as("deleted", "text", |json| json.as_str().map(str::to_owned));
        let count = members.take_as("count", "true or false", |json| json.as_bool()).unwrap_or_default();
        members.finish();
        let deleted = deleted.map(|text| faults.note("deleted", self::deleted(&text))).transpose()?.flatten();
        let selection = faults.note("include", Selection::parse(&fields, &include))?.unwrap_or_default();
        let part = Part::Page(limit.unwrap_or(DEFAULT_PAGE), cursor);
        let deleted = deleted.unwrap_or_default();
        let listing = Listing { predicate, deleted, part, count, ..Listing::default() };
        Ok(Self { listing, order_by, selection })
    }
}

/// Whether deleted records are meant.
pub fn deleted(text: &str) -> Result<Deleted> {
    Deleted::parse(text).ok_or_else(|| invalid(format!("deleted is one of {}", Deleted::NAMES.join(", "))))
}

struct Members<'f> {
    given: Map<String, Json>,
    faults: &'f mut Faults,
}

impl Members<'_> {
    fn take(&mut self, name: &str) -> Option<Json> {
        self.given.remove(name).filter(|json| !json.is_null())
    }

    fn take_as<T>(&mut self, name: &str, expected: &str, read: fn(Json) -> Option<T>) -> Option<T> {
        let value = read(self.take(name)?);
        if value.is_none() {
            self.faults.add(Code::WrongType, name, format!("{name}: {expected} is expected"));
        }
        value
    }

    fn take_names(&mut self, name: &str) -> Vec<String> {
        let Some(names) = self.take(name) else { return Vec::new() };
        if names.as_array().is_some_and(|names| names.len() > MAX_NAMES) {
            self.faults.add(Code::OutOfRange, name, too_many(name));
            return Vec::new();
        }
        let texts = |names: &Vec<Json>| names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
        let texts: Option<Vec<String>> = names.as_array().and_then(texts);
        if texts.is_none() {
            self.faults.add(Code::WrongType, name, format!("{name}: a list of names is expected"));
        }
        texts.unwrap_or_default()
    }

    fn finish(self) {
        for name in self.given.keys() {
            self.faults.add(Code::UnknownField, name, format!("a search has no member {name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn read(body: Json) -> Result<Question> {
        let mut faults = Faults::default();
        let question = Question::read(body.as_object().cloned().unwrap(), &mut faults)?;
        faults.finish(Code::Invalid).map(|()| question)
    }

    #[test]
    fn everything_may_be_left_out() {
        let question = read(json!({ "cursor": null })).unwrap();
        assert!(question.listing.predicate.is_none());
        assert_eq!(question.selection, Selection::default());
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let body =
            json!({ "limit": -1, "cursor": 3, "fields": "name", "count": "true", "filter": {}, "a/b": 1 });
        let found = read(body).unwrap_err().violations;
        let found: Vec<_> =
            found.iter().map(|violation| (violation.code, violation.pointer.as_str())).collect();
        let expected = [
            (Code::WrongType, "/limit"),
            (Code::WrongType, "/cursor"),
            (Code::WrongType, "/fields"),
            (Code::WrongType, "/count"),
            (Code::UnknownField, "/a~1b"),
            (Code::UnknownField, "/filter"),
        ];
        assert_eq!(found, expected);
        assert_eq!(read(json!({ "deleted": "ALL" })).unwrap_err().public_code(), Code::InvalidParameter);
        let many = vec!["name"; MAX_NAMES + 1];
        assert_eq!(read(json!({ "fields": many })).unwrap_err().public_code(), Code::OutOfRange);
    }
}
