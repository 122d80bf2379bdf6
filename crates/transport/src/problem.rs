//! Failures as HTTP tells them: problem details by RFC 9457. The one place where a code becomes a status.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use kernel::{Code, Error, Violation, secret::masked};
use serde_json::{Map, Value as Json, json};

use crate::admission::Template;

/// Where the codes are explained, each below its name.
pub(crate) const TYPES: &str = "/errors";

/// The member that lists the methods a path knows; it becomes the header `Allow`.
const ALLOWED: &str = "allowedMethods";

/// The status of a code.
pub(crate) fn status(code: Code) -> StatusCode {
    use Code::*;
    match code {
        Malformed | UnknownParameter | InvalidParameter | InvalidCursor | CursorMismatch | TooDeep
        | QueryTooComplex | InvalidQuery => StatusCode::BAD_REQUEST,
        Unauthenticated => StatusCode::UNAUTHORIZED,
        Forbidden | FieldForbidden => StatusCode::FORBIDDEN,
        NotFound | UnknownOperation => StatusCode::NOT_FOUND,
        MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        NotUnique | IllegalState | IllegalMove | AmbiguousMatch => StatusCode::CONFLICT,
        VersionConflict => StatusCode::PRECONDITION_FAILED,
        TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        UnknownField | Invalid | Required | WrongType | OutOfRange | UnknownValue | ReadOnly | Immutable
        | CommandOnly | ReferenceNotFound | NullOperand | UnknownOperator | PredicateTooLarge
        | StageRequirement => StatusCode::UNPROCESSABLE_ENTITY,
        VersionRequired => StatusCode::PRECONDITION_REQUIRED,
        Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Overloaded | Timeout | Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        StorageFull => StatusCode::INSUFFICIENT_STORAGE,
    }
}

/// The method is not one of those the path knows.
pub(crate) fn method_not_allowed<'m>(allowed: impl IntoIterator<Item = &'m str>) -> Error {
    let allowed: Vec<&str> = allowed.into_iter().collect();
    Error::from(Code::MethodNotAllowed).with(ALLOWED, allowed)
}

/// Logs a failure where it is the server's: what clients do wrong is told to them.
pub(crate) fn log(error: &Error, request_id: &str) {
    let code = error.public_code();
    // The operator is warned of full storage where it is met, and not for each request.
    let is_fault = status(code).is_server_error() && code != Code::StorageFull;
    if let Some(cause) = error.cause.as_ref().filter(|_| is_fault) {
        tracing::error!(request_id, code = code.as_str(), cause = cause.to_string(), "the request failed");
    }
}

/// The head of an answer to a failure, at both doors, and whether something may have been written in spite of it.
pub(crate) fn head(code: Code, in_doubt: bool) -> HttpResponseBuilder {
    let mut head = HttpResponse::build(status(code));
    head.insert_header((header::CACHE_CONTROL, "no-store"));
    match code {
        Code::Unauthenticated => drop(head.insert_header((header::WWW_AUTHENTICATE, "Bearer"))),
        // Who tries again by itself must not write twice.
        Code::Timeout | Code::Unavailable if in_doubt => {}
        Code::Overloaded | Code::Timeout | Code::Unavailable => {
            head.insert_header((header::RETRY_AFTER, "1"));
        }
        // The rest of the body is not read, so the connection cannot be used again.
        Code::TooLarge | Code::RequestTimeout => drop(head.force_close()),
        _ => {}
    }
    head
}

/// The type of problem details.
const PROBLEM: &str = "application/problem+json";

/// Answers who is turned away.
pub(crate) fn overloaded(request_id: &str) -> HttpResponse {
    static TEXT: LazyLock<Template> = LazyLock::new(|| {
        let code = Code::Overloaded;
        Template::new(|id| body(&code.into(), code, status(code), id).to_string())
    });
    head(Code::Overloaded, false).content_type(PROBLEM).body(TEXT.fill(request_id))
}

/// Answers a failure, and logs it where it is the server's.
pub(crate) fn answer(error: &Error, request_id: &str) -> HttpResponse {
    let code = error.public_code();
    log(error, request_id);
    let mut response = head(code, error.is_in_doubt());
    response.content_type(PROBLEM);
    if code == Code::MethodNotAllowed {
        response.insert_header((header::ALLOW, allowed(error)));
    }
    // What was sent may be repeated in what is told of it.
    response.body(masked(&body(error, code, status(code), request_id).to_string()).into_owned())
}

/// The answer to what could not be read as a request, in the words of HTTP/1.1: the connection ends with it.
pub(crate) fn raw(error: &Error, request_id: &str) -> Vec<u8> {
    let code = error.public_code();
    let status = status(code);
    let body = body(error, code, status, request_id).to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {PROBLEM}\r\ncontent-length: {length}\r\n\
         cache-control: no-store\r\nrequest-id: {request_id}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

fn body(error: &Error, code: Code, status: StatusCode, request_id: &str) -> Json {
    let detail = match error.violations.as_slice() {
        [only] => &only.detail,
        _ => &error.detail,
    };
    let mut body = error.meta.clone();
    let mut set = |name: &str, value: Json| drop(body.insert(name.to_owned(), value));
    set("type", format!("{TYPES}/{}", code.as_str()).into());
    set("title", code.meaning().into());
    set("status", status.as_u16().into());
    set("detail", detail.as_str().into());
    set("code", code.as_str().into());
    set("requestId", request_id.into());
    set("errors", error.violations.iter().map(violation).collect());
    Json::Object(body)
}

fn violation(violation: &Violation) -> Json {
    let Violation { code, pointer, detail, meta } = violation;
    let mut shown = Map::new();
    if !meta.is_empty() {
        shown.insert("meta".to_owned(), meta.clone().into());
    }
    shown.extend([
        ("code".to_owned(), code.as_str().into()),
        ("pointer".to_owned(), json!(pointer)),
        ("detail".to_owned(), json!(detail)),
    ]);
    Json::Object(shown)
}

fn allowed(error: &Error) -> String {
    let methods = error.meta.get(ALLOWED).and_then(Json::as_array);
    methods.into_iter().flatten().filter_map(Json::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use actix_web::body::to_bytes;

    use super::*;

    async fn told(error: Error) -> (HttpResponse<()>, Json) {
        let (head, body) = answer(&error, "request_1").into_parts();
        (head, serde_json::from_slice(&to_bytes(body).await.ok().unwrap()).unwrap())
    }

    #[actix_web::test]
    async fn violations_of_one_kind_give_the_problem_its_code() {
        let taken = Violation::new(Code::NotUnique, "/name", "name is taken").with("existingId", "tag_1");
        let (head, body) = told(taken.clone().into()).await;
        assert_eq!(head.status(), 409);
        assert_eq!(body["code"], "not_unique");
        assert_eq!(body["type"], "/errors/not_unique");
        assert_eq!(body["detail"], "name is taken");
        assert_eq!(body["requestId"], "request_1");
        let shown = json!({
            "code": "not_unique", "pointer": "/name", "detail": "name is taken", "meta": {"existingId": "tag_1"}
        });
        assert_eq!(body["errors"], json!([shown]));

        let missing = Violation::new(Code::Required, "/name", "name is required");
        let (head, body) = told(Error::invalid(vec![taken, missing])).await;
        assert_eq!(head.status(), 422);
        assert_eq!(
            (body["code"].as_str(), body["errors"].as_array().map(Vec::len)),
            (Some("invalid"), Some(2))
        );
    }

    #[actix_web::test]
    async fn what_a_client_needs_stands_at_the_top() {
        let (head, body) = told(Error::from(Code::VersionConflict).with("currentVersion", 7)).await;
        assert_eq!(head.status(), 412);
        assert_eq!((&body["currentVersion"], &body["errors"]), (&json!(7), &json!([])));
        let (head, _) = told(method_not_allowed(["GET", "POST"])).await;
        assert_eq!(head.headers().get("allow").unwrap(), "GET, POST");
        let (head, _) = told(Code::Unauthenticated.into()).await;
        assert_eq!(head.headers().get("www-authenticate").unwrap(), "Bearer");
    }

    #[actix_web::test]
    async fn only_what_has_written_nothing_is_to_be_tried_again() {
        for code in [Code::Timeout, Code::Unavailable] {
            let (head, _) = told(code.into()).await;
            assert_eq!((head.status().as_u16(), head.headers().get("retry-after").is_some()), (503, true));
            let (head, body) = told(Error::from(code).in_doubt()).await;
            assert_eq!((head.headers().get("retry-after"), &body["outcome"]), (None, &json!("UNKNOWN")));
        }
    }

    #[actix_web::test]
    async fn causes_stay_inside() {
        let (head, body) = told(Error::internal("no such table: contacts")).await;
        assert_eq!(head.status(), 500);
        assert!(!body.to_string().contains("contacts"));
    }
}
