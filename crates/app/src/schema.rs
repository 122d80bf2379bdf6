//! Checks an input against the schema that clients are given, so that contract and behaviour are one.

use kernel::{
    Code, Violation,
    time::{Instant, parse_date},
};
use serde_json::{Map, Value as Json};
use utoipa::openapi::{
    KnownFormat, RefOr, Schema, SchemaFormat,
    schema::{AdditionalProperties, ArrayItems, Object, ObjectBuilder, SchemaType, Type},
};

/// The schema of a text that is one of these.
pub fn one_of(doc: &str, names: impl IntoIterator<Item = &'static str>) -> Object {
    let names: Vec<Json> = names.into_iter().map(Json::from).collect();
    ObjectBuilder::new().schema_type(Type::String).description(Some(doc)).enum_values(Some(names)).build()
}

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
        let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
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
                let values: Vec<_> = values.iter().filter_map(Json::as_str).collect();
                let detail = format!("the value is one of {}", values.join(", "));
                violations.push(Violation::new(Code::UnknownValue, pointer, detail));
            }
            match json {
                Json::String(text) => {
                    let wrong = wrong_text(object, text);
                    violations.extend(wrong.map(|(code, detail)| Violation::new(code, pointer, detail)));
                }
                Json::Object(members) => check_object(object, members, pointer, violations),
                _ => {}
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

/// The violation of a text. The text itself is not repeated: it may be a secret.
fn wrong_text(object: &Object, text: &str) -> Option<(Code, String)> {
    if text.contains('\0') {
        return Some((Code::Malformed, "U+0000 is not allowed".to_owned()));
    }
    let (least, most) = (object.min_length.unwrap_or_default(), object.max_length.unwrap_or(usize::MAX));
    if !(least..=most).contains(&text.chars().count()) {
        let detail = match least {
            0 => format!("at most {most} characters are expected"),
            _ => format!("between {least} and {most} characters are expected"),
        };
        return Some((Code::OutOfRange, detail));
    }
    let expected = match object.format {
        Some(SchemaFormat::KnownFormat(KnownFormat::Date)) if parse_date(text).is_none() => "a date",
        Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) if Instant::parse(text).is_none() => {
            "an RFC 3339 instant"
        }
        _ => return None,
    };
    Some((Code::WrongType, format!("{expected} is expected")))
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
