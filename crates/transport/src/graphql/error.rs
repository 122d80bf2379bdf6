//! Errors as GraphQL tells them: in a payload's `userErrors` where clients are expected to meet them, else
//! in `errors` with a code and the request's id.

use async_graphql::ErrorExtensionValues;
use kernel::{Code, Error};
use serde_json::{Value as Json, json};

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

/// The body for an operation that was refused before it ran.
pub fn refusal(error: &Error, request_id: &str) -> Json {
    let code = error.public_code();
    let mut errors: Vec<_> = error
        .violations
        .iter()
        .map(|violation| {
            json!({ "message": violation.detail, "extensions": {
                "code": violation.code.as_str(), "pointer": violation.pointer, "requestId": request_id,
            } })
        })
        .collect();
    if errors.is_empty() {
        let extensions = json!({ "code": code.as_str(), "requestId": request_id, "meta": meta(&error.meta) });
        errors.push(json!({ "message": error.detail, "extensions": extensions }));
    }
    json!({ "errors": errors })
}

/// At most so many of async-graphql's errors are told: it can find very many in a small document.
const MAX_ERRORS: usize = 20;

/// The errors of the executor or the validator, those without a code under this one.
pub fn server_errors(errors: &[async_graphql::ServerError], code: Code, request_id: &str) -> Vec<Json> {
    let told = errors.iter().take(MAX_ERRORS);
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
