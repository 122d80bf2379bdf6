//! Work: activities around records, tasks, tags.

use kernel::id::TypeId;
use serde_json::{Value as Json, json};

use crate::support::{on_both, text};

on_both! {
    async fn an_activity_stands_on_every_timeline_it_is_about(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let mut about = Vec::new();
        for (objects, input) in [
            ("contacts", json!({ "givenName": "Ada" })),
            ("companies", json!({ "name": "Acme" })),
            ("deals", json!({ "name": "A deal", "stageId": open })),
            ("tickets", json!({ "subject": "Broken" })),
            ("tasks", json!({ "title": "Call" })),
            ("products", json!({ "name": "Wheel" })),
        ] {
            let id = text(&owner.create(objects, input).await["id"]);
            about.push((objects, id));
        }
        let ids: Vec<_> = about.iter().map(|(_, id)| id).collect();
        let input = json!({ "type": "MEETING", "direction": "OUTBOUND", "subject": "Kick-off",
            "body": "All there",
            "subjects": ids, "occurredAt": "2026-01-02T03:04:05+01:00", "durationSeconds": 3600 });
        let meeting = owner.create("activities", input).await;
        assert_eq!((&meeting["subjects"], &meeting["ownerId"]), (&json!(ids), &json!(owner.user)));
        assert_eq!(meeting["occurredAt"], "2026-01-02T02:04:05.000Z");
        let note = owner.create("activities", json!({ "type": "NOTE", "subjects": [ids[0]] })).await;
        assert_eq!(note["occurredAt"], note["createdAt"], "now, where nothing was said");

        for (objects, id) in &about {
            let shown = owner.get(&format!("/v1/{objects}/{id}?fields=activities.subject")).await.ok();
            let activities = shown["activities"].as_array().unwrap();
            assert!(activities.contains(&json!({ "subject": "Kick-off" })), "{objects}: {shown}");
            let query = "query($id: ID!) { node(id: $id) { ... on Contact { activities(first: 9) {
                totalCount } }
                ... on Company { activities(first: 9) { totalCount } } ... on Deal { activities(first: 9) {
                    totalCount } }
                ... on Ticket { activities(first: 9) { totalCount } } ... on Task { activities(first: 9) {
                    totalCount } }
                ... on Product { activities(first: 9) { totalCount } } } }";
            let data = owner.graphql(query, json!({ "id": id })).await;
            assert_eq!(data["node"]["activities"]["totalCount"], activities.len(), "{objects}");
        }
        let path = format!("/v1/activities/{}", text(&meeting["id"]));
        owner.patch(&path, &json!({ "subjects": [ids[1]] })).await.ok();
        let contact = owner.get(&format!("/v1/contacts/{}?include=activities", ids[0])).await.ok();
        assert_eq!(contact["activities"].as_array().unwrap().len(), 1);
        let by_subject = json!({ "subjects": { "containsAny": [ids[1]] } });
        let found = owner
            .post("/v1/activities/search", &json!({ "where": by_subject, "fields": ["subject"] }))
            .await
            .ok();
        assert_eq!(found["items"], json!([{ "subject": "Kick-off" }]));
        let around = json!({ "activities": { "some": { "type": { "eq": "MEETING" } } } });
        let found = owner.get_where("/v1/companies?fields=name", around).await.ok();
        assert_eq!(found["items"], json!([{ "name": "Acme" }]));
        owner.delete(&path).await.ok();
        let company = owner.get(&format!("/v1/companies/{}?include=activities", ids[1])).await.ok();
        assert_eq!(company["activities"], json!([]));

        let before = owner.trace().await;
        let gone = "ticket_01h455vb4pex5vsknk084sn02q";
        for (subjects, code, pointer) in [
            (json!([]), "required", "/subjects"),
            (json!([ids[0], gone]), "reference_not_found", "/subjects/1"),
            (json!(["unicorn_01h455vb4pex5vsknk084sn02q"]), "reference_not_found", "/subjects/0"),
            (json!(["019aa8f0-5c00-7abc-8def-0123456789ab"]), "wrong_type", "/subjects/0"),
            (json!(ids[0]), "wrong_type", "/subjects"),
        ] {
            let input = json!({ "type": "NOTE", "subjects": subjects });
            owner.post("/v1/activities", &input).await.violates(422, code, &[(code, pointer)]);
        }
        owner.post("/v1/activities", &json!({ "type": "NOTE" })).await.violates(
            422,
            "required",
            &[("required", "/subjects")],
        );
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn a_task_is_completed_once(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let owner = &stage.owner;
        let task = owner.create("tasks", json!({ "title": "Call", "dueAt": "2026-03-02T00:00:00Z" })).await;
        let id = text(&task["id"]);
        assert_eq!(
            (&task["status"], &task["priority"], &task["assigneeId"]),
            (&json!("OPEN"), &json!("MEDIUM"), &json!(owner.user))
        );
        let path = format!("/v1/tasks/{id}");
        let begun = owner.patch(&path, &json!({ "status": "IN_PROGRESS" })).await.ok();
        assert_eq!((&begun["status"], &begun["completedAt"]), (&json!("IN_PROGRESS"), &Json::Null));
        let before = owner.trace().await;
        owner.patch(&path, &json!({ "completedAt": null })).await.violates(
            422,
            "read_only",
            &[("read_only", "/completedAt")],
        );
        let late = json!({ "remindAt": "2026-03-02T00:00:00.001Z" });
        owner.patch(&path, &late).await.violates(422, "out_of_range", &[("out_of_range", "/remindAt")]);
        owner.command(&format!("tasks/{id}/complete"), json!({ "status": "DONE" })).await.violates(
            422,
            "unknown_field",
            &[("unknown_field", "/status")],
        );
        assert_eq!(owner.trace().await, before);
        clock.forward(3_600);
        // A command without input needs no body.
        let bare = owner.request(reqwest::Method::POST, &format!("{path}/complete"));
        let done = owner.send(bare).await.ok()["task"].take();
        assert_eq!(
            (&done["status"], &done["completedAt"]),
            (&json!("DONE"), &json!("2026-03-01T13:00:00.000Z"))
        );
        owner.command(&format!("tasks/{id}/complete"), json!({})).await.refused(409, "illegal_state");
        let mutation = "mutation($id: ID!) { completeTask(id: $id) { task { status completedAt }
            userErrors { code } } }";
        assert_eq!(owner.user_errors(mutation, json!({ "id": id })).await[0]["code"], "illegal_state");
        let other =
            text(&owner.create("tasks", json!({ "title": "Write", "status": "IN_PROGRESS" })).await["id"]);
        let data = owner.graphql(mutation, json!({ "id": other })).await;
        assert_eq!(
            data["completeTask"]["task"],
            json!({ "status": "DONE", "completedAt": "2026-03-01T13:00:00.000Z" })
        );
        let cancelled =
            text(&owner.create("tasks", json!({ "title": "Rest", "status": "CANCELLED" })).await["id"]);
        owner.command(&format!("tasks/{cancelled}/complete"), json!({})).await.refused(409, "illegal_state");
        stage.server.stop().await.unwrap();
    }
}

on_both! {
    async fn tags_put_records_together(stage) {
        let owner = &stage.owner;
        let agent = stage.user("AGENT").await;
        let vip = text(&owner.create("tags", json!({ "name": "vip", "color": "#ff0000" })).await["id"]);
        let fair = text(&agent.create("tags", json!({ "name": "fair" })).await["id"]);
        agent.patch(&format!("/v1/tags/{fair}"), &json!({ "name": "x" })).await.refused(403, "forbidden");
        let ada =
            text(&owner.create("contacts", json!({ "givenName": "Ada", "tagIds": [vip, fair] })).await["id"]);
        let bob =
            text(&owner.create("contacts", json!({ "givenName": "Bob", "tagIds": [fair] })).await["id"]);
        let acme = text(&owner.create("companies", json!({ "name": "Acme", "tagIds": [vip] })).await["id"]);
        let found = async |objects: &str, predicate: Json| {
            let found =
                owner.get_where(&format!("/v1/{objects}?sort=createdAt&fields=id"), predicate).await.ok();
            found["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect::<Vec<_>>()
        };
        assert_eq!(
            found("contacts", json!({ "tagIds": { "containsAny": [vip, fair] } })).await,
            [ada.as_str(), bob.as_str()]
        );
        assert_eq!(
            found("contacts", json!({ "tagIds": { "containsAll": [vip, fair] } })).await,
            [ada.as_str()]
        );
        assert_eq!(
            found("contacts", json!({ "tags": { "none": { "name": { "eq": "VIP" } } } })).await,
            [bob.as_str()]
        );
        assert_eq!(found("contacts", json!({ "tagIds": { "count": { "eq": 2 } } })).await, [ada.as_str()]);
        assert_eq!(found("companies", json!({ "tagIds": { "containsAny": [vip] } })).await, [acme.as_str()]);
        let short = owner.get(&format!("/v1/contacts?filter[tagIds]={vip}&fields=givenName")).await.ok();
        assert_eq!(short["items"], json!([{ "givenName": "Ada" }]));
        let shown = owner.get(&format!("/v1/contacts/{ada}?fields=tagIds,tags.name")).await.ok();
        let names: Vec<_> = shown["tags"].as_array().unwrap().iter().map(|tag| text(&tag["name"])).collect();
        assert_eq!((&shown["tagIds"], names.len()), (&json!([vip, fair]), 2));

        let before = owner.trace().await;
        let gone = json!({ "tagIds": [fair, "tag_01h455vb4pex5vsknk084sn02q"] });
        owner.patch(&format!("/v1/contacts/{bob}"), &gone).await.violates(
            422,
            "reference_not_found",
            &[("reference_not_found", "/tagIds/1")],
        );
        owner.post("/v1/tags", &json!({ "name": "x", "color": "red" })).await.violates(
            422,
            "wrong_type",
            &[("wrong_type", "/color")],
        );
        assert_eq!(owner.trace().await, before);
        owner.patch(&format!("/v1/contacts/{ada}"), &json!({ "tagIds": [fair] })).await.ok();
        assert_eq!(
            found("contacts", json!({ "tagIds": { "containsAny": [vip] } })).await,
            Vec::<String>::new()
        );
        // A deleted tag is no longer shown, and the record can still be changed.
        owner.delete(&format!("/v1/tags/{fair}")).await.ok();
        let shown = owner.get(&format!("/v1/contacts/{ada}?include=tags")).await.ok();
        assert_eq!(shown["tags"], json!([]));
        owner.patch(&format!("/v1/contacts/{ada}"), &json!({ "jobTitle": "Countess" })).await.ok();
    }
}

on_both! {
    async fn a_timeline_is_of_one_object(stage) {
        let owner = &stage.owner;
        let uuid = "019aa8f0-5c00-7abc-8def-0123456789ab";
        let id = |prefix: &str| {
            let uuid = TypeId::parse_as(prefix, uuid).unwrap();
            TypeId { prefix, uuid }.to_string()
        };
        let (contact, company) = (id("contact"), id("company"));
        owner.create("contacts", json!({ "id": contact, "givenName": "Ada" })).await;
        owner.create("companies", json!({ "id": company, "name": "Acme" })).await;
        owner.create("activities", json!({ "type": "NOTE", "subject": "Hers", "subjects": [contact] })).await;
        let shown = async |path: String| owner.get(&path).await.ok()["activities"].as_array().unwrap().len();
        assert_eq!(shown(format!("/v1/contacts/{contact}?include=activities")).await, 1);
        assert_eq!(shown(format!("/v1/companies/{company}?include=activities")).await, 0);
        for (id, expected) in [(&contact, 1), (&company, 0)] {
            let query = "query($id: ID!) { node(id: $id) { ... on Contact { activities(first: 1) { totalCount } }
                ... on Company { activities(first: 1) { totalCount } } } }";
            let data = owner.graphql(query, json!({ "id": id })).await;
            assert_eq!(data["node"]["activities"]["totalCount"], expected);
            let about = json!({ "subjects": { "containsAny": [id] } });
            let found = owner.get_where("/v1/activities?fields=id", about).await.ok();
            assert_eq!(found["items"].as_array().unwrap().len(), expected, "{id}");
            let around = json!({ "activities": { "some": { "subject": { "eq": "Hers" } } } });
            let objects = if id == &contact { "contacts" } else { "companies" };
            let found = owner.get_where(&format!("/v1/{objects}?fields=id"), around).await.ok();
            assert_eq!(found["items"].as_array().unwrap().len(), expected, "{objects}");
        }
    }
}
