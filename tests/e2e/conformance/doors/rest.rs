//! Calls as requests to the REST door.

use kernel::object::Object;
use reqwest::Method;
use serde_json::json;

use super::{Asked, Call, Operation, Request};

/// Text as it stands in a query string.
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// All fields, where lists leave some of them out unless they are named.
pub fn all_fields(object: &Object) -> Option<Vec<&'static str>> {
    let names = || object.attributes.iter().map(|field| field.name).collect();
    object.attributes.iter().any(|field| field.is_long()).then(names)
}

impl Call<'_> {
    /// The request.
    pub(super) fn rest(&self, asked: &Asked) -> Request {
        let objects = format!("/v1/{}", self.object.path);
        let record = format!("{objects}/{}", asked.id);
        let request = |method, path, body| Request { method, path, body };
        let mut input = asked.input.clone();
        match self.operation {
            Operation::List => {
                let mut path = format!("{objects}?limit=200");
                if let Some(fields) = all_fields(self.object.as_ref()) {
                    path += &format!("&fields={}", fields.join(","));
                }
                if let Some(predicate) = &asked.predicate {
                    path += &format!("&where={}", encode(&predicate.to_string()));
                }
                if let Some(deleted) = asked.deleted {
                    path += &format!("&deleted={deleted}");
                }
                request(Method::GET, path, None)
            }
            Operation::Search => {
                let (predicate, deleted, fields) =
                    (&asked.predicate, asked.deleted, all_fields(self.object.as_ref()));
                let body = json!({ "limit": 200, "where": predicate, "deleted": deleted, "fields": fields });
                request(Method::POST, format!("{objects}/search"), Some(body))
            }
            Operation::Get => request(Method::GET, record, None),
            Operation::Create => request(Method::POST, objects, Some(input.into())),
            Operation::Update => request(Method::PATCH, record, Some(input.into())),
            Operation::Delete => request(Method::DELETE, record, None),
            Operation::Restore => request(Method::POST, format!("{record}/restore"), Some(json!({}))),
            Operation::Command(command) => {
                input.extend(asked.version.map(|version| ("expectedVersion".to_owned(), version.into())));
                let on = if command.on_record { record } else { objects };
                let endpoint = command.endpoint;
                let method = endpoint.method.parse().unwrap();
                request(method, format!("{on}/{}", endpoint.path), Some(input.into()))
            }
            Operation::View(view) => request(Method::GET, format!("{record}/{}", view.path), None),
            Operation::Collection(collection) => {
                let path = format!("{record}/{}?limit=200&fields=id", collection.path);
                request(Method::GET, path, None)
            }
        }
    }
}
