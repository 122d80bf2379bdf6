//! What both doors read from a request in the same way: its id, who sends it, its body.

use std::{cell::Cell, rc::Rc, sync::Arc};

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

/// Whether more of a request is waited for, kept with it: what then takes too long is the client's doing.
#[derive(Clone, Default)]
pub(crate) struct Arriving(Rc<Cell<bool>>);

impl Arriving {
    /// Whether more of the request is waited for.
    pub(crate) fn get(&self) -> bool {
        self.0.get()
    }

    /// Notes of a request whether more of it is waited for.
    pub(crate) fn note(request: &HttpRequest, more: bool) {
        if let Some(Self(arriving)) = request.extensions().get() {
            arriving.set(more);
        }
    }
}

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
pub(crate) async fn with_cached_caller<T>(
    transport: &Transport,
    request: &HttpRequest,
    can_begin_anew: bool,
    mut answer: impl AsyncFnMut(Caller) -> Result<T>,
) -> Result<T> {
    let (kith, key, id) = (transport.kith(), key(request)?, id(request));
    if can_begin_anew {
        return kith.with_cached_caller(key, Origin::Api, id, answer).await;
    }
    answer(kith.authenticate(key, Origin::Api, id).await?).await
}

/// The key that a request presents.
pub(crate) fn key(request: &HttpRequest) -> Result<&str> {
    let credentials = header(request, "authorization").map_err(|_| Code::Unauthenticated)?;
    let (scheme, key) = credentials.and_then(|text| text.split_once(' ')).ok_or(Code::Unauthenticated)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(key.trim()) } else { Err(Code::Unauthenticated.into()) }
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

/// Whether a body follows the head.
pub(crate) fn has_body(request: &HttpRequest) -> bool {
    let tells = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    tells.iter().any(|name| request.headers().contains_key(name))
}

/// The body, as far as the limit allows; the time that all of a request may take bounds the wait for it.
///
/// Nothing is kept for senders whose key is not known. Whoever is, is found out once the body is there: by then the
/// key may have ended.
pub(crate) async fn body(
    transport: &Transport,
    request: &HttpRequest,
    mut payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
) -> Result<Bytes> {
    if has_body(request) {
        transport.kith().check_key(key(request)?).await?;
    }
    let limit = transport.settings().body_limit;
    let too_large = || Error::new(Code::TooLarge, format!("the body may have {limit} bytes"));
    let announced = header(request, "content-length")?.and_then(|text| text.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).is_ok_and(|length| length > limit)) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    Arriving::note(request, true);
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| Error::new(Code::Malformed, format!("the body broke off: {error}")))?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Arriving::note(request, false);
    Ok(body.freeze())
}

/// Refuses a body that is compressed or encoded otherwise.
pub(crate) fn expect_no_encoding(request: &HttpRequest) -> Result<()> {
    match header(request, header::CONTENT_ENCODING.as_str())? {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => {
            let detail =
                format!("the body is encoded as {encoding}; it is read without Content-Encoding only");
            Err(Error::new(Code::UnsupportedMediaType, detail))
        }
        _ => Ok(()),
    }
}

/// What is told where nothing was found: the error, or what is wrong with how the path is written.
pub(crate) fn unless_misspelled(request: &HttpRequest, error: Error) -> Error {
    let (path, is_missing) =
        (request.uri().path(), matches!(error.code, Code::NotFound | Code::UnknownOperation));
    if !is_missing || is_spelled_rightly(path) {
        return error;
    }
    Error::new(Code::Malformed, "the path is not percent-encoded UTF-8 without U+0000")
}

/// Whether a path has only letters that may stand in one (RFC 3986, section 3.3), and others percent-encoded.
fn is_spelled_rightly(path: &str) -> bool {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte);
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                match digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
                    Some(byte) if byte != 0 => byte,
                    _ => return false,
                }
            }
            byte if plain => byte,
            _ => return false,
        });
    }
    String::from_utf8(bytes).is_ok()
}

/// Refuses a body of another type than these, or one that is compressed.
pub(crate) fn expect_content_type(request: &HttpRequest, allowed: &[&str]) -> Result<()> {
    expect_no_encoding(request)?;
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
    if is_allowed && is_utf8 { Ok(()) } else { Err(unsupported()) }
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
        let refused = expect_content_type(&packed.to_http_request(), &["application/json"]).unwrap_err();
        assert!(refused.detail.contains("gzip"), "{refused}");
    }

    #[test]
    fn paths_are_percent_encoded_utf8() {
        for right in ["/v1/contacts/contact_01h", "/v1/contacts/%C3%A4%20b", "/v1/a:b@c"] {
            assert!(is_spelled_rightly(right), "{right}");
        }
        for wrong in ["/v1/%00", "/v1/%", "/v1/%4", "/v1/%zz", "/v1/%ff", "/v1/{id}", "/v1/\"a\"", "/v1/a|b"]
        {
            assert!(!is_spelled_rightly(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_header_is_given_once() {
        let request =
            TestRequest::default().append_header(("if-match", "1")).append_header(("if-match", "2"));
        assert!(header(&request.to_http_request(), "if-match").is_err());
    }
}
