//! The list of what is measured. A new workload is a new entry here: its requests, what their answer has to
//! be, and the same answer as bare SQL.

pub mod create;
pub mod lists;
pub mod one;
pub mod tree;
pub mod turns;

use std::ops::Range;

use serde_json::Value as Json;

use crate::{
    Outcome,
    floor::{self, DOZEN, Floor, WHOLE},
    http::Request,
    scene::Scene,
    seed::CROWD,
};

/// One thing that is measured, through one door.
pub struct Workload {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Through which door.
    pub door: &'static str,
    /// The requests, in the order in which they are sent; the first is also sent once to be checked.
    pub requests: fn(&Scene) -> Outcome<Vec<Request>>,
    /// Whether the answer to the first request is right.
    pub check: fn(&Scene, &Json) -> Outcome,
    /// The same as bare SQL.
    pub floor: Floor,
    /// In which of the seed's workspaces.
    pub workspaces: Range<usize>,
    /// Whether it changes the database.
    pub writes: bool,
}

impl Workload {
    const READ: Self = Self {
        name: "",
        title: "",
        door: "",
        requests: |_| Ok(Vec::new()),
        check: |_, _| Ok(()),
        floor: floor::TREE,
        workspaces: 0..1,
        writes: false,
    };
    // Not among the records that are read, where the new ones would be the first of each list.
    const WRITE: Self = Self { writes: true, workspaces: 1..2, ..Self::READ };

    /// Whether it is measured at so many connections.
    pub fn is_for(&self, connections: u32) -> bool {
        // Several workspaces are compared with one where as many write.
        let count = self.workspaces.len();
        count == 1 || u32::try_from(count).is_ok_and(|count| count == connections)
    }
}

/// The list.
pub const ALL: [Workload; 13] = [
    Workload {
        name: "w1",
        title: "W1 contact by id",
        door: "REST",
        requests: one::rest,
        check: one::check_rest,
        floor: floor::contact(WHOLE),
        ..Workload::READ
    },
    Workload {
        name: "w1",
        title: "W1 contact by id",
        door: "GraphQL",
        requests: one::graphql,
        check: one::check_graphql,
        floor: floor::contact(DOZEN),
        ..Workload::READ
    },
    Workload {
        name: "w2",
        title: "W2 list of 50",
        door: "REST",
        requests: |scene| lists::rest(scene, false),
        check: lists::check_rest,
        floor: floor::list(WHOLE),
        ..Workload::READ
    },
    Workload {
        name: "w2",
        title: "W2 list of 50",
        door: "GraphQL",
        requests: |scene| lists::graphql(scene, false),
        check: lists::check_graphql,
        floor: floor::list(DOZEN),
        ..Workload::READ
    },
    Workload {
        name: "w2",
        title: "W2 list of 50, deep page",
        door: "REST",
        requests: |scene| lists::rest(scene, true),
        check: lists::check_rest,
        floor: floor::deep_list(WHOLE),
        ..Workload::READ
    },
    Workload {
        name: "w2",
        title: "W2 list of 50, deep page",
        door: "GraphQL",
        requests: |scene| lists::graphql(scene, true),
        check: lists::check_graphql,
        floor: floor::deep_list(DOZEN),
        ..Workload::READ
    },
    Workload {
        name: "w3",
        title: "W3 20 companies → 5 contacts → 3 deals",
        door: "GraphQL",
        requests: tree::graphql,
        check: tree::check,
        floor: floor::TREE,
        ..Workload::READ
    },
    Workload {
        name: "turns",
        title: "W1 contact by id, in a small workspace",
        door: "REST",
        requests: |scene| turns::ones(scene, 1),
        check: turns::check_one,
        floor: floor::contact(WHOLE),
        ..Workload::READ
    },
    Workload {
        name: "turns",
        title: "W1 contact by id, in 1 000 small workspaces by turns",
        door: "REST",
        requests: |scene| turns::ones(scene, CROWD.len()),
        check: turns::check_one,
        floor: floor::contact(WHOLE),
        ..Workload::READ
    },
    Workload {
        name: "turns",
        title: "W2 list of 50, in a small workspace",
        door: "REST",
        requests: |scene| turns::lists(scene, 1),
        check: turns::check_list,
        floor: floor::list(WHOLE),
        ..Workload::READ
    },
    Workload {
        name: "turns",
        title: "W2 list of 50, in 1 000 small workspaces by turns",
        door: "REST",
        requests: |scene| turns::lists(scene, CROWD.len()),
        check: turns::check_list,
        floor: floor::list(WHOLE),
        ..Workload::READ
    },
    Workload {
        name: "w4",
        title: "W4 create a contact",
        door: "REST",
        requests: |scene| create::rest(scene, 1..2),
        check: create::check,
        floor: floor::CREATE,
        ..Workload::WRITE
    },
    Workload {
        name: "w4",
        title: "W4 create a contact, 16 workspaces",
        door: "REST",
        requests: |scene| create::rest(scene, 1..17),
        check: create::check,
        floor: floor::CREATE,
        workspaces: 1..17,
        ..Workload::WRITE
    },
];

/// The fields of a contact that GraphQL is asked for.
const FIELDS: &str = "id version createdAt updatedAt fullName givenName familyName jobTitle lifecycle country \
    emails { address type } ownerId";

/// A GraphQL request.
fn graphql(key: &str, query: &str, variables: Json) -> Request {
    Request::post("/graphql", key, &serde_json::json!({ "query": query, "variables": variables }))
}
