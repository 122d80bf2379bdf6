//! Marketing: segments are predicates under a name, and who is in one is asked when somebody wants to know.

use serde_json::{Value as Json, json};

use crate::support::{Caller, on_both, text};

async fn people(owner: &Caller) {
    for (name, lifecycle, revenue) in
        [("Ada", "LEAD", 1), ("Bob", "CUSTOMER", 2), ("Cleo", "LEAD", 3), ("Dora", "LEAD", 4)]
    {
        let contact =
            text(&owner.create("contacts", json!({ "givenName": name, "lifecycle": lifecycle })).await["id"]);
        let revenue = json!({ "amount": format!("{revenue}000"), "currency": "EUR" });
        let company = owner
            .create("companies", json!({ "name": format!("{name} Ltd"), "annualRevenue": revenue }))
            .await;
        owner.create("affiliations", json!({ "contactId": contact, "companyId": company["id"] })).await;
    }
}

const MEMBERS: &str = "query($id: ID!, $where: JSON, $orderBy: JSON, $first: Int, $after: String) {
    segmentMembers(id: $id, where: $where, orderBy: $orderBy, first: $first, after: $after) {
        nodes { id ... on Contact { givenName } ... on Company { name } } totalCount pageInfo {
            hasNextPage endCursor } } }";

on_both! {
    async fn the_members_are_those_whom_the_predicate_finds(stage) {
        let owner = &stage.owner;
        people(owner).await;
        let leads = json!({ "lifecycle": { "eq": "LEAD" }, "createdAt": { "gte": { "relative": "-P1D" } } });
        let rich = json!({ "annualRevenue": { "gte": { "amount": "3000", "currency": "EUR" } },
            "contacts": { "count": { "gte": 1 } } });
        for (object, objects, type_name, predicate, count) in
            [("CONTACT", "contacts", "contact", &leads, 3), ("COMPANY", "companies", "company", &rich, 2)]
        {
            let input = json!({ "name": object, "object": object, "where": predicate });
            let segment = owner.create("segments", input).await;
            let path = format!("/v1/segments/{}", text(&segment["id"]));
            assert_eq!(&segment["where"], predicate);

            let listed = owner.get_where(&format!("/v1/{objects}?count=true"), predicate).await.ok();
            let mut members = owner.get(&format!("{path}/members?count=true")).await.ok();
            for member in members["items"].as_array_mut().unwrap() {
                assert_eq!(member.as_object_mut().unwrap().remove("type"), Some(json!(type_name)));
            }
            assert_eq!((&members, listed["items"].as_array().unwrap().len()), (&listed, count));
            let data = owner.graphql(MEMBERS, json!({ "id": segment["id"], "first": 200 })).await;
            let nodes = data["segmentMembers"]["nodes"].as_array().unwrap();
            let ids =
                |records: &[Json]| records.iter().map(|record| record["id"].clone()).collect::<Vec<_>>();
            assert_eq!(ids(nodes), ids(listed["items"].as_array().unwrap()));
            assert_eq!(data["segmentMembers"]["totalCount"], count);
        }
    }
}

on_both! {
    async fn members_come_in_pages_and_can_be_narrowed(stage) {
        let owner = &stage.owner;
        people(owner).await;
        let input =
            json!({ "name": "Leads", "object": "CONTACT", "where": { "lifecycle": { "eq": "LEAD" } } });
        let id = text(&owner.create("segments", input).await["id"]);
        let path = format!("/v1/segments/{id}");
        let list = format!("{path}/members?sort=givenName&limit=2&fields=givenName");
        let first = owner.get(&list).await.ok();
        assert_eq!(
            first["items"],
            json!([{ "type": "contact", "givenName": "Ada" }, { "type": "contact", "givenName": "Cleo" }])
        );
        let cursor = text(&first["page"]["nextCursor"]);
        let second = owner.get(&format!("{list}&cursor={cursor}")).await.ok();
        assert_eq!(second["items"], json!([{ "type": "contact", "givenName": "Dora" }]));
        let order = json!([{ "givenName": "ASC" }]);
        let data =
            owner.graphql(MEMBERS, json!({ "id": id, "orderBy": order, "first": 2, "after": cursor })).await;
        assert_eq!(data["segmentMembers"]["nodes"][0]["givenName"], "Dora");
        let narrow = json!({ "givenName": { "startsWith": "d" } });
        let narrowed = owner.get_where(&format!("{path}/members?fields=givenName"), &narrow).await.ok();
        assert_eq!(narrowed["items"], json!([{ "type": "contact", "givenName": "Dora" }]));
        let data = owner.graphql(MEMBERS, json!({ "id": id, "first": 9, "where": narrow })).await;
        assert_eq!(data["segmentMembers"]["totalCount"], 1);
        let short = owner.get(&format!("{path}/members?filter[givenName]=Cleo")).await.ok();
        assert_eq!(short["items"][0]["givenName"], "Cleo");

        // Who comes to meet the predicate is in, and a new predicate has new members.
        let bob = owner.get("/v1/contacts?filter[givenName]=Bob").await.ok();
        let bob = text(&bob["items"][0]["id"]);
        owner.patch(&format!("/v1/contacts/{bob}"), &json!({ "lifecycle": "LEAD" })).await.ok();
        let count = async || {
            owner.get(&format!("{path}/members?count=true")).await.ok()["page"]["totalCount"]
                .as_i64()
                .unwrap()
        };
        assert_eq!(count().await, 4);
        owner.patch(&path, &json!({ "where": { "givenName": { "in": ["Ada", "bob"] } } })).await.ok();
        assert_eq!(count().await, 2);
        owner.get(&format!("{list}&cursor={cursor}")).await.refused(400, "cursor_mismatch");
        owner.delete(&path).await.ok();
        owner.get(&format!("{path}/members")).await.refused(404, "not_found");
        owner.graphql_reply(MEMBERS, json!({ "id": id, "first": 1 })).await.graphql_refused(404, "not_found");
    }
}

on_both! {
    async fn a_bad_predicate_is_refused(stage) {
        let owner = &stage.owner;
        let before = owner.trace().await;
        for (predicate, code, pointer) in [
            (json!({ "lifecycle": { "eq": "FRIEND" } }), "unknown_value", "/where/lifecycle/eq"),
            (json!({ "nope": { "eq": 1 } }), "unknown_field", "/where/nope"),
            (json!({ "annualRevenue": { "isNull": true } }), "unknown_field", "/where/annualRevenue"),
            (json!({ "givenName": { "eq": null } }), "null_operand", "/where/givenName/eq"),
            (json!({ "givenName": { "like": "x" } }), "unknown_operator", "/where/givenName/like"),
            (
                json!({ "createdAt": { "gte": { "relative": "yesterday" } } }),
                "wrong_type",
                "/where/createdAt/gte",
            ),
            (json!([]), "wrong_type", "/where"),
            (json!("x"), "wrong_type", "/where"),
            (json!(null), "required", "/where"),
        ] {
            let input = json!({ "name": "x", "object": "CONTACT", "where": predicate });
            owner.post("/v1/segments", &input).await.violates(422, code, &[(code, pointer)]);
            if !predicate.is_null() {
                let create = "mutation($input: CreateSegmentInput!) { createSegment(input: $input) { segment {
                    id } userErrors { code field } } }";
                owner.mutation_violates(create, json!({ "input": input }), &[(code, pointer)]).await;
            }
        }
        assert_eq!(owner.trace().await, before);
        let input = json!({ "name": "Everyone", "object": "CONTACT", "where": {} });
        let segment = owner.create("segments", input).await;
        let path = format!("/v1/segments/{}", text(&segment["id"]));
        let before = owner.trace().await;
        let bad = json!({ "where": { "nope": { "eq": 1 } } });
        owner.patch(&path, &bad).await.violates(422, "unknown_field", &[("unknown_field", "/where/nope")]);
        owner.patch(&path, &json!({ "object": "COMPANY" })).await.violates(
            422,
            "immutable",
            &[("immutable", "/object")],
        );
        let same = json!({ "name": "EVERYONE", "object": "COMPANY", "where": {} });
        owner.post("/v1/segments", &same).await.violates(409, "not_unique", &[("not_unique", "/name")]);
        assert_eq!(owner.trace().await, before);
        assert_eq!(owner.get(&format!("{path}/members?count=true")).await.ok()["page"]["totalCount"], 0);
    }
}

on_both! {
    async fn who_is_in_is_asked_anew_every_time(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let owner = &stage.owner;
        let recent = json!({ "createdAt": { "gte": { "relative": "-P1D" } } });
        let segment =
            owner.create("segments", json!({ "name": "New", "object": "CONTACT", "where": recent })).await;
        let members = format!("/v1/segments/{}/members?count=true", text(&segment["id"]));
        owner.create("contacts", json!({ "givenName": "Ada" })).await;
        let count = async || owner.get(&members).await.ok()["page"]["totalCount"].as_i64().unwrap();
        assert_eq!(count().await, 1);
        clock.forward(86_400);
        assert_eq!(count().await, 1);
        clock.forward(1);
        assert_eq!(count().await, 0);
        stage.server.stop().await.unwrap();
    }
}
