//! Who may do what: every operation of the registry, at both doors, by everybody who should not.

mod agent;
mod foreign;
mod keys;
mod roles;
mod sensitive;

use kernel::{
    Registry,
    object::{Action, Attribute, Object, Ownership},
};
use serde_json::json;

use crate::support::Caller;

/// With which records of an object somebody may do something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rows {
    None,
    Own,
    All,
}

/// What the roles may do, told once more.
fn may(role: &str, object: &Object, action: Action) -> Rows {
    match (role, object.name) {
        ("OWNER", _) => Rows::All,
        ("READ_ONLY", "apiKey") => Rows::None,
        ("READ_ONLY", _) => {
            if action == Action::Read {
                Rows::All
            } else {
                Rows::None
            }
        }
        ("AGENT", "apiKey" | "membership") => Rows::None,
        ("AGENT", _) if object.ownership != Ownership::Shared => Rows::Own,
        ("AGENT", "tag") if action == Action::Create => Rows::All,
        ("AGENT", _) => {
            if action == Action::Read {
                Rows::All
            } else {
                Rows::None
            }
        }
        (role, _) => panic!("there is no role {role}"),
    }
}

/// The fields that agents may not read, each with its object.
fn hidden(registry: &Registry) -> impl Iterator<Item = (&Object, &Attribute)> {
    let fields = registry
        .objects()
        .iter()
        .flat_map(|object| object.attributes.iter().map(move |field| (object, field)));
    fields.filter(|(_, field)| field.sensitive).map(|(object, field)| (object.as_ref(), field))
}

/// How many changes the workspace has seen.
async fn changes(owner: &Caller) -> u64 {
    let data =
        owner.graphql("{ events(first: 1, orderBy: [{ seq: DESC }]) { nodes { seq } } }", json!({})).await;
    data["events"]["nodes"][0]["seq"].as_u64().unwrap()
}
