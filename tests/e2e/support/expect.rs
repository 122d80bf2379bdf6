//! What tests expect of both doors: how a refusal looks, and that it has left no trace.

use std::{fmt::Display, sync::LazyLock};

use kernel::object::Action;
use reqwest::{Method, Url};
use serde_json::{Value as Json, json};

use super::{Caller, Reply};

/// The totals of every object, deleted records included, in one query. The total of the events is the number
/// of the last one, so that no write whatever goes unnoticed.
static TOTALS: LazyLock<String> = LazyLock::new(|| {
    let registry = app::registry();
    let objects = registry.objects().iter().filter(|object| object.allows(Action::Read));
    let totals =
        objects.map(|object| format!("{}(first: 1, deleted: INCLUDE) {{ totalCount }}", object.plural));
    format!("{{ {} }}", totals.collect::<Vec<_>>().join(" "))
});

impl Reply {
    /// A problem of this status and code, in the form that all of them have.
    pub fn refused(&self, status: u16, code: &str) -> Json {
        assert_eq!(self.status.as_u16(), status, "{code} is expected: {self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self}");
        assert_eq!(problem["status"], status, "{self}");
        assert_eq!(problem["type"], format!("/errors/{code}"), "{self}");
        assert_eq!(problem["requestId"].as_str(), self.header("request-id"), "{self}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{self}");
        assert!(problem["errors"].is_array(), "{self}");
        problem
    }

    /// A problem whose violations are these, each with its code and where it is.
    pub fn violates(&self, status: u16, code: &str, expected: &[(&str, &str)]) -> Json {
        let problem = self.refused(status, code);
        assert_eq!(places(&problem["errors"], "pointer"), sorted(expected), "{self}");
        problem
    }

    /// A GraphQL answer that is nothing but errors of this code.
    pub fn graphql_refused(&self, status: u16, code: &str) -> Json {
        assert_eq!(self.status.as_u16(), status, "{code} is expected: {self}");
        let errors = self.json()["errors"].take();
        let all = errors.as_array().unwrap_or_else(|| panic!("no errors: {self}"));
        assert!(!all.is_empty(), "{self}");
        for error in all {
            assert_eq!(error["extensions"]["code"], code, "{self}");
            assert_eq!(error["extensions"]["requestId"].as_str(), self.header("request-id"), "{self}");
            assert!(error["message"].is_string(), "{self}");
        }
        errors
    }
}

impl Caller {
    /// How many records of every object the caller can see, and so also how many events.
    pub async fn trace(&self) -> Json {
        self.graphql(&TOTALS, json!({})).await
    }

    /// The errors in the payload of a mutation that has to be refused there.
    pub async fn user_errors(&self, mutation: &str, variables: Json) -> Vec<Json> {
        let data = self.graphql(mutation, variables).await;
        let payload = data.as_object().and_then(|roots| roots.values().next()).unwrap();
        let errors = payload["userErrors"].as_array().unwrap_or_else(|| panic!("no userErrors: {data}"));
        assert!(!errors.is_empty(), "{mutation} was not refused: {data}");
        for (name, value) in payload.as_object().unwrap() {
            assert!(name == "userErrors" || value.is_null(), "{data}");
        }
        errors.clone()
    }

    /// A mutation that is refused in its payload for these reasons.
    pub async fn mutation_violates(
        &self,
        mutation: &str,
        variables: Json,
        expected: &[(&str, &str)],
    ) -> Vec<Json> {
        let errors = self.user_errors(mutation, variables).await;
        assert_eq!(places(&json!(errors), "field"), sorted(expected), "{errors:?}");
        errors
    }

    /// GET with a predicate in the query.
    pub async fn get_where(&self, path: &str, predicate: impl Display) -> Reply {
        let url = Url::parse_with_params(&format!("{}{path}", self.url), [("where", predicate.to_string())]);
        let url = url.unwrap().to_string();
        self.get(url.strip_prefix(&self.url).unwrap()).await
    }

    /// POST of a text that claims to be JSON.
    pub async fn post_text(&self, path: &str, body: impl Into<String>) -> Reply {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        self.send(request.body(body.into())).await
    }

    /// A command of a record, or of an object where the id is left out.
    pub async fn command(&self, path: &str, input: Json) -> Reply {
        self.post(&format!("/v1/{path}"), &input).await
    }

    /// All events, the oldest first.
    pub async fn events(&self) -> Vec<Json> {
        let mut events = Vec::new();
        let mut path = "/v1/events?sort=seq&limit=200".to_owned();
        loop {
            let mut page = self.get(&path).await.ok();
            events.append(page["items"].as_array_mut().unwrap());
            let Some(cursor) = page["page"]["nextCursor"].as_str() else { return events };
            path = format!("/v1/events?sort=seq&limit=200&cursor={cursor}");
        }
    }
}

/// The codes of errors with where they are, in order.
fn places(errors: &Json, place: &str) -> Vec<(String, String)> {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let errors = errors.as_array().into_iter().flatten();
    let mut places: Vec<_> = errors.map(|error| (text(&error["code"]), text(&error[place]))).collect();
    places.sort_unstable();
    places
}

fn sorted(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(code, place): &(&str, &str)| ((*code).to_owned(), (*place).to_owned());
    let mut expected: Vec<_> = expected.iter().map(owned).collect();
    expected.sort_unstable();
    expected
}
