//! Which web pages a browser lets ask (the Fetch standard's CORS protocol). A key travels in a header that pages set
//! themselves, never in a cookie, so that a page can do no more than its own key allows.
//!
//! This goes around everything, also around what answers for requests that took too long or failed: a page could
//! not read those answers otherwise.

use std::sync::Arc;

use actix_web::{
    Error as ActixError, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
};

const METHODS: &str = "GET, HEAD, POST, PATCH, DELETE";
const HEADERS: &str = "Authorization, Content-Type, If-Match, If-None-Match, Request-Id";
const EXPOSED: &str = "ETag, Location, Link, Request-Id, Retry-After";
/// How long a browser remembers what it was told, in seconds: as long as any of them does.
const MAX_AGE: &str = "7200";

/// The origins of the web pages that may ask.
#[derive(Clone, Debug, Default)]
pub struct Origins(Arc<[String]>);

impl Origins {
    /// Reads a list with commas between; `*` stands for every origin. Fails with what is no origin.
    pub fn parse(list: &str) -> Result<Self, String> {
        let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let read =
            |origin: &str| if is_origin(origin) { Ok(origin.to_owned()) } else { Err(origin.to_owned()) };
        origins.map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether no page may ask.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn admit(&self, origin: &HeaderValue) -> bool {
        let is_it = |known: &String| known == "*" || known.as_bytes() == origin.as_bytes();
        self.0.iter().any(is_it)
    }
}

/// Whether it is an origin as browsers send it: scheme, host and port, with nothing behind and in small letters.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', '@', '*', ' ']);
    text == "*" || (host.is_some_and(is_host) && !text.contains(|letter: char| letter.is_ascii_uppercase()))
}

/// Answers a browser that asks whether a page may ask, and tells it which answers the page may read.
pub(crate) async fn share<B: MessageBody>(
    origins: Origins,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, ActixError> {
    let origin = request.headers().get(header::ORIGIN).cloned().filter(|origin| origins.admit(origin));
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if origin.is_some() && is_preflight {
        let mut response = HttpResponse::NoContent()
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE))
            .finish();
        tell(response.headers_mut(), origin);
        return Ok(request.into_response(response).map_into_right_body());
    }
    match next.call(request).await {
        Ok(mut response) => {
            tell(response.headers_mut(), origin);
            Ok(response.map_into_left_body())
        }
        Err(error) => {
            let mut response = error.error_response();
            tell(response.headers_mut(), origin);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Whatever is answered depends on who asks, so that no cache gives it to another page.
fn tell(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_what_browsers_send_is_an_origin() {
        let origins = Origins::parse("https://app.example.com, http://localhost:5173,").unwrap();
        let admits = |origin| origins.admit(&HeaderValue::from_static(origin));
        assert!(admits("https://app.example.com") && admits("http://localhost:5173"));
        assert!(!admits("https://app.example.com.evil.example") && !admits("http://app.example.com"));
        assert!(!admits("null") && !admits("https://APP.example.com"));
        assert!(Origins::parse("*").unwrap().admit(&HeaderValue::from_static("null")));
        assert!(Origins::parse("").unwrap().is_empty());
        for wrong in
            ["app.example.com", "https://", "https://a.example/", "ftp://a.example", "https://*.a.example"]
        {
            assert_eq!(Origins::parse(wrong).unwrap_err(), wrong);
        }
        assert!(Origins::parse("https://A.example").is_err());
    }
}
