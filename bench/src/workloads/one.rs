//! W1: a contact by its id, another one each time.

use serde_json::{Value as Json, json};

use super::{FIELDS, graphql as ask};
use crate::{
    Outcome,
    data::{Contact, Dice, Kind, id, type_id},
    failed,
    http::Request,
    scene::{Scene, text},
};

/// How many contacts are asked for in turn.
const TURN: u64 = 50_000;

fn numbers(scene: &Scene) -> impl Iterator<Item = u64> {
    let mut dice = Dice::new(100, 0);
    let contacts = scene.world.contacts;
    (0..TURN).map(move |_| dice.below(contacts))
}

fn shown(number: u64) -> String {
    type_id("contact", id(Kind::Contact, number))
}

/// The requests over REST.
pub fn rest(scene: &Scene) -> Outcome<Vec<Request>> {
    let key = &scene.main()?.key;
    Ok(numbers(scene).map(|number| Request::get(format!("/v1/contacts/{}", shown(number)), key)).collect())
}

/// The requests over GraphQL.
pub fn graphql(scene: &Scene) -> Outcome<Vec<Request>> {
    let key = &scene.main()?.key;
    let query = format!("query Contact($id: ID!) {{ contact(id: $id) {{ {FIELDS} }} }}");
    Ok(numbers(scene).map(|number| ask(key, &query, json!({ "id": shown(number) }))).collect())
}

/// Whether it is the contact that was asked for.
pub fn check_rest(scene: &Scene, answer: &Json) -> Outcome {
    check(scene, answer)
}

/// The same over GraphQL.
pub fn check_graphql(scene: &Scene, answer: &Json) -> Outcome {
    check(scene, answer.pointer("/data/contact").unwrap_or(&Json::Null))
}

fn check(scene: &Scene, contact: &Json) -> Outcome {
    let number = numbers(scene).next().unwrap_or_default();
    let wanted = Contact::new(&scene.world, number);
    let name = format!("{} {}", wanted.given, wanted.family);
    if text(contact, "/id")? != shown(number) || text(contact, "/fullName")? != name {
        return Err(failed(format!("{name} was wanted, this was given: {contact}")));
    }
    match wanted.emails.first() {
        Some(email) if text(contact, "/emails/0/address")? == email => Ok(()),
        _ => Err(failed(format!("the e-mail address is wrong: {contact}"))),
    }
}
