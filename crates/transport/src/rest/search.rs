//! What the body of a search asks: `{"where", "orderBy", "limit", "cursor", "fields", "include", "deleted",
//! "count"}`, all of them optional.

use app::listing::{DEFAULT_PAGE, Listing, Part};
use kernel::{Code, Error, Result, Violation, plan::Deleted};
use serde_json::{Map, Value as Json};

use super::{query::invalid, select::Selection};

/// What a search asks.
#[derive(Debug)]
pub struct Question {
    /// Which records.
    pub listing: Listing,
    /// What is shown of them.
    pub selection: Selection,
}

impl Question {
    /// Reads the body of a search. A member that is null counts as left out.
    pub fn read(body: Map<String, Json>) -> Result<Self> {
        let mut violations = Vec::new();
        let mut members = Members { given: body, violations: &mut violations };
        let predicate = members.take("where");
        let order_by = members.take("orderBy");
        let limit = members.take_as("limit", "a whole number", |json| u32::try_from(json.as_u64()?).ok());
        let cursor = members.take_as("cursor", "text", |json| json.as_str().map(str::to_owned));
        let fields = members.take_as("fields", "a list of names", names).unwrap_or_default();
        let include = members.take_as("include", "a list of names", names).unwrap_or_default();
        let deleted = members.take_as("deleted", "text", |json| json.as_str().map(str::to_owned));
        let count = members.take_as("count", "true or false", |json| json.as_bool()).unwrap_or_default();
        members.finish();
        if !violations.is_empty() {
            return Err(Error::invalid(violations));
        }
        let part = Part::Page(limit.unwrap_or(DEFAULT_PAGE), cursor);
        let deleted = deleted.as_deref().map_or(Ok(Deleted::default()), self::deleted)?;
        let listing = Listing { predicate, order_by, deleted, part, count, ..Listing::default() };
        Ok(Self { listing, selection: Selection::parse(&fields, &include)? })
    }
}

/// Whether deleted records are meant.
pub fn deleted(text: &str) -> Result<Deleted> {
    Deleted::parse(text).ok_or_else(|| invalid(format!("deleted is one of {}", Deleted::NAMES.join(", "))))
}

fn names(json: Json) -> Option<Vec<String>> {
    json.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

struct Members<'v> {
    given: Map<String, Json>,
    violations: &'v mut Vec<Violation>,
}

impl Members<'_> {
    fn take(&mut self, name: &str) -> Option<Json> {
        self.given.remove(name).filter(|json| !json.is_null())
    }

    fn take_as<T>(&mut self, name: &str, expected: &str, read: fn(Json) -> Option<T>) -> Option<T> {
        let json = self.take(name)?;
        let value = read(json);
        if value.is_none() {
            let detail = format!("{name}: {expected} is expected");
            self.violations.push(Violation::new(Code::WrongType, format!("/{name}"), detail));
        }
        value
    }

    fn finish(self) {
        for name in self.given.keys() {
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let detail = format!("a search has no member {name}");
            self.violations.push(Violation::new(Code::UnknownField, pointer, detail));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn read(body: Json) -> Result<Question> {
        Question::read(body.as_object().cloned().unwrap())
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
        assert_eq!(read(json!({ "deleted": "ALL" })).unwrap_err().code, Code::InvalidParameter);
    }
}
