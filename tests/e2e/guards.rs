//! What must not get through: questions without bounds, variables that were not sent, news of what is closed.

use serde_json::{Value as Json, json};

use crate::support::{on_both, text};

on_both! {
    async fn a_predicate_has_bounds_whatever_it_is_made_of(stage) {
        let owner = &stage.owner;
        let empty = json!({ "and": vec![json!({}); 100_000] });
        let links = json!({ "and": vec![json!({ "deals": { "some": {} } }); 1_000] });
        let words = json!({ "fullName": { "matches": "a ".repeat(1_500) } });
        let tags = json!({ "tagIds": { "containsAll": vec!["tag_01h455vb4pex5vsknk084sn02q"; 400] } });
        for predicate in [empty, links, words, tags] {
            let reply = owner.post("/v1/contacts/search", &json!({ "where": predicate })).await;
            assert_eq!(reply.problem(422)["code"], "predicate_too_large");
        }
        let query = "query($w: ContactFilter) { contacts(first: 1, where: $w) { nodes { id } } }";
        let many = json!({ "w": { "or": vec![json!({}); 1_000] } });
        let reply = owner.graphql_reply(query, many).await;
        assert_eq!(reply.json()["errors"][0]["extensions"]["code"], "predicate_too_large");
        for far in ["-P9000Y", "P9000Y"] {
            let predicate = json!({ "createdAt": { "gte": { "relative": far } } });
            let reply = owner.post("/v1/contacts/search", &json!({ "where": predicate })).await;
            assert_eq!(reply.problem(422)["code"], "wrong_type");
        }
        owner.get("/v1/contacts").await.ok();
    }
}

on_both! {
    async fn a_required_variable_has_to_be_sent(stage) {
        let query = "query($w: ContactFilter!) { contacts(first: 1, where: $w) { nodes { id } } }";
        for variables in [json!({}), json!({ "w": null }), json!({ "where": {} })] {
            let reply = stage.owner.graphql_reply(query, variables).await;
            assert_eq!(reply.json()["errors"][0]["extensions"]["code"], "invalid_query", "{reply}");
        }
        stage.owner.graphql(query, json!({ "w": {} })).await;
    }
}

on_both! {
    async fn the_log_tells_nobody_of_what_is_closed_to_them(stage) {
        let reader = stage.user("READ_ONLY").await;
        let keys = "/v1/events?filter[object]=apiKey&count=true";
        let told = stage.owner.get(keys).await.ok();
        assert!(told["page"]["totalCount"].as_i64().unwrap() >= 2, "{told}");
        assert_eq!(reader.get(keys).await.ok()["page"]["totalCount"], 0);
        assert!(!reader.get("/v1/events?limit=200").await.ok()["items"].as_array().unwrap().is_empty());
        let deleted = stage.owner.get("/v1/events?deleted=ONLY").await.ok();
        assert_eq!(deleted["items"], json!([]));
    }
}

on_both! {
    async fn a_conflict_names_sensitive_fields_to_those_who_may_read_them(stage) {
        let agent = stage.user("AGENT").await;
        let revenue = |amount: &str| json!({ "annualRevenue": { "amount": amount, "currency": "EUR" } });
        let company = agent.create("companies", json!({ "name": "Acme" })).await;
        let path = format!("/v1/companies/{}", text(&company["id"]));
        stage.owner.patch(&path, &revenue("1.00")).await.ok();
        for (caller, names) in [(&stage.owner, json!(["annualRevenue"])), (&agent, json!([]))] {
            let stale = caller.request(reqwest::Method::PATCH, &path).header("If-Match", "\"1\"");
            let conflict = caller.send(stale.json(&json!({ "name": "B" }))).await.problem(412);
            assert_eq!((&conflict["currentVersion"], &conflict["changedFields"]), (&json!(2), &names));
        }
    }
}

on_both! {
    async fn what_was_referred_to_before_may_be_gone(stage) {
        let owner = &stage.owner;
        let mut tags = Vec::new();
        for name in ["a", "b", "c"] {
            tags.push(owner.create("tags", json!({ "name": name })).await["id"].take());
        }
        let contact = owner.create("contacts", json!({ "givenName": "Ada", "tagIds": tags[..2] })).await;
        owner.delete(&format!("/v1/tags/{}", text(&tags[0]))).await.ok();
        let path = format!("/v1/contacts/{}", text(&contact["id"]));
        assert_eq!(owner.patch(&path, &json!({ "tagIds": tags })).await.ok()["tagIds"], Json::from(tags.clone()));
        let other = json!({ "givenName": "Bob", "tagIds": [tags[0]] });
        assert_eq!(owner.post("/v1/contacts", &other).await.problem(422)["code"], "reference_not_found");
    }
}

on_both! {
    async fn an_idempotency_key_is_not_ignored(stage) {
        let before = stage.owner.get("/v1/contacts?count=true").await.ok()["page"]["totalCount"].take();
        for (path, body) in [("/v1/contacts", json!({ "givenName": "Ada" })), ("/graphql", json!({ "query": "{ __typename }" }))] {
            let request = stage.owner.request(reqwest::Method::POST, path).header("Idempotency-Key", "k");
            assert_eq!(stage.owner.send(request.json(&body)).await.problem(400)["code"], "invalid_parameter");
        }
        assert_eq!(stage.owner.get("/v1/contacts?count=true").await.ok()["page"]["totalCount"], before);
    }
}

on_both! {
    async fn a_collection_takes_the_same_at_both_doors(stage) {
        let owner = &stage.owner;
        let segment = json!({ "name": "All", "object": "CONTACT", "where": { "givenName": { "eq": "Ada" } } });
        let segment = text(&owner.create("segments", segment).await["id"]);
        for name in ["Ada", "Ada", "Bob"] {
            owner.create("contacts", json!({ "givenName": name })).await;
        }
        let found = owner.get("/v1/contacts?filter[givenName]=Ada").await.ok();
        let gone = text(&found["items"][0]["id"]);
        owner.delete(&format!("/v1/contacts/{gone}")).await.ok();
        let path = format!("/v1/segments/{segment}/members?deleted=ONLY&fields=id");
        let rest = owner.get(&path).await.ok();
        let query = "query($id: ID!) { segmentMembers(id: $id, first: 5, deleted: ONLY) { nodes { id } } }";
        let graphql = owner.graphql(query, json!({ "id": segment })).await;
        assert_eq!(graphql["segmentMembers"]["nodes"], json!([{ "id": gone }]));
        let ids: Vec<_> = rest["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
        assert_eq!(ids, [&json!(gone)]);
    }
}
