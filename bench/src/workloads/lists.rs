//! W2: fifty contacts of one country and lifecycle, the newest first; the first page, and one far down.

use serde_json::{Value as Json, json};

use super::{FIELDS, graphql as ask};
use crate::{
    Outcome,
    data::{TOP_COUNTRY, TOP_LIFECYCLE, micros, uuid_of},
    failed,
    http::Request,
    scene::{Deep, Scene, count, text},
};

const PAGE: u64 = 50;
/// The largest page, for getting far down.
const STRIDE: u64 = 200;

fn path(limit: u64, fields: &str, cursor: &str) -> String {
    let fields = if fields.is_empty() { String::new() } else { format!("&fields={fields}") };
    let cursor = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
    format!(
        "/v1/contacts?filter%5Bcountry%5D={TOP_COUNTRY}&filter%5Blifecycle%5D={TOP_LIFECYCLE}&sort=-createdAt\
         &limit={limit}{fields}{cursor}"
    )
}

fn query(scene: &Scene, fields: &str, first: u64, after: &str) -> Outcome<Request> {
    let text = format!(
        "query Contacts($country: String!, $lifecycle: ContactLifecycle!, $first: Int!, $after: String) {{ \
         contacts(first: $first, after: $after, orderBy: [{{createdAt: DESC}}], \
         where: {{country: {{eq: $country}}, lifecycle: {{eq: $lifecycle}}}}) {{ \
         nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    );
    let after = if after.is_empty() { Json::Null } else { Json::from(after) };
    let variables =
        json!({ "country": TOP_COUNTRY, "lifecycle": TOP_LIFECYCLE, "first": first, "after": after });
    Ok(ask(&scene.main()?.key, &text, variables))
}

/// The request over REST.
pub fn rest(scene: &Scene, deep: bool) -> Outcome<Vec<Request>> {
    let cursor = if deep { scene.deep.rest.as_str() } else { "" };
    Ok(vec![Request::get(path(PAGE, "", cursor), &scene.main()?.key)])
}

/// The request over GraphQL.
pub fn graphql(scene: &Scene, deep: bool) -> Outcome<Vec<Request>> {
    let cursor = if deep { scene.deep.graphql.as_str() } else { "" };
    Ok(vec![query(scene, FIELDS, PAGE, cursor)?])
}

/// Whether it is a full page of the list.
pub fn check_rest(_: &Scene, answer: &Json) -> Outcome {
    let more = answer.pointer("/page/hasMore") == Some(&Json::Bool(true));
    check(answer, "/items", more)
}

/// The same over GraphQL.
pub fn check_graphql(_: &Scene, answer: &Json) -> Outcome {
    let more = answer.pointer("/data/contacts/pageInfo/hasNextPage") == Some(&Json::Bool(true));
    check(answer, "/data/contacts/nodes", more)
}

fn check(answer: &Json, items: &str, more: bool) -> Outcome {
    let right = |item: &Json| {
        item.get("country") == Some(&Json::from(TOP_COUNTRY))
            && item.get("lifecycle") == Some(&Json::from(TOP_LIFECYCLE))
    };
    let all = answer.pointer(items).and_then(Json::as_array).is_some_and(|items| items.iter().all(right));
    match all && more && count(answer, items) as u64 == PAGE {
        true => Ok(()),
        false => Err(failed(format!("that is no full page of the list: {answer}"))),
    }
}

/// Goes down the list to the thousandth page, or as far as the size of the data allows.
pub fn find_deep(scene: &Scene, address: &str) -> Outcome<Deep> {
    let page = (scene.world.contacts / 15 / PAGE).clamp(1, 1_000);
    let mut deep = Deep { page, ..Deep::default() };
    let mut left = (page - 1) * PAGE;
    while left > 0 {
        let step = left.min(STRIDE);
        let request = Request::get(path(step, "id,createdAt", &deep.rest), &scene.main()?.key);
        let answer = request.ask(address)?;
        deep.rest = text(&answer, "/page/nextCursor")?.to_owned();
        let last = answer.pointer("/items").and_then(Json::as_array).and_then(|items| items.last());
        let last = last.ok_or_else(|| failed("the list ends too early"))?;
        let missing = || failed(format!("this record lacks something: {last}"));
        deep.id = uuid_of(text(last, "/id")?).ok_or_else(missing)?;
        deep.at = micros(text(last, "/createdAt")?).ok_or_else(missing)?;
        let answer = query(scene, "id", step, &deep.graphql)?.ask(address)?;
        deep.graphql = text(&answer, "/data/contacts/pageInfo/endCursor")?.to_owned();
        left -= step;
    }
    Ok(deep)
}
