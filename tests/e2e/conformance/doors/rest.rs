//! Calls as requests to the REST door.

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
                if let Some(predicate) = &asked.predicate {
                    path += &format!("&where={}", encode(&predicate.to_string()));
                }
                if let Some(deleted) = asked.deleted {
                    path += &format!("&deleted={deleted}");
                }
                request(Method::GET, path, None)
            }
            Operation::Search => {
                let body = json!({ "limit": 200, "where": asked.predicate, "deleted": asked.deleted });
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
                request(Method::POST, format!("{on}/{}", command.spec.path), Some(input.into()))
            }
            Operation::View(view) => request(Method::GET, format!("{record}/{}", view.path), None),
            Operation::Collection(collection) => {
                let path = format!("{record}/{}?limit=200&fields=id", collection.path);
                request(Method::GET, path, None)
            }
        }
    }
}
