//! A request of any kind, and what becomes of it for whoever may send it.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Caller, Reply};

/// A request.
pub struct Request {
    /// The status of the answer.
    pub status: u16,
    /// How many events it leaves.
    pub events: u64,
    method: Method,
    path: String,
    header: Option<(&'static str, String)>,
    body: Option<String>,
}

impl Request {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { status: 200, events: 0, method, path: path.into(), header: None, body: None }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn head(path: impl Into<String>) -> Self {
        Self::new(Method::HEAD, path)
    }

    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path).writing(1)
    }

    pub fn post(path: impl Into<String>, body: &Json) -> Self {
        Self::post_text(path, body.to_string())
    }

    /// A text that claims to be JSON.
    pub fn post_text(path: impl Into<String>, body: impl Into<String>) -> Self {
        let request = Self { body: Some(body.into()), ..Self::new(Method::POST, path) };
        request.with("content-type", "application/json")
    }

    pub fn query(path: impl Into<String>, body: &Json) -> Self {
        Self { method: "QUERY".parse().unwrap(), ..Self::post(path, body) }
    }

    pub fn patch(path: impl Into<String>, body: &Json) -> Self {
        Self { method: Method::PATCH, ..Self::post(path, body) }
    }

    pub fn graphql(query: &str, variables: Json) -> Self {
        Self::post("/graphql", &json!({ "query": query, "variables": variables }))
    }

    /// With one header; for a body, its content type.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }

    /// It is done and leaves so many events.
    pub fn writing(self, events: u64) -> Self {
        Self { events, ..self }
    }

    /// It creates a record.
    pub fn creating(self) -> Self {
        Self { status: 201, events: 1, ..self }
    }

    /// It is answered with this status, and leaves nothing.
    pub fn answered(self, status: u16) -> Self {
        Self { status, events: 0, ..self }
    }

    /// What is asked, in short.
    pub fn name(&self) -> String {
        let body: String = self.body.iter().flat_map(|body| body.chars()).take(100).collect();
        format!("{} {} {body}", self.method, self.path)
    }

    /// Whether it only reads.
    pub fn only_reads(&self) -> bool {
        self.events == 0 && self.status == 200
    }

    /// Sends it.
    pub async fn ask(&self, caller: &Caller) -> Reply {
        let mut request = caller.request(self.method.clone(), &self.path);
        if let Some((name, value)) = &self.header {
            request = request.header(*name, value);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        caller.send(request).await
    }

    /// What is wrong with a reply to somebody who is not known, if anything is.
    pub fn complain(&self, reply: &Reply) -> Option<String> {
        let is_right = reply.status.as_u16() == 401 && reply.header("www-authenticate") == Some("Bearer");
        let says_so = self.method == Method::HEAD || reply.json()["code"] == "unauthenticated";
        (!is_right || !says_so).then(|| format!("{}: {reply}", self.name()))
    }
}
