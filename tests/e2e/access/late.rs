//! Requests whose key ends while they are on their way: what comes late is not done.

use std::{io, time::Duration};

use futures::{future::join, stream};
use reqwest::{Body, Method};
use serde_json::json;
use tokio::{sync::mpsc, time::sleep};

use super::{Newcomer, Pair};
use crate::support::{Caller, Reply, on_both};

/// Sends a body in two parts, and has something happen between them.
async fn in_two_parts(caller: &Caller, path: &str, body: &str, between: impl Future<Output = ()>) -> Reply {
    let (sender, receiver) = mpsc::unbounded_channel::<Vec<u8>>();
    let parts = stream::unfold(receiver, async |mut receiver| {
        Some((Ok::<_, io::Error>(receiver.recv().await?), receiver))
    });
    let request = caller.request(Method::POST, path).header("content-type", "application/json");
    let (first, rest) = body.split_at(1);
    let feed = async {
        sender.send(first.into()).unwrap();
        sleep(Duration::from_millis(300)).await;
        between.await;
        sender.send(rest.into()).unwrap();
        drop(sender);
    };
    let request = request.body(Body::wrap_stream(Box::pin(parts)));
    join(caller.send(request), feed).await.0
}

on_both! {
    async fn what_comes_after_the_end_of_its_key_is_not_done(stage) {
        let pair = Pair::of(stage).await;
        let issue = |newcomer: &Newcomer| {
            json!({ "name": "another", "userId": newcomer.here.user, "role": "OWNER" }).to_string()
        };
        for path in ["/v1/files?name=late.txt", "/v1/api-keys/issue", "/v1/contacts"] {
            for ends in [true, false] {
                let newcomer = pair.newcomer().await;
                let body = match path {
                    "/v1/contacts" => json!({ "givenName": "Ada" }).to_string(),
                    _ => issue(&newcomer),
                };
                let before = stage.owner.trace().await;
                let between = async {
                    // Others' access has nothing to do with it.
                    pair.revoke(&pair.newcomer().await).await;
                    if ends {
                        pair.revoke(&newcomer).await;
                    }
                };
                let reply = in_two_parts(&newcomer.there, path, &body, between).await;
                let expected = if ends { 401 } else { 201 };
                assert_eq!(reply.status, expected, "{path}: {reply}");
                let after = stage.owner.trace().await;
                for objects in ["files", "contacts"] {
                    let is_same = after[objects] == before[objects];
                    assert!(is_same || !ends, "{path}: {objects}");
                }
            }
        }
        pair.end().await;
    }
}
