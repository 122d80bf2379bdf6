//! Gives values the input types of the schema (GraphQL specification, section 3): nobody else looks at the
//! variables of a prepared operation.

use async_graphql::{
    Pos,
    registry::{MetaType, MetaTypeName, Registry, ScalarValidatorFn},
};
use kernel::{Code, error::Violation};
use serde_json::{Map, Value as Json};

use super::error::{LOCATIONS, MAX_FAULTS, locations};

/// Why a value does not suit its type.
#[derive(Debug)]
pub struct Fault {
    /// The members and places that lead to it, the innermost first.
    path: Vec<String>,
    what: String,
}

impl Fault {
    fn new(what: impl Into<String>) -> Self {
        Self { path: Vec::new(), what: what.into() }
    }

    /// The fault, seen from around the member or the place.
    #[must_use]
    pub fn within(mut self, step: impl ToString) -> Self {
        self.path.push(step.to_string());
        self
    }

    fn way(&self) -> impl Iterator<Item = &str> {
        self.path.iter().rev().map(String::as_str)
    }
}

/// All that is wrong with a value, as far as it is told.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The faults, seen from around the member or the place.
    #[must_use]
    pub fn within(self, step: impl ToString) -> Self {
        Self(self.0.into_iter().map(|fault| fault.within(step.to_string())).collect())
    }

    /// As clients are told of what they sent: the outermost step is a variable, which is declared there.
    pub fn in_variables(&self, at: Pos) -> impl Iterator<Item = Violation> {
        self.0.iter().map(move |fault| {
            let way: Vec<_> = fault.way().map(|step| step.replace('~', "~0").replace('/', "~1")).collect();
            let way = way.join("/");
            let detail = format!("${way}: {}", fault.what);
            Violation::new(Code::InvalidQuery, format!("/{way}"), detail).with(LOCATIONS, locations([at]))
        })
    }

    /// As clients are told of what they wrote: the outermost step is an argument, whose value stands there.
    pub fn in_document(&self, at: Pos) -> impl Iterator<Item = Violation> {
        self.0.iter().map(move |fault| {
            let detail = format!("{}: {}", fault.way().collect::<Vec<_>>().join("."), fault.what);
            Violation::new(Code::InvalidQuery, "", detail).with(LOCATIONS, locations([at]))
        })
    }

    fn are_all_told(&self) -> bool {
        self.0.len() >= MAX_FAULTS
    }

    /// The value, if it has no fault, and else nothing.
    fn add<T>(&mut self, step: impl ToString, value: Result<T, Self>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(faults) => {
                self.0.extend(faults.within(step).0);
                None
            }
        }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

/// The value as one of that type: a single one becomes a list of one, a whole number an id.
pub fn coerce(registry: &Registry, of: &str, value: Json) -> Result<Json, Faults> {
    match (MetaTypeName::create(of), value) {
        (MetaTypeName::NonNull(_), Json::Null) => Err(required()),
        (_, Json::Null) => Ok(Json::Null),
        (MetaTypeName::NonNull(of), value) => coerce(registry, of, value),
        (MetaTypeName::List(of), Json::Array(items)) => {
            let (mut coerced, mut faults) = (Vec::with_capacity(items.len()), Faults::default());
            for (at, item) in items.into_iter().enumerate() {
                coerced.extend(faults.add(at, coerce(registry, of, item)));
                if faults.are_all_told() {
                    break;
                }
            }
            if faults.0.is_empty() { Ok(Json::Array(coerced)) } else { Err(faults) }
        }
        (MetaTypeName::List(of), single) => Ok(Json::Array(vec![coerce(registry, of, single)?])),
        (MetaTypeName::Named(name), value) => named(registry, name, value),
    }
}

/// A value is missing.
pub fn required() -> Faults {
    Fault::new("a value is required").into()
}

fn named(registry: &Registry, name: &str, value: Json) -> Result<Json, Faults> {
    match registry.types.get(name) {
        Some(MetaType::Scalar { is_valid, .. }) => Ok(scalar(name, is_valid.as_ref(), value)?),
        Some(MetaType::Enum { enum_values, .. }) => match value {
            Json::String(text) if enum_values.contains_key(text.as_str()) => Ok(Json::String(text)),
            Json::String(text) => Err(Fault::new(format!("{name} has no value {text:?}")).into()),
            _ => Err(Fault::new(format!("a value of {name} is expected")).into()),
        },
        Some(MetaType::InputObject { .. }) => match value {
            Json::Object(members) => object(registry, name, members).map(Json::Object),
            _ => Err(Fault::new("an object is expected").into()),
        },
        _ => Err(Fault::new(format!("there is no input type {name}")).into()),
    }
}

fn scalar(name: &str, is_valid: Option<&ScalarValidatorFn>, value: Json) -> Result<Json, Fault> {
    let expected = |what: &str| Err(Fault::new(format!("{what} is expected")));
    match (name, value) {
        ("Int", value) if value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => Ok(value),
        ("Int", _) => expected("a whole number of 32 bits"),
        ("Float", value @ Json::Number(_)) => Ok(value),
        ("Float", _) => expected("a number"),
        ("Boolean", value @ Json::Bool(_)) => Ok(value),
        ("Boolean", _) => expected("true or false"),
        ("String" | "ID", value @ Json::String(_)) => Ok(value),
        ("String", _) => expected("text"),
        ("ID", Json::Number(number)) if number.is_i64() => Ok(Json::String(number.to_string())),
        ("ID", _) => expected("an id"),
        (_, value) => {
            let suits = is_valid.is_none_or(|is_valid| {
                async_graphql::Value::from_json(value.clone()).is_ok_and(|value| is_valid(&value))
            });
            if suits { Ok(value) } else { expected(&format!("a value of {name}")) }
        }
    }
}

/// No input of the schema has a default, so a member that is absent stays absent.
fn object(registry: &Registry, name: &str, given: Map<String, Json>) -> Result<Map<String, Json>, Faults> {
    let Some(MetaType::InputObject { input_fields, oneof, .. }) = registry.types.get(name) else {
        return Err(Fault::new(format!("there is no input type {name}")).into());
    };
    if *oneof && (given.len() != 1 || given.values().any(Json::is_null)) {
        return Err(Fault::new(format!("{name} takes exactly one member, which cannot be null")).into());
    }
    let (mut members, mut faults) = (Map::new(), Faults::default());
    for (member, field) in input_fields {
        if field.ty.ends_with('!') && !given.contains_key(member) {
            faults.add::<()>(member, Err(required()));
        }
    }
    for (member, value) in given {
        let coerced = match input_fields.get(member.as_str()) {
            Some(field) => coerce(registry, &field.ty, value),
            None => Err(Fault::new(format!("{name} has no such member")).into()),
        };
        if let Some(value) = faults.add(&member, coerced) {
            members.insert(member, value);
        }
        if faults.are_all_told() {
            break;
        }
    }
    if faults.0.is_empty() { Ok(members) } else { Err(faults) }
}

#[cfg(test)]
mod tests;
