//! The shapes of texts: a number, a day, an amount, another record.

use super::decimal::Decimal;
use super::fault::{Fault, excerpt};
use super::moment::{DatePattern, InstantPattern, NoInstant};
use serde_json::{Value, json};

/// The shape as which a text is read.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Text,
    Boolean,
    Integer { scale: Option<Decimal> },
    Decimal { scale: Option<Decimal> },
    Money { currency: String, scale: Option<Decimal> },
    Date(DatePattern),
    Instant(InstantPattern),
    Reference(Reference),
}

/// The records that a reference points at, and how a cell names one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The object of the record looked for.
    pub object: String,
    /// The key that the cell is compared with.
    pub by: ReferenceBy,
}

/// The key by which a cell names another record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferenceBy {
    /// By the value of this field.
    Field(String),
    /// By its key in this outside system.
    System(String),
}

impl Shape {
    /// The value a text stands for. A reference is for the caller, as it is no value yet.
    pub fn value(&self, text: String) -> Result<Value, Fault> {
        match self {
            Self::Text | Self::Reference(_) => Ok(Value::String(text)),
            Self::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok(Value::Bool(true)),
                "false" | "no" | "0" => Ok(Value::Bool(false)),
                _ => Err(unreadable("invalid_boolean", &text, "true, false, yes, no, 1 or 0")),
            },
            Self::Integer { scale } => number(&text, *scale)
                .and_then(Decimal::integer)
                .map(Value::from)
                .ok_or_else(|| unreadable("invalid_integer", &text, "a whole number of at most 64 bits")),
            Self::Decimal { scale } => decimal(&text, *scale).map(Value::String),
            Self::Money { currency, scale } => {
                decimal(&text, *scale).map(|amount| json!({"amount": amount, "currency": currency}))
            }
            Self::Date(pattern) => pattern.read(&text).map(Value::String).ok_or_else(|| {
                unreadable("invalid_date", &text, &format!("a date written as {}", pattern.pattern()))
            }),
            Self::Instant(pattern) => pattern.read(&text).map(Value::String).map_err(|reason| {
                let what = match reason {
                    NoInstant::Unreadable => {
                        format!("is not a date and time written as {}", pattern.pattern())
                    }
                    NoInstant::LeftOut(zone) => {
                        format!("was left out in {zone}: its clock was put forward over it")
                    }
                    NoInstant::Twice(zone) => {
                        format!("comes twice in {zone}: its clock was put back over it")
                    }
                };
                Fault::new("invalid_instant", format!("{} {what}", excerpt(&text)))
            }),
        }
    }
}

fn number(text: &str, scale: Option<Decimal>) -> Option<Decimal> {
    let number = Decimal::parse(text)?;
    match scale {
        None => Some(number),
        Some(factor) => number.times(factor),
    }
}

fn decimal(text: &str, scale: Option<Decimal>) -> Result<String, Fault> {
    number(text, scale)
        .map(|number| number.to_string())
        .ok_or_else(|| unreadable("invalid_decimal", text, "a decimal number like -1234.50"))
}

fn unreadable(code: &'static str, text: &str, wanted: &str) -> Fault {
    Fault::new(code, format!("{} is not {wanted}", excerpt(text)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::decimal::Decimal;
    use super::super::moment::{DatePattern, InstantPattern};
    use super::Shape;
    use serde_json::{Value, json};

    fn value(shape: &Shape, text: &str) -> Result<Value, &'static str> {
        shape.value(text.to_owned()).map_err(|fault| fault.code)
    }

    #[test]
    fn shapes() {
        let scale = Decimal::parse("1000");
        let integer = Shape::Integer { scale: None };
        assert_eq!(value(&integer, "3.0"), Ok(json!(3)));
        assert_eq!(value(&integer, "3.5"), Err("invalid_integer"));
        assert_eq!(value(&Shape::Integer { scale }, "2.5"), Ok(json!(2500)));
        assert_eq!(value(&Shape::Boolean, "Yes"), Ok(json!(true)));
        assert_eq!(value(&Shape::Boolean, "0"), Ok(json!(false)));
        assert_eq!(value(&Shape::Boolean, "on"), Err("invalid_boolean"));
        assert_eq!(value(&Shape::Decimal { scale: None }, "1.50"), Ok(json!("1.50")));
        assert_eq!(value(&Shape::Decimal { scale: None }, "1,50"), Err("invalid_decimal"));
        let money = Shape::Money { currency: "USD".to_owned(), scale };
        assert_eq!(value(&money, "1.0544"), Ok(json!({"amount": "1054.4", "currency": "USD"})));
        let date = Shape::Date(DatePattern::new("%m/%d/%Y".to_owned(), None).unwrap());
        assert_eq!(value(&date, "3/1/2017"), Ok(json!("2017-03-01")));
        assert_eq!(value(&date, "1.3.2017"), Err("invalid_date"));
        let instant = Shape::Instant(InstantPattern::new("%F %T".to_owned(), None, None).unwrap());
        assert_eq!(value(&instant, "2023-06-01 12:15:36"), Ok(json!("2023-06-01T12:15:36.000Z")));
        assert_eq!(value(&instant, "later"), Err("invalid_instant"));
    }
}
