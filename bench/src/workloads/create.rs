//! W4: a new contact, in one workspace or in several by turns.

use std::ops::Range;

use serde_json::{Value as Json, json};

use crate::{
    Outcome, failed,
    http::Request,
    scene::{Scene, text},
};

/// What GraphQL shows of the contact.
const MUTATION: &str = "mutation Create($input: CreateContactInput!) { createContact(input: $input) { contact { \
    id version createdAt updatedAt givenName familyName fullName emails { address type } country lifecycle } \
    userErrors { code field message } } }";

fn contact() -> Json {
    json!({
        "givenName": "Ada",
        "familyName": "Bench {n}",
        "emails": [{ "address": "ada.{n}@bench.example" }],
        "country": "DE",
        "lifecycle": "LEAD",
    })
}

/// The requests to REST, one for each workspace.
pub fn rest(scene: &Scene, workspaces: Range<usize>) -> Outcome<Vec<Request>> {
    let post = |key: &str| Request::post("/v1/contacts", key, &contact());
    Ok(scene.among(workspaces).iter().map(|workspace| post(&workspace.key)).collect())
}

/// The requests to GraphQL, one for each workspace.
pub fn graphql(scene: &Scene, workspaces: Range<usize>) -> Outcome<Vec<Request>> {
    let body = json!({ "query": MUTATION, "variables": { "input": contact() } });
    let post = |key: &str| Request::post("/graphql", key, &body);
    Ok(scene.among(workspaces).iter().map(|workspace| post(&workspace.key)).collect())
}

/// Whether the contact that GraphQL answers is the one that was sent.
pub fn check_graphql(scene: &Scene, answer: &Json) -> Outcome {
    match answer.pointer("/data/createContact/contact") {
        Some(contact) => check(scene, contact),
        None => Err(failed(format!("no contact was created: {answer}"))),
    }
}

/// Whether the contact is the one that was sent.
pub fn check(_: &Scene, answer: &Json) -> Outcome {
    let full = text(answer, "/fullName")?.starts_with("Ada Bench ");
    match full && text(answer, "/emails/0/address")?.ends_with("@bench.example") {
        true => Ok(()),
        false => Err(failed(format!("another contact was wanted: {answer}"))),
    }
}
