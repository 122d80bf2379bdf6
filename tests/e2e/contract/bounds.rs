//! Every list that comes from outside has an end, which is looked at before anything is done with it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Caller, Reply, on_both, text};

/// Longer than any of these takes, also without optimisation and beside other tests; what grows with the square of its
/// length takes a hundred times as long.
const SOON: Duration = Duration::from_secs(15);

async fn soon(what: &str, ask: impl Future<Output = Reply>) -> Reply {
    let begun = Instant::now();
    let reply = ask.await;
    assert!(begun.elapsed() < SOON, "{what} took {:?}", begun.elapsed());
    reply
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:x}")).collect()
}

async fn search(caller: &Caller, body: Json) -> Reply {
    assert!(body.to_string().len() <= 1 << 20, "it would be too large anyway");
    soon(&body.to_string()[..40], caller.post("/v1/contacts/search", &body)).await
}

on_both! {
    async fn the_lists_of_a_search(stage) {
        let owner = &stage.owner;
        // As many different names as a body of 1 MiB holds.
        search(owner, json!({ "fields": names(125_000) })).await.violates(422, "out_of_range", &[("out_of_range", "/fields")]);
        search(owner, json!({ "include": names(125_000) })).await.violates(422, "out_of_range", &[("out_of_range", "/include")]);
        search(owner, json!({ "fields": vec!["id"; 500] })).await.ok();
        search(owner, json!({ "orderBy": vec![json!({ "id": "ASC" }); 60_000] })).await.refused(400, "invalid_parameter");
        let many = json!({ "id": { "in": names(100_000) } });
        search(owner, json!({ "where": many })).await.refused(422, "predicate_too_large");
        search(owner, json!({ "where": { "and": vec![json!({}); 200_000] } })).await.refused(422, "predicate_too_large");
        let unknown: Json = names(60_000).into_iter().map(|name| (format!("x{name}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
        let told = search(owner, unknown).await.refused(422, "unknown_field");
        assert_eq!(told["errors"].as_array().unwrap().len(), 100, "no more than anybody reads");
    }
}

on_both! {
    async fn the_lists_of_a_query(stage) {
        let owner = &stage.owner;
        let get = async |query: String| {
            let path = format!("/v1/contacts?{query}");
            soon(&path[..40], owner.get(&path)).await
        };
        let joined = |names: Vec<String>, with: &str| names.join(with);
        get(joined(names(9_000), "=1&")).await.refused(400, "invalid_parameter");
        get(format!("fields={}", joined(names(9_000), ","))).await.refused(400, "invalid_parameter");
        get(format!("include={}", joined(names(9_000), ","))).await.refused(400, "invalid_parameter");
        get(format!("sort={}", vec!["id"; 15_000].join(","))).await.refused(400, "invalid_parameter");
        get(format!("filter[givenName][in]={}", joined(names(9_000), ","))).await.refused(422, "predicate_too_large");
        let filters: Vec<_> = names(3_000).iter().map(|name| format!("filter[{name}]=1")).collect();
        get(joined(filters, "&")).await.refused(400, "invalid_parameter");
    }
}

on_both! {
    async fn the_lists_of_what_is_written(stage) {
        let owner = &stage.owner;
        let create = async |input: Json| {
            soon(&input.to_string()[..30], owner.post("/v1/contacts", &input)).await
        };
        create(json!({ "givenName": "Ada", "emails": vec![json!({ "address": "a@b.de" }); 40_000] })).await
            .violates(422, "out_of_range", &[("out_of_range", "/emails"), ]);
        create(json!({ "givenName": "Ada", "tagIds": names(100_000) })).await.violates(422, "out_of_range", &[("out_of_range", "/tagIds")]);
        let unknown: serde_json::Map<_, _> = names(60_000).into_iter().map(|name| (format!("x{name}"), json!(1))).collect();
        create(unknown.into()).await.refused(422, "unknown_field");
        let many: Vec<_> = (0..300_000).map(|number| format!("\"{number}\"")).collect();
        let tags = owner.request(Method::GET, "/v1/contacts/contact_01h455vb4pex5vsknk084sn02q");
        let tags = tags.header("if-none-match", many[..8_000].join(","));
        soon("entity tags", owner.send(tags)).await;
    }
}

on_both! {
    /// SQLite takes 32 766 parameters in a statement, PostgreSQL 65 535.
    async fn the_operands_of_a_predicate(stage) {
        let owner = &stage.owner;
        let asking = |lists: usize| -> Json {
            let list = |number: usize| json!({ "givenName": { "in": (0..500).map(|other| format!("{number}-{other}")).collect::<Vec<_>>() } });
            json!({ "or": (0..lists).map(list).collect::<Vec<_>>() })
        };
        let segment = |predicate: Json| json!({ "name": "Many", "object": "CONTACT", "where": predicate });
        owner.post("/v1/segments", &segment(asking(50))).await.refused(422, "predicate_too_large");
        search(owner, json!({ "where": asking(11) })).await.refused(422, "predicate_too_large");
        search(owner, json!({ "where": asking(10) })).await.ok();
        let id = text(&owner.create("segments", segment(asking(10))).await["id"]);
        // The segment's predicate and the query's own are asked together.
        let names: Vec<_> = (0..500).map(|number| number.to_string()).collect();
        let members = format!("/v1/segments/{id}/members");
        owner.get(&format!("{members}?filter[givenName][in]={}", names.join(","))).await.ok();
        owner.get(&members).await.ok();
    }
}
