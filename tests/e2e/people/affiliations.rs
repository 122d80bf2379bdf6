//! Affiliations: one of a contact's is the main one, and a contact belongs to a company once at a time.

use futures::future::join_all;
use serde_json::{Value as Json, json};

use crate::{
    import::{counts, errors, import},
    support::{Caller, on_both, text},
};

struct People {
    contact: String,
    companies: Vec<String>,
}

async fn people(owner: &Caller, companies: usize) -> People {
    let contact = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
    let mut made = Vec::new();
    for number in 0..companies {
        let company = owner.create("companies", json!({ "name": format!("{number}") })).await;
        made.push(text(&company["id"]));
    }
    People { contact, companies: made }
}

/// The affiliations of the contact that are marked as the main one.
async fn main_ones(owner: &Caller, contact: &str) -> Vec<String> {
    let path = format!("/v1/affiliations?filter[contactId]={contact}&filter[primary]=true");
    let page = owner.get(&path).await.ok();
    page["items"].as_array().unwrap().iter().map(|item| text(&item["companyId"])).collect()
}

on_both! {
    async fn one_affiliation_is_the_main_one(stage) {
        let owner = &stage.owner;
        let People { contact, companies } = people(owner, 6).await;
        let tie = async |company: &String| {
            let input = json!({ "contactId": contact, "companyId": company, "primary": true });
            owner.create("affiliations", input).await
        };
        let first = tie(&companies[0]).await;
        tie(&companies[1]).await;
        assert_eq!(main_ones(owner, &contact).await, [companies[1].as_str()]);
        let path = format!("/v1/affiliations/{}", text(&first["id"]));
        let unmarked = owner.get(&path).await.ok();
        assert_eq!((&unmarked["primary"], &unmarked["version"]), (&json!(false), &json!(2)));
        owner.patch(&path, &json!({ "primary": true })).await.ok();
        assert_eq!(main_ones(owner, &contact).await, [companies[0].as_str()]);
        // Somebody else's stay as they are.
        let other = people(owner, 0).await.contact;
        let input = json!({ "contactId": other, "companyId": companies[0], "primary": true });
        owner.create("affiliations", input).await;
        assert_eq!(main_ones(owner, &contact).await, [companies[0].as_str()]);
        join_all(companies[2..].iter().map(tie)).await;
        assert_eq!(main_ones(owner, &contact).await.len(), 1);
    }
}

on_both! {
    async fn an_agent_marks_the_main_one_too(stage) {
        let agent = stage.user("AGENT").await;
        let People { contact, companies } = people(&agent, 2).await;
        for company in &companies {
            let input = json!({ "contactId": contact, "companyId": company, "primary": true });
            agent.create("affiliations", input).await;
        }
        assert_eq!(main_ones(&agent, &contact).await, [companies[1].as_str()]);
    }
}

on_both! {
    async fn a_contact_belongs_to_a_company_once_at_a_time(stage) {
        let owner = &stage.owner;
        let People { contact, companies } = people(owner, 2).await;
        let tie = |from: Json, to: Json| json!({ "contactId": contact, "companyId": companies[0], "from": from, "to": to });
        let create = async |input: Json| owner.post("/v1/affiliations", &input).await;
        let first = create(tie(json!("2020-01-01"), json!("2020-12-31"))).await.ok();
        let taken = [("not_unique", "/companyId")];
        for (from, to) in [
            (Json::Null, Json::Null),
            (json!("2020-12-31"), Json::Null),
            (Json::Null, json!("2020-01-01")),
            (json!("2020-05-01"), json!("2020-06-01")),
        ] {
            let problem = create(tie(from, to)).await.violates(409, "not_unique", &taken);
            assert_eq!(problem["errors"][0]["meta"]["existingId"], first["id"]);
        }
        let second = create(tie(json!("2021-01-01"), Json::Null)).await.ok();
        create(tie(Json::Null, json!("2019-12-31"))).await.ok();
        let path = format!("/v1/affiliations/{}", text(&second["id"]));
        let problem = owner.patch(&path, &json!({ "from": "2020-12-31" })).await;
        let problem = problem.violates(409, "not_unique", &taken);
        assert_eq!(problem["errors"][0]["meta"]["existingId"], first["id"]);
        owner.patch(&path, &json!({ "role": "Buyer" })).await.ok();
        // A deleted one makes room, and does not come back where its place is taken.
        owner.delete(&path).await.ok();
        create(tie(json!("2022-01-01"), Json::Null)).await.ok();
        owner.post(&format!("{path}/restore"), &json!({})).await.violates(409, "not_unique", &taken);
        let input = json!({ "contactId": contact, "companyId": companies[1] });
        let replies = join_all((0..8).map(|_| create(input.clone()))).await;
        let made = replies.iter().filter(|reply| reply.status.as_u16() == 201).count();
        assert_eq!(made, 1, "{replies:?}");
        for refused in replies.iter().filter(|reply| reply.status.as_u16() != 201) {
            refused.violates(409, "not_unique", &taken);
        }
    }
}

on_both! {
    async fn an_import_belongs_once_at_a_time(stage) {
        let owner = &stage.owner;
        let People { contact, companies } = people(owner, 3).await;
        let mapping = json!({ "fields": {
            "contactId": { "constant": contact },
            "companyId": { "column": "Company" },
            "primary": { "constant": true },
        } });
        let [one, two, three] = &companies[..] else { panic!("three companies") };
        let file = format!("Company\n{one}\n{two}\n{one}\n{three}\n");
        let job = import(owner, "affiliation", file, &mapping).await;
        assert_eq!(counts(&job), [3, 0, 0, 1]);
        assert_eq!(errors(owner, &job).await, [(3, "Company".to_owned(), "not_unique".to_owned())]);
        assert_eq!(main_ones(owner, &contact).await, [three.as_str()]);
    }
}

on_both! {
    async fn an_affiliation_waits_for_both_its_ends(stage) {
        let owner = &stage.owner;
        let People { contact, companies } = people(owner, 1).await;
        let ends = [format!("contacts/{contact}"), format!("companies/{}", companies[0])];
        let tie = json!({ "contactId": contact, "companyId": companies[0], "primary": true });
        let tie = format!("/v1/affiliations/{}", text(&owner.create("affiliations", tie).await["id"]));
        for [first, second] in [[0, 1], [1, 0]] {
            for [back, last] in [[0, 1], [1, 0]] {
                owner.delete(&format!("/v1/{}", ends[first])).await.ok();
                owner.delete(&format!("/v1/{}", ends[second])).await.ok();
                owner.command(&format!("{}/restore", ends[back]), json!({})).await.ok();
                owner.get(&tie).await.refused(404, "not_found");
                owner.command(&format!("{}/restore", ends[last]), json!({})).await.ok();
                assert_eq!(owner.get(&tie).await.ok()["primary"], true);
            }
        }
        // What was deleted for itself comes back for itself.
        owner.delete(&tie).await.ok();
        for end in &ends {
            owner.delete(&format!("/v1/{end}")).await.ok();
            owner.command(&format!("{end}/restore"), json!({})).await.ok();
        }
        owner.get(&tie).await.refused(404, "not_found");
    }
}

on_both! {
    async fn the_main_company_is_one_whatever_comes_back(stage) {
        let owner = &stage.owner;
        let People { contact, companies } = people(owner, 2).await;
        let tie = |company: usize| json!({ "contactId": contact, "companyId": companies[company], "primary": true });
        owner.create("affiliations", tie(0)).await;
        owner.delete(&format!("/v1/companies/{}", companies[0])).await.ok();
        owner.create("affiliations", tie(1)).await;
        owner.command(&format!("companies/{}/restore", companies[0]), json!({})).await.ok();
        assert_eq!(main_ones(owner, &contact).await, [companies[1].as_str()]);
    }
}
