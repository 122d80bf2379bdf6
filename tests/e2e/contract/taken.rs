//! What is taken or given as nothing: told so that a client can go on.

use futures::future::join_all;
use kernel::id::TypeId;
use serde_json::{Value as Json, json};

use super::CREATE_CONTACT;
use crate::{
    import::{counts, errors, import},
    support::{on_both, text},
};

fn contact(number: u32) -> String {
    let uuid = format!("019aa8f0-5c00-7abc-8def-{number:012x}");
    TypeId { prefix: "contact", uuid: TypeId::parse_as("contact", &uuid).unwrap() }.to_string()
}

on_both! {
    async fn an_id_that_is_there_is_told(stage) {
        let (owner, agent) = (&stage.owner, stage.user("AGENT").await);
        let id = contact(1);
        let input = json!({ "id": id, "givenName": "Ada" });
        owner.create("contacts", input.clone()).await;
        let taken = [("not_unique", "/id")];
        let before = owner.trace().await;
        let problem = owner.post("/v1/contacts", &input).await.violates(409, "not_unique", &taken);
        assert_eq!(problem["errors"][0]["meta"], json!({ "existingId": id }));
        let errors = owner.mutation_violates(CREATE_CONTACT, json!({ "input": input }), &taken).await;
        assert_eq!(errors[0]["meta"], json!({ "existingId": id }));
        // Whoever may not see it is not told more.
        let problem = agent.post("/v1/contacts", &input).await.violates(409, "not_unique", &taken);
        assert_eq!(problem["errors"][0].get("meta"), None);
        owner.delete(&format!("/v1/contacts/{id}")).await.ok();
        let problem = owner.post("/v1/contacts", &input).await.violates(409, "not_unique", &taken);
        assert_eq!(problem["errors"][0]["meta"], json!({ "existingId": id, "deleted": true }));
        assert_eq!(owner.trace().await["events"]["totalCount"], json!(before["events"]["totalCount"].as_i64().unwrap() + 1));

        let input = json!({ "id": contact(2), "givenName": "Ada" });
        let replies = join_all((0..8).map(|_| owner.post("/v1/contacts", &input))).await;
        let refused: Vec<_> = replies.iter().filter(|reply| reply.status.as_u16() != 201).collect();
        assert_eq!(refused.len(), 7, "{replies:?}");
        for refused in refused {
            let problem = refused.violates(409, "not_unique", &taken);
            assert_eq!(problem["errors"][0]["meta"], json!({ "existingId": contact(2) }));
        }
    }
}

on_both! {
    async fn a_row_whose_id_is_there_is_told(stage) {
        let owner = &stage.owner;
        owner.create("contacts", json!({ "id": contact(1), "givenName": "Ada" })).await;
        let mapping = json!({ "fields": { "id": { "column": "Id" }, "givenName": { "column": "Name" } } });
        let file = format!("Id,Name\n{},Ada\n{},Bob\n{},Cid\n", contact(1), contact(2), contact(2));
        let job = import(owner, "contact", file, &mapping).await;
        assert_eq!(counts(&job), [1, 0, 0, 2]);
        let told = errors(owner, &job).await;
        assert_eq!(told, [1, 3].map(|row| (row, "Id".to_owned(), "not_unique".to_owned())));
    }
}

on_both! {
    async fn what_stands_twice_in_one_input_is_told(stage) {
        let owner = &stage.owner;
        let refs = json!([{ "system": "a", "id": "1" }, { "system": "b", "id": "1" }, { "system": "a", "id": "1" }]);
        let tag = text(&owner.create("tags", json!({ "name": "vip" })).await["id"]);
        let ada = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let before = owner.trace().await;
        for (objects, input, pointer) in [
            ("contacts", json!({ "givenName": "Eve", "externalRefs": refs }), "/externalRefs/2"),
            ("contacts", json!({ "givenName": "Eve", "tagIds": [tag, tag] }), "/tagIds/1"),
            ("activities", json!({ "type": "NOTE", "subjects": [ada, ada] }), "/subjects/1"),
            ("companies", json!({ "name": "x", "domains": ["a.de", "b.de", "A.de"] }), "/domains/2"),
        ] {
            let at = [("not_unique", pointer)];
            owner.post(&format!("/v1/{objects}"), &input).await.violates(409, "not_unique", &at);
        }
        owner.patch(&format!("/v1/contacts/{ada}"), &json!({ "tagIds": [tag, tag] })).await.violates(
            409,
            "not_unique",
            &[("not_unique", "/tagIds/1")],
        );
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn who_was_faster_is_told(stage) {
        let owner = &stage.owner;
        for round in 0..4 {
            let input = json!({ "name": format!("tag {round}") });
            let replies = join_all((0..8).map(|_| owner.post("/v1/tags", &input))).await;
            let made = replies.iter().find(|reply| reply.status.as_u16() == 201).unwrap().json();
            for refused in replies.iter().filter(|reply| reply.status.as_u16() != 201) {
                let problem = refused.violates(409, "not_unique", &[("not_unique", "/name")]);
                assert_eq!(problem["errors"][0]["meta"]["existingId"], made["id"]);
            }
        }
    }
}

on_both! {
    async fn nothing_is_nothing_and_not_the_default(stage) {
        let owner = &stage.owner;
        for (objects, mut input, field) in [
            ("tickets", json!({ "subject": "x" }), "assigneeId"),
            ("contacts", json!({ "givenName": "x" }), "ownerId"),
            ("tasks", json!({ "title": "x" }), "assigneeId"),
        ] {
            assert_eq!(owner.create(objects, input.clone()).await[field], owner.user);
            input[field] = Json::Null;
            assert_eq!(owner.create(objects, input.clone()).await[field], Json::Null, "{objects}");
        }
        let create = "mutation { createTicket(input: { subject: \"x\", assigneeId: null }) {
            ticket { assigneeId } userErrors { code } } }";
        let data = owner.graphql(create, json!({})).await;
        assert_eq!(data["createTicket"]["ticket"]["assigneeId"], Json::Null);
        // What cannot be nothing is what it is by default.
        let input = json!({ "subject": "x", "priority": null });
        assert_eq!(owner.create("tickets", input).await["priority"], "MEDIUM");
        let mapping = json!({ "fields": {
            "subject": { "column": "Subject" },
            "assigneeId": { "column": "Who", "blank": "NULL" },
        } });
        let job = import(owner, "ticket", "Subject,Who\nImported,\n", &mapping).await;
        assert_eq!(counts(&job), [1, 0, 0, 0]);
        let page = owner.get("/v1/tickets?filter[subject]=Imported").await.ok();
        assert_eq!(page["items"][0]["assigneeId"], Json::Null);
    }
}

on_both! {
    async fn a_birthday_has_come(stage) {
        let owner = &stage.owner;
        let future = json!({ "givenName": "x", "birthday": "2999-01-01" });
        let at = [("out_of_range", "/birthday")];
        owner.post("/v1/contacts", &future).await.violates(422, "out_of_range", &at);
        owner.create("contacts", json!({ "givenName": "x", "birthday": "1969-01-01" })).await;
        for website in ["https:///x", "https://?x", "http://#x", "https://:80/x"] {
            let input = json!({ "name": "x", "website": website });
            owner.post("/v1/companies", &input).await.violates(422, "wrong_type", &[("wrong_type", "/website")]);
        }
        let company = owner.create("companies", json!({ "name": "x", "website": "HTTPS://Example.com/A" })).await;
        assert_eq!(company["website"], "https://example.com/A");
    }
}
