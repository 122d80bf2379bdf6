//! A key that has ended is refused by the very next request to another server, whatever it asks, and leaves
//! nothing behind.

use serde_json::json;

use super::{Newcomer, Pair, request::Request, world::World};
use crate::support::{Stage, on_both};

/// Asks each request with a key of its own, remembered by the second server, right after the key has ended, and
/// gives what was answered wrongly.
pub async fn asked_after(
    pair: &Pair<'_>,
    requests: Vec<Request>,
    end: impl AsyncFn(&Newcomer),
) -> Vec<String> {
    let mut wrong = Vec::new();
    for request in requests {
        let newcomer = pair.newcomer().await;
        wrong.extend(asked_by(pair, &request, &newcomer, &end).await);
    }
    wrong
}

async fn asked_by(
    pair: &Pair<'_>,
    request: &Request,
    newcomer: &Newcomer,
    end: impl AsyncFn(&Newcomer),
) -> Option<String> {
    if request.only_reads() {
        // Now what it asks is prepared as well.
        for _ in 0..2 {
            let reply = request.ask(&newcomer.there).await;
            assert_eq!(reply.status.as_u16(), request.status, "{}: {reply}", request.name());
        }
    }
    end(newcomer).await;
    let before = pair.here.owner.trace().await;
    let reply = request.ask(&newcomer.there).await;
    let traceless = pair.here.owner.trace().await == before;
    let left = (!traceless).then(|| format!("{} left a trace: {reply}", request.name()));
    request.complain(&reply).or(left)
}

async fn everything(stage: &Stage) -> Vec<Request> {
    let world = World::new(&stage.owner, "A").await;
    world.reading().into_iter().chain(world.writing()).collect()
}

on_both! {
    async fn a_revoked_key_is_refused_at_once(stage) {
        let pair = Pair::of(stage).await;
        let requests = everything(stage).await;
        let wrong = asked_after(&pair, requests, async |newcomer| pair.revoke(newcomer).await).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
        pair.end().await;
    }
}

on_both! {
    async fn so_is_that_of_a_user_who_is_no_longer_active(stage) {
        let pair = Pair::of(stage).await;
        let requests = everything(stage).await;
        let leave = async |newcomer: &Newcomer| pair.change_user(newcomer, json!({ "active": false })).await;
        let wrong = asked_after(&pair, requests, leave).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
        // Until the user comes back.
        let newcomer = pair.newcomer().await;
        for _ in 0..3 {
            leave(&newcomer).await;
            newcomer.there.get("/v1/contacts").await.refused(401, "unauthenticated");
            pair.change_user(&newcomer, json!({ "active": true })).await;
            newcomer.there.get("/v1/contacts").await.ok();
        }
        pair.end().await;
    }
}

on_both! {
    async fn so_is_that_of_a_user_who_is_deleted(stage) {
        let pair = Pair::of(stage).await;
        let requests = everything(stage).await;
        let delete = async |newcomer: &Newcomer| {
            stage.owner.delete(&format!("/v1/users/{}", newcomer.here.user)).await.ok();
        };
        let wrong = asked_after(&pair, requests, delete).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
        pair.end().await;
    }
}

on_both! {
    async fn so_is_one_whose_time_is_over(stage) {
        let requests = everything(stage).await;
        let (there, clock) = stage.at("2126-03-01T12:00:00Z").await;
        let pair = Pair::with(stage, there);
        let mut wrong = Vec::new();
        for (number, request) in requests.iter().enumerate() {
            let end = number + 1;
            let end = format!("2126-03-01T12:{:02}:{:02}Z", end / 60, end % 60);
            let newcomer = pair.newcomer_until(json!(end)).await;
            newcomer.there.get(&format!("/v1/users/{}", newcomer.there.user)).await.ok();
            wrong.extend(asked_by(&pair, request, &newcomer, async |_: &Newcomer| clock.forward(1)).await);
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        pair.end().await;
    }
}
