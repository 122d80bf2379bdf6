//! Introspection: what the schema tells of itself. async-graphql resolves it without a bound, a future for each value; here
//! the answer is measured before it is written. Measuring is quick, since what is selected of a type takes the same
//! room wherever the type is met.

use std::collections::HashMap;

use async_graphql::{
    parser::types::Field,
    registry::{
        Deprecation, MetaDirective, MetaEnumValue, MetaField, MetaInputValue, MetaType, MetaTypeName,
        Registry,
    },
};
use kernel::{Code, Error, Result, answer::Budget};
use serde_json::{Value as Json, json};

use super::document::{Collected, Document};

/// How many bytes an answer may have. What tools ask for, the whole schema, has less than one million.
pub const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The types of introspection, each with the fields whose values are of another one.
const TYPES: [(&str, &[(&str, &str)]); 6] = [
    (
        "__Schema",
        &[
            ("types", "__Type"),
            ("queryType", "__Type"),
            ("mutationType", "__Type"),
            ("subscriptionType", "__Type"),
            ("directives", "__Directive"),
        ],
    ),
    (
        "__Type",
        &[
            ("fields", "__Field"),
            ("interfaces", "__Type"),
            ("possibleTypes", "__Type"),
            ("enumValues", "__EnumValue"),
            ("inputFields", "__InputValue"),
            ("ofType", "__Type"),
        ],
    ),
    ("__Field", &[("args", "__InputValue"), ("type", "__Type")]),
    ("__InputValue", &[("type", "__Type")]),
    ("__EnumValue", &[]),
    ("__Directive", &[("args", "__InputValue")]),
];

/// Answers `__schema` or `__type`; none where the field is another one.
pub fn answer(
    registry: &Registry,
    document: Document<'_>,
    field: &Collected<'_>,
    budget: &Budget,
) -> Result<Option<Vec<u8>>> {
    let (thing, of) = match field.name {
        "__schema" => (Some(Thing::Schema), "__Schema"),
        "__type" => {
            let name = document.argument(field.field, "name");
            let known =
                name.as_ref().and_then(Json::as_str).and_then(|name| registry.types.get_key_value(name));
            (known.map(|(name, _)| Thing::Type(name)), "__Type")
        }
        _ => return Ok(None),
    };
    let Some(thing) = thing else { return Ok(Some(b"null".to_vec())) };
    let mut selections = Selections { document, sets: Vec::new() };
    let set = selections.set(field, of);
    let mut answer = Answer { registry, sets: selections.sets, known: HashMap::new() };
    let bytes = usize::try_from(answer.measure(thing, set)?).map_err(|error| Error::internal(error))?;
    // All root fields of an operation together are one answer.
    budget.spend(bytes)?;
    let mut out = Vec::with_capacity(bytes);
    answer.write(&mut out, thing, set)?;
    Ok(Some(out))
}

/// What is selected of a thing.
type Set = Vec<Selected>;

struct Selected {
    key: String,
    name: String,
    /// Whether a list has deprecated members as well.
    deprecated: bool,
    /// The set below it, by its place.
    below: usize,
}

/// Collects what is selected, once for all things that it is selected of.
struct Selections<'d> {
    document: Document<'d>,
    sets: Vec<Set>,
}

impl<'d> Selections<'d> {
    fn set(&mut self, field: &Collected<'d>, of: &str) -> usize {
        let inner = TYPES.iter().find(|(name, _)| *name == of).map_or(&[][..], |(_, inner)| inner);
        let mut set = Vec::new();
        for field in self.document.fields(&field.sets, &[of]) {
            let of = inner.iter().find(|(name, _)| *name == field.name).map(|(_, of)| *of);
            set.push(Selected {
                key: field.key.to_owned(),
                name: field.name.to_owned(),
                deprecated: self.flag(field.field, "includeDeprecated"),
                below: of.map(|of| self.set(&field, of)).unwrap_or_default(),
            });
        }
        self.sets.push(set);
        self.sets.len() - 1
    }

    fn flag(&self, field: &Field, name: &str) -> bool {
        self.document.argument(field, name) == Some(Json::Bool(true))
    }
}

/// What introspection tells of.
#[derive(Clone, Copy)]
enum Thing<'r> {
    Schema,
    /// A type as it is written, perhaps `[Contact!]!`.
    Type(&'r str),
    Field(&'r MetaField),
    Input(&'r MetaInputValue),
    Value(&'r MetaEnumValue),
    Directive(&'r MetaDirective),
}

/// What is told.
enum Told<'r> {
    Plain(Json),
    One(Thing<'r>),
    Many(Vec<Thing<'r>>),
}

impl<'r> Told<'r> {
    fn many(all: impl IntoIterator<Item = Thing<'r>>) -> Self {
        Self::Many(all.into_iter().collect())
    }
}

impl From<Json> for Told<'_> {
    fn from(json: Json) -> Self {
        Self::Plain(json)
    }
}

struct Answer<'r> {
    registry: &'r Registry,
    sets: Vec<Set>,
    /// The bytes of sets of types.
    known: HashMap<(usize, &'r str), u64>,
}

impl<'r> Answer<'r> {
    /// The bytes that a set of a thing takes; refuses what passes the limit anywhere.
    fn measure(&mut self, thing: Thing<'r>, set: usize) -> Result<u64> {
        if let Thing::Type(name) = thing
            && let Some(known) = self.known.get(&(set, name))
        {
            return Ok(*known);
        }
        let mut bytes = 2;
        for index in 0..self.sets.get(set).map_or(0, Vec::len) {
            let Some(selected) = self.sets.get(set).and_then(|set| set.get(index)) else { continue };
            let below = selected.below;
            bytes += u64::try_from(selected.key.len()).unwrap_or(u64::MAX) + 4;
            match self.told(thing, selected) {
                Told::Plain(json) => bytes += length(&json),
                Told::One(thing) => bytes += self.measure(thing, below)?,
                Told::Many(things) => {
                    bytes += 2;
                    for thing in things {
                        bytes += self.measure(thing, below)? + 1;
                        within(bytes)?;
                    }
                }
            }
            within(bytes)?;
        }
        if let Thing::Type(name) = thing {
            self.known.insert((set, name), bytes);
        }
        Ok(bytes)
    }

    fn write(&self, out: &mut Vec<u8>, thing: Thing<'r>, set: usize) -> Result<()> {
        out.push(b'{');
        for (index, selected) in self.sets.get(set).into_iter().flatten().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(selected.key.as_bytes());
            out.extend_from_slice(b"\":");
            match self.told(thing, selected) {
                Told::Plain(json) => {
                    serde_json::to_writer(&mut *out, &json).map_err(|error| Error::internal(error))?
                }
                Told::One(thing) => self.write(out, thing, selected.below)?,
                Told::Many(things) => {
                    out.push(b'[');
                    for (index, thing) in things.into_iter().enumerate() {
                        if index > 0 {
                            out.push(b',');
                        }
                        self.write(out, thing, selected.below)?;
                    }
                    out.push(b']');
                }
            }
        }
        out.push(b'}');
        Ok(())
    }

    fn told(&self, thing: Thing<'r>, selected: &Selected) -> Told<'r> {
        let name = selected.name.as_str();
        match thing {
            Thing::Schema => self.schema(name),
            Thing::Type(of) => match MetaTypeName::create(of) {
                MetaTypeName::NonNull(of) => wrapper("NON_NULL", of, name),
                MetaTypeName::List(of) => wrapper("LIST", of, name),
                MetaTypeName::Named(of) => match self.registry.types.get(of) {
                    Some(of) => self.named(of, name, selected.deprecated),
                    None => Json::Null.into(),
                },
            },
            Thing::Field(field) => match name {
                "name" => json!(field.name).into(),
                "description" => json!(field.description).into(),
                "args" => inputs(field.args.values(), selected.deprecated),
                "type" => Told::One(Thing::Type(&field.ty)),
                _ => deprecation(&field.deprecation, "__Field", name),
            },
            Thing::Input(input) => match name {
                "name" => json!(input.name).into(),
                "description" => json!(input.description).into(),
                "type" => Told::One(Thing::Type(&input.ty)),
                "defaultValue" => json!(input.default_value).into(),
                _ => deprecation(&input.deprecation, "__InputValue", name),
            },
            Thing::Value(value) => match name {
                "name" => json!(value.name).into(),
                "description" => json!(value.description).into(),
                _ => deprecation(&value.deprecation, "__EnumValue", name),
            },
            Thing::Directive(directive) => match name {
                "name" => json!(directive.name).into(),
                "description" => json!(directive.description).into(),
                "isRepeatable" => json!(directive.is_repeatable).into(),
                "locations" => {
                    Told::Plain(directive.locations.iter().map(|location| format!("{location:?}")).collect())
                }
                "args" => inputs(directive.args.values(), selected.deprecated),
                "__typename" => json!("__Directive").into(),
                _ => Json::Null.into(),
            },
        }
    }

    fn schema(&self, name: &str) -> Told<'r> {
        let root =
            |name: Option<&'r String>| name.map_or(Json::Null.into(), |name| Told::One(Thing::Type(name)));
        match name {
            "types" => Told::many(self.registry.types.keys().map(|name| Thing::Type(name))),
            "queryType" => root(Some(&self.registry.query_type)),
            "mutationType" => root(self.registry.mutation_type.as_ref()),
            "subscriptionType" => root(self.registry.subscription_type.as_ref()),
            "directives" => Told::many(self.registry.directives.values().map(Thing::Directive)),
            "__typename" => json!("__Schema").into(),
            _ => Json::Null.into(),
        }
    }

    fn named(&self, of: &'r MetaType, name: &str, deprecated: bool) -> Told<'r> {
        let is_shown = |of: &Deprecation| deprecated || !of.is_deprecated();
        match (name, of) {
            ("kind", of) => json!(kind(of)).into(),
            ("name", of) => json!(of.name()).into(),
            ("description", of) => json!(description(of)).into(),
            ("fields", MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }) => {
                let shown =
                    |field: &&MetaField| is_shown(&field.deprecation) && !field.name.starts_with("__");
                Told::many(fields.values().filter(shown).map(Thing::Field))
            }
            ("interfaces", MetaType::Object { name, .. } | MetaType::Interface { name, .. }) => {
                let all = self.registry.implements.get(name).into_iter().flatten();
                Told::many(all.map(|name| Thing::Type(name)))
            }
            (
                "possibleTypes",
                MetaType::Interface { possible_types, .. } | MetaType::Union { possible_types, .. },
            ) => Told::many(possible_types.iter().map(|name| Thing::Type(name))),
            ("enumValues", MetaType::Enum { enum_values, .. }) => {
                let shown = enum_values.values().filter(|value| is_shown(&value.deprecation));
                Told::many(shown.map(Thing::Value))
            }
            ("inputFields", MetaType::InputObject { input_fields, .. }) => {
                inputs(input_fields.values(), deprecated)
            }
            ("isOneOf", MetaType::InputObject { oneof, .. }) => json!(oneof).into(),
            ("specifiedByURL", MetaType::Scalar { specified_by_url, .. }) => json!(specified_by_url).into(),
            ("__typename", _) => json!("__Type").into(),
            _ => Json::Null.into(),
        }
    }
}

fn within(bytes: u64) -> Result<()> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    let detail = format!("the answer of introspection would have more than {MAX_BYTES} bytes");
    Err(Error::new(Code::QueryTooComplex, detail).with("limit", MAX_BYTES))
}

/// The bytes of a plain value, but for what is escaped in it.
fn length(json: &Json) -> u64 {
    let length = match json {
        Json::Null | Json::Bool(true) => 4,
        Json::String(text) => text.len() + 2,
        other => other.to_string().len(),
    };
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn wrapper<'r>(kind: &str, of: &'r str, name: &str) -> Told<'r> {
    match name {
        "kind" => json!(kind).into(),
        "ofType" => Told::One(Thing::Type(of)),
        "__typename" => json!("__Type").into(),
        _ => Json::Null.into(),
    }
}

fn inputs<'r>(all: impl Iterator<Item = &'r MetaInputValue>, deprecated: bool) -> Told<'r> {
    Told::many(all.filter(|input| deprecated || !input.deprecation.is_deprecated()).map(Thing::Input))
}

fn deprecation<'r>(of: &Deprecation, type_name: &str, name: &str) -> Told<'r> {
    match name {
        "isDeprecated" => json!(of.is_deprecated()).into(),
        "deprecationReason" => json!(of.reason()).into(),
        "__typename" => json!(type_name).into(),
        _ => Json::Null.into(),
    }
}

fn kind(of: &MetaType) -> &'static str {
    match of {
        MetaType::Scalar { .. } => "SCALAR",
        MetaType::Object { .. } => "OBJECT",
        MetaType::Interface { .. } => "INTERFACE",
        MetaType::Union { .. } => "UNION",
        MetaType::Enum { .. } => "ENUM",
        MetaType::InputObject { .. } => "INPUT_OBJECT",
    }
}

fn description(of: &MetaType) -> Option<&String> {
    match of {
        MetaType::Scalar { description, .. }
        | MetaType::Object { description, .. }
        | MetaType::Interface { description, .. }
        | MetaType::Union { description, .. }
        | MetaType::Enum { description, .. }
        | MetaType::InputObject { description, .. } => description.as_ref(),
    }
}

#[cfg(test)]
mod tests;
