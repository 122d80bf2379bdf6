//! Nobody comes in without a good key.

use reqwest::{Client, Method};

use super::changes;
use crate::{
    conformance::doors::{Asked, Call, Door, Request},
    support::{Stage, on_both},
};

on_both! {
    async fn nobody_comes_in_without_a_key(stage) {
        let before = changes(&stage.owner).await;
        let mut requests: Vec<(String, Request)> = Vec::new();
        for call in Call::all(&stage.server.kith) {
            let id = format!("{}_01h455vb4pex5vsknk084sn02q", call.object.prefix);
            for door in Door::BOTH {
                let request = call.request(door, &Asked::about(&id), |_| true);
                requests.push((format!("{door:?}, {}", call.name()), request));
            }
        }
        // Contents of files, which REST alone carries.
        for (method, path) in [
            (Method::POST, "/v1/files?name=a"),
            (Method::GET, "/v1/files/file_01h455vb4pex5vsknk084sn02q/content"),
        ] {
            requests.push((path.to_owned(), Request { method, path: path.to_owned(), body: None }));
        }
        let client = Client::new();
        for (name, Request { method, path, body }) in requests {
            for credentials in wrong(stage) {
                let mut request = client.request(method.clone(), format!("{}{path}", stage.server.url));
                if let Some(credentials) = &credentials {
                    request = request.header("authorization", credentials);
                }
                if let Some(body) = &body {
                    request = request.json(body);
                }
                let reply = stage.owner.send(request).await;
                assert_eq!(
                    reply.header("www-authenticate"),
                    Some("Bearer"),
                    "{name} with {credentials:?}: {reply}"
                );
                assert_eq!(reply.problem(401)["code"], "unauthenticated");
            }
        }
        assert_eq!(changes(&stage.owner).await, before);
    }
}

/// No key, something that is none, and one with another secret.
fn wrong(stage: &Stage) -> [Option<String>; 5] {
    let key = &stage.owner.key;
    let (start, end) = key.split_at(key.len() - 10);
    let other = if end.starts_with('A') { "B" } else { "A" };
    let forged = format!("Bearer {start}{other}{}", &end[1..]);
    [
        None,
        Some("Bearer".to_owned()),
        Some("Bearer kith_abc".to_owned()),
        Some(format!("Basic {key}")),
        Some(forged),
    ]
}
