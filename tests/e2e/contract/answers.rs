//! Answers are bounded in bytes, whatever they are made of, and lists leave long texts out.

use serde_json::{Value as Json, json};

use crate::support::{Caller, on_both, text};

/// The longest text that a ticket takes. Its quotation marks are written with a backslash each.
fn long() -> String {
    "\"a\" ".repeat(25_000)
}

/// Tickets of one contact with two long texts each, far more of them than an answer may have. Gives the contact
/// and one of the tickets.
async fn tickets(owner: &Caller) -> (String, String) {
    let contact = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
    let mut last = String::new();
    for number in 0..45 {
        let input = json!({ "subject": format!("Ticket {number}"), "requesterId": contact,
            "description": long(), "resolution": long() });
        last = text(&owner.create("tickets", input).await["id"]);
    }
    (contact, last)
}

/// The memory of this process, in MiB.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or_default() / 1_024
}

on_both! {
    async fn an_answer_is_bounded_in_bytes(stage) {
        let owner = &stage.owner;
        let (contact, ticket) = tickets(owner).await;
        let before = memory();
        let named = "/v1/tickets?limit=200&fields=id,description,resolution";
        let problem = owner.get(named).await.refused(400, "query_too_complex");
        assert_eq!(problem["limit"], 8 << 20, "the bound is told");
        assert!(problem["detail"].as_str().unwrap().contains("fewer"), "and what to do: {problem}");
        let around = "/v1/contacts?limit=200&fields=tickets.description,tickets.resolution";
        assert!(owner.get(around).await.status.is_success(), "the twenty that an include shows are within the bound");

        // One budget for the whole operation: each of the lists alone is within it.
        let half = "first: 15, where: { requesterId: { eq: $contact } }) { nodes { description resolution } }";
        let variables = json!({ "contact": contact });
        let query = |lists: usize| {
            let lists: Vec<_> = (0..lists).map(|list| format!("l{list}: tickets({half}")).collect();
            format!("query($contact: ID!) {{ {} }}", lists.join(" "))
        };
        assert!(owner.graphql_reply(&query(1), variables.clone()).await.status.is_success());
        owner.graphql_reply(&query(5), variables.clone()).await.graphql_refused(400, "query_too_complex");

        // What is read once and written often.
        let often: Vec<_> = (0..120).map(|alias| format!("a{alias}: description")).collect();
        let query = format!("query($id: ID!) {{ ticket(id: $id) {{ {} }} }}", often.join(" "));
        owner.graphql_reply(&query, json!({ "id": ticket })).await.graphql_refused(400, "query_too_complex");
        let mixed = query.replacen("{ ticket", "{ __schema { queryType { name } } ticket", 1);
        let answer = owner.graphql_reply(&mixed, json!({ "id": ticket })).await;
        assert!(answer.bytes.len() < 9 << 20, "{} bytes", answer.bytes.len());

        // What is within it is answered, and so is the rest when it is asked for in parts.
        let mut path = "/v1/tickets?limit=15&fields=description,resolution".to_owned();
        let mut seen = 0;
        loop {
            let page = owner.get(&path).await.ok();
            seen += page["items"].as_array().unwrap().len();
            let Some(cursor) = page["page"]["nextCursor"].as_str() else { break };
            path = format!("/v1/tickets?limit=15&fields=description,resolution&cursor={cursor}");
        }
        assert_eq!(seen, 45);
        let grown = memory().saturating_sub(before);
        assert!(grown < 192, "the refused answers took {grown} MiB");
    }
}

/// The bytes that this process has written to files.
fn written() -> u64 {
    let counted = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = counted.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or_default()
}

on_both! {
    async fn long_texts_behind_links_are_read_no_further_than_they_are_answered(stage) {
        let owner = &stage.owner;
        for number in 0..20 {
            let contact = owner.create("contacts", json!({ "givenName": format!("Contact {number}") })).await;
            for _ in 0..10 {
                let note = json!({ "type": "NOTE", "subjects": [contact["id"]], "body": long() });
                owner.create("activities", note).await;
            }
        }
        let query = "{ contacts(first: 20) { nodes { activities(first: 10) { nodes { body } } } } }";
        let mut least = u64::MAX;
        for _ in 0..3 {
            let before = written();
            owner.graphql_reply(query, json!({})).await.graphql_refused(400, "query_too_complex");
            least = least.min(written().saturating_sub(before));
        }
        // SQLite puts aside what it sorts and has no room for.
        assert!(least < 1 << 20, "{least} bytes were put aside for a refused answer");
    }
}

on_both! {
    async fn lists_leave_long_texts_out_unless_they_are_named(stage) {
        let owner = &stage.owner;
        let contact = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let input = json!({ "subject": "Broken", "requesterId": contact, "description": "It does not start." });
        let created = owner.create("tickets", input).await;
        let id = text(&created["id"]);
        assert_eq!(created["description"], "It does not start.", "who writes sees all of it");
        let shown = owner.get(&format!("/v1/tickets/{id}")).await.ok();
        assert_eq!(shown["description"], "It does not start.", "and so does who asks for the one record");
        let patched = owner.patch(&format!("/v1/tickets/{id}"), &json!({ "priority": "HIGH" })).await.ok();
        assert_eq!(patched["description"], "It does not start.");

        let has = |record: &Json, name: &str| record.as_object().unwrap().contains_key(name);
        let listed = owner.get("/v1/tickets").await.ok()["items"][0].take();
        assert!(has(&listed, "subject") && !has(&listed, "description") && !has(&listed, "resolution"));
        let found = owner.post("/v1/tickets/search", &json!({})).await.ok()["items"][0].take();
        assert!(has(&found, "subject") && !has(&found, "description"));
        let around = owner.get(&format!("/v1/contacts/{contact}?include=tickets")).await.ok()["tickets"][0].take();
        assert!(has(&around, "subject") && !has(&around, "description"), "{around}");
        let overview = owner.get(&format!("/v1/contacts/{contact}/overview")).await.ok();
        assert!(!has(&overview["openTickets"][0], "description"), "{overview}");

        let named = owner.get("/v1/tickets?fields=subject,description").await.ok();
        assert_eq!(named["items"], json!([{ "subject": "Broken", "description": "It does not start." }]));
        let named = owner.get(&format!("/v1/contacts/{contact}?fields=tickets.description")).await.ok();
        assert_eq!(named["tickets"], json!([{ "description": "It does not start." }]));
        let data = owner.graphql("{ tickets(first: 1) { nodes { description } } }", json!({})).await;
        assert_eq!(data["tickets"]["nodes"], json!([{ "description": "It does not start." }]));

        // Short opaque texts stay.
        owner.create("segments", json!({ "name": "All", "object": "CONTACT", "where": {},
            "description": "Everybody" })).await;
        assert_eq!(owner.get("/v1/segments").await.ok()["items"][0]["description"], "Everybody");
    }
}
