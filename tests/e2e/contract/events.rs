//! The log: one event for each change, in the change's own transaction, numbered without a gap.

use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::{Value as Json, json};

use super::UPDATE_CONTACT;
use crate::{
    conformance::world,
    support::{Caller, on_both, text},
};

/// The numbers are 1, 2, 3 and so on.
pub fn assert_gapless(events: &[Json]) {
    for (event, seq) in events.iter().zip(1_i64..) {
        assert_eq!(event["seq"], seq, "{event}");
    }
}

on_both! {
    async fn every_change_has_its_event(stage) {
        let owner = &stage.owner;
        let agent = stage.user("AGENT").await;
        let keys = owner.get(&format!("/v1/api-keys?filter[userId]={}", agent.user)).await.ok();
        let key = &keys["items"][0];
        let begun = owner.events().await.len();
        let named = |method: Method, path: &str, id: &'static str| {
            agent.request(method, path).header("request-id", id)
        };

        let input =
            json!({ "givenName": "Ada", "emails": [{ "address": "Ada@X.org" }], "birthday": "1815-12-10" });
        let created = agent.send(named(Method::POST, "/v1/contacts", "one").json(&input)).await.ok();
        let path = format!("/v1/contacts/{}", text(&created["id"]));
        let patch = json!({ "birthday": null, "familyName": "Lovelace", "givenName": "Ada" });
        let updated = agent.send(named(Method::PATCH, &path, "two").json(&patch)).await.ok();
        let deleted = agent.send(named(Method::DELETE, &path, "three")).await.ok();
        let restored = agent.send(named(Method::POST, &format!("{path}/restore"), "four")).await.ok();
        let body = json!({ "query": UPDATE_CONTACT, "variables": { "id": created["id"],
            "input": { "jobTitle": "Countess" } } });
        agent.send(named(Method::POST, "/graphql", "five").json(&body)).await.ok();

        let events = owner.events().await;
        assert_gapless(&events);
        let told = &events[begun..];
        let head = |event: &Json| {
            let names = ["type", "op", "version", "requestId", "occurredAt", "changedFields"];
            Json::Array(names.iter().map(|name| event[*name].clone()).collect())
        };
        let heads: Vec<_> = told.iter().map(head).collect();
        let fields = json!(["birthday", "emails", "fullName", "givenName", "lifecycle", "ownerId"]);
        assert_eq!(heads[0], json!(["contact.created", "CREATE", 1, "one", created["createdAt"], fields]));
        let fields = json!(["birthday", "familyName", "fullName"]);
        assert_eq!(heads[1], json!(["contact.updated", "UPDATE", 2, "two", updated["updatedAt"], fields]));
        assert_eq!(
            heads[2],
            json!(["contact.deleted", "DELETE", 3, "three", deleted["deletedAt"], ["deletedAt"]])
        );
        assert_eq!(
            heads[3],
            json!(["contact.restored", "RESTORE", 4, "four", restored["updatedAt"], ["deletedAt"]])
        );
        assert_eq!(heads.len(), 5);
        for event in told {
            assert_eq!((&event["object"], &event["recordId"]), (&json!("contact"), &created["id"]));
            assert_eq!((&event["actorId"], &event["ownerId"]), (&json!(agent.user), &json!(agent.user)));
            assert_eq!((&event["origin"], &event["sensitiveChanges"]), (&json!("API"), &Json::Null));
            assert_eq!((&event["causeSeq"], &event["depth"]), (&Json::Null, &json!(0)));
            assert_eq!(event["credentialId"], key["id"]);
            let before = if event["op"] == "CREATE" { Json::Null } else { json!(agent.user) };
            assert_eq!(event["ownerBeforeId"], before);
        }
        for (event, record) in told.iter().zip([&created, &updated, &deleted, &restored]) {
            assert_eq!(event["data"], *record);
        }
        assert_eq!(
            told[1]["changes"],
            json!({
                "birthday": { "old": "1815-12-10", "new": null },
                "familyName": { "old": null, "new": "Lovelace" },
                "fullName": { "old": "Ada", "new": "Ada Lovelace" },
            })
        );
        assert_eq!(told[0]["changes"]["emails"], json!({ "old": [], "new": created["emails"] }));
        assert_eq!(told[3]["changes"], json!({ "deletedAt": { "old": deleted["deletedAt"], "new": null } }));
        assert_eq!(told[4]["changes"], json!({ "jobTitle": { "old": null, "new": "Countess" } }));

        // The same on the other door, and by a predicate.
        let query = "query($id: String!) { events(first: 9, where: { recordId: { eq: $id } }, orderBy: [{
            seq: ASC }]) {
            nodes { id seq type object recordId op version occurredAt actorId origin requestId ownerId
                ownerBeforeId credentialId causeSeq depth data
                changedFields changes sensitiveChanges } } }";
        let data = owner.graphql(query, json!({ "id": created["id"] })).await;
        assert_eq!(data["events"]["nodes"], json!(told));
    }
}

on_both! {
    async fn money_and_sensitive_fields_are_told_apart(stage) {
        let owner = &stage.owner;
        let revenue = json!({ "amount": "1000.50", "currency": "EUR" });
        let company = owner.create("companies", json!({ "name": "Acme", "annualRevenue": revenue })).await;
        let events = owner.events().await;
        let event = events.last().unwrap();
        assert_eq!(event["sensitiveChanges"], json!({ "annualRevenue": { "old": null, "new": revenue } }));
        assert!(event["changes"].get("annualRevenue").is_none(), "{event}");
        assert!(!event["changedFields"].as_array().unwrap().contains(&json!("annualRevenue")), "{event}");
        assert_eq!(event["data"], company);
        let path = format!("/v1/companies/{}", text(&company["id"]));
        owner.patch(&path, &json!({ "annualRevenue": { "amount": "7", "currency": "JPY" } })).await.ok();
        let events = owner.events().await;
        let event = events.last().unwrap();
        assert_eq!(
            (&event["changes"], &event["changedFields"], &event["version"]),
            (&json!({}), &json!([]), &json!(2))
        );
        assert_eq!(
            event["sensitiveChanges"]["annualRevenue"]["new"],
            json!({ "amount": "7", "currency": "JPY" })
        );
    }
}

on_both! {
    async fn who_owned_a_record_sees_the_event_that_took_it(stage) {
        let (first, second) = (stage.user("AGENT").await, stage.user("AGENT").await);
        let company = first.create("companies", json!({ "name": "Acme" })).await;
        let path = format!("/v1/companies/{}", text(&company["id"]));
        let revenue = json!({ "amount": "7", "currency": "EUR" });
        let given = json!({ "ownerId": second.user, "annualRevenue": revenue });
        let given = stage.owner.patch(&path, &given).await.ok();
        second.patch(&path, &json!({ "name": "Acme & Co." })).await.ok();
        second.delete(&path).await.ok();
        let seen = async |caller: &Caller| {
            let page = caller.get(&format!("/v1/events?filter[recordId]={}&sort=seq", text(&company["id"]))).await.ok();
            page["items"].as_array().unwrap().clone()
        };
        let versions = |events: &[Json]| events.iter().map(|event| event["version"].clone()).collect::<Vec<_>>();
        let (by_first, by_second) = (seen(&first).await, seen(&second).await);
        assert_eq!((versions(&by_first), versions(&by_second)), (vec![json!(1), json!(2)], vec![json!(2), json!(3), json!(4)]));
        let taken = &by_first[1];
        assert_eq!((&taken["ownerBeforeId"], &taken["ownerId"]), (&json!(first.user), &json!(second.user)));
        assert_eq!((taken, &taken["changedFields"]), (&by_second[0], &json!(["ownerId"])));
        // Each reads of the record what the role may read.
        let mut readable = given.as_object().unwrap().clone();
        readable.remove("annualRevenue");
        assert_eq!(taken["data"], json!(readable));
        let all = seen(&stage.owner).await;
        assert_eq!((all.len(), &all[1]["data"]), (4, &given));
    }
}

on_both! {
    async fn what_a_rule_makes_names_its_cause(stage) {
        let owner = &stage.owner;
        let [open, won, _] = stage.pipeline().await;
        let deal = owner.create("deals", json!({ "name": "A deal", "stageId": open })).await;
        let input = json!({ "stageId": won, "expectedVersion": deal["version"] });
        owner.command(&format!("deals/{}/move", text(&deal["id"])), input).await.ok();
        let events = owner.events().await;
        let changes: Vec<_> = events.iter().filter(|event| event["type"] == "stageChange.created").collect();
        assert!(!changes.is_empty());
        for change in changes {
            let cause = events.iter().find(|event| event["seq"] == change["causeSeq"]).unwrap();
            assert_eq!((&cause["recordId"], &cause["requestId"]), (&deal["id"], &change["requestId"]));
            assert_eq!((&cause["depth"], &change["depth"]), (&json!(0), &json!(1)));
            let path = format!("/v1/stage-changes/{}", text(&change["recordId"]));
            assert_eq!(change["data"], owner.get(&path).await.ok());
        }
    }
}

on_both! {
    async fn long_texts_are_told_when_they_change(stage) {
        let owner = &stage.owner;
        let long = "x".repeat(100_000);
        let ticket = owner.create("tickets", json!({ "subject": "Help", "description": long })).await;
        let path = format!("/v1/tickets/{}", text(&ticket["id"]));
        owner.patch(&path, &json!({ "subject": "Help!" })).await.ok();
        owner.patch(&path, &json!({ "description": null })).await.ok();
        let events = owner.get(&format!("/v1/events?filter[recordId]={}&sort=seq", text(&ticket["id"]))).await.ok();
        let told = |place: usize| &events["items"][place];
        assert_eq!((&told(0)["data"], &told(0)["changes"]["description"]["new"]), (&ticket, &json!(long)));
        assert!(told(1)["data"].get("description").is_none() && told(1)["data"]["subject"] == "Help!");
        assert_eq!(told(2)["data"].get("description"), Some(&Json::Null));
        assert_eq!(told(2)["changes"], json!({ "description": { "old": long, "new": null } }));
    }
}

on_both! {
    async fn jobs_tell_of_their_beginning_and_end(stage) {
        let job = world::import(&stage.owner, "companies.csv").await;
        assert_eq!(job["rowsRejected"], 1);
        let events = stage.owner.events().await;
        let about = |object: &str| events.iter().filter(|event| event["object"] == object).collect::<Vec<_>>();
        assert_eq!(about("jobError").len(), 0);
        let states: Vec<_> = about("job").iter().map(|event| event["data"]["state"].clone()).collect();
        assert_eq!(states, ["QUEUED", "RUNNING", "SUCCEEDED"]);
        assert_eq!(about("job")[2]["data"], job);
        let errors = stage.owner.get(&format!("/v1/jobs/{}?include=errors", text(&job["id"]))).await.ok();
        assert_eq!(errors["errors"].as_array().unwrap().len(), 1, "{errors}");
    }
}

on_both! {
    async fn events_from_before_after_images_are_shown_as_they_were(stage) {
        let owner = &stage.owner;
        let contact = owner.create("contacts", json!({ "givenName": "Ada" })).await;
        let event = owner.events().await.pop().unwrap();
        let database = stage.database.connect().await;
        let sql = format!(
            "UPDATE events SET data = NULL, changes = '{{\"givenName\":{{\"new\":\"Ada\",\"old\":null}}}}',
             changed_fields = '[\"givenName\"]' WHERE seq = {}",
            event["seq"]
        );
        database.execute_unprepared(&sql).await.unwrap();
        let shown = owner.get(&format!("/v1/events/{}", text(&event["id"]))).await.ok();
        assert_eq!((&shown["data"], &shown["recordId"]), (&Json::Null, &contact["id"]));
        assert_eq!(shown["changes"], json!({ "givenName": { "old": null, "new": "Ada" } }));
        assert_eq!((&shown["changedFields"], &shown["sensitiveChanges"]), (&json!(["givenName"]), &Json::Null));
    }
}

on_both! {
    async fn what_changes_nothing_is_not_told(stage) {
        let owner = &stage.owner;
        let input = json!({ "givenName": "Ada", "emails": [{ "address": "ada@x.org" }], "tagIds": [] });
        let created = owner.create("contacts", input.clone()).await;
        let path = format!("/v1/contacts/{}", text(&created["id"]));
        let before = owner.trace().await;
        for same in [
            json!({}),
            input,
            json!({ "emails": created["emails"] }),
            json!({ "familyName": null, "phones": [] }),
        ] {
            let reply = owner.patch(&path, &same).await;
            assert_eq!(reply.header("etag"), Some("\"1\""));
            assert_eq!(reply.ok(), created);
            let variables = json!({ "id": created["id"], "input": { "givenName": "Ada" } });
            let data = owner.graphql(UPDATE_CONTACT, variables).await;
            assert_eq!(data["updateContact"]["contact"]["version"], 1);
        }
        owner.patch(&path, &json!({ "language": "d" })).await.refused(422, "wrong_type");
        owner
            .patch(&path, &json!({ "ownerId": "user_01h455vb4pex5vsknk084sn02q" }))
            .await
            .refused(422, "reference_not_found");
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn nobody_writes_into_the_log(stage) {
        let owner = &stage.owner;
        let events = owner.events().await;
        let id = text(&events[0]["id"]);
        let path = format!("/v1/events/{id}");
        assert_eq!(owner.get(&path).await.ok(), events[0]);
        owner.post("/v1/events", &json!({ "type": "x" })).await.refused(405, "method_not_allowed");
        owner.patch(&path, &json!({ "type": "x" })).await.refused(405, "method_not_allowed");
        owner.delete(&path).await.refused(405, "method_not_allowed");
        owner.post(&format!("{path}/restore"), &json!({})).await.refused(404, "unknown_operation");
        for mutation in ["createEvent", "updateEvent", "deleteEvent"] {
            let query = format!("mutation {{ {mutation}(id: \"{id}\") {{ userErrors {{ code }} }} }}");
            owner.graphql_reply(&query, json!({})).await.graphql_refused(400, "invalid_query");
        }
        assert_eq!(owner.events().await, events);
        // The workspace, its first user, the membership and the key are in the log too, without the secret.
        assert_eq!(events.len(), 4);
        let log = json!(events).to_string();
        let secret = owner.key.strip_prefix("kith_").unwrap();
        assert!(!log.contains(secret) && !log.contains("hash"), "{log}");
        assert!(events.iter().all(|event| event["origin"] == "COMMAND_LINE"));
    }
}
