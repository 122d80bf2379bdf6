//! The fields of `Mutation`: the standard operations of every object and the commands, each with a payload
//! that holds what was written or the errors a client is expected to meet.

use app::{
    Operations,
    contract::{self, ERROR_CODE},
    operation::{InputKind, Operation, OutputKind, Write},
};
use async_graphql::dynamic::{Enum, EnumItem, Field, InputObject, InputValue, Object as Type, TypeRef};
use kernel::{Code, Registry};
use utoipa::openapi::{
    KnownFormat, RefOr, Schema, SchemaFormat,
    schema::{ArrayItems, SchemaType, Type as JsonType},
};

use super::Types;
use crate::graphql::resolve;

/// Registers them.
pub fn register(types: &mut Types, registry: &Registry, operations: &Operations) {
    let codes = Code::ALL.iter().map(|code| EnumItem::new(code.as_str()).description(code.meaning()));
    types.add(Enum::new(ERROR_CODE).description("The error's code.").items(codes));
    let text = |name: &str, of, doc: &str| Field::new(name, of, resolve::unplanned).description(doc);
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
    for operation in operations.iter() {
        let Some(write) = operation.write() else { continue };
        types.add(payload(operation, write, registry));
        let returned = TypeRef::named_nn(contract::payload(&operation.name));
        let mut field = Field::new(&operation.name, returned, resolve::unplanned);
        if operation.on_record {
            field = field.argument(id()).argument(version());
        }
        match &write.input {
            InputKind::Nothing => {}
            InputKind::Fields(_) => field = field.argument(input(&write.input_type)),
            InputKind::Members(schema) => {
                if add_input(types, operation, schema) {
                    field = field.argument(input(&write.input_type));
                }
            }
        }
        mutation = mutation.field(field.description(&operation.doc));
    }
    types.add(mutation);
}

fn payload(operation: &Operation, write: &Write, registry: &Registry) -> Type {
    let payload = Type::new(contract::payload(&operation.name));
    let mut payload = payload.description(format!("The payload of `{}`.", operation.name));
    for output in &write.outputs {
        let of = match output.kind {
            OutputKind::Record(object) => {
                registry.object(object).map_or(TypeRef::STRING, |object| &object.type_name)
            }
            OutputKind::Text => TypeRef::STRING,
        };
        let field = Field::new(output.name, TypeRef::named(of), resolve::unplanned);
        payload = payload.field(field.description(output.doc));
    }
    let errors = Field::new("userErrors", TypeRef::named_nn_list_nn("UserError"), resolve::unplanned);
    payload.field(errors.description("The errors; empty if the mutation succeeded."))
}

fn input(name: &str) -> InputValue {
    InputValue::new("input", TypeRef::named_nn(name))
}

/// Adds the input type of a command, from the schema of its members; there is none without members.
fn add_input(types: &mut Types, operation: &Operation, schema: &RefOr<Schema>) -> bool {
    let RefOr::T(Schema::Object(schema)) = schema else { return false };
    if schema.properties.is_empty() {
        return false;
    }
    let name = contract::input(&operation.name);
    let mut input = InputObject::new(&name).description(format!("The input of `{}`.", operation.name));
    for (member, schema_of) in &schema.properties {
        let (of, doc) = match schema_of {
            RefOr::T(Schema::Object(known)) if known.enum_values.is_some() => {
                let doc = known.description.clone().unwrap_or_default();
                let name = contract::input_choice(&operation.object, &operation.name, member);
                if operation.object.attribute(member).is_none() {
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
    true
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
