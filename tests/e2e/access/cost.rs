//! What the memory is for: requests under a key that was seen before ask the database for no more than they need.

use serde_json::json;

use super::Pair;
use crate::support::{Backend, Caller, Reply, Stage, on_both, text};

/// What a request answers, and how many statements it takes. A job's look at the queue may come between, so the
/// least of several counts.
async fn least(stage: &Stage, ask: impl AsyncFn() -> Reply) -> (Reply, u64) {
    let (mut least, mut last) = (u64::MAX, None);
    for _ in 0..3 {
        let before = stage.server.kith.statements();
        let reply = ask().await;
        assert!(reply.status.is_success() || reply.status == 404, "{reply}");
        least = least.min(stage.server.kith.statements() - before);
        last = Some(reply);
    }
    (last.unwrap(), least)
}

on_both! {
    async fn a_remembered_key_costs_no_statement(stage) {
        let contact = text(&stage.owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        for role in ["OWNER", "READ_ONLY"] {
            let caller = stage.user(role).await;
            let path = format!("/v1/contacts/{contact}");
            let (first, second) = {
                let count = || stage.server.kith.statements();
                let start = count();
                caller.get(&path).await.ok();
                let middle = count();
                caller.get(&path).await.ok();
                (middle - start, count() - middle)
            };
            assert!((2..=3).contains(&first), "{role}: {first}");
            assert!((1..=2).contains(&second), "{role}: {second}");
            let caller = &caller;
            let get = async |path: &str| least(stage, async || caller.get(path).await).await.1;
            assert_eq!(get(&path).await, 1, "a record");
            assert_eq!(get("/v1/contacts?limit=5").await, 1, "a list");
            // That nothing is there has to be looked at twice, and who is refused something is looked up again.
            assert_eq!(get("/v1/teams").await, 2, "an empty list");
            assert_eq!(get("/v1/contacts/contact_01h455vb4pex5vsknk084sn02q").await, 3, "nothing");
            let query = "query($id: ID!) { contact(id: $id) { id givenName } }";
            let ask = async || caller.graphql_reply(query, json!({ "id": contact })).await;
            ask().await.ok();
            assert_eq!(least(stage, ask).await.1, 1, "a prepared query");
        }
    }
}

on_both! {
    async fn a_record_is_created_in_few_statements_and_shown_as_it_is(stage) {
        let pair = Pair::of(stage).await;
        let owner = pair.there(&stage.owner);
        owner.get("/v1/contacts").await.ok();
        let tag = text(&owner.create("tags", json!({ "name": "vip" })).await["id"]);
        let plain = json!({ "givenName": "Ada", "familyName": "Lovelace" });
        let rich = json!({
            "givenName": "Ada", "familyName": "Lovelace", "emails": [{ "address": "ada@example.org" }],
            "phones": [{ "number": "+49 30 901820" }], "birthday": "1815-12-10", "language": "en",
            "tagIds": [tag], "timeZone": "Europe/London",
        });
        for input in [&plain, &rich] {
            for read_by in [&owner, &stage.owner] {
                let created = owner.post("/v1/contacts", input).await;
                shown_as_it_is(read_by, created).await;
            }
            let with_links = owner.post("/v1/contacts?include=tags&fields=fullName", input).await;
            let id = with_links.header("location").unwrap().to_owned();
            let read = owner.get(&format!("{id}?include=tags&fields=fullName")).await;
            assert_eq!(with_links.to_string().split_once(' ').unwrap().0, "201");
            assert_eq!(with_links.bytes, read.bytes);
        }
        let (created, statements) = least(&pair.there, async || owner.post("/v1/contacts", &plain).await).await;
        shown_as_it_is(&owner, created).await;
        let most = if stage.database.backend == Backend::Postgres { 3 } else { 6 };
        assert!(statements <= most, "{statements}");
        pair.end().await;
    }
}

/// The answer to a create is what a GET answers afterwards.
async fn shown_as_it_is(caller: &Caller, created: Reply) {
    let read = caller.get(created.header("location").unwrap()).await;
    assert_eq!(created.status, 201, "{created}");
    assert_eq!(String::from_utf8_lossy(&created.bytes), String::from_utf8_lossy(&read.bytes));
    assert_eq!(created.header("etag"), read.header("etag"));
}
