//! Which version of a record the client has seen: `If-Match`, `If-None-Match`, `expectedVersion` (RFC 9110,
//! section 13).

use actix_web::HttpRequest;
use app::operation::{Operation, OperationKind};
use kernel::{Code, Error, Result, Violation, object::Action, plan::Deleted};
use serde_json::{Map, Value as Json};

use super::{Ask, query::invalid, select::Selection};
use crate::request;

/// The entity tag of a version.
pub fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// A version that no record has: what names none of a record's versions never matches.
const NO_VERSION: i64 = 0;

/// The versions that `If-Match` names; none where the header is missing or takes any.
fn expected(request: &HttpRequest) -> Result<Option<Vec<i64>>> {
    let Some(tags) = request::header(request, "if-match")?.map(str::trim) else { return Ok(None) };
    if tags == "*" {
        return Ok(None);
    }
    let wrong = || invalid("If-Match: the version in quotes is expected (\"3\"), or a list of them");
    let mut is_quoted = false;
    let separates = |letter| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    };
    tags.split(separates).map(|text| version(text.trim()).ok_or_else(wrong)).collect::<Result<_>>().map(Some)
}

/// The version that an entity tag names. A weak one says that what it names is alike, not that it is the same.
fn version(text: &str) -> Option<i64> {
    let (is_weak, quoted) = text.strip_prefix("W/").map_or((false, text), |quoted| (true, quoted));
    let opaque = quoted.strip_prefix('"')?.strip_suffix('"').filter(|opaque| !opaque.contains('"'))?;
    let known = opaque.parse().ok().filter(|version| !is_weak && tag(*version) == quoted);
    Some(known.unwrap_or(NO_VERSION))
}

impl Ask<'_> {
    /// The version that the caller has seen by `If-Match`. Of several it is the present one, if that is among them.
    pub async fn expected(&self) -> Result<Option<i64>> {
        match expected(self.request)?.as_deref() {
            None => Ok(None),
            Some([version]) => Ok(Some(*version)),
            Some(versions) => {
                let permit = self.caller.actor.permit(self.object, Action::Read)?;
                let shown = self.shown(permit, self.id()?, &Selection::default(), Deleted::Include).await?;
                let present = shown.and_then(|shown| shown.version);
                Ok(present.filter(|version| versions.contains(version)).or(Some(NO_VERSION)))
            }
        }
    }

    /// Takes `expectedVersion` out of a body and agrees it with `If-Match`.
    pub async fn expected_by_body(&self, body: &mut Map<String, Json>) -> Result<Option<i64>> {
        agreed(self.expected().await?, body)
    }
}

fn agreed(by_header: Option<i64>, body: &mut Map<String, Json>) -> Result<Option<i64>> {
    let by_body = match body.remove("expectedVersion") {
        None | Some(Json::Null) => None,
        // GraphQL's numbers end here too.
        Some(json) => {
            let version = json.as_i64().filter(|version| i32::try_from(*version).is_ok());
            Some(version.ok_or_else(not_a_version)?)
        }
    };
    match (by_header, by_body) {
        (Some(header), Some(body)) if header != body => {
            Err(invalid("If-Match and expectedVersion name different versions"))
        }
        (by_header, by_body) => Ok(by_header.or(by_body)),
    }
}

/// Refuses the conditions on a write that are not looked at: to ignore one would be to write what the client wants
/// written under a condition only.
pub fn refuse_unhonoured(request: &HttpRequest, operation: &Operation) -> Result<()> {
    let is_matched = match operation.kind {
        OperationKind::Write(_) => operation.on_record,
        OperationKind::Upload => false,
        _ => return Ok(()),
    };
    let refuse = |name: &str| match request.headers().contains_key(name) {
        true => Err(invalid(format!("{name} is no condition of this operation"))),
        false => Ok(()),
    };
    refuse("If-None-Match")?;
    if !is_matched {
        refuse("If-Match")?;
    }
    // Beside If-Match it counts for nothing.
    if is_matched && request.headers().contains_key("If-Match") {
        Ok(())
    } else {
        refuse("If-Unmodified-Since")
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
    fn if_match_names_versions() {
        let named = |value| expected(&request("if-match", value)).unwrap();
        assert_eq!(named("\"3\""), Some(vec![3]));
        assert_eq!(named("\"3\", W/\"4\",\"5\""), Some(vec![3, NO_VERSION, 5]));
        for strange in ["W/\"3\"", "\"03\"", "\"+3\"", "\"\"", "\"abc\"", "\"3,4\""] {
            assert_eq!(named(strange), Some(vec![NO_VERSION]), "{strange}");
        }
        assert_eq!(expected(&request("if-match", "*")).unwrap(), None);
        assert_eq!(expected(&TestRequest::default().to_http_request()).unwrap(), None);
        for wrong in ["3", "", "\"3", "\"3\",", "*, \"3\"", "w/\"3\"", "\"3\" \"4\""] {
            assert!(expected(&request("if-match", wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn header_and_body_agree() {
        let both = |version: Json| {
            let mut body = json!({ "expectedVersion": version }).as_object().cloned().unwrap();
            agreed(Some(3), &mut body)
        };
        assert_eq!(both(json!(3)).unwrap(), Some(3));
        assert_eq!(both(json!(null)).unwrap(), Some(3));
        assert_eq!(both(json!(4)).unwrap_err().public_code(), Code::InvalidParameter);
        for wrong in [json!("3"), json!(3.5), json!(2_147_483_648_i64), json!(-2_147_483_649_i64)] {
            assert_eq!(both(wrong).unwrap_err().public_code(), Code::WrongType);
        }
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for known in ["\"3\"", "W/\"3\"", "\"1\", \"3\"", "*"] {
            assert!(is_known(&request("if-none-match", known), 3).unwrap(), "{known}");
        }
        assert!(!is_known(&request("if-none-match", "\"4\""), 3).unwrap());
    }
}
