//! W1 and W2 in small workspaces: always in the same one, or in another one each time.

use serde_json::Value as Json;

use crate::{
    Outcome,
    data::{Dice, Kind, id, type_id},
    failed,
    http::Request,
    scene::{Scene, count, text},
    seed::{CROWD, Workspace},
};

/// How many requests come by turns.
const TURN: usize = 20_000;
/// How many contacts each of the workspaces has.
const CONTACTS: u64 = 100;
const PAGE: usize = 50;

fn by_turns(
    scene: &Scene,
    workspaces: usize,
    request: impl Fn(&Workspace, u64) -> Request,
) -> Outcome<Vec<Request>> {
    let mut dice = Dice::new(101, 0);
    let crowd = scene.among(CROWD.start..CROWD.start + workspaces).iter().cycle();
    Ok(crowd.take(TURN).map(|workspace| request(workspace, dice.below(CONTACTS))).collect())
}

/// A contact by its id, in so many workspaces.
pub fn ones(scene: &Scene, workspaces: usize) -> Outcome<Vec<Request>> {
    by_turns(scene, workspaces, |workspace, number| {
        let contact = type_id("contact", id(Kind::Contact, number));
        Request::get(format!("/v1/contacts/{contact}"), &workspace.key)
    })
}

/// The newest contacts, in so many workspaces.
pub fn lists(scene: &Scene, workspaces: usize) -> Outcome<Vec<Request>> {
    by_turns(scene, workspaces, |workspace, _| {
        Request::get(format!("/v1/contacts?sort=-createdAt&limit={PAGE}"), &workspace.key)
    })
}

/// Whether it is a contact.
pub fn check_one(_: &Scene, answer: &Json) -> Outcome {
    text(answer, "/fullName").and(text(answer, "/emails/0/address")).map(drop)
}

/// Whether it is a full page.
pub fn check_list(_: &Scene, answer: &Json) -> Outcome {
    match count(answer, "/items") == PAGE {
        true => Ok(()),
        false => Err(failed(format!("that is no full page of the list: {answer}"))),
    }
}
