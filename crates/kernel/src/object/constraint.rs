//! Constraints among several records of an object, as data.

use super::{Object, ObjectType};
use crate::{
    field::{Field, FieldDef},
    value::{Ref, Value},
};

/// A flag that one record has at most: marking one unmarks the other.
#[derive(Clone, Copy, Debug)]
pub struct OnlyOne {
    /// The place of the flag.
    pub flag: usize,
    /// The place of the reference among whose records it holds; none where it holds in the whole workspace.
    pub within: Option<usize>,
}

/// Fields whose values no two live records share together.
#[derive(Clone, Debug)]
pub struct Together {
    /// The places of the fields; the last is the one that a refusal names.
    pub fields: Vec<usize>,
    /// The places of the first and the last day, where it holds for records of the same time only.
    pub during: Option<(usize, usize)>,
}

impl Object {
    /// One record of the workspace at most has this flag.
    #[must_use]
    pub fn at_most_one<O: ObjectType>(self, flag: Field<O, bool>) -> Self {
        self.only_one(flag, None)
    }

    /// One record at most of those that refer to the same one here has this flag.
    #[must_use]
    pub fn at_most_one_within<O: ObjectType, To>(
        self,
        flag: Field<O, bool>,
        within: Field<O, Ref<To>>,
    ) -> Self {
        let within = self.index(self.own(within).name);
        self.only_one(flag, within)
    }

    fn only_one<O: ObjectType>(mut self, flag: Field<O, bool>, within: Option<usize>) -> Self {
        self.only_one.extend(self.index(self.own(flag).name).map(|flag| OnlyOne { flag, within }));
        self
    }

    /// No two live records have the same values in all of these fields; the last is the one that a refusal names.
    #[must_use]
    pub fn unique_together(self, fields: &[FieldDef]) -> Self {
        self.together(fields, None)
    }

    /// No two live records have the same values in all of these fields at the same time, which both days belong to.
    #[must_use]
    pub fn unique_together_during<O: ObjectType, T>(
        self,
        fields: &[FieldDef],
        first: Field<O, T>,
        last: Field<O, T>,
    ) -> Self {
        let during = self.index(self.own(first).name).zip(self.index(self.own(last).name));
        self.together(fields, during)
    }

    fn together(mut self, fields: &[FieldDef], during: Option<(usize, usize)>) -> Self {
        let fields = fields.iter().filter_map(|field| self.index(field.name)).collect();
        self.together.push(Together { fields, during });
        self
    }

    /// Whether giving the field this value has to do with other records, so that only one such change may be made at
    /// a time.
    pub fn is_contended(&self, field: usize, value: &Value) -> bool {
        let in_tree = self.at(field).is_some_and(|attribute| attribute.hierarchy) && !value.is_null();
        let marks = *value == Value::Boolean(true) && self.only_one.iter().any(|rule| rule.flag == field);
        let in_time = |rule: &Together| {
            rule.during
                .is_some_and(|(first, last)| [first, last].contains(&field) || rule.fields.contains(&field))
        };
        in_tree || marks || self.together.iter().any(in_time)
    }
}
