//! Around every request of both doors: its id, its span, its deadline, and what becomes of a panic.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use actix_web::{
    Error as ActixError, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use futures::FutureExt as _;
use kernel::{Code, Error};
use tracing::{Instrument as _, Span, field::Empty, info_span};

use crate::{
    Transport, problem,
    request::{self, RequestId},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Lets a request through and answers for it where it fails to answer itself.
pub(crate) async fn watch<B: MessageBody>(
    transport: Transport,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, ActixError> {
    let begun = Instant::now();
    let id = request::new_id(request.headers(), transport.kith());
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let span = span(&request, &id);
    let answer = AssertUnwindSafe(tokio::time::timeout(transport.settings().timeout, next.call(request)));
    let outcome = match answer.catch_unwind().instrument(span.clone()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(failed(&span, &Code::Timeout.into(), &id)),
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

fn failed(span: &Span, error: &Error, id: &str) -> ActixError {
    let mut response = span.in_scope(|| problem::answer(error, id));
    identify(response.headers_mut(), id);
    InternalError::from_response(error.code.as_str(), response).into()
}

fn identify(headers: &mut actix_web::http::header::HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}
