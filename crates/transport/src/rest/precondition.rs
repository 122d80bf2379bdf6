//! Which version of a record the client has seen: `If-Match`, `If-None-Match`, `expectedVersion`.

use actix_web::HttpRequest;
use kernel::{Code, Error, Result, Violation};
use serde_json::{Map, Value as Json};

use super::query::invalid;
use crate::request;

/// The entity tag of a version.
pub fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The version that `If-Match` names; none where the header is missing or takes any.
pub fn expected(request: &HttpRequest) -> Result<Option<i64>> {
    match request::header(request, "if-match")?.map(str::trim) {
        None | Some("*") => Ok(None),
        Some(text) => {
            let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            let version = version.and_then(|text| text.parse().ok()).filter(|version| tag(*version) == text);
            version.map(Some).ok_or_else(|| invalid("If-Match: one version in quotes is expected (\"3\")"))
        }
    }
}

/// Takes `expectedVersion` out of a body and agrees it with `If-Match`.
pub fn expected_by_body(request: &HttpRequest, body: &mut Map<String, Json>) -> Result<Option<i64>> {
    let by_header = expected(request)?;
    let by_body = match body.remove("expectedVersion") {
        None | Some(Json::Null) => None,
        Some(json) => Some(json.as_i64().ok_or_else(not_a_version)?),
    };
    match (by_header, by_body) {
        (Some(header), Some(body)) if header != body => {
            Err(invalid("If-Match and expectedVersion name different versions"))
        }
        (by_header, by_body) => Ok(by_header.or(by_body)),
    }
}

fn not_a_version() -> Error {
    Violation::new(Code::WrongType, "/expectedVersion", "expectedVersion: a whole number is expected").into()
}

/// Whether `If-None-Match` names this version: the client has it already.
pub fn is_known(request: &HttpRequest, version: i64) -> Result<bool> {
    Ok(names(request::header(request, "if-none-match")?, &tag(version)))
}

/// Whether a list of entity tags names this one. RFC 9110 compares weakly here: a proxy may have weakened it.
pub fn names(tags: Option<&str>, tag: &str) -> bool {
    let same = |known: &str| known.trim() == "*" || known.trim().trim_start_matches("W/") == tag;
    tags.is_some_and(|tags| tags.split(',').any(same))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::*;

    fn request(name: &'static str, value: &'static str) -> HttpRequest {
        TestRequest::default().insert_header((name, value)).to_http_request()
    }

    #[test]
    fn if_match_names_one_version() {
        assert_eq!(expected(&request("if-match", "\"3\"")).unwrap(), Some(3));
        assert_eq!(expected(&request("if-match", "*")).unwrap(), None);
        assert_eq!(expected(&TestRequest::default().to_http_request()).unwrap(), None);
        for wrong in ["3", "W/\"3\"", "\"3\", \"4\"", "\"03\"", "\"+3\"", "\"\"", ""] {
            assert!(expected(&request("if-match", wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn header_and_body_agree() {
        let both = |version: Json| {
            let mut body = json!({ "expectedVersion": version }).as_object().cloned().unwrap();
            expected_by_body(&request("if-match", "\"3\""), &mut body)
        };
        assert_eq!(both(json!(3)).unwrap(), Some(3));
        assert_eq!(both(json!(null)).unwrap(), Some(3));
        assert_eq!(both(json!(4)).unwrap_err().public_code(), Code::InvalidParameter);
        assert_eq!(both(json!("3")).unwrap_err().public_code(), Code::WrongType);
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for known in ["\"3\"", "W/\"3\"", "\"1\", \"3\"", "*"] {
            assert!(is_known(&request("if-none-match", known), 3).unwrap(), "{known}");
        }
        assert!(!is_known(&request("if-none-match", "\"4\""), 3).unwrap());
    }
}
