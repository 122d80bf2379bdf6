//! A client of both doors, as somebody would write one.

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value as Json, json};

/// Somebody with a key.
#[derive(Clone)]
pub struct Caller {
    /// Where the server is.
    pub url: String,
    /// The key.
    pub key: String,
    /// The id of the user the key acts for.
    pub user: String,
    client: reqwest::Client,
}

/// What the server answered.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {self}"))
    }

    /// The body of an answer that has to be a success.
    pub fn ok(self) -> Json {
        assert!(self.status.is_success(), "{self}");
        self.json()
    }

    /// The code of an answer that has to be a problem with this status.
    pub fn problem(self, status: u16) -> Json {
        assert_eq!(self.status.as_u16(), status, "{self}");
        self.json()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.bytes))
    }
}

impl Caller {
    /// Somebody with that key.
    pub fn new(url: &str, key: &str, user: &str) -> Self {
        Self {
            url: url.to_owned(),
            key: key.to_owned(),
            user: user.to_owned(),
            client: reqwest::Client::new(),
        }
    }

    /// A request to a path, not yet sent.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    /// Sends a request.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        Reply { status, headers, bytes: answer.bytes().await.expect("a body").to_vec() }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Json) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: &Json) -> Reply {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Creates a record over REST and gives it back.
    pub async fn create(&self, objects: &str, input: Json) -> Json {
        self.post(&format!("/v1/{objects}"), &input).await.ok()
    }

    /// Sends a GraphQL operation.
    pub async fn graphql_reply(&self, query: &str, variables: Json) -> Reply {
        self.post("/graphql", &json!({ "query": query, "variables": variables })).await
    }

    /// The data of a GraphQL operation that has to succeed.
    pub async fn graphql(&self, query: &str, variables: Json) -> Json {
        let reply = self.graphql_reply(query, variables).await;
        let mut body = reply.json();
        assert!(reply.status.is_success() && body.get("errors").is_none(), "{query}: {reply}");
        body["data"].take()
    }
}
