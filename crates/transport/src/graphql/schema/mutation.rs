//! The fields of `Mutation`: the standard operations of every object and the commands, each with a payload
//! that holds what was written or the errors a client is expected to meet.

use std::sync::Arc;

use app::{
    Kith,
    command::{OutputKind, Registered},
    contract::{self, ERROR_CODE},
};
use async_graphql::dynamic::{Enum, EnumItem, Field, InputObject, InputValue, Object as Type, TypeRef};
use kernel::{
    Code, Registry,
    object::{Action, Object},
};
use utoipa::openapi::{
    KnownFormat, RefOr, Schema, SchemaFormat,
    schema::{ArrayItems, SchemaType, Type as JsonType},
};

use super::Types;
use crate::graphql::resolve;

/// A standard operation that writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standard {
    /// Creates a record.
    Create,
    /// Changes one.
    Update,
    /// Deletes one.
    Delete,
    /// Restores one.
    Restore,
}

impl Standard {
    const ALL: [Standard; 4] = [Self::Create, Self::Update, Self::Delete, Self::Restore];

    fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }

    fn action(self) -> Action {
        match self {
            Self::Create => Action::Create,
            Self::Update => Action::Update,
            Self::Delete | Self::Restore => Action::Delete,
        }
    }

    fn doc(self, object: &Object) -> String {
        let name = object.name;
        match self {
            Self::Create => format!("Creates a {name}."),
            Self::Update => format!("Changes a {name}: what is absent from the input stays, null clears."),
            Self::Delete => format!("Deletes a {name}; it can be restored for 30 days."),
            Self::Restore => format!("Restores a deleted {name}."),
        }
    }
}

/// The standard mutations of the registry, with their names.
pub fn standard(registry: &Registry) -> impl Iterator<Item = (String, Standard, &Arc<Object>)> {
    let of = |object| Standard::ALL.into_iter().map(move |standard: Standard| (standard, object));
    let allowed = |(standard, object): &(Standard, &Arc<Object>)| object.allows(standard.action());
    let named = |(standard, object): (Standard, &'_ Arc<Object>)| {
        (format!("{}{}", standard.verb(), object.type_name), standard)
    };
    registry.objects().iter().flat_map(of).filter(allowed).map(move |(standard, object)| {
        let (name, standard) = named((standard, object));
        (name, standard, object)
    })
}

/// The records that a mutation's payload shows: the field's name and the object.
pub fn records(kith: &Kith, mutation: &str) -> Vec<(&'static str, &'static str)> {
    if let Some(command) = kith.commands().iter().find(|command| command.spec.name == mutation) {
        let outputs = command.spec.outputs.iter();
        let record = |output: &app::command::Output| match output.kind {
            OutputKind::Record(object) => Some((output.name, object)),
            OutputKind::Text => None,
        };
        return outputs.filter_map(record).collect();
    }
    let found = standard(kith.registry()).find(|(name, ..)| name == mutation);
    found.map(|(_, _, object)| vec![(object.name, object.name)]).unwrap_or_default()
}

/// The object of the record that a mutation is about, by its argument `id`.
pub fn target(kith: &Kith, mutation: &str) -> Option<&'static str> {
    if let Some(command) = kith.commands().iter().find(|command| command.spec.name == mutation) {
        return command.on_record.then_some(command.spec.object);
    }
    let found = standard(kith.registry()).find(|(name, ..)| name == mutation);
    found.filter(|(_, standard, _)| *standard != Standard::Create).map(|(_, _, object)| object.name)
}

/// Registers them.
pub fn register(types: &mut Types, registry: &Registry, commands: &[Registered]) {
    let codes = Code::ALL.iter().map(|code| EnumItem::new(code.as_str()).description(code.meaning()));
    types.add(Enum::new(ERROR_CODE).description("The error's code.").items(codes));
    let text =
        |name, of, doc: &str| Field::new(name, of, move |ctx| resolve::part(ctx, name)).description(doc);
    types.add(
        Type::new("UserError")
            .description("An error that clients are expected to handle: nothing of the mutation was written.")
            .field(text("code", TypeRef::named_nn(ERROR_CODE), "The error's code."))
            .field(text(
                "field",
                TypeRef::named(TypeRef::STRING),
                "The place in the input, as a JSON pointer.",
            ))
            .field(text("message", TypeRef::named_nn(TypeRef::STRING), "The error's message, for people."))
            .field(text("meta", TypeRef::named(contract::JSON), "Details that a client may act on.")),
    );
    let mut mutation = Type::new("Mutation");
    for (name, standard, object) in standard(registry) {
        types.add(payload(&name, &[(object.name, OutputKind::Record(object.name), "The record.")], registry));
        let of = Arc::clone(object);
        let returned = TypeRef::named_nn(contract::payload(&name));
        let mut field =
            Field::new(&name, returned, move |ctx| resolve::write(ctx, standard, Arc::clone(&of)));
        if standard != Standard::Create {
            field = field.argument(id()).argument(version());
        }
        if matches!(standard, Standard::Create | Standard::Update) {
            field = field.argument(InputValue::new("input", TypeRef::named_nn(contract::input(&name))));
        }
        mutation = mutation.field(field.description(standard.doc(object)));
    }
    for command in commands {
        let spec = &command.spec;
        let outputs: Vec<_> =
            spec.outputs.iter().map(|output| (output.name, output.kind, output.doc)).collect();
        types.add(payload(spec.name, &outputs, registry));
        let name = spec.name;
        let mut field = Field::new(name, TypeRef::named_nn(contract::payload(name)), move |ctx| {
            resolve::command(ctx, name)
        });
        if command.on_record {
            field = field.argument(id()).argument(version());
        }
        if let Some(input) = command_input(types, registry, command) {
            field = field.argument(input);
        }
        mutation = mutation.field(field.description(spec.doc));
    }
    types.add(mutation);
}

fn payload(name: &str, outputs: &[(&'static str, OutputKind, &str)], registry: &Registry) -> Type {
    let mut payload = Type::new(contract::payload(name)).description(format!("The payload of `{name}`."));
    for (name, kind, doc) in outputs {
        let name = *name;
        let of = match kind {
            OutputKind::Record(object) => {
                registry.object(object).map_or(TypeRef::STRING, |object| &object.type_name)
            }
            OutputKind::Text => TypeRef::STRING,
        };
        payload = payload.field(
            Field::new(name, TypeRef::named(of), move |ctx| resolve::output(ctx, name)).description(*doc),
        );
    }
    let errors = Field::new("userErrors", TypeRef::named_nn_list_nn("UserError"), resolve::errors);
    payload.field(errors.description("The errors; empty if the mutation succeeded."))
}

/// The input type of a command, from the schema of its fields; none where it has no fields.
fn command_input(types: &mut Types, registry: &Registry, command: &Registered) -> Option<InputValue> {
    let RefOr::T(Schema::Object(schema)) = &command.input else { return None };
    if schema.properties.is_empty() {
        return None;
    }
    let spec = &command.spec;
    let name = contract::input(spec.name);
    let mut input = InputObject::new(&name).description(format!("The input of `{}`.", spec.name));
    for (member, schema_of) in &schema.properties {
        let (of, doc) = match (schema_of, registry.object(spec.object)) {
            (RefOr::T(Schema::Object(known)), Some(object)) if known.enum_values.is_some() => {
                let doc = known.description.clone().unwrap_or_default();
                let name = contract::input_choice(object, spec.name, member);
                if object.attribute(member).is_none() {
                    let values = known.enum_values.iter().flatten().filter_map(|value| value.as_str());
                    types.add(Enum::new(&name).description(&doc).items(values));
                }
                (TypeRef::named(name), doc)
            }
            _ => member_type(schema_of, member),
        };
        let required = schema.required.iter().any(|name| name == member);
        let of = if required { TypeRef::NonNull(Box::new(of)) } else { of };
        input = input.field(InputValue::new(member, of).description(doc));
    }
    types.add(input);
    Some(InputValue::new("input", TypeRef::named_nn(name)))
}

/// The GraphQL type of a member of a command's input. Ids are told by their names.
fn member_type(schema: &RefOr<Schema>, name: &str) -> (TypeRef, String) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let is = |kind: &JsonType| match &object.schema_type {
                SchemaType::Type(one) => one == kind,
                SchemaType::Array(several) => several.contains(kind),
                SchemaType::AnyValue => false,
            };
            let of = if is(&JsonType::Boolean) {
                TypeRef::BOOLEAN
            } else if is(&JsonType::Integer) {
                TypeRef::INT
            } else if is(&JsonType::String) {
                match object.format {
                    Some(SchemaFormat::KnownFormat(KnownFormat::Date)) => contract::DATE,
                    Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => contract::DATE_TIME,
                    _ if name.ends_with("Id") => TypeRef::ID,
                    _ => TypeRef::STRING,
                }
            } else {
                contract::JSON
            };
            (TypeRef::named(of), object.description.clone().unwrap_or_default())
        }
        RefOr::T(Schema::Array(array)) => {
            let of = match &array.items {
                ArrayItems::RefOrSchema(items) => member_type(items, name.trim_end_matches('s')).0,
                ArrayItems::False => TypeRef::named(contract::JSON),
            };
            let of = TypeRef::List(Box::new(TypeRef::NonNull(Box::new(of))));
            (of, array.description.clone().unwrap_or_default())
        }
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or(contract::JSON);
            (TypeRef::named(name), reference.description.clone())
        }
        RefOr::T(_) => (TypeRef::named(contract::JSON), String::new()),
    }
}

fn id() -> InputValue {
    InputValue::new("id", TypeRef::named_nn(TypeRef::ID)).description("The record's id.")
}

fn version() -> InputValue {
    let version = InputValue::new("expectedVersion", TypeRef::named(TypeRef::INT));
    version.description(
        "The version that the caller has seen; if the record has another by now: `version_conflict`.",
    )
}
