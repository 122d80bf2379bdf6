//! Pages: their limits, and cursors that are good for one list only.

use reqwest::Method;
use serde_json::json;

use crate::support::{on_both, text};

on_both! {
    async fn a_page_has_between_1_and_200_records(stage) {
        let owner = &stage.owner;
        for limit in [0, 201, 4_294_967_295_u64] {
            owner.get(&format!("/v1/contacts?limit={limit}")).await.refused(400, "invalid_parameter");
            owner
                .post("/v1/contacts/search", &json!({ "limit": limit }))
                .await
                .refused(400, "invalid_parameter");
            for way in ["first", "last"] {
                let query = format!("query($n: Int) {{ contacts({way}: $n) {{ nodes {{ id }} }} }}");
                // What is no `Int` of GraphQL is refused as such.
                let (status, code) = match i32::try_from(limit) {
                    Ok(_) => (400, "invalid_parameter"),
                    Err(_) => (400, "invalid_query"),
                };
                owner.graphql_reply(&query, json!({ "n": limit })).await.graphql_refused(status, code);
            }
        }
        for part in ["", "(first: 1, last: 1)", "(after: \"x\")"] {
            let query = format!("{{ contacts{part} {{ nodes {{ id }} }} }}");
            owner.graphql_reply(&query, json!({})).await.graphql_refused(400, "invalid_parameter");
        }
        for limit in [1, 200] {
            owner.get(&format!("/v1/contacts?limit={limit}")).await.ok();
        }
        owner.get("/v1/contacts?limit=200&count=true").await.ok();
    }
}

on_both! {
    async fn pages_lead_to_each_other(stage) {
        let owner = &stage.owner;
        for number in 0..5 {
            owner.create("contacts", json!({ "givenName": format!("{number}"), "source": "fair" })).await;
        }
        let first =
            owner.get("/v1/contacts?filter[source]=fair&sort=givenName&limit=2&fields=givenName").await;
        let link = first.header("link").unwrap().to_owned();
        let next = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        assert!(
            next.starts_with(
                "/v1/contacts?filter[source]=fair&sort=givenName&limit=2&fields=givenName&cursor="
            ),
            "{link}"
        );
        let page = first.json()["page"].take();
        assert_eq!((&page["hasMore"], &page["prevCursor"]), (&json!(true), &json!(null)));
        assert!(next.ends_with(page["nextCursor"].as_str().unwrap()));

        let second = owner.get(next).await;
        assert_eq!(second.json()["items"], json!([{ "givenName": "2" }, { "givenName": "3" }]));
        let third = owner.get(second.header("link").unwrap().split(['<', '>']).nth(1).unwrap()).await;
        assert_eq!(third.header("link"), None);
        let page = third.json();
        assert_eq!(
            (&page["items"], &page["page"]["hasMore"]),
            (&json!([{ "givenName": "4" }]), &json!(false))
        );
        let back = text(&page["page"]["prevCursor"]);
        let back =
            format!("/v1/contacts?filter[source]=fair&sort=givenName&limit=2&fields=givenName&cursor={back}");
        assert_eq!(owner.get(&back).await.json()["items"], second.json()["items"]);
        // A record that comes between the pages is in the later one.
        owner.create("contacts", json!({ "givenName": "3.5", "source": "fair" })).await;
        let third = owner.get(second.header("link").unwrap().split(['<', '>']).nth(1).unwrap()).await.ok();
        assert_eq!(third["items"], json!([{ "givenName": "3.5" }, { "givenName": "4" }]));
    }
}

on_both! {
    async fn a_cursor_is_good_for_its_list_alone(stage) {
        let (owner, stranger) = (&stage.owner, stage.stranger().await);
        for caller in [owner, &stranger] {
            for number in 0..3 {
                caller.create("contacts", json!({ "givenName": format!("{number}") })).await;
                caller.create("companies", json!({ "name": format!("{number}") })).await;
            }
        }
        let list = "/v1/contacts?sort=givenName&limit=1";
        let cursor = text(&owner.get(list).await.ok()["page"]["nextCursor"]);
        owner.get(&format!("{list}&cursor={cursor}")).await.ok();
        // Another size of the page is the same list.
        owner.get(&format!("/v1/contacts?sort=givenName&limit=2&cursor={cursor}")).await.ok();
        for other in [
            "",
            "sort=-givenName",
            "sort=givenName,source",
            "sort=givenName&filter[givenName]=1",
            "sort=givenName&deleted=ONLY",
        ] {
            owner.get(&format!("/v1/contacts?{other}&cursor={cursor}")).await.refused(400, "cursor_mismatch");
        }
        let mut damaged = cursor.clone();
        let middle = damaged.len() / 2;
        let other = if damaged.as_bytes()[middle] == b'A' { "B" } else { "A" };
        damaged.replace_range(middle..=middle, other);
        let short = &cursor[..cursor.len() - 4];
        for wrong in ["", "x", "AAAA", "null", &damaged, short, &format!("{cursor}AAAA"), "%20"] {
            owner.get(&format!("{list}&cursor={wrong}")).await.refused(400, "invalid_cursor");
            let search = json!({ "orderBy": [{ "givenName": "ASC" }], "cursor": wrong });
            owner.post("/v1/contacts/search", &search).await.refused(400, "invalid_cursor");
            for way in ["after", "before"] {
                let ask =
                    format!("query($at: String) {{ contacts(first: 1, {way}: $at) {{ nodes {{ id }} }} }}");
                owner
                    .graphql_reply(&ask, json!({ "at": wrong }))
                    .await
                    .graphql_refused(400, "invalid_cursor");
            }
        }
        owner.get(&format!("/v1/companies?limit=1&cursor={cursor}")).await.refused(400, "cursor_mismatch");
        stranger.get(&format!("{list}&cursor={cursor}")).await.refused(400, "invalid_cursor");

        // GraphQL and REST have the same cursors.
        let ask =
            "query($at: String, $order: [ContactOrder!]) { contacts(first: 1, after: $at, orderBy: $order) {
            nodes { givenName } pageInfo { endCursor } } }";
        let order = json!([{ "givenName": "ASC" }]);
        let data = owner.graphql(ask, json!({ "at": cursor, "order": order })).await;
        assert_eq!(data["contacts"]["nodes"], json!([{ "givenName": "1" }]));
        let at = text(&data["contacts"]["pageInfo"]["endCursor"]);
        let last = owner.get(&format!("{list}&fields=givenName&cursor={at}")).await.ok();
        assert_eq!(last["items"], json!([{ "givenName": "2" }]));
        let other = owner.graphql_reply(ask, json!({ "at": cursor, "order": [{ "givenName": "DESC" }] }));
        other.await.graphql_refused(400, "cursor_mismatch");
        // Nothing of what a cursor says can be read in it.
        assert!(!cursor.contains("givenName"));
        let search = owner.request(Method::POST, "/v1/contacts/search").json(&json!({ "cursor": 1 }));
        owner.send(search).await.violates(422, "wrong_type", &[("wrong_type", "/cursor")]);
    }
}
