//! Gives values the input types of the schema (GraphQL specification, section 3): nobody else looks at the
//! variables of a prepared operation.

use async_graphql::registry::{MetaType, MetaTypeName, Registry, ScalarValidatorFn};
use kernel::{Code, error::Violation};
use serde_json::{Map, Value as Json};

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

    /// As clients are told of it; the outermost step is the variable.
    pub fn violation(&self) -> Violation {
        let steps = self.path.iter().rev().map(|step| step.replace('~', "~0").replace('/', "~1"));
        let path = steps.collect::<Vec<_>>().join("/");
        Violation::new(Code::InvalidQuery, format!("/{path}"), format!("${path}: {}", self.what))
    }
}

/// The value as one of that type: a single one becomes a list of one, a whole number an id.
pub fn coerce(registry: &Registry, of: &str, value: Json) -> Result<Json, Fault> {
    match (MetaTypeName::create(of), value) {
        (MetaTypeName::NonNull(_), Json::Null) => Err(Fault::new("a value is required")),
        (_, Json::Null) => Ok(Json::Null),
        (MetaTypeName::NonNull(of), value) => coerce(registry, of, value),
        (MetaTypeName::List(of), Json::Array(items)) => {
            let items = items.into_iter().enumerate();
            items.map(|(at, item)| coerce(registry, of, item).map_err(|fault| fault.within(at))).collect()
        }
        (MetaTypeName::List(of), single) => Ok(Json::Array(vec![coerce(registry, of, single)?])),
        (MetaTypeName::Named(name), value) => named(registry, name, value),
    }
}

fn named(registry: &Registry, name: &str, value: Json) -> Result<Json, Fault> {
    match registry.types.get(name) {
        Some(MetaType::Scalar { is_valid, .. }) => scalar(name, is_valid.as_ref(), value),
        Some(MetaType::Enum { enum_values, .. }) => match value {
            Json::String(text) if enum_values.contains_key(text.as_str()) => Ok(Json::String(text)),
            Json::String(text) => Err(Fault::new(format!("{name} has no value {text:?}"))),
            _ => Err(Fault::new(format!("a value of {name} is expected"))),
        },
        Some(MetaType::InputObject { .. }) => match value {
            Json::Object(members) => object(registry, name, members).map(Json::Object),
            _ => Err(Fault::new("an object is expected")),
        },
        _ => Err(Fault::new(format!("there is no input type {name}"))),
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
fn object(registry: &Registry, name: &str, given: Map<String, Json>) -> Result<Map<String, Json>, Fault> {
    let Some(MetaType::InputObject { input_fields, oneof, .. }) = registry.types.get(name) else {
        return Err(Fault::new(format!("there is no input type {name}")));
    };
    if *oneof && (given.len() != 1 || given.values().any(Json::is_null)) {
        return Err(Fault::new(format!("{name} takes exactly one member, which cannot be null")));
    }
    let mut members = Map::new();
    for (member, value) in given {
        let Some(field) = input_fields.get(member.as_str()) else {
            return Err(Fault::new(format!("{name} has no such member")).within(member));
        };
        let value = coerce(registry, &field.ty, value).map_err(|fault| fault.within(&member))?;
        members.insert(member, value);
    }
    let is_missing = |member: &str, of: &str| of.ends_with('!') && !members.contains_key(member);
    match input_fields.iter().find(|(member, field)| is_missing(member, &field.ty)) {
        Some((member, _)) => Err(Fault::new("a value is required").within(member)),
        None => Ok(members),
    }
}

#[cfg(test)]
mod tests;
