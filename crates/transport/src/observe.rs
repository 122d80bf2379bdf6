//! Around every request of both doors: its id, its span, its deadline, and what becomes of a panic.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    Error as ActixError, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use futures::FutureExt as _;
use kernel::{Code, Error};
use tokio::time::timeout;
use tracing::{Instrument as _, Span, field::Empty, info_span};

use crate::{
    problem,
    request::{Arriving, RequestId},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Lets a request through and answers for it where it fails to answer itself.
pub(crate) async fn watch<B: MessageBody>(
    limit: Duration,
    id: Arc<str>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, ActixError> {
    let (begun, arriving) = (Instant::now(), Arriving::default());
    let only_reads = request.method().is_safe();
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    request.extensions_mut().insert(arriving.clone());
    let span = span(&request, &id);
    let answer = AssertUnwindSafe(timeout(limit, next.call(request)));
    let outcome = match answer.catch_unwind().instrument(span.clone()).await {
        // The compression answers so by itself, in plain text.
        Ok(Ok(Ok(response))) if is_bare(&response) => {
            let detail = "the server can answer as it is (identity), gzip or br";
            Err(failed(&span, &Error::new(Code::NotAcceptable, detail), &id))
        }
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) if arriving.get() => Err(failed(&span, &Code::RequestTimeout.into(), &id)),
        Ok(Err(_)) if only_reads => Err(failed(&span, &Code::Timeout.into(), &id)),
        Ok(Err(_)) => Err(failed(&span, &Error::from(Code::Timeout).in_doubt(), &id)),
        Err(_) => Err(failed(&span, &Error::internal("a panic, told above"), &id)),
    };
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let outcome = outcome.map(|mut response| {
        identify(response.headers_mut(), &id);
        response
    });
    span.record("status", status.as_u16());
    span.record("latency_ms", u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    span.in_scope(|| tracing::info!("answered"));
    outcome
}

fn span(request: &ServiceRequest, id: &str) -> Span {
    // The query and the body may hold personal data, and the headers the key: none of them is logged.
    info_span!(
        "request",
        method = request.method().as_str(),
        path = request.path(),
        request_id = id,
        status = Empty,
        latency_ms = Empty,
    )
}

/// Whether an answer says that nothing is acceptable, and is not one of ours.
fn is_bare<B>(response: &ServiceResponse<B>) -> bool {
    response.status() == StatusCode::NOT_ACCEPTABLE && !response.headers().contains_key(header::CONTENT_TYPE)
}

fn failed(span: &Span, error: &Error, id: &str) -> ActixError {
    let mut response = span.in_scope(|| problem::answer(error, id));
    identify(response.headers_mut(), id);
    InternalError::from_response(error.code.as_str(), response).into()
}

/// Tells the client the request's id.
pub(crate) fn identify(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use actix_web::{App, HttpResponse, middleware::from_fn, test, web};

    use super::*;

    async fn burst() -> HttpResponse {
        panic!("told to")
    }

    /// The status and the body of an answer, and the error where there is none.
    async fn ask(path: &str) -> (u16, String) {
        let watch = |request: ServiceRequest, next: Next<_>| {
            watch(Duration::from_millis(50), Arc::from("request_1"), request, next)
        };
        let app = App::new()
            .wrap(from_fn(watch))
            .route("/good", web::to(|| async { HttpResponse::Ok().body("good") }))
            .route("/slow", web::to(std::future::pending::<HttpResponse>))
            .route("/panic", web::to(burst));
        let app = test::init_service(app).await;
        let request = test::TestRequest::get().uri(path).to_request();
        let response = match test::try_call_service(&app, request).await {
            Ok(response) => response.into_parts().1.map_into_boxed_body(),
            Err(error) => error.error_response(),
        };
        assert_eq!(response.headers().get("request-id").unwrap(), "request_1");
        let status = response.status().as_u16();
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn everything_is_answered_under_its_id() {
        assert_eq!(ask("/good").await, (200, "good".to_owned()));
        let (status, body) = ask("/slow").await;
        assert!(status == 503 && body.contains("request_1") && body.contains("timeout"), "{body}");
        let (status, body) = ask("/panic").await;
        assert!(status == 500 && body.contains("request_1") && !body.contains("told to"), "{body}");
    }
}
