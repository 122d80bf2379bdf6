//! Errors as GraphQL tells them: in a payload's `userErrors` where clients are expected to meet them, else
//! in `errors` with a code and the request's id.

use async_graphql::{ErrorExtensionValues, Pos};
use kernel::{Code, Error};
use serde_json::{Map, Value as Json, json};

/// The most faults that are reported of a document; there can be very many in a small one.
pub const MAX_FAULTS: usize = 20;

/// An error of a field.
pub fn field_error(error: Error) -> async_graphql::Error {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", error.public_code().as_str());
    let message = error.detail.clone();
    async_graphql::Error { message, source: Some(std::sync::Arc::new(error)), extensions: Some(extensions) }
}

/// The errors of a mutation: each broken rule, or the one thing that is wrong.
pub fn user_errors(error: &Error) -> Vec<Json> {
    if error.violations.is_empty() {
        return vec![
            json!({ "code": error.code.as_str(), "message": error.detail, "meta": meta(&error.meta) }),
        ];
    }
    let violations = error.violations.iter();
    violations
        .map(|violation| {
            json!({
                "code": violation.code.as_str(),
                "field": violation.pointer,
                "message": violation.detail,
                "meta": meta(&violation.meta),
            })
        })
        .collect()
}

fn meta(members: &serde_json::Map<String, Json>) -> Json {
    if members.is_empty() { Json::Null } else { Json::Object(members.clone()) }
}

/// The members of an error's data that GraphQL tells beside its message.
pub const LOCATIONS: &str = "locations";
/// The keys that lead to the field.
pub const PATH: &str = "path";

/// Places of a document, as errors tell them.
pub fn locations(places: impl IntoIterator<Item = Pos>) -> Json {
    places.into_iter().map(|Pos { line, column }| json!({ "line": line, "column": column })).collect()
}

/// The body for an operation that was refused before it ran.
pub fn refusal(error: &Error, request_id: &str) -> Json {
    json!({ "errors": told(error, request_id) })
}

/// An error as GraphQL tells it: each broken rule, or the one thing that is wrong.
pub fn told(error: &Error, request_id: &str) -> Vec<Json> {
    let told = |message: &str, code: Code, pointer: Option<&str>, own: &Map<String, Json>| {
        let mut told = Map::from_iter([("message".to_owned(), message.into())]);
        let mut meta = own.clone();
        for place in [LOCATIONS, PATH] {
            if let Some(place_of) = meta.remove(place).or_else(|| error.meta.get(place).cloned()) {
                told.insert(place.to_owned(), place_of);
            }
        }
        let mut extensions = Map::new();
        extensions.insert("code".to_owned(), code.as_str().into());
        if let Some(pointer) = pointer.filter(|pointer| !pointer.is_empty()) {
            extensions.insert("pointer".to_owned(), pointer.into());
        }
        if !meta.is_empty() {
            extensions.insert("meta".to_owned(), meta.into());
        }
        extensions.insert("requestId".to_owned(), request_id.into());
        told.insert("extensions".to_owned(), extensions.into());
        Json::Object(told)
    };
    let violations = error.violations.iter();
    let mut errors: Vec<_> = violations
        .map(|violation| told(&violation.detail, violation.code, Some(&violation.pointer), &violation.meta))
        .collect();
    if errors.is_empty() {
        errors.push(told(&error.detail, error.public_code(), None, &error.meta));
    }
    errors
}

/// The errors of the executor or the validator, those without a code under this one.
pub fn server_errors(errors: &[async_graphql::ServerError], code: Code, request_id: &str) -> Vec<Json> {
    let told = errors.iter().take(MAX_FAULTS);
    told.map(|error| {
        let mut json = serde_json::to_value(error).unwrap_or_default();
        let given = json.pointer("/extensions/code").cloned().unwrap_or_else(|| code.as_str().into());
        if let Some(members) = json.as_object_mut() {
            members.insert("extensions".to_owned(), json!({ "code": given, "requestId": request_id }));
        }
        json
    })
    .collect()
}
