//! The columns of a plan: what is read of each record, or of each group of records.

use chrono_tz::Tz;

use crate::{
    error::{Code, Error, Result},
    field::Kind,
    object::{Attribute, Object},
    permit::Permit,
};

/// A column of a plan. A plan of records has fields only; a plan of groups may have any, and its records are grouped by
/// those that are not measures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Column {
    /// A field, by its place. Texts that are the same when they are compared are in one group, which shows the first of
    /// them in the order of their code points.
    Field(usize),
    /// The number of an amount, in its currency's minor unit; groups are by currency, too.
    Amount(usize),
    /// The currency of an amount.
    Currency(usize),
    /// A member of a list's items: the list's place, and the member's among the members. A record is in the group of each
    /// value that its items have, once; without items it is in that of null. Deleted records have no items here.
    Item(usize, usize),
    /// The first day of the period in which a date or an instant lies.
    Period(usize, Period, Tz),
    /// The number of records.
    Count,
    /// A measure of a field's values.
    Measure(usize, Measure),
}

/// A period of the calendar. An instant lies in the period in which its day in a time zone lies; the first and the last
/// day that instants reach are those of UTC in every zone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Period {
    /// A day.
    Day,
    /// A week by ISO 8601, which begins on Monday.
    Week,
    /// A month.
    Month,
    /// Three months, from January, April, July or October.
    Quarter,
    /// A year.
    Year,
}

/// A measure of the values of a group's records. Records without a value are left out of it; where none has one it is
/// null, and the number of different values 0. Measures of amounts are by currency: amounts of different currencies, and
/// records without an amount, are in different groups.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Measure {
    /// The number of different values, as they are compared.
    CountDistinct,
    /// The sum, to the last digit.
    Sum,
    /// The arithmetic mean: of whole numbers and decimals with four decimals, of amounts in the minor unit; rounded half
    /// away from zero.
    Average,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

impl Column {
    /// The field's place, if it is a field as it is.
    pub fn as_field(&self) -> Option<usize> {
        match self {
            Self::Field(field) => Some(*field),
            _ => None,
        }
    }

    /// The place of the field that it is made from; none for the number of records.
    pub fn source(&self) -> Option<usize> {
        match self {
            Self::Count => None,
            Self::Field(field)
            | Self::Amount(field)
            | Self::Currency(field)
            | Self::Item(field, _)
            | Self::Period(field, ..)
            | Self::Measure(field, _) => Some(*field),
        }
    }

    /// Whether it says something of a group's records, and does not tell groups apart.
    pub fn is_measure(&self) -> bool {
        matches!(self, Self::Count | Self::Measure(..))
    }

    /// The field or member whose values it shows, if it shows such values.
    pub fn shown<'o>(&self, object: &'o Object) -> Option<&'o Attribute> {
        match self {
            Self::Field(field) | Self::Measure(field, Measure::Sum | Measure::Min | Measure::Max) => {
                object.at(*field)
            }
            Self::Item(field, member) => object.at(*field)?.members.get(*member),
            _ => None,
        }
    }

    /// The kind of its values.
    pub fn kind(&self, object: &Object) -> Option<Kind> {
        const NUMBER: Kind = Kind::Integer(i64::MIN, i64::MAX);
        match self {
            Self::Amount(_) | Self::Count | Self::Measure(_, Measure::CountDistinct) => Some(NUMBER),
            Self::Currency(_) => Some(Kind::Text(3)),
            Self::Period(..) => Some(Kind::Date),
            Self::Measure(field, Measure::Average) => match object.at(*field)?.kind {
                Kind::Integer(..) => Some(Kind::Decimal),
                kind => Some(kind),
            },
            column => column.shown(object).map(|attribute| attribute.kind),
        }
    }

    /// Checks that it can be made and that its field may be read.
    pub(super) fn check(&self, permit: &Permit) -> Result<()> {
        let Some(field) = self.source() else { return Ok(()) };
        let attribute = permit.object().at(field).ok_or(Code::UnknownField)?;
        let attribute = permit.readable(attribute.name)?;
        if attribute.filter && self.suits(attribute) {
            return Ok(());
        }
        let name = attribute.name;
        let detail = match self.is_measure() {
            true => format!("{name} has no such measure"),
            false => format!("records cannot be grouped so by {name}"),
        };
        Err(Error::new(Code::InvalidParameter, detail))
    }

    fn suits(&self, attribute: &Attribute) -> bool {
        let is_number = matches!(attribute.kind, Kind::Integer(..) | Kind::Decimal | Kind::Money);
        let is_time = matches!(attribute.kind, Kind::Date | Kind::Instant);
        let is_single = |attribute: &Attribute| {
            !matches!(attribute.kind, Kind::List(_) | Kind::Document | Kind::AnyReference)
        };
        match self {
            Self::Count => true,
            Self::Field(_) | Self::Measure(_, Measure::CountDistinct) => is_single(attribute),
            Self::Amount(_) | Self::Currency(_) => attribute.currency().is_some(),
            Self::Item(_, member) => {
                attribute.members.get(*member).is_some_and(|member| member.filter && is_single(member))
            }
            Self::Period(..) => is_time,
            Self::Measure(_, Measure::Sum | Measure::Average) => is_number,
            Self::Measure(_, Measure::Min | Measure::Max) => is_number || is_time,
        }
    }
}
