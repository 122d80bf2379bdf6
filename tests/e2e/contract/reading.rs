//! What is shown of records: fields and links over REST, deleted records, and the ways to ask for a list.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Caller, on_both, text};

fn members(json: &Json) -> Vec<&str> {
    json.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn query(caller: &Caller, objects: &str, body: &Json) -> crate::support::Reply {
    let method = Method::from_bytes(b"QUERY").unwrap();
    caller.send(caller.request(method, &format!("/v1/{objects}")).json(body)).await
}

on_both! {
    async fn fields_and_include_shape_an_answer(stage) {
        let owner = &stage.owner;
        let company = text(&owner.create("companies", json!({ "name": "Acme" })).await["id"]);
        let ada = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        owner.create("affiliations", json!({ "contactId": ada, "companyId": company })).await;
        let [open, ..] = stage.pipeline().await;
        for number in 0..22 {
            let deal = json!({ "name": format!("Deal {number}"), "stageId": open, "companyId": company });
            owner.create("deals", deal).await;
        }
        let get = async |query: &str| owner.get(&format!("/v1/companies/{company}?{query}")).await.ok();
        assert_eq!(members(&get("fields=name,id").await), ["id", "name"]);
        let whole = get("").await;
        let registry = stage.server.kith.registry();
        let every: Vec<_> =
            registry.object("company").unwrap().attributes.iter().map(|field| field.name).collect();
        let mut shown = members(&whole);
        shown.sort_unstable();
        let mut sorted = every.clone();
        sorted.sort_unstable();
        assert_eq!(shown, sorted, "every field is shown, null where there is nothing");

        let wide = get("fields=name,deals.name,contacts.fullName,parent.name").await;
        assert_eq!(wide["parent"], Json::Null);
        assert_eq!(wide["contacts"], json!([{ "fullName": "Ada" }]));
        let deals = wide["deals"].as_array().unwrap();
        assert_eq!((deals.len(), &deals[0]), (20, &json!({ "name": "Deal 21" })), "twenty, the newest first");
        let deep = get("fields=id&include=deals.stage").await;
        assert_eq!(deep["deals"][0]["stage"]["name"], "Open");
        let list = owner.get("/v1/contacts?fields=id,companies.name").await.ok();
        assert_eq!(list["items"], json!([{ "id": ada, "companies": [{ "name": "Acme" }] }]));
        let body = json!({ "fields": ["givenName"], "include": ["companies"] });
        let found = owner.post("/v1/contacts/search", &body).await.ok();
        assert_eq!(found["items"][0]["companies"][0]["name"], "Acme");
        let patched =
            owner.patch(&format!("/v1/contacts/{ada}?fields=version"), &json!({ "jobTitle": "x" })).await;
        assert_eq!(patched.ok(), json!({ "version": 2 }));

        let refused = |query: &'static str| owner.get(query);
        refused("/v1/companies?fields=nope").await.refused(422, "unknown_field");
        refused("/v1/companies?include=nope").await.refused(422, "unknown_field");
        refused("/v1/companies?include=name").await.refused(422, "unknown_field");
        refused("/v1/companies?include=deals.stage.pipeline").await.refused(400, "invalid_parameter");
        refused("/v1/companies?fields=").await.refused(422, "unknown_field");
        refused("/v1/companies?fields=name&fields=id").await.refused(400, "invalid_parameter");
        refused("/v1/companies?limit=200&include=deals.lineItems,contacts.deals")
            .await
            .refused(400, "query_too_complex");
        // What cannot be shown afterwards is refused before anything is written.
        let before = owner.trace().await;
        owner
            .post("/v1/contacts?fields=nope", &json!({ "givenName": "Eve" }))
            .await
            .refused(422, "unknown_field");
        owner
            .patch(&format!("/v1/contacts/{ada}?include=nope"), &json!({ "jobTitle": "y" }))
            .await
            .refused(422, "unknown_field");
        owner.delete(&format!("/v1/contacts/{ada}?fields=nope")).await.refused(422, "unknown_field");
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn a_list_is_asked_for_in_four_ways(stage) {
        let owner = &stage.owner;
        for (name, title, score) in
            [("Ada", "Countess", 3), ("Bob", "Builder", 2), ("Cleo", "Queen", 1), ("Dora", "Queen", 0)]
        {
            let tags: Vec<Json> = Vec::new();
            let contact =
                json!({ "givenName": name, "jobTitle": title, "tagIds": tags, "source": format!("{score}") });
            owner.create("contacts", contact).await;
        }
        let predicate =
            json!({ "or": [{ "jobTitle": { "eq": "queen" } }, { "givenName": { "in": ["Ada"] } }] });
        let body = json!({ "where": predicate, "orderBy": [{ "jobTitle": "DESC" }, { "source": "ASC" }],
            "fields": ["givenName"], "limit": 10, "count": true });
        let expected = json!([{ "givenName": "Dora" }, { "givenName": "Cleo" }, { "givenName": "Ada" }]);
        let searched = owner.post("/v1/contacts/search", &body).await.ok();
        assert_eq!(searched["items"], expected);
        let page = json!({ "nextCursor": null, "prevCursor": null, "hasMore": false, "totalCount": 3,
            "totalIsCapped": false });
        assert_eq!(searched["page"], page);
        let queried = query(owner, "contacts", &body).await;
        assert_eq!(queried.header("cache-control"), Some("no-store"));
        assert_eq!(queried.ok(), searched);
        let list = "/v1/contacts?sort=-jobTitle,source&fields=givenName&limit=10&count=true";
        let listed = owner.get_where(list, &predicate).await.ok();
        assert_eq!(listed, searched);
        let ask = "query($where: ContactFilter) {
            contacts(first: 10, where: $where, orderBy: [{jobTitle: DESC}, {source: ASC}]) {
            nodes { givenName } totalCount } }";
        let data = owner.graphql(ask, json!({ "where": predicate })).await;
        assert_eq!(data["contacts"], json!({ "nodes": expected, "totalCount": 3 }));
        let short = owner
            .get("/v1/contacts?filter[jobTitle]=queen&filter[givenName][ne]=Dora&fields=givenName")
            .await
            .ok();
        assert_eq!(short["items"], json!([{ "givenName": "Cleo" }]));

        query(owner, "contacts", &json!({ "limit": 0 })).await.refused(400, "invalid_parameter");
        for wrong in ["sort=nope", "sort=-", "sort="] {
            owner.get(&format!("/v1/contacts?{wrong}")).await.refused(422, "unknown_field");
        }
        for wrong in [
            "sort=emails",
            "sort=source,-source",
            "count=1",
            "limit=ten",
            "limit=-1",
            "deleted=only",
            "where={",
            "filter[]=x",
            "filter[givenName=x",
            "filter[companies]=x",
            "limit=1&limit=2",
            "sort=%ff",
        ] {
            owner.get(&format!("/v1/contacts?{wrong}")).await.refused(400, "invalid_parameter");
        }
    }
}

on_both! {
    async fn deleted_records_are_shown_when_asked_for(stage) {
        let owner = &stage.owner;
        let kept = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let gone = text(&owner.create("contacts", json!({ "givenName": "Eve" })).await["id"]);
        let deleted = owner.delete(&format!("/v1/contacts/{gone}")).await.ok();
        assert!(deleted["deletedAt"].is_string(), "{deleted}");
        for (deleted, expected) in
            [("EXCLUDE", vec![&kept]), ("ONLY", vec![&gone]), ("INCLUDE", vec![&gone, &kept])]
        {
            let expected: Vec<_> = expected.into_iter().map(|id| json!({ "id": id })).collect();
            let listed =
                owner.get(&format!("/v1/contacts?fields=id&deleted={deleted}&count=true")).await.ok();
            assert_eq!(
                (&listed["items"], &listed["page"]["totalCount"]),
                (&json!(expected), &json!(expected.len()))
            );
            let body = json!({ "deleted": deleted, "fields": ["id"] });
            assert_eq!(owner.post("/v1/contacts/search", &body).await.ok()["items"], json!(expected));
            let ask = format!("{{ contacts(first: 9, deleted: {deleted}) {{ nodes {{ id }} totalCount }} }}");
            let data = owner.graphql(&ask, json!({})).await;
            assert_eq!(data["contacts"], json!({ "nodes": expected, "totalCount": expected.len() }));
        }
        assert_eq!(owner.get("/v1/contacts").await.ok()["items"].as_array().unwrap().len(), 1);
    }
}
