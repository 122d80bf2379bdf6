//! The fields of each kind, and what only fields of that kind declare.

use chrono::NaiveDate;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Field, FieldDef, Form, Kind, List};
use crate::{
    money::Money,
    object::ObjectType,
    text::Comparison,
    time::Instant,
    value::{Choice, Choices, Decimal, Ref},
};

impl<O> Field<O, String> {
    /// Text of at most `max` characters.
    pub const fn text(name: &'static str, max: u32, doc: &'static str) -> Self {
        Self::new(name, Kind::Text(max), doc)
    }

    /// When two of its texts are the same; without this, case and accents make no difference.
    pub const fn compared(self, comparison: Comparison) -> Self {
        Self::with(FieldDef { comparison, ..self.def })
    }

    /// Its texts have that form, and are kept in the form's spelling.
    pub const fn form(self, form: Form) -> Self {
        Self::with(FieldDef { form: Some(form), ..self.def })
    }
}

impl<O> Field<O, i64> {
    /// A whole number between two bounds, both included.
    pub const fn integer(name: &'static str, min: i64, max: i64, doc: &'static str) -> Self {
        Self::new(name, Kind::Integer(min, max), doc)
    }

    /// A number that Kith gives out, one after the other in each workspace, from 1.
    pub const fn serial(name: &'static str, doc: &'static str) -> Self {
        let plain = Self::integer(name, 1, i64::MAX, doc).computed();
        Self::with(FieldDef { serial: true, unique: true, ..plain.def })
    }
}

impl<O> Field<O, Decimal> {
    /// A decimal number with four decimals.
    pub const fn decimal(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Decimal, doc)
    }
}

impl<O> Field<O, bool> {
    /// True or false.
    pub const fn boolean(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Boolean, doc)
    }
}

impl<O> Field<O, NaiveDate> {
    /// A calendar day.
    pub const fn date(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Date, doc)
    }

    /// It is a day that has come, today at the latest; a year of two digits is meant so.
    pub const fn past(self) -> Self {
        Self::with(FieldDef { past: true, ..self.def })
    }
}

impl<O> Field<O, Instant> {
    /// A point in time.
    pub const fn instant(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Instant, doc)
    }
}

impl<O> Field<O, Money> {
    /// An amount with its currency.
    pub const fn money(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Money, doc)
    }
}

impl<O, C: Choices> Field<O, C> {
    /// One of a closed set of values.
    pub const fn choice(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Choice(C::ALL), doc)
    }
}

impl<O> Field<O, String> {
    /// One of these values, which whoever makes the registry knows.
    pub const fn one_of(name: &'static str, choices: &'static [Choice], doc: &'static str) -> Self {
        Self::new(name, Kind::Choice(choices), doc)
    }
}

impl<O> Field<O, Uuid> {
    /// The record's own id.
    pub(crate) const fn own_id(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Id, doc).required().immutable()
    }

    /// The id of a record of the object of that name, which is not known here as a type.
    pub(crate) const fn reference_to(name: &'static str, object: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Reference(object), doc)
    }

    /// The id of a record of any object: a member of a list only.
    pub const fn any_reference(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::AnyReference, doc)
    }
}

impl<O, To: ObjectType> Field<O, Ref<To>> {
    /// The id of another record. Its name ends in `Id`; without that ending it names the link to the record.
    pub const fn reference(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Reference(To::NAME), doc)
    }

    /// It refers to a record of the same object that stands above this one; nothing stands above itself.
    pub const fn hierarchy(self) -> Self {
        Self::with(FieldDef { hierarchy: true, ..self.def })
    }

    /// The record referred to gets this link back.
    pub const fn inverse(self, link: &'static str, doc: &'static str) -> Self {
        Self::with(FieldDef { inverse: Some((link, doc)), ..self.def })
    }
}

impl<O> Field<O, Json> {
    /// Several values, in order.
    pub const fn list(name: &'static str, list: &'static List, doc: &'static str) -> Self {
        Self::new(name, Kind::List(list), doc)
    }

    /// A JSON document.
    pub const fn document(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Document, doc)
    }

    /// The document is a predicate over the object that the choice in this field names.
    pub const fn predicate_over<C>(self, object: Field<O, C>) -> Self {
        Self::with(FieldDef { predicate_over: Some(object.def.name), ..self.def })
    }

    /// The records referred to by the list's items get this link back.
    pub const fn listed_as(self, link: &'static str, doc: &'static str) -> Self {
        Self::with(FieldDef { inverse: Some((link, doc)), ..self.def })
    }
}
