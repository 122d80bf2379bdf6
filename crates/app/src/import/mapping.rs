//! The mapping of a file's columns to members of a record's input.

use super::shape::{Reference, Shape};
use super::source::Spelling;
use super::transform::Transform;
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

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

impl Mapping {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Mapping;
    use serde_json::json;

    #[test]
    fn tells_its_columns_members_and_references() {
        let mapping: Mapping = serde_json::from_value(json!({
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
}
