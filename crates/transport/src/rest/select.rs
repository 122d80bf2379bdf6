//! `fields` and `include`: which fields of a record are shown, and which records along its links.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kernel::{
    Code, Error, Result, Violation,
    answer::{Member, Shape, Source},
    object::Object,
    plan::Plan,
};

use super::query::invalid;

/// How many records are shown behind a link that leads to many.
pub const MAX_INCLUDED: u32 = 20;
/// How deeply links are followed.
pub const MAX_DEPTH: usize = 2;
/// How many links are followed in all.
pub const MAX_LINKS: usize = 20;
/// How many records an answer may come to.
pub const MAX_RECORDS: u64 = 5_000;

/// What is shown of a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    fields: BTreeSet<String>,
    links: BTreeMap<String, Selection>,
}

impl Selection {
    /// Reads the names of fields and links, those of linked records behind a dot.
    pub fn parse(fields: &[String], include: &[String]) -> Result<Self> {
        let mut selection = Self::default();
        for path in include {
            selection.at(path.split('.'))?;
        }
        for path in fields {
            let (links, field) =
                path.rsplit_once('.').map_or((None, path.as_str()), |(links, field)| (Some(links), field));
            let holder = selection.at(links.into_iter().flat_map(|links| links.split('.')))?;
            holder.fields.insert(field.to_owned());
        }
        Ok(selection)
    }

    /// Whether links are followed.
    pub fn follows_links(&self) -> bool {
        !self.links.is_empty()
    }

    /// The part of the selection behind these links.
    fn at<'p>(&mut self, links: impl Iterator<Item = &'p str>) -> Result<&mut Self> {
        let mut part = self;
        for (depth, name) in links.enumerate() {
            if depth >= MAX_DEPTH {
                return Err(invalid(format!("links are followed {MAX_DEPTH} deep")));
            }
            part = part.links.entry(name.to_owned()).or_default();
        }
        Ok(part)
    }

    /// Adds to the plan of one record what is shown of it, and says how.
    pub fn shape(&self, plan: &mut Plan) -> Result<Shape> {
        self.shape_as(Place::Alone, plan)
    }

    /// The same for records that stand among others: they leave out long texts that are not named.
    pub fn listed(&self, plan: &mut Plan) -> Result<Shape> {
        self.shape_as(Place::Among, plan)
    }

    fn shape_as(&self, place: Place, plan: &mut Plan) -> Result<Shape> {
        let mut reach = Reach { links: 0, records: u64::from(plan.page.limit) };
        let parents = reach.records;
        reach.record(self, place, plan, parents)
    }
}

/// Whether a record is the one that is shown, or stands among others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    Among,
}

/// How much an answer reaches, while it is planned.
struct Reach {
    links: usize,
    records: u64,
}

impl Reach {
    fn record(&mut self, selection: &Selection, place: Place, plan: &mut Plan, count: u64) -> Result<Shape> {
        let unread = selection.fields.iter().filter_map(|name| plan.permit.readable(name).err());
        let unread: Vec<_> =
            unread.map(|error| Violation::new(error.code, "/fields", error.detail)).collect();
        if !unread.is_empty() {
            return Err(Error::invalid(unread));
        }
        let object = Arc::clone(plan.permit.object());
        let mut shape = Shape::default();
        for attribute in &object.attributes {
            let is_shown = if selection.fields.is_empty() {
                plan.permit.may_read(attribute) && !(place == Place::Among && attribute.is_long())
            } else {
                selection.fields.contains(attribute.name)
            };
            if is_shown {
                let column = plan.column(attribute.index);
                let key = Arc::clone(&attribute.key);
                shape.members.push(Member { key, source: Source::Column(column) });
            }
        }
        for (name, selection) in &selection.links {
            shape.members.push(Member::new(name, self.link(&object, name, selection, plan, count)?));
        }
        Ok(shape)
    }

    fn link(
        &mut self,
        object: &Arc<Object>,
        name: &str,
        selection: &Selection,
        plan: &mut Plan,
        parents: u64,
    ) -> Result<Source> {
        let unknown =
            || Violation::new(Code::UnknownField, "/include", format!("{} has no link {name}", object.name));
        let (place, link) = object.link(name).ok_or_else(unknown)?;
        let mut child = Plan::new(plan.permit.follow(place)?);
        if !link.is_one() {
            child.page.limit = MAX_INCLUDED;
        }
        let count = parents.saturating_mul(u64::from(child.page.limit));
        self.links += 1;
        self.records = self.records.saturating_add(count);
        if self.links > MAX_LINKS || self.records > MAX_RECORDS {
            let detail =
                format!("an answer follows {MAX_LINKS} links and comes to {MAX_RECORDS} records at most");
            return Err(Error::new(Code::QueryTooComplex, detail));
        }
        let shape = self.record(selection, Place::Among, &mut child, count)?;
        let child = plan.follow(place, child);
        Ok(if link.is_one() { Source::One(child, shape) } else { Source::Each(child, shape) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn selection(fields: &[&str], include: &[&str]) -> Result<Selection> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Selection::parse(&owned(fields), &owned(include))
    }

    #[test]
    fn a_field_of_a_link_follows_the_link() {
        let named = selection(&["name", "company.name", "name"], &[]).unwrap();
        assert_eq!(named.fields, BTreeSet::from(["name".to_owned()]));
        assert_eq!(named, selection(&["name", "company.name"], &["company"]).unwrap());
        let deep = selection(&[], &["deals.stage", "deals"]).unwrap();
        assert!(deep.follows_links() && deep.fields.is_empty());
        assert_eq!(deep.links.len(), 1);
    }

    #[test]
    fn links_are_followed_two_deep() {
        assert!(selection(&["a.b.field"], &["a.b"]).is_ok());
        assert!(selection(&[], &["a.b.c"]).is_err());
        assert!(selection(&["a.b.c.field"], &[]).is_err());
    }
}
