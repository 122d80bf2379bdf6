//! Predicates: questions about records, in the one language that list filters, segments and permissions
//! share. A predicate here is resolved: names are fields and links that the caller may read, operands are
//! values, texts have the form in which their field's are compared.
//!
//! Every test answers yes or no, never "unknown": a null equals nothing, so `not` of a test holds for it.

mod parse;
mod relative;

pub use parse::{MAX_DEPTH, MAX_LEAVES, MAX_NODES, MAX_VALUES, Parser};
pub use relative::start_of_day;

use crate::{
    field::Kind,
    object::Attribute,
    permit::{Holder, Permit},
    value::Value,
};

macro_rules! operators {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A way to test a field.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Operator { $($(#[doc = $doc])+ $variant,)+ }

        impl Operator {
            /// Every operator.
            pub const ALL: &'static [Operator] = &[$(Self::$variant,)+];

            /// The operator of that name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Its description, for clients.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

operators! {
    /// The value is the operand. Words compare without case and accents, the ids of other systems as they are.
    Eq = "eq",
    /// The value is not the operand; null is not either.
    Ne = "ne",
    /// The value is one of the operands.
    In = "in",
    /// The value is none of the operands; null is none of them.
    NotIn = "notIn",
    /// The value is less than the operand.
    Lt = "lt",
    /// The value is the operand or less.
    Lte = "lte",
    /// The value is greater than the operand.
    Gt = "gt",
    /// The value is the operand or greater.
    Gte = "gte",
    /// The value lies between two operands, both included.
    Between = "between",
    /// The text contains the operand.
    Contains = "contains",
    /// The text starts with the operand.
    StartsWith = "startsWith",
    /// The text ends with the operand.
    EndsWith = "endsWith",
    /// The list has at least one of the operands.
    ContainsAny = "containsAny",
    /// The list has all of the operands.
    ContainsAll = "containsAll",
    /// Whether there is no value, or an empty list.
    IsNull = "isNull",
    /// Every word of the operand begins a word of the text; words are parted by white space.
    Matches = "matches",
}

impl Operator {
    /// The operators that a field of this kind knows.
    pub fn of(attribute: &Attribute) -> &'static [Operator] {
        use Operator::*;
        match attribute.kind {
            Kind::Text(_) => &[
                Eq, Ne, In, NotIn, Lt, Lte, Gt, Gte, Between, Contains, StartsWith, EndsWith, Matches, IsNull,
            ],
            Kind::Integer(..) | Kind::Decimal | Kind::Date | Kind::Instant => {
                &[Eq, Ne, In, NotIn, Lt, Lte, Gt, Gte, Between, IsNull]
            }
            Kind::Money => &[Eq, Ne, Lt, Lte, Gt, Gte, Between, IsNull],
            Kind::Boolean => &[Eq, Ne, IsNull],
            Kind::Choice(_) | Kind::Id | Kind::Reference(_) | Kind::AnyReference => {
                &[Eq, Ne, In, NotIn, IsNull]
            }
            Kind::List(list) if list.plain => &[ContainsAny, ContainsAll, IsNull],
            Kind::List(_) | Kind::Document => &[IsNull],
        }
    }
}

/// A question about the records of an object.
#[derive(Clone, Debug)]
pub enum Predicate {
    /// All of these hold.
    All(Vec<Predicate>),
    /// At least one of these holds.
    Any(Vec<Predicate>),
    /// This does not hold.
    Not(Box<Predicate>),
    /// A field of the record passes a test.
    Field(Test),
    /// The records behind a link.
    Link {
        /// The link's place in the object.
        link: usize,
        /// The quantifier.
        how: Quantifier,
        /// The predicate on them.
        of: Box<Scoped>,
    },
    /// The items of a list of groups of values.
    Items {
        /// The list's place in the object.
        field: usize,
        /// The quantifier.
        how: Quantifier,
        /// The predicate on them; its fields are the members of an item.
        of: Box<Predicate>,
    },
}

impl Predicate {
    /// The predicate that holds for every record.
    pub const fn everything() -> Self {
        Predicate::All(Vec::new())
    }

    /// A field equals a value.
    pub fn equals(field: usize, value: Value) -> Self {
        Predicate::Field(Test { field, compare: Compare::Equal(value) })
    }

    /// Whether it holds for every record.
    pub fn is_everything(&self) -> bool {
        matches!(self, Predicate::All(parts) if parts.is_empty())
    }

    /// The same predicate for another holder of its permits.
    pub(crate) fn held_by(&self, holder: Holder) -> Self {
        let each = |parts: &[Predicate]| parts.iter().map(|part| part.held_by(holder)).collect();
        match self {
            Predicate::All(parts) => Predicate::All(each(parts)),
            Predicate::Any(parts) => Predicate::Any(each(parts)),
            Predicate::Not(part) => Predicate::Not(Box::new(part.held_by(holder))),
            Predicate::Link { link, how, of } => {
                let of =
                    Scoped { permit: of.permit.held_by(holder), predicate: of.predicate.held_by(holder) };
                Predicate::Link { link: *link, how: how.clone(), of: Box::new(of) }
            }
            Predicate::Field(_) | Predicate::Items { .. } => self.clone(),
        }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Predicate) -> Self {
        match self {
            Predicate::All(mut parts) => {
                parts.push(other);
                Predicate::All(parts)
            }
            one => Predicate::All(vec![one, other]),
        }
    }
}

/// A predicate over another object, with leave to read it.
#[derive(Clone, Debug)]
pub struct Scoped {
    /// Leave to read the object.
    pub permit: Permit,
    /// The comparison.
    pub predicate: Predicate,
}

/// For how many records or items something has to hold.
#[derive(Clone, Debug)]
pub enum Quantifier {
    /// At least one.
    Some,
    /// None at all.
    None,
    /// All of them; also where there are none.
    Every,
    /// As many as pass this test.
    Count(Compare),
}

/// A test of one field.
#[derive(Clone, Debug)]
pub struct Test {
    /// The field's place in the object.
    pub field: usize,
    /// The comparison that its value has to pass.
    pub compare: Compare,
}

/// A comparison of a value. Texts have the form in which their field's are compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Compare {
    /// There is no value.
    Null,
    /// It is this.
    Equal(Value),
    /// It is one of these.
    OneOf(Vec<Value>),
    /// It is less than this.
    Less(Value),
    /// It is this or less.
    AtMost(Value),
    /// It is greater than this.
    More(Value),
    /// It is this or greater.
    AtLeast(Value),
    /// It contains this.
    Contains(String),
    /// It starts with this.
    StartsWith(String),
    /// It ends with this.
    EndsWith(String),
    /// Each of these begins a word of it.
    Words(Vec<String>),
    /// The list has one of these.
    HasAny(Vec<Value>),
    /// The list has all of these.
    HasAll(Vec<Value>),
}
