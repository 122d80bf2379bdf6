//! Checks an input against the schema that clients are given, so that contract and behaviour are one.

use kernel::{Code, Violation};
use serde_json::{Map, Value as Json};
use utoipa::openapi::{
    RefOr, Schema,
    schema::{AdditionalProperties, ArrayItems, Object, SchemaType, Type},
};

/// Everything in the input that the schema does not allow: unknown, missing and mistyped members.
pub fn check(schema: &RefOr<Schema>, input: &Map<String, Json>) -> Vec<Violation> {
    let mut violations = Vec::new();
    if let RefOr::T(Schema::Object(object)) = schema {
        check_object(object, input, "", &mut violations);
    }
    violations
}

fn check_object(object: &Object, input: &Map<String, Json>, pointer: &str, violations: &mut Vec<Violation>) {
    let open = object.additional_properties.as_deref();
    if matches!(open, Some(AdditionalProperties::FreeForm(true)))
        || (object.properties.is_empty() && !pointer.is_empty())
    {
        return;
    }
    for name in &object.required {
        if input.get(name).is_none_or(Json::is_null) {
            violations.push(Violation::new(
                Code::Required,
                format!("{pointer}/{name}"),
                format!("{name} is required"),
            ));
        }
    }
    for (name, json) in input {
        let pointer = format!("{pointer}/{name}");
        match object.properties.get(name) {
            Some(schema) if !json.is_null() => check_value(schema, json, &pointer, violations),
            Some(_) => {}
            None => violations.push(Violation::new(
                Code::UnknownField,
                pointer,
                format!("there is no member {name}"),
            )),
        }
    }
}

fn check_value(schema: &RefOr<Schema>, json: &Json, pointer: &str, violations: &mut Vec<Violation>) {
    match (schema, json) {
        (RefOr::T(Schema::Object(object)), json) => {
            if !has_type(&object.schema_type, json) {
                violations.push(Violation::new(
                    Code::WrongType,
                    pointer,
                    "the value has another type than the schema says",
                ));
                return;
            }
            if let (Some(values), false) = (&object.enum_values, json.is_null())
                && !values.contains(json)
            {
                violations.push(Violation::new(
                    Code::UnknownValue,
                    pointer,
                    "the value is not one of those the schema lists",
                ));
            }
            if json.as_str().is_some_and(|text| text.contains('\0')) {
                violations.push(Violation::new(Code::Malformed, pointer, "U+0000 is not allowed"));
            }
            if let Json::Object(members) = json {
                check_object(object, members, pointer, violations);
            }
        }
        (RefOr::T(Schema::Array(array)), Json::Array(items)) => {
            if let ArrayItems::RefOrSchema(schema) = &array.items {
                for (index, item) in items.iter().enumerate() {
                    check_value(schema, item, &format!("{pointer}/{index}"), violations);
                }
            }
        }
        (RefOr::T(Schema::Array(_)), _) => {
            violations.push(Violation::new(Code::WrongType, pointer, "a list is expected"))
        }
        _ => {}
    }
}

fn has_type(expected: &SchemaType, json: &Json) -> bool {
    let is = |kind: &Type| match kind {
        Type::Object => json.is_object(),
        Type::String => json.is_string(),
        Type::Integer => json.is_i64() || json.is_u64(),
        Type::Number => json.is_number(),
        Type::Boolean => json.is_boolean(),
        Type::Array => json.is_array(),
        Type::Null => json.is_null(),
    };
    match expected {
        SchemaType::Type(kind) => is(kind),
        SchemaType::Array(kinds) => kinds.iter().any(is),
        SchemaType::AnyValue => true,
    }
}

/// `snake_case` as `camelCase`.
pub fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + &kernel::text::pascal(part))
}
