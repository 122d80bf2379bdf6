//! An import that runs ends with the right under which it was started, and only with that.

use serde_json::json;

use super::{counts, ended, first_tickets, start, store, tickets, tickets_of};
use crate::support::{Caller, Stage, eventually, on_both, text};

/// Starts a long import under a new user's key, has something happen once the first rows are there, and expects the
/// import to stop.
async fn stops(stage: &Stage, happens: impl AsyncFn(&Caller, &str)) {
    let owner = &stage.owner;
    let user = text(&owner.create("users", json!({ "name": "Nora Newcomer" })).await["id"]);
    let input = json!({ "name": "a key", "userId": user, "role": "OWNER" });
    let issued = owner.command("api-keys/issue", input).await.ok();
    let other = Caller::new(&owner.url, &text(&issued["secret"]), &user);
    let (file, mapping) = tickets(20_000);
    let before = tickets_of(owner).await;
    let started = start(&other, "ticket", &store(&other, "rows.csv", file).await, &mapping).await;
    eventually("tickets", async || (tickets_of(owner).await > before).then_some(())).await;
    happens(&other, &text(&issued["apiKey"]["id"])).await;
    // A batch may have been on its last step; after it comes no other.
    let there = tickets_of(owner).await;
    let job = ended(owner, &started).await;
    assert_eq!(job["state"], "FAILED", "{job}");
    assert_eq!(job["detail"], "the key that started the job is no longer good");
    assert_eq!(tickets_of(owner).await, there, "{job}");
    assert_eq!(job["rowsCreated"], there - before, "{job}");
}

on_both! {
    async fn a_running_import_ends_with_its_key(stage) {
        let owner = &stage.owner;
        stops(stage, async |_, key| {
            owner.command(&format!("api-keys/{key}/revoke"), json!({})).await.ok();
        })
        .await;
    }
}

on_both! {
    async fn a_running_import_ends_with_its_user(stage) {
        let owner = &stage.owner;
        stops(stage, async |other, _| {
            owner.patch(&format!("/v1/users/{}", other.user), &json!({ "active": false })).await.ok();
        })
        .await;
    }
}

on_both! {
    async fn what_is_about_others_stops_no_import(stage) {
        let owner = &stage.owner;
        let (file, mapping) = tickets(3_000);
        let started = start(owner, "ticket", &store(owner, "rows.csv", file).await, &mapping).await;
        first_tickets(owner).await;
        for number in 0..10 {
            owner.create("users", json!({ "name": format!("Number {number}") })).await;
        }
        assert_eq!(counts(&ended(owner, &started).await), [3_000, 0, 0, 0]);
        assert_eq!(tickets_of(owner).await, 3_000);
    }
}
