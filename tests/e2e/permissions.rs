//! Who may do what: every operation of the registry, at both doors, by everybody who should not.

mod agent;
mod foreign;
mod keys;
mod links;
mod matrix;
mod roles;
mod rows;
mod sensitive;

use kernel::{
    Registry,
    object::{Action, Attribute, Object},
};
use serde_json::json;

use crate::{
    conformance::doors::{Call, Operation},
    support::Caller,
};

/// With which records of an object somebody may do something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rows {
    None,
    Own,
    All,
}

/// What a role may do by an action, as the access matrix has it.
fn may(role: &str, object: &Object, action: Action) -> Rows {
    matrix::may(role, object, matrix::operation(action))
}

/// What a role may do by an operation.
fn may_call(role: &str, call: &Call<'_>) -> Rows {
    match call.operation {
        Operation::Command(command) => matrix::may(role, &call.object, &command.name),
        _ => may(role, &call.object, call.action),
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
