//! What is still good stays good: after any change of access that is about somebody else, requests of every kind
//! are answered as before, and done exactly once.

use serde_json::json;

use super::{Newcomer, Pair, world::World};
use crate::support::{on_both, text};

/// Changes something of the workspace's access that does not end the newcomer's.
async fn change(pair: &Pair<'_>, newcomer: &Newcomer, kind: usize, number: usize) {
    let owner = &pair.here.owner;
    let name = format!("Number {number}");
    match kind {
        0 => drop(owner.create("users", json!({ "name": name })).await),
        1 => {
            let other = text(&owner.create("users", json!({ "name": name })).await["id"]);
            let membership = owner.create("memberships", json!({ "userId": other, "role": "AGENT" })).await;
            owner.delete(&format!("/v1/memberships/{}", text(&membership["id"]))).await.ok();
        }
        2 => pair.change_settings(json!({ "name": name })).await,
        3 => pair.revoke(&pair.newcomer().await).await,
        4 => pair.change_user(newcomer, json!({ "name": name })).await,
        _ => {
            let input = json!({ "name": name, "userId": newcomer.here.user, "role": "AGENT" });
            owner.command("api-keys/issue", input).await.ok();
        }
    }
}

on_both! {
    async fn what_is_still_good_is_done_once(stage) {
        let pair = Pair::of(stage).await;
        let newcomer = pair.newcomer().await;
        for kind in 0..6 {
            let world = World::new(&stage.owner, &format!("{kind}")).await;
            let requests = [world.reading(), world.of_no_record(), world.wrong(), world.writing()];
            for (number, request) in requests.iter().flatten().enumerate() {
                newcomer.there.get("/v1/teams").await.ok();
                change(&pair, &newcomer, kind, number).await;
                let before = pair.last().await;
                let reply = request.ask(&newcomer.there).await;
                let got = (reply.status.as_u16(), pair.last().await - before);
                assert_eq!(got, (request.status, request.events), "{kind}, {}: {reply}", request.name());
                if request.only_reads() {
                    let same = request.ask(&newcomer.here).await;
                    assert_eq!(reply.to_string(), same.to_string(), "{kind}, {}", request.name());
                }
            }
        }
        let events = stage.owner.events().await;
        for (number, event) in (1..).zip(&events) {
            assert_eq!(event["seq"], number, "{event}");
        }
        // Numbers that were given out for what was done anew are not lost either.
        let tickets = stage.owner.get("/v1/tickets?sort=number&fields=number").await.ok();
        let numbers: Vec<_> = tickets["items"].as_array().unwrap().iter().map(|one| &one["number"]).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        pair.end().await;
    }
}

on_both! {
    async fn a_record_is_created_once_with_its_event(stage) {
        let pair = Pair::of(stage).await;
        let newcomer = pair.newcomer().await;
        for kind in 0..6 {
            newcomer.there.get("/v1/teams").await.ok();
            change(&pair, &newcomer, kind, kind).await;
            let mut expected = stage.owner.trace().await;
            let created = newcomer.there.create("contacts", json!({ "givenName": "Ada" })).await;
            for objects in ["contacts", "events"] {
                let total = &mut expected[objects]["totalCount"];
                *total = json!(total.as_u64().unwrap() + 1);
            }
            assert_eq!(stage.owner.trace().await, expected);
            let of_it = format!("/v1/events?filter[recordId]={}", text(&created["id"]));
            let events = stage.owner.get(&of_it).await.ok();
            assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events}");
            assert_eq!(events["items"][0]["actorId"], newcomer.there.user.as_str(), "{events}");
        }
        pair.end().await;
    }
}
