//! A source that reads cells, as it is written: its options, and which of them go together.

use super::{
    super::{
        decimal::Decimal,
        mapping::CellSource,
        mapping_error::{MappingError, child},
        moment::{DatePattern, InstantPattern, has_short_year},
        shape::{Reference, ReferenceBy, Shape},
        transform::{Blank, Case, Choices, Split, Transform},
    },
    checked_name,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A source that reads cells, with every option; which of them go together is checked afterwards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CellsFile {
    column: Option<String>,
    columns: Option<Vec<String>>,
    join: Option<String>,
    trim: Option<bool>,
    split: Option<Split>,
    case: Option<Case>,
    #[serde(default)]
    alias: BTreeMap<String, String>,
    map: Option<BTreeMap<String, String>>,
    default: Option<String>,
    date: Option<String>,
    instant: Option<String>,
    zone: Option<String>,
    pivot: Option<i32>,
    #[serde(rename = "type", default)]
    kind: Kind,
    money: Option<String>,
    scale: Option<Value>,
    #[serde(rename = "ref")]
    reference: Option<ReferenceFile>,
    #[serde(default)]
    blank: Blank,
}

#[derive(Default, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    #[default]
    Text,
    Integer,
    Decimal,
    Boolean,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReferenceFile {
    object: String,
    by: Option<String>,
    system: Option<String>,
}

pub(super) fn cells(file: Map<String, Value>, at: &str) -> Result<CellSource, MappingError> {
    let file = CellsFile::deserialize(Value::Object(file))
        .map_err(|error| MappingError::new(at, error.to_string()))?;
    file.checked(at)
}

impl CellsFile {
    fn checked(self, at: &str) -> Result<CellSource, MappingError> {
        let Self {
            column,
            columns,
            join,
            trim,
            split,
            case,
            alias,
            map,
            default,
            date,
            instant,
            zone,
            pivot,
            kind,
            money,
            scale,
            reference,
            blank,
        } = self;
        let wrong = |option: &str, message: &str| Err(MappingError::new(&child(at, option), message));
        let columns = match (column, columns) {
            (Some(_), _) if join.is_some() => return wrong("join", "`join` needs `columns`"),
            (Some(column), _) => vec![column],
            (None, Some(columns)) if !columns.is_empty() => columns,
            _ => return wrong("columns", "no column is named"),
        };
        for column in &columns {
            checked_name(column, at)?;
        }
        if split.as_ref().is_some_and(|split| split.on.is_empty()) {
            return wrong("split", "`on` is empty");
        }
        for (option, values) in [("alias", Some(&alias)), ("map", map.as_ref())] {
            if values.is_some_and(|values| values.contains_key("")) {
                return wrong(option, "an empty value cannot be renamed; `blank` says what becomes of it");
            }
        }
        let map = match (map, default) {
            (Some(values), default) => Some(Choices { values, default }),
            (None, None) => None,
            (None, Some(_)) => return wrong("default", "`default` needs `map`"),
        };
        let shape = ShapeFile { date, instant, zone, pivot, kind, money, scale, reference }.checked(at)?;
        Ok(CellSource {
            columns: columns.into_iter().map(Arc::from).collect(),
            join: join.unwrap_or_else(|| " ".to_owned()),
            transform: Transform { trim: trim.unwrap_or(true), split, case, alias, map, shape, blank },
        })
    }
}

/// The options that say what a text is read as.
struct ShapeFile {
    date: Option<String>,
    instant: Option<String>,
    zone: Option<String>,
    pivot: Option<i32>,
    kind: Kind,
    money: Option<String>,
    scale: Option<Value>,
    reference: Option<ReferenceFile>,
}

impl ShapeFile {
    fn checked(self, at: &str) -> Result<Shape, MappingError> {
        let Self { date, instant, zone, pivot, kind, money, scale, reference } = self;
        let wrong = |option: &str, message: &str| MappingError::new(&child(at, option), message);
        let given =
            [date.is_some(), instant.is_some(), kind != Kind::Text, money.is_some(), reference.is_some()];
        if given.into_iter().filter(|given| *given).count() > 1 {
            return Err(MappingError::new(
                at,
                "only one of date, instant, type, money and ref can be applied",
            ));
        }
        if zone.is_some() && instant.is_none() {
            return Err(wrong("zone", "`zone` needs `instant`"));
        }
        if let Some(first) = pivot {
            let pattern = date.as_deref().or(instant.as_deref());
            if !pattern.is_some_and(has_short_year) {
                return Err(wrong("pivot", "`pivot` needs a pattern with a year of two digits"));
            }
            if !(1..=9900).contains(&first) {
                return Err(wrong("pivot", "`pivot` is the first of the hundred years that are meant"));
            }
        }
        let numeric = money.is_some() || matches!(kind, Kind::Integer | Kind::Decimal);
        if scale.is_some() && !numeric {
            return Err(wrong("scale", "`scale` needs `money` or a `type` that is a number"));
        }
        let scale = match scale {
            None => None,
            Some(factor) => match factor_of(&factor) {
                Some(factor) => Some(factor),
                None => return Err(wrong("scale", "`scale` is a decimal number other than 0")),
            },
        };
        if let Some(pattern) = date {
            return DatePattern::new(pattern, pivot)
                .map(Shape::Date)
                .map_err(|message| wrong("date", &message));
        }
        if let Some(pattern) = instant {
            let pattern = InstantPattern::new(pattern, zone.as_deref(), pivot);
            return pattern.map(Shape::Instant).map_err(|message| wrong("instant", &message));
        }
        if let Some(currency) = money {
            if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_uppercase()) {
                return Err(wrong("money", "a currency is three capital letters (ISO 4217)"));
            }
            return Ok(Shape::Money { currency, scale });
        }
        if let Some(ReferenceFile { object, by, system }) = reference {
            let at = child(at, "ref");
            let by = match (by, system) {
                (Some(field), None) => ReferenceBy::Field(checked_name(&field, &at)?.to_owned()),
                (None, Some(system)) => ReferenceBy::System(checked_name(&system, &at)?.to_owned()),
                _ => return Err(MappingError::new(&at, "a reference has either `by` or `system`")),
            };
            checked_name(&object, &at)?;
            return Ok(Shape::Reference(Reference { object, by }));
        }
        Ok(match kind {
            Kind::Text => Shape::Text,
            Kind::Integer => Shape::Integer { scale },
            Kind::Decimal => Shape::Decimal { scale },
            Kind::Boolean => Shape::Boolean,
        })
    }
}

/// A factor as a number, or as text where a number could not say it exactly.
fn factor_of(value: &Value) -> Option<Decimal> {
    let factor = match value {
        Value::Number(number) => Decimal::parse(&number.to_string())?,
        Value::String(text) => Decimal::parse(text)?,
        _ => return None,
    };
    (!factor.is_zero()).then_some(factor)
}
