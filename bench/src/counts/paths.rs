//! What is counted: the benchmark's own requests, and a few more. The reads come first, so that what is written
//! is not among what they find.

use serde_json::{Value as Json, json};

use crate::{
    Outcome,
    http::Request,
    scene::{Scene, text},
    workloads::{create, lists, one, tree},
};

/// A path through the server.
pub struct Path {
    /// What the baseline calls it.
    pub name: &'static str,
    /// The requests, in turn.
    pub requests: fn(&Scene) -> Outcome<Vec<Request>>,
    /// Whether an answer is right.
    pub check: fn(&Scene, &Json) -> Outcome,
}

/// The list.
pub const ALL: [Path; 8] = [
    Path {
        name: "contact by id, REST",
        requests: one::rest,
        check: |_, answer| text(answer, "/id").map(drop),
    },
    Path { name: "contact by id, GraphQL", requests: one::graphql, check: found },
    Path { name: "contact by id, GraphQL text never seen before", requests: never_seen, check: found },
    Path {
        name: "list of 50 with filter and order, REST",
        requests: |scene| lists::rest(scene, false),
        check: lists::check_rest,
    },
    Path { name: "20 companies, 5 contacts, 3 deals, GraphQL", requests: tree::graphql, check: tree::check },
    Path {
        name: "create a contact, REST",
        requests: |scene| create::rest(scene, 1..2),
        check: create::check,
    },
    Path {
        name: "create a contact, GraphQL",
        requests: |scene| create::graphql(scene, 1..2),
        check: create::check_graphql,
    },
    Path { name: "change a contact, REST", requests: change, check: changed },
];

fn found(_: &Scene, answer: &Json) -> Outcome {
    text(answer, "/data/contact/id").map(drop)
}

/// The operation has another name each time.
fn never_seen(scene: &Scene) -> Outcome<Vec<Request>> {
    let named = |request: Request| {
        let body = request.body.replace("query Contact(", "query Contact{n}(");
        Request { body, ..request }
    };
    Ok(one::graphql(scene)?.into_iter().map(named).collect())
}

fn change(scene: &Scene) -> Outcome<Vec<Request>> {
    let body = json!({ "jobTitle": "Changed {n}", "country": "FR" }).to_string();
    let patch = |get| Request { method: "PATCH", body: body.clone(), ..get };
    Ok(one::rest(scene)?.into_iter().map(patch).collect())
}

fn changed(_: &Scene, answer: &Json) -> Outcome {
    match text(answer, "/jobTitle")?.starts_with("Changed ") {
        true => Ok(()),
        false => Err(crate::failed(format!("the change is not in the answer: {answer}"))),
    }
}
