//! W4: a new contact, in one workspace or in several by turns.

use std::ops::Range;

use serde_json::{Value as Json, json};

use crate::{
    Outcome, failed,
    http::Request,
    scene::{Scene, text},
};

/// The requests, one for each workspace.
pub fn rest(scene: &Scene, workspaces: Range<usize>) -> Outcome<Vec<Request>> {
    let contact = json!({
        "givenName": "Ada",
        "familyName": "Bench {n}",
        "emails": [{ "address": "ada.{n}@bench.example" }],
        "country": "DE",
        "lifecycle": "LEAD",
    });
    let post = |key: &str| Request::post("/v1/contacts", key, &contact);
    Ok(scene.among(workspaces).iter().map(|workspace| post(&workspace.key)).collect())
}

/// Whether the contact is the one that was sent.
pub fn check(_: &Scene, answer: &Json) -> Outcome {
    let full = text(answer, "/fullName")?.starts_with("Ada Bench ");
    match full && text(answer, "/emails/0/address")?.ends_with("@bench.example") {
        true => Ok(()),
        false => Err(failed(format!("another contact was wanted: {answer}"))),
    }
}
