//! What both doors read from a request in the same way: its id, who sends it, its body.

use std::sync::Arc;

use actix_web::{
    HttpMessage as _, HttpRequest,
    error::PayloadError,
    http::header::{self, HeaderMap},
    web::{Bytes, BytesMut},
};
use app::{Caller, Kith};
use futures::{Stream, StreamExt as _};
use kernel::{Code, Error, Result, actor::Origin, id::TypeId};

use crate::Transport;

/// The longest request id that is taken over from a client.
const MAX_ID: usize = 64;

/// The id of a request, kept with it.
#[derive(Clone)]
pub(crate) struct RequestId(pub Arc<str>);

/// The id that the client gave its request, if it is sane, or else a new one.
pub(crate) fn new_id(headers: &HeaderMap, kith: &Kith) -> Arc<str> {
    let given = headers.get("request-id").and_then(|value| value.to_str().ok());
    let is_sane = |id: &&str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        (1..=MAX_ID).contains(&id.len()) && id.bytes().all(known)
    };
    if let Some(id) = given.filter(is_sane) {
        return Arc::from(id);
    }
    let context = kith.context();
    let uuid = context.ids.next(context.clock.now());
    Arc::from(TypeId { prefix: "request", uuid }.to_string())
}

/// The request's id.
pub(crate) fn id(request: &HttpRequest) -> Arc<str> {
    request.extensions().get::<RequestId>().map_or_else(|| Arc::from("unknown"), |id| Arc::clone(&id.0))
}

/// Refuses what clients may rely on and Kith does not do yet: to ignore it would be to double their writes.
pub(crate) fn refuse_unsupported(request: &HttpRequest) -> Result<()> {
    match header(request, "idempotency-key")? {
        Some(_) => Err(Error::new(Code::InvalidParameter, "Idempotency-Key is not supported yet")),
        None => Ok(()),
    }
}

/// Answers for whoever sends the request, by its bearer credential: under what is remembered of it, where the
/// answer can be begun anew.
pub(crate) async fn acting<T>(
    transport: &Transport,
    request: &HttpRequest,
    can_begin_anew: bool,
    mut answer: impl AsyncFnMut(Caller) -> Result<T>,
) -> Result<T> {
    let credentials = header(request, "authorization").map_err(|_| Code::Unauthenticated)?;
    let (scheme, key) = credentials.and_then(|text| text.split_once(' ')).ok_or(Code::Unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Code::Unauthenticated.into());
    }
    let (kith, key, id) = (transport.kith(), key.trim(), id(request));
    if can_begin_anew {
        return kith.acting(key, Origin::Api, id, answer).await;
    }
    answer(kith.authenticate(key, Origin::Api, id).await?).await
}

/// The text of a header that may be given once.
pub(crate) fn header<'r>(request: &'r HttpRequest, name: &str) -> Result<Option<&'r str>> {
    let wrong = || Error::new(Code::InvalidParameter, format!("the header {name} is not readable"));
    let mut values = request.headers().get_all(name);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| wrong()),
        (Some(_), Some(_)) => {
            Err(Error::new(Code::InvalidParameter, format!("the header {name} is given twice")))
        }
    }
}

/// The body, as far as the limit allows; the time that all of a request may take bounds the wait for it.
pub(crate) async fn body(
    transport: &Transport,
    request: &HttpRequest,
    mut payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
) -> Result<Bytes> {
    let limit = transport.settings().body_limit;
    let too_large = || Error::new(Code::TooLarge, format!("the body may have {limit} bytes"));
    let announced = header(request, "content-length")?.and_then(|text| text.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).is_ok_and(|length| length > limit)) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| Error::new(Code::Malformed, format!("the body broke off: {error}")))?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Refuses a body of another type than these, or one that is compressed.
pub(crate) fn expect_content_type(request: &HttpRequest, allowed: &[&str]) -> Result<()> {
    let unsupported =
        || Error::new(Code::UnsupportedMediaType, format!("expected is {}", allowed.join(" or ")));
    let content_type = header(request, "content-type")?.ok_or_else(unsupported)?;
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let is_allowed = allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(essence.trim()));
    let is_utf8 = parameters.split(';').all(|parameter| match parameter.trim().split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    let encoding = header(request, header::CONTENT_ENCODING.as_str())?.unwrap_or("identity");
    if is_allowed && is_utf8 && encoding.eq_ignore_ascii_case("identity") {
        Ok(())
    } else {
        Err(unsupported())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn content_types_are_compared_by_what_they_mean() {
        let check = |content_type| {
            let request =
                TestRequest::default().insert_header(("content-type", content_type)).to_http_request();
            expect_content_type(&request, &["application/json"]).is_ok()
        };
        assert!(check("application/json"));
        assert!(check("Application/JSON; charset=\"UTF-8\""));
        assert!(!check("application/json; charset=latin1"));
        assert!(!check("text/plain"));
        let none = TestRequest::default().to_http_request();
        assert_eq!(expect_content_type(&none, &["a/b"]).unwrap_err().code, Code::UnsupportedMediaType);
        let packed = TestRequest::default()
            .insert_header(("content-type", "application/json"))
            .insert_header(("content-encoding", "gzip"));
        assert!(expect_content_type(&packed.to_http_request(), &["application/json"]).is_err());
    }

    #[test]
    fn a_header_is_given_once() {
        let request =
            TestRequest::default().append_header(("if-match", "1")).append_header(("if-match", "2"));
        assert!(header(&request.to_http_request(), "if-match").is_err());
    }
}
