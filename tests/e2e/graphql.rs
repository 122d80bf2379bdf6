//! GraphQL: answers by plans against answers field by field, the number of SQL statements, and the guard.

mod absent;
mod coercion;
mod generator;
mod introspection;
mod over_http;
mod prepared;
mod strings;

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::support::{Stage, on_both, text};
use generator::Generator;

/// A few records of many objects, linked with each other.
async fn populate(stage: &Stage) {
    let owner = &stage.owner;
    let stages = stage.pipeline().await;
    let tag = owner.create("tags", json!({ "name": "vip", "color": "#ff0000" })).await;
    let product = owner
        .create("products", json!({ "name": "Wheel", "unitPrice": { "amount": "9.99", "currency": "EUR" } }))
        .await;
    for number in 0..20 {
        let revenue =
            (number % 3 > 0).then(|| json!({ "amount": format!("{number}000.50"), "currency": "EUR" }));
        let company =
            json!({ "name": format!("Company {number}"), "annualRevenue": revenue, "domains": ["a.de"] });
        let company = text(&owner.create("companies", company).await["id"]);
        for person in 0..(number % 4) {
            let contact = json!({
                "givenName": "Zoë", "familyName": format!("\"Quote\" {person}"), "tagIds": [tag["id"]],
                "emails": [{ "address": format!("z{person}@a.de") }, { "address": "z@b.de", "type": "HOME" }],
                "externalRefs": [{ "system": "shop", "id": format!("{number}-{person}") }],
            });
            let contact = text(&owner.create("contacts", contact).await["id"]);
            owner.create("affiliations", json!({ "contactId": contact, "companyId": company })).await;
            owner.create("activities", json!({ "type": "CALL", "subjects": [contact, company] })).await;
            owner.create("tickets", json!({ "subject": "Broken", "requesterId": contact })).await;
            let deal =
                json!({ "name": "A deal", "stageId": stages[0], "companyId": company, "contactId": contact });
            let deal = text(&owner.create("deals", deal).await["id"]);
            owner
                .create(
                    "line-items",
                    json!({ "dealId": deal, "productId": product["id"], "quantity": "1.5" }),
                )
                .await;
        }
    }
}

on_both! {
    async fn plans_answer_like_field_by_field(stage) {
        populate(stage).await;
        let slow = Stage::field_by_field(Arc::clone(&stage.database)).await;
        let mut by_fields = stage.owner.clone();
        by_fields.url.clone_from(&slow.server.url);
        let registry = Arc::clone(stage.server.kith.registry());
        for seed in 0..150 {
            let (query, variables) = Generator::new(&registry, seed).operation();
            let by_plans = stage.owner.graphql_reply(&query, variables.clone()).await;
            assert!(by_plans.status.is_success(), "seed {seed}: {query}\n{by_plans}");
            assert!(by_plans.json().get("errors").is_none(), "seed {seed}: {query}\n{by_plans}");
            let prepared = stage.owner.graphql_reply(&query, variables.clone()).await;
            assert_eq!(by_plans.to_string(), prepared.to_string(), "seed {seed}: {query}");
            let by_fields = by_fields.graphql_reply(&query, variables).await;
            assert_eq!(by_plans.to_string(), by_fields.to_string(), "seed {seed}: {query}");
        }
        slow.server.stop().await.unwrap();
    }
}

/// The nested read by which peers are measured.
const NESTED: &str = "{ companies(first: 20) { nodes { id name contacts(first: 5) { nodes { id fullName
    deals(first: 3) { nodes { id name amount { amount } } } } } } } }";

on_both! {
    async fn statements_are_bounded_by_depth(stage) {
        populate(stage).await;
        // The first request fills what is cached.
        stage.owner.graphql(NESTED, json!({})).await;
        let before = stage.server.kith.statements();
        let data = stage.owner.graphql(NESTED, json!({})).await;
        let statements = stage.server.kith.statements() - before;
        assert_eq!(data["companies"]["nodes"].as_array().unwrap().len(), 20);
        assert!(statements <= 4, "{statements} statements, the credential's included");
    }
}

on_both! {
    async fn what_a_mutation_shows_is_one_plan(stage) {
        populate(stage).await;
        let companies = stage.owner.get("/v1/companies?limit=200&include=contacts").await.ok();
        let company = |contacts: usize| {
            let all = companies["items"].as_array().unwrap();
            let found = all.iter().find(|company| company["contacts"].as_array().unwrap().len() == contacts);
            text(&found.unwrap()["id"])
        };
        let change = "mutation($id: ID!, $input: UpdateCompanyInput!) { updateCompany(id: $id, input: $input) {
            company { n: name annualRevenue { a: amount } contacts(first: 3) { edges { cursor node {
                ...C deals(first: 2) { nodes { stage { name } lineItems(first: 1) { nodes { name } } }
                pageInfo { more: hasNextPage } } } } } } userErrors { code } } }
            fragment C on Contact { fullName emails { to: address } tags(first: 1) { nodes { name } } }";
        let mut counts = Vec::new();
        // The first one is to be prepared.
        for (turn, contacts) in [1, 1, 3].into_iter().enumerate() {
            let variables = json!({ "id": company(contacts), "input": { "industry": format!("{turn}") } });
            let before = stage.server.kith.statements();
            let data = stage.owner.graphql(change, variables).await;
            counts.push(stage.server.kith.statements() - before);
            let edges = data["updateCompany"]["company"]["contacts"]["edges"].as_array().unwrap();
            assert_eq!(edges.len(), contacts, "{data}");
            // The newest comes first.
            let newest = format!("z{}@a.de", contacts - 1);
            assert_eq!(edges[0]["node"]["emails"], json!([{ "to": newest }, { "to": "z@b.de" }]));
            assert_eq!(edges[0]["node"]["deals"]["pageInfo"], json!({ "more": false }));
            assert_eq!(edges[0]["node"]["deals"]["nodes"][0]["lineItems"]["nodes"][0]["name"], "Wheel");
        }
        assert_eq!(counts[1], counts[2], "the number of statements grows with the rows");
    }
}

on_both! {
    async fn a_mutation_answers_its_record_or_its_errors(stage) {
        let create = "mutation($input: CreateContactInput!) { createContact(input: $input) {
            contact { id version fullName emails { address primary } } userErrors { code field message } } }";
        let input = json!({ "givenName": "Ada", "emails": [{ "address": "ada@x.org" }] });
        let data = stage.owner.graphql(create, json!({ "input": input })).await;
        let contact = &data["createContact"]["contact"];
        assert_eq!((&contact["fullName"], &contact["version"]), (&json!("Ada"), &json!(1)));
        assert_eq!(contact["emails"], json!([{ "address": "ada@x.org", "primary": true }]));
        let input = json!({ "emails": [{ "address": "nobody" }], "birthday": "1815-12-10" });
        let data = stage.owner.graphql(create, json!({ "input": input })).await;
        assert_eq!(data["createContact"]["contact"], Json::Null);
        let codes: Vec<_> = data["createContact"]["userErrors"].as_array().unwrap().iter().collect();
        assert!(!codes.is_empty() && codes.iter().all(|error| error["field"].is_string()), "{data}");
    }
}

on_both! {
    async fn dangerous_documents_are_refused_at_once(stage) {
        let nested = format!("{{ contacts(first: 1, where: {}{}) {{ nodes {{ id }} }} }}", "[".repeat(4_000), "]".repeat(4_000));
        let mut bomb = "{ ...A0 }".to_owned();
        for level in 0..30 {
            bomb += &format!(" fragment A{level} on Query {{ ...A{} ...A{} }}", level + 1, level + 1);
        }
        bomb += " fragment A30 on Query { __typename }";
        let panics = "query($a: [Nope] = [1]) { __typename }".to_owned();
        let costly = "{ contacts(first: 200) { nodes { deals(first: 200) { nodes { id } } } } }".to_owned();
        let endless = format!("{{ __typename {} }}", "a: __typename ".repeat(100));
        for document in [nested, bomb, panics, costly, endless, "{".to_owned(), String::new()] {
            let reply = stage.owner.graphql_reply(&document, json!({})).await;
            assert!(reply.status.is_client_error(), "{document:.80}: {reply}");
            assert!(reply.json()["errors"][0]["extensions"]["code"].is_string(), "{reply}");
        }
        assert_eq!(stage.owner.get("/graphql?query={__typename}").await.status.as_u16(), 405);
        let form = stage.owner.request(reqwest::Method::POST, "/graphql").body("query={__typename}");
        assert_eq!(stage.owner.send(form).await.status.as_u16(), 415);
        stage.owner.graphql("{ __typename }", json!({})).await;
    }
}
