//! W3: companies with some of their contacts with some of their deals, from another instant each time.

use serde_json::{Value as Json, json};

use super::graphql as ask;
use crate::{
    Outcome,
    data::{Dice, rfc3339},
    failed,
    http::Request,
    scene::{Scene, count},
};

const QUERY: &str = "query Tree($before: DateTimeOperand!) { \
    companies(first: 20, where: {createdAt: {lt: $before}}, orderBy: [{createdAt: DESC}]) { nodes { \
    id name country employeeCount contacts(first: 5, orderBy: [{createdAt: DESC}]) { nodes { \
    id fullName jobTitle lifecycle deals(first: 3, orderBy: [{createdAt: DESC}]) { nodes { \
    id name status amount { amount currency } } } } } } } }";

/// The requests.
pub fn graphql(scene: &Scene) -> Outcome<Vec<Request>> {
    let key = &scene.main()?.key;
    let (from, to) = scene.tree_range();
    let mut dice = Dice::new(101, 0);
    let span = u64::try_from(to - from)? / 1_000;
    let before = |_| json!({ "before": rfc3339(from + dice.below(span) as i64 * 1_000) });
    Ok((0..2_000).map(before).map(|variables| ask(key, QUERY, variables)).collect())
}

/// Whether there is enough of everything.
pub fn check(_: &Scene, answer: &Json) -> Outcome {
    let nodes = |json: &Json, pointer: &str| {
        let nodes = json.pointer(pointer).and_then(Json::as_array);
        nodes.cloned().unwrap_or_default()
    };
    let companies = nodes(answer, "/data/companies/nodes");
    let contacts: Vec<_> = companies.iter().flat_map(|company| nodes(company, "/contacts/nodes")).collect();
    let deals: usize = contacts.iter().map(|contact| count(contact, "/deals/nodes")).sum();
    eprintln!(
        "  W3's first answer has {} companies, {} contacts, {deals} deals",
        companies.len(),
        contacts.len()
    );
    match companies.len() == 20 && contacts.len() > 20 && deals > 0 {
        true => Ok(()),
        false => Err(failed(format!("that is too little: {answer}"))),
    }
}
