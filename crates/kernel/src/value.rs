//! Values of fields, untyped for the engine and typed for rules.

use std::marker::PhantomData;

use chrono::NaiveDate;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{money::Money, time::Instant};

/// The value of a field of a record.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number, or a decimal as a whole number of its scale.
    Integer(i64),
    /// Text, or the name of a choice.
    Text(String),
    /// The id of this or of another record.
    Id(Uuid),
    /// A calendar day.
    Date(NaiveDate),
    /// A point in time.
    Instant(Instant),
    /// An amount with its currency.
    Money(Money),
    /// A list or a document, as canonical JSON text.
    Json(String),
}

impl Value {
    /// Whether nothing is there.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The canonical form of a document: members sorted, no white space.
    pub fn document(json: &Json) -> Self {
        Value::Json(json.to_string())
    }

    /// The document it holds, if it holds one.
    pub fn as_document(&self) -> Option<Json> {
        match self {
            Value::Json(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }
}

/// A value where it lies, in a record or in a row that the database sent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell<'r> {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number, or a decimal as a whole number of its scale.
    Integer(i64),
    /// Text, or the name of a choice.
    Text(&'r str),
    /// The id of this or of another record.
    Id(Uuid),
    /// A calendar day.
    Date(NaiveDate),
    /// A point in time.
    Instant(Instant),
    /// An amount with its currency.
    Money(Money),
    /// A list or a document, as canonical JSON text.
    Json(&'r str),
}

impl Cell<'_> {
    /// The value, to be kept.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Boolean(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Id(id) => Value::Id(id),
            Self::Date(date) => Value::Date(date),
            Self::Instant(at) => Value::Instant(at),
            Self::Money(money) => Value::Money(money),
            Self::Json(text) => Value::Json(text.to_owned()),
        }
    }
}

impl<'r> From<&'r Value> for Cell<'r> {
    fn from(value: &'r Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Integer(value) => Self::Integer(*value),
            Value::Text(text) => Self::Text(text),
            Value::Id(id) => Self::Id(*id),
            Value::Date(date) => Self::Date(*date),
            Value::Instant(at) => Self::Instant(*at),
            Value::Money(money) => Self::Money(*money),
            Value::Json(text) => Self::Json(text),
        }
    }
}

/// What a field holds, as a type.
pub trait FieldType {
    /// The Rust type of its values in rules.
    type Rust;
    /// Reads the typed value; none where it is null.
    fn read(value: &Value) -> Option<Self::Rust>;
    /// Makes the value.
    fn write(value: Self::Rust) -> Value;
}

macro_rules! field_types {
    ($($type:ty => $variant:ident,)+) => {
        $(impl FieldType for $type {
            type Rust = Self;
            fn read(value: &Value) -> Option<Self> {
                match value {
                    Value::$variant(inner) => Some(inner.clone()),
                    _ => None,
                }
            }
            fn write(value: Self) -> Value {
                Value::$variant(value)
            }
        })+
    };
}

field_types! {
    bool => Boolean,
    i64 => Integer,
    String => Text,
    Uuid => Id,
    NaiveDate => Date,
    Instant => Instant,
    Money => Money,
}

impl FieldType for Json {
    type Rust = Self;
    fn read(value: &Value) -> Option<Self> {
        value.as_document()
    }
    fn write(value: Self) -> Value {
        Value::document(&value)
    }
}

/// A reference to a record of the object `To`: its id.
#[derive(Debug)]
pub struct Ref<To>(PhantomData<To>);

impl<To> FieldType for Ref<To> {
    type Rust = Uuid;
    fn read(value: &Value) -> Option<Uuid> {
        Uuid::read(value)
    }
    fn write(value: Uuid) -> Value {
        Uuid::write(value)
    }
}

/// A decimal number with four decimals, as a whole number of ten-thousandths: quantities, rates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Decimal(pub i64);

impl Decimal {
    /// The number of decimals.
    pub const SCALE: u8 = 4;
}

impl FieldType for Decimal {
    type Rust = Self;
    fn read(value: &Value) -> Option<Self> {
        i64::read(value).map(Self)
    }
    fn write(value: Self) -> Value {
        Value::Integer(value.0)
    }
}

/// One of the values a choice may have, and what it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Choice {
    /// As clients spell it: `UPPER_SNAKE`.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// A closed set of values; declare one with [`choices!`](crate::choices).
pub trait Choices: FieldType<Rust = Self> + Copy + PartialEq {
    /// Every value, in order.
    const ALL: &'static [Choice];
}

/// Declares a closed set of values as a Rust enum: its names and meanings are what clients see.
#[macro_export]
macro_rules! choices {
    ($(#[doc = $doc:literal])+ $vis:vis $name:ident { $($(#[doc = $meaning:literal])+ $variant:ident = $text:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        $vis enum $name { $($(#[doc = $meaning])+ $variant,)+ }

        impl $crate::value::Choices for $name {
            const ALL: &'static [$crate::value::Choice] =
                &[$($crate::value::Choice { name: $text, doc: concat!($($meaning),+).trim_ascii() },)+];
        }

        impl $crate::value::FieldType for $name {
            type Rust = Self;
            fn read(value: &$crate::value::Value) -> Option<Self> {
                match value {
                    $crate::value::Value::Text(text) => match text.as_str() {
                        $($text => Some(Self::$variant),)+
                        _ => None,
                    },
                    _ => None,
                }
            }
            fn write(value: Self) -> $crate::value::Value {
                $crate::value::Value::Text(match value { $(Self::$variant => $text,)+ }.to_owned())
            }
        }
    };
}
