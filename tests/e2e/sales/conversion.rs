//! `convertLead`: all or nothing, and the same answer however often it is asked.

use futures::future::join_all;
use serde_json::{Value as Json, json};

use crate::support::{on_both, text};

const CONVERT: &str = "mutation($id: ID!, $input: ConvertLeadInput!) { convertLead(id: $id, input: $input) {
    contact { id } company { id } deal { id } userErrors { code field message meta } } }";

on_both! {
    async fn a_lead_becomes_a_deal(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let agent = stage.user("AGENT").await;
        let lead = text(
            &agent.create("contacts", json!({ "givenName": "Ada", "leadStatus": "QUALIFIED" })).await["id"],
        );
        let amount = json!({ "amount": "1000", "currency": "EUR" });
        let input = json!({ "dealName": "Engine", "amount": amount, "companyName": "Analytical Ltd" });
        // The owner converts it, and it stays the agent's, with all that comes of it.
        let made = owner.command(&format!("contacts/{lead}/convert"), input.clone()).await.ok();
        let (contact, company, deal) = (&made["contact"], &made["company"], &made["deal"]);
        assert_eq!(
            (&contact["leadStatus"], &contact["lifecycle"]),
            (&json!("CONVERTED"), &json!("OPPORTUNITY"))
        );
        assert_eq!((&contact["convertedDealId"], &contact["version"]), (&deal["id"], &json!(2)));
        assert_eq!((&company["name"], &company["ownerId"]), (&json!("Analytical Ltd"), &json!(agent.user)));
        assert_eq!((&deal["stageId"], &deal["ownerId"]), (&json!(open), &json!(agent.user)));
        assert_eq!(
            (&deal["contactId"], &deal["companyId"], &deal["name"]),
            (&json!(lead), &company["id"], &json!("Engine"))
        );
        assert_eq!(deal["amount"], json!({ "amount": "1000.00", "currency": "EUR" }));
        let data = agent
            .graphql(
                "query($id: ID!) { contact(id: $id) { companies(first: 9) { nodes { name } }
            affiliations(first: 9) { nodes { primary } } deals(first: 9) { nodes { name } } } }",
                json!({ "id": lead }),
            )
            .await;
        assert_eq!(
            data["contact"],
            json!({ "companies": { "nodes": [{ "name": "Analytical Ltd" }] },
            "affiliations": { "nodes": [{ "primary": true }] }, "deals": { "nodes": [{ "name": "Engine" }] } })
        );

        let before = owner.trace().await;
        let other = json!({ "dealName": "Another", "companyName": "Another" });
        for input in [input, other] {
            let again = agent.command(&format!("contacts/{lead}/convert"), input.clone()).await.ok();
            assert_eq!((&again["contact"], &again["deal"]), (contact, deal));
            assert_eq!(again["company"]["id"], company["id"]);
            let data = owner.graphql(CONVERT, json!({ "id": lead, "input": input })).await;
            let ids = json!({ "contact": { "id": lead }, "company": { "id": company["id"] },
                "deal": { "id": deal["id"] }, "userErrors": [] });
            assert_eq!(data["convertLead"], ids);
        }
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn a_failing_conversion_leaves_nothing(stage) {
        let owner = &stage.owner;
        let lead = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let path = format!("contacts/{lead}/convert");
        let new = json!({ "dealName": "Engine", "companyName": "Analytical Ltd" });
        let before = owner.trace().await;
        owner.command(&path, new.clone()).await.refused(409, "illegal_state");
        assert_eq!(
            owner.user_errors(CONVERT, json!({ "id": lead, "input": new })).await[0]["code"],
            "illegal_state"
        );
        assert_eq!(owner.trace().await, before);

        let [open, ..] = stage.pipeline().await;
        owner
            .patch(&format!("/v1/stages/{open}"), &json!({ "requiredFields": ["amount", "closeDate"] }))
            .await
            .ok();
        let before = owner.trace().await;
        let missing = [("stage_requirement", "/amount"), ("stage_requirement", "/closeDate")];
        owner.command(&path, new.clone()).await.violates(422, "stage_requirement", &missing);
        owner.mutation_violates(CONVERT, json!({ "id": lead, "input": new }), &missing).await;
        for (input, code, pointer) in [
            (
                json!({ "dealName": "Engine", "companyId": "company_01h455vb4pex5vsknk084sn02q" }),
                "reference_not_found",
                "/companyId",
            ),
            (
                json!({ "dealName": "Engine", "stageId": "stage_01h455vb4pex5vsknk084sn02q" }),
                "reference_not_found",
                "/stageId",
            ),
            (json!({ "dealName": "Engine", "stageId": lead }), "wrong_type", "/stageId"),
            (json!({ "dealName": "Engine", "amount": "1" }), "wrong_type", "/amount"),
            (json!({ "dealName": "Engine", "amount": { "amount": "1" } }), "wrong_type", "/amount"),
            (json!({ "companyName": "Analytical Ltd" }), "required", "/dealName"),
            (json!({ "dealName": "" }), "required", "/dealName"),
        ] {
            owner.command(&path, input).await.violates(422, code, &[(code, pointer)]);
        }
        assert_eq!(owner.trace().await, before);
        assert_eq!(owner.get(&format!("/v1/contacts/{lead}")).await.ok()["version"], 1);
    }
}

on_both! {
    async fn all_that_is_wrong_is_told_at_once(stage) {
        let owner = &stage.owner;
        stage.pipeline().await;
        let lead = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let before = owner.trace().await;
        let company = "company_01h455vb4pex5vsknk084sn02q";
        let long = "x".repeat(301);
        let money = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
        for (input, violations) in [
            (json!({ "amount": money("1", "eur") }), &[("wrong_type", "/amount")][..]),
            (json!({ "amount": money("1.001", "EUR") }), &[("wrong_type", "/amount")]),
            (json!({ "amount": money("a secret", "EUR") }), &[("wrong_type", "/amount")]),
            (json!({ "companyId": company, "companyName": "Acme" }), &[("invalid", "/companyName")]),
            (
                json!({ "amount": money("1.001", "EUR"), "companyId": company, "companyName": "Acme",
                    "dealName": long }),
                &[("out_of_range", "/dealName"), ("wrong_type", "/amount"), ("invalid", "/companyName")],
            ),
        ] {
            let mut input = input;
            input.as_object_mut().unwrap().entry("dealName").or_insert(json!("Engine"));
            let code = match violations {
                [(code, _)] => *code,
                _ => "invalid",
            };
            let path = format!("contacts/{lead}/convert");
            let problem = owner.command(&path, input.clone()).await.violates(422, code, violations);
            let variables = json!({ "id": lead, "input": input });
            let errors = owner.mutation_violates(CONVERT, variables, violations).await;
            assert!(!format!("{problem} {errors:?}").contains("a secret"));
        }
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn a_lead_keeps_the_company_it_has(stage) {
        let owner = &stage.owner;
        stage.pipeline().await;
        let company = text(&owner.create("companies", json!({ "name": "Acme" })).await["id"]);
        let other = text(&owner.create("companies", json!({ "name": "Other" })).await["id"]);
        let lead = async |tied: bool| {
            let lead = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
            if tied {
                owner
                    .create(
                        "affiliations",
                        json!({ "contactId": lead, "companyId": company, "primary": true }),
                    )
                    .await;
            }
            lead
        };
        let convert = async |lead: &str, input: Json| {
            owner.command(&format!("contacts/{lead}/convert"), input).await.ok()
        };
        let total = async || owner.trace().await["affiliations"]["totalCount"].as_i64().unwrap();

        let tied = lead(true).await;
        assert_eq!(convert(&tied, json!({ "dealName": "x" })).await["company"]["id"], company);
        let alone = lead(false).await;
        assert_eq!(convert(&alone, json!({ "dealName": "x" })).await["company"], Json::Null);
        assert_eq!(total().await, 1);
        let named = lead(true).await;
        assert_eq!(
            convert(&named, json!({ "dealName": "x", "companyId": company })).await["company"]["id"],
            company
        );
        assert_eq!(total().await, 2, "they belong together already");
        let second = lead(true).await;
        assert_eq!(
            convert(&second, json!({ "dealName": "x", "companyId": other })).await["company"]["id"],
            other
        );
        assert_eq!(total().await, 4);
    }
}

on_both! {
    async fn ten_conversions_at_once_are_one(stage) {
        let owner = &stage.owner;
        stage.pipeline().await;
        let lead = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let before = owner.trace().await;
        let path = format!("contacts/{lead}/convert");
        let input = json!({ "dealName": "Engine", "companyName": "Analytical Ltd" });
        let convert = |_| owner.command(&path, input.clone());
        let replies = join_all((0..10).map(convert)).await;
        let ids: Vec<_> = replies
            .into_iter()
            .map(|reply| {
                let made = reply.ok();
                (text(&made["company"]["id"]), text(&made["deal"]["id"]))
            })
            .collect();
        assert!(ids.iter().all(|pair| *pair == ids[0]), "{ids:?}");
        let after = owner.trace().await;
        for object in ["companies", "affiliations", "deals", "stageChanges"] {
            let count = |trace: &Json| trace[object]["totalCount"].as_i64().unwrap();
            assert_eq!(count(&after), count(&before) + 1, "{object}");
        }
        assert_eq!(
            after["events"]["totalCount"].as_i64().unwrap(),
            before["events"]["totalCount"].as_i64().unwrap() + 5
        );
    }
}

on_both! {
    async fn a_deal_that_is_gone_is_no_deal(stage) {
        let owner = &stage.owner;
        stage.pipeline().await;
        let lead = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let path = format!("contacts/{lead}/convert");
        let first = owner.command(&path, json!({ "dealName": "First" })).await.ok();
        owner.delete(&format!("/v1/deals/{}", text(&first["deal"]["id"]))).await.ok();
        let second = owner.command(&path, json!({ "dealName": "Second" })).await.ok();
        assert_eq!(second["deal"]["name"], "Second");
        assert_eq!(second["contact"]["convertedDealId"], second["deal"]["id"]);
        let again = owner.command(&path, json!({ "dealName": "Third" })).await.ok();
        assert_eq!(again["deal"], second["deal"]);
    }
}

on_both! {
    async fn a_customer_stays_one(stage) {
        let owner = &stage.owner;
        stage.pipeline().await;
        for (before, after) in [
            ("SUBSCRIBER", "OPPORTUNITY"),
            ("SQL", "OPPORTUNITY"),
            ("OPPORTUNITY", "OPPORTUNITY"),
            ("CUSTOMER", "CUSTOMER"),
            ("EVANGELIST", "EVANGELIST"),
            ("FORMER", "OPPORTUNITY"),
        ] {
            let input = json!({ "givenName": "Ada", "lifecycle": before });
            let lead = text(&owner.create("contacts", input).await["id"]);
            let made = owner.command(&format!("contacts/{lead}/convert"), json!({ "dealName": "x" })).await.ok();
            assert_eq!(made["contact"]["lifecycle"], after, "{before}");
        }
    }
}

on_both! {
    async fn where_somebody_worked_once_does_not_count(stage) {
        let (stage, _) = stage.at("2026-03-01T12:00:00Z").await;
        let owner = &stage.owner;
        stage.pipeline().await;
        let company = async |name: &str| text(&owner.create("companies", json!({ "name": name })).await["id"]);
        let (old, new) = (company("Old").await, company("New").await);
        let lead = async || text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let tie = async |lead: &str, company: &str, to: Json| {
            let input = json!({ "contactId": lead, "companyId": company, "to": to });
            owner.create("affiliations", input).await
        };
        let convert = async |lead: &str, input: Json| {
            owner.command(&format!("contacts/{lead}/convert"), input).await.ok()
        };
        let one = lead().await;
        tie(&one, &old, json!("2026-02-28")).await;
        assert_eq!(convert(&one, json!({ "dealName": "x" })).await["company"], Json::Null);
        let two = lead().await;
        tie(&two, &old, json!("2026-02-28")).await;
        tie(&two, &new, json!("2026-03-01")).await;
        assert_eq!(convert(&two, json!({ "dealName": "x" })).await["company"]["id"], new);
        // Who comes back to a company belongs to it again, from now on.
        let three = lead().await;
        tie(&three, &old, json!("2026-02-28")).await;
        convert(&three, json!({ "dealName": "x", "companyId": old })).await;
        let path = format!("/v1/affiliations?filter[contactId]={three}&sort=createdAt&fields=from,primary");
        let ties = owner.get(&path).await.ok();
        let expected = json!([{ "from": null, "primary": false }, { "from": "2026-03-01", "primary": true }]);
        assert_eq!(ties["items"], expected);
        stage.server.stop().await.unwrap();
    }
}
