//! People: contacts, companies, and how they belong together.

mod affiliations;
mod trees;

use serde_json::{Value as Json, json};

use crate::support::{Stage, on_both, text};

on_both! {
    async fn affiliations_lead_both_ways(stage) {
        let owner = &stage.owner;
        let ada = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let bob = text(&owner.create("contacts", json!({ "givenName": "Bob" })).await["id"]);
        let acme = text(&owner.create("companies", json!({ "name": "Acme" })).await["id"]);
        let other = text(&owner.create("companies", json!({ "name": "Other" })).await["id"]);
        let tie = async |contact: &str, company: &str| {
            let input =
                json!({ "contactId": contact, "companyId": company, "role": "Buyer", "from": "2020-01-01" });
            text(&owner.create("affiliations", input).await["id"])
        };
        let first = tie(&ada, &acme).await;
        tie(&ada, &other).await;
        tie(&bob, &acme).await;
        let both = async || {
            let query = "{ contacts(first: 9, orderBy: [{ givenName: ASC }]) { nodes { givenName
                    companies(first: 9, orderBy: [{ name: ASC }]) { nodes { name } totalCount }
                        affiliations(first: 9) { totalCount } } }
                companies(first: 9, orderBy: [{ name: ASC }]) { nodes { name
                    contacts(first: 9, orderBy: [{ givenName: ASC }]) { nodes { givenName } totalCount } } } }";
            let data = owner.graphql(query, json!({})).await;
            let rest = owner.get("/v1/contacts?sort=givenName&fields=givenName,companies.name").await.ok();
            for (contact, shown) in
                data["contacts"]["nodes"].as_array().unwrap().iter().zip(rest["items"].as_array().unwrap())
            {
                assert_eq!(
                    contact["companies"]["nodes"].as_array().unwrap().len(),
                    shown["companies"].as_array().unwrap().len()
                );
            }
            let names = |nodes: &Json, name: &str, link: &str, inner: &str| -> Vec<Json> {
                let inner = |node: &Json| {
                    node[link]["nodes"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|other| other[inner].clone())
                        .collect::<Vec<_>>()
                };
                nodes
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|node| json!([node[name], inner(node), node[link]["totalCount"]]))
                    .collect()
            };
            json!([
                names(&data["contacts"]["nodes"], "givenName", "companies", "name"),
                names(&data["companies"]["nodes"], "name", "contacts", "givenName")
            ])
        };
        assert_eq!(
            both().await,
            json!([
                [["Ada", ["Acme", "Other"], 2], ["Bob", ["Acme"], 1]],
                [["Acme", ["Ada", "Bob"], 2], ["Other", ["Ada"], 1]],
            ])
        );
        // They can be asked about, from either end.
        let found = async |objects: &str, predicate: Json| {
            let reply =
                owner.get_where(&format!("/v1/{objects}?sort=createdAt&fields=id"), predicate).await.ok();
            reply["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect::<Vec<_>>()
        };
        assert_eq!(
            found("contacts", json!({ "companies": { "some": { "name": { "eq": "Other" } } } })).await,
            [ada.as_str()]
        );
        assert_eq!(
            found("contacts", json!({ "companies": { "none": { "name": { "eq": "Other" } } } })).await,
            [bob.as_str()]
        );
        assert_eq!(
            found("companies", json!({ "contacts": { "count": { "gte": 2 } } })).await,
            [acme.as_str()]
        );
        assert_eq!(
            found(
                "companies",
                json!({ "affiliations": { "every": { "contact": { "givenName": { "eq": "ada" } } } } })
            )
            .await,
            [other.as_str()]
        );

        // A tie that is deleted no longer leads anywhere, and neither does a contact that is.
        owner.delete(&format!("/v1/affiliations/{first}")).await.ok();
        owner.delete(&format!("/v1/contacts/{bob}")).await.ok();
        assert_eq!(both().await, json!([[["Ada", ["Other"], 1]], [["Acme", [], 0], ["Other", ["Ada"], 1]]]));
        owner.command(&format!("affiliations/{first}/restore"), json!({})).await.ok();
        owner.command(&format!("contacts/{bob}/restore"), json!({})).await.ok();
        assert_eq!(both().await[1], json!([["Acme", ["Ada", "Bob"], 2], ["Other", ["Ada"], 1]]));

        let before = owner.trace().await;
        let path = format!("/v1/affiliations/{first}");
        owner.patch(&path, &json!({ "to": "2019-12-31" })).await.violates(
            422,
            "out_of_range",
            &[("out_of_range", "/to")],
        );
        owner.patch(&path, &json!({ "companyId": other })).await.violates(
            422,
            "immutable",
            &[("immutable", "/companyId")],
        );
        owner.post("/v1/affiliations", &json!({ "contactId": acme, "companyId": acme })).await.violates(
            422,
            "wrong_type",
            &[("wrong_type", "/contactId")],
        );
        owner.post("/v1/affiliations", &json!({ "contactId": null })).await.violates(
            422,
            "required",
            &[("required", "/contactId"), ("required", "/companyId")],
        );
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn contacts_keep_what_they_are_given(stage) {
        let owner = &stage.owner;
        let input = json!({
            "givenName": " Ada ", "familyName": "King 👑 \"Lovelace\"", "jobTitle": "a\nb", "language": "en-GB",
            "timeZone": "Europe/London", "country": "GB", "preferredChannel": "POST", "birthday": "1815-12-10",
            "emails": [{ "address": "Ada@Example.ORG" }, { "address": "ada@x.org", "type": "HOME" }],
            "phones": [{ "number": "+44 20 7946 0000", "country": "GB", "type": "MOBILE", "primary": true }],
            "addresses": [{ "street": "St James's Sq", "city": "London", "country": "GB", "type": "HOME" }],
        });
        let contact = owner.create("contacts", input.clone()).await;
        assert_eq!(contact["fullName"], "Ada King 👑 \"Lovelace\"");
        assert_eq!(
            contact["emails"],
            json!([
                { "address": "Ada@example.org", "type": "WORK", "primary": true },
                { "address": "ada@x.org", "type": "HOME", "primary": false },
            ])
        );
        assert_eq!(
            contact["phones"][0],
            json!({ "number": "+44 20 7946 0000", "type": "MOBILE", "country": "GB", "primary": true })
        );
        let address = json!({ "type": "HOME", "street": "St James's Sq", "postalCode": null,
            "city": "London", "region": null,
            "country": "GB", "primary": true });
        assert_eq!(contact["addresses"], json!([address]));
        assert_eq!(
            (&contact["lifecycle"], &contact["leadStatus"], &contact["ownerId"]),
            (&json!("LEAD"), &Json::Null, &json!(owner.user))
        );
        assert_eq!(contact["givenName"], "Ada");
        for name in [
            "familyName",
            "jobTitle",
            "language",
            "timeZone",
            "country",
            "preferredChannel",
            "birthday",
        ] {
            assert_eq!(contact[name], input[name], "{name}");
        }
        assert_eq!(owner.get(&format!("/v1/contacts/{}", text(&contact["id"]))).await.ok(), contact);

        let before = owner.trace().await;
        let two = json!([{ "address": "a@b.de", "primary": true }, { "address": "c@d.de", "primary": true }]);
        owner.post("/v1/contacts", &json!({ "emails": two })).await.violates(
            422,
            "invalid",
            &[("invalid", "/emails")],
        );
        let many = vec![json!({ "address": "a@b.de" }); 51];
        owner.post("/v1/contacts", &json!({ "emails": many })).await.violates(
            422,
            "out_of_range",
            &[("out_of_range", "/emails")],
        );
        for nameless in [json!({}), json!({ "givenName": "" }), json!({ "givenName": "  ", "emails": [] })] {
            owner.post("/v1/contacts", &nameless).await.violates(
                422,
                "required",
                &[("required", "/givenName")],
            );
        }
        let itself = text(&owner.create("companies", json!({ "name": "Acme" })).await["id"]);
        let path = format!("/v1/companies/{itself}");
        owner.patch(&path, &json!({ "parentId": itself })).await.violates(
            422,
            "invalid",
            &[("invalid", "/parentId")],
        );
        assert_eq!(owner.trace().await["contacts"], before["contacts"]);
        assert_eq!(
            owner.create("contacts", json!({ "emails": [{ "address": "nobody@x.org" }] })).await["fullName"],
            "nobody@x.org"
        );
        assert_eq!(
            owner.create("contacts", json!({ "givenName": "x".repeat(200) })).await["fullName"],
            "x".repeat(200)
        );
    }
}

/// A contact with some of everything around it, and its id.
async fn surrounded(stage: &Stage, size: usize, stages: &[String; 3], tag: &str) -> String {
    let owner = &stage.owner;
    let id = text(&owner.create("contacts", json!({ "givenName": "Ada", "tagIds": [tag] })).await["id"]);
    for number in 0..size {
        let company =
            text(&owner.create("companies", json!({ "name": format!("Company {number}") })).await["id"]);
        owner.create("affiliations", json!({ "contactId": id, "companyId": company })).await;
        for place in stages {
            let reason = (place == &stages[2]).then_some("x");
            let deal = json!({ "name": format!("Deal {number}"), "stageId": place, "contactId": id,
                "lostReason": reason });
            owner.create("deals", deal).await;
        }
        for status in ["NEW", "OPEN", "SOLVED", "CLOSED"] {
            owner
                .create(
                    "tickets",
                    json!({ "subject": format!("Ticket {number}"), "requesterId": id, "status": status }),
                )
                .await;
        }
        for status in ["OPEN", "IN_PROGRESS", "DONE", "CANCELLED"] {
            let due = format!("2026-0{}-01T00:00:00Z", 9 - number);
            owner
                .create(
                    "tasks",
                    json!({ "title": format!("Task {number}"), "contactId": id,
                "status": status, "dueAt": due }),
                )
                .await;
        }
        let at = format!("2026-01-0{}T00:00:00Z", number + 1);
        owner
            .create(
                "activities",
                json!({ "type": "NOTE", "subject": format!("Note {number}"),
            "subjects": [id], "occurredAt": at }),
            )
            .await;
    }
    id
}

const OVERVIEW: &str = "query($id: ID!) { contactOverview(id: $id) {
    contact { id fullName version emails { address } } companies { id name } openDeals {
        id name status amount { amount } }
    openTickets { id number status subject } openTasks { id title status dueAt } timeline {
        id type subject occurredAt subjects }
    tags { id name } } }";

on_both! {
    async fn the_overview_is_one_picture_on_both_doors(stage) {
        let owner = &stage.owner;
        let stages = stage.pipeline().await;
        let tag = text(&owner.create("tags", json!({ "name": "vip" })).await["id"]);
        let small = surrounded(stage, 1, &stages, &tag).await;
        let large = surrounded(stage, 5, &stages, &tag).await;

        let mut statements = Vec::new();
        for id in [&small, &large, &small, &large] {
            let count = || stage.server.kith.statements();
            let begun = count();
            let rest = owner.get(&format!("/v1/contacts/{id}/overview")).await;
            let between = count();
            let data = owner.graphql(OVERVIEW, json!({ "id": id })).await;
            statements.push((between - begun, count() - between));
            assert_eq!(rest.header("cache-control"), Some("no-store"));
            let rest = rest.ok();
            let graphql = &data["contactOverview"];
            assert_eq!(rest["contact"], owner.get(&format!("/v1/contacts/{id}")).await.ok());
            for (panel, shown) in graphql.as_object().unwrap() {
                assert_same(shown, &rest[panel], panel);
            }
        }
        assert_eq!(statements[2], statements[3], "the number of statements does not depend on the rows");
        let (rest, graphql) = statements[3];
        assert!(rest <= 9 && graphql <= 9, "{statements:?}");

        let view = owner.get(&format!("/v1/contacts/{large}/overview")).await.ok();
        let column = |panel: &str, name: &str| -> Vec<String> {
            view[panel].as_array().unwrap().iter().map(|record| text(&record[name])).collect()
        };
        assert_eq!(
            column("companies", "name"),
            ["Company 0", "Company 1", "Company 2", "Company 3", "Company 4"]
        );
        assert_eq!(column("openDeals", "name"), ["Deal 4", "Deal 3", "Deal 2", "Deal 1", "Deal 0"]);
        assert_eq!((column("openTickets", "status").len(), column("openTasks", "status").len()), (10, 10));
        assert!(column("openTasks", "dueAt").is_sorted(), "the most urgent first");
        assert!(column("timeline", "occurredAt").iter().rev().is_sorted(), "the latest first");
        assert_eq!(column("tags", "name"), ["vip"]);
        let none = "contact_01h455vb4pex5vsknk084sn02q";
        owner.get(&format!("/v1/contacts/{none}/overview")).await.refused(404, "not_found");
        assert_eq!(owner.graphql(OVERVIEW, json!({ "id": none })).await, json!({ "contactOverview": null }));
    }
}

on_both! {
    async fn a_panel_holds_twenty(stage) {
        let owner = &stage.owner;
        let id = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        for number in 0..22 {
            owner.create("tasks", json!({ "title": format!("{number}"), "contactId": id })).await;
        }
        let view = owner.get(&format!("/v1/contacts/{id}/overview")).await.ok();
        assert_eq!(view["openTasks"].as_array().unwrap().len(), 20);
        let data = owner
            .graphql("query($id: ID!) { contactOverview(id: $id) { openTasks { id } } }", json!({ "id": id }))
            .await;
        assert_eq!(data["contactOverview"]["openTasks"].as_array().unwrap().len(), 20);
    }
}

/// Everything that GraphQL shows is the same over REST.
fn assert_same(graphql: &Json, rest: &Json, path: &str) {
    match (graphql, rest) {
        (Json::Object(shown), Json::Object(_)) => {
            for (name, value) in shown {
                assert_same(value, &rest[name], &format!("{path}.{name}"));
            }
        }
        (Json::Array(shown), Json::Array(others)) => {
            assert_eq!(shown.len(), others.len(), "{path}");
            shown.iter().zip(others).for_each(|(one, other)| assert_same(one, other, path));
        }
        _ => assert_eq!(graphql, rest, "{path}"),
    }
}
