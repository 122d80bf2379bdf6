//! Turns away who would wait too long, before anything else is done for a request: its body is not waited for, its key
//! is not proved, and the log has a number for each second instead of a line. Under several times the load that can be
//! served, most requests are answered here, so that what they cost is taken from those that are served.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{
    Error as ActixError, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    rt,
};
use app::{Demand, Kith};
use tokio::{task::yield_now, time::sleep};

use crate::{graphql, observe, problem, request, rest};

/// How often the log tells how many were turned away.
const REPORT: Duration = Duration::from_secs(1);

/// The number of requests that were turned away since the log told it last.
#[derive(Default)]
pub(crate) struct Refusals(AtomicU64);

impl Refusals {
    fn count(self: &Arc<Self>) {
        if self.0.fetch_add(1, Ordering::Relaxed) > 0 {
            return;
        }
        let refusals = Arc::clone(self);
        rt::spawn(async move {
            sleep(REPORT).await;
            let requests = refusals.0.swap(0, Ordering::Relaxed);
            tracing::warn!(requests, "overloaded: requests were refused that would have waited too long");
        });
    }
}

/// The text of a refusal, made once but for the request's id.
pub(crate) struct Template {
    before: String,
    after: String,
}

impl Template {
    /// The template of what `text` tells for a request of this id.
    pub(crate) fn new(text: impl FnOnce(&str) -> String) -> Self {
        const ID: &str = "{request_id}";
        let text = text(ID);
        let (before, after) = text.split_once(ID).unwrap_or((&text, ""));
        Self { before: before.to_owned(), after: after.to_owned() }
    }

    /// The text for a request.
    pub(crate) fn fill(&self, request_id: &str) -> String {
        [&self.before, request_id, &self.after].concat()
    }
}

/// Lets a request through, unless it would wait too long.
pub(crate) async fn admit<B: MessageBody>(
    kith: Kith,
    refusals: Arc<Refusals>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, ActixError> {
    if !is_overloaded(&kith, request.request()) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    refusals.count();
    if request::has_body(request.request()) {
        // What has come along with the head is taken off the connection, which has to be closed otherwise.
        yield_now().await;
    }
    let id = request::new_id(request.headers(), &kith);
    let mut response = match request.path() {
        graphql::PATH => graphql::overloaded(request.request(), &id),
        _ => problem::overloaded(&id),
    };
    observe::identify(response.headers_mut(), &id);
    Ok(request.into_response(response).map_into_right_body())
}

fn is_overloaded(kith: &Kith, request: &HttpRequest) -> bool {
    let demand = demand(request.method(), request.path());
    demand.is_some_and(|demand| request::key(request).is_ok_and(|key| kith.is_overloaded(key, demand)))
}

/// What a request asks of the database; none where it asks for nothing that a key is needed for.
fn demand(method: &Method, path: &str) -> Option<Demand> {
    let is_graphql = path == graphql::PATH;
    let is_rest = path.strip_prefix(rest::ROOT).is_some_and(|rest| rest.starts_with('/'));
    match method.as_str() {
        "POST" if is_graphql => Some(Demand::Unknown),
        _ if !is_rest => None,
        "POST" if path.ends_with(rest::SEARCH) => Some(Demand::Read),
        "GET" | "HEAD" | "QUERY" => Some(Demand::Read),
        "POST" | "PATCH" | "DELETE" => Some(Demand::Write),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_with_the_id() {
        let template = Template::new(|id| format!(r#"{{"requestId":"{id}"}}"#));
        assert_eq!(template.fill("request_1"), r#"{"requestId":"request_1"}"#);
    }

    #[test]
    fn method_and_path_tell_what_a_request_asks_of_the_database() {
        let cases = [
            (Method::GET, "/v1/contacts", Some(Demand::Read)),
            (Method::POST, "/v1/contacts", Some(Demand::Write)),
            (Method::PATCH, "/v1/contacts/contact_1", Some(Demand::Write)),
            (Method::POST, "/v1/contacts/search", Some(Demand::Read)),
            (Method::PUT, "/v1/contacts", None),
            (Method::GET, "/v1s/contacts", None),
            (Method::POST, "/graphql", Some(Demand::Unknown)),
            (Method::GET, "/readyz", None),
            (Method::GET, "/openapi.json", None),
        ];
        for (method, path, expected) in cases {
            assert_eq!(demand(&method, path), expected, "{method} {path}");
        }
    }
}
