//! Clocks that go back: nothing that Kith tells of happens before what happened before it.

use serde_json::json;

use crate::support::{Caller, eventually, on_both, text};

/// Instants of one form are ordered as their texts are.
async fn in_order(owner: &Caller) {
    let events = owner.events().await;
    for pair in events.windows(2) {
        assert!(text(&pair[0]["occurredAt"]) <= text(&pair[1]["occurredAt"]), "{pair:?}");
    }
}

on_both! {
    async fn time_stands_still_where_the_clock_goes_back(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let owner = &stage.owner;
        let before = owner.create("contacts", json!({ "givenName": "Ada" })).await;
        clock.forward(-3_600);
        let after = owner.create("contacts", json!({ "givenName": "Bob" })).await;
        assert_eq!(after["createdAt"], "2026-03-01T12:00:00.000Z");
        let path = format!("/v1/contacts/{}", text(&before["id"]));
        let changed = owner.patch(&path, &json!({ "givenName": "Eve" })).await.ok();
        assert_eq!(changed["updatedAt"], "2026-03-01T12:00:00.000Z");
        clock.forward(3_601);
        let later = owner.create("contacts", json!({ "givenName": "Cid" })).await;
        assert_eq!(later["createdAt"], "2026-03-01T12:00:01.000Z");
        in_order(owner).await;
        stage.server.stop().await.unwrap();
    }
}

on_both! {
    async fn nothing_is_changed_before_it_was_made_by_a_server_with_another_clock(stage) {
        let (ahead, _) = stage.at("2026-03-01T12:00:00Z").await;
        let (behind, _) = stage.at("2026-03-01T11:00:00Z").await;
        let owner = &ahead.owner;
        let there = Caller::new(&behind.owner.url, &owner.key, &owner.user);
        let path = format!("/v1/contacts/{}", text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]));
        let changed = there.patch(&path, &json!({ "givenName": "Eve" })).await.ok();
        assert_eq!(changed["updatedAt"], "2026-03-01T12:00:00.000Z");
        there.create("contacts", json!({ "givenName": "Bob" })).await;
        // More than one statement takes.
        let emails: Vec<_> = (0..45).map(|number| json!({ "address": format!("a{number}@example.org") })).collect();
        there.create("contacts", json!({ "givenName": "Cid", "emails": emails })).await;
        let deleted = there.delete(&path).await.ok();
        assert_eq!(deleted["deletedAt"], "2026-03-01T12:00:00.000Z");
        in_order(owner).await;
        for stage in [ahead, behind] {
            stage.server.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn a_job_ends_after_it_began(stage) {
        let (ahead, _) = stage.at_with("2026-03-01T12:00:00Z", |config| config.jobs = 0).await;
        let owner = &ahead.owner;
        let request = owner.request(reqwest::Method::POST, "/v1/files?name=rows.csv");
        let file = text(&owner.send(request.body("Subject\nCall\n")).await.ok()["id"]);
        let mapping = json!({ "fields": { "subject": { "column": "Subject" } } });
        let input = json!({ "object": "ticket", "fileId": file, "mapping": mapping });
        let job = owner.post("/v1/jobs/import", &input).await.ok()["job"].take();
        let (behind, _) = stage.at("2026-03-01T11:00:00Z").await;
        let path = format!("/v1/jobs/{}", text(&job["id"]));
        let job = eventually("the job's end", async || {
            let job = owner.get(&path).await.ok();
            job["finishedAt"].is_string().then_some(job)
        })
        .await;
        assert!(text(&job["createdAt"]) <= text(&job["startedAt"]), "{job}");
        assert!(text(&job["startedAt"]) <= text(&job["finishedAt"]), "{job}");
        in_order(owner).await;
        for stage in [ahead, behind] {
            stage.server.stop().await.unwrap();
        }
    }
}
