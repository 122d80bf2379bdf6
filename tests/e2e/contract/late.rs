//! A key that ends while a request is on its way does nothing any more: every operation of the contract.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value as Json, json};
use tokio::time::sleep;

use crate::support::{Backend, Caller, Reply, Stage, Wire, on_both, text};

/// An operation of the document, and a body that it could read.
struct Operation {
    method: String,
    path: String,
    body: Vec<u8>,
    content_type: &'static str,
}

/// Every operation that needs a key.
fn operations(document: &Json) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
        {
            if operation["security"] == json!([]) {
                continue;
            }
            let is_upload = operation["operationId"] == "uploadFile";
            let query = if is_upload { "?name=a.txt" } else { "" };
            operations.push(Operation {
                method: method.to_uppercase(),
                path: format!("{}{query}", path.replace("{id}", "contact_01h455vb4pex5vsknk084sn02q")),
                body: if is_upload { b"some bytes".to_vec() } else { b"{}".to_vec() },
                content_type: if is_upload { "text/plain" } else { "application/json" },
            });
        }
    }
    operations
}

/// A key of its own, and its id.
async fn newcomer(owner: &Caller) -> (Caller, String) {
    let input = json!({ "name": "a key", "userId": owner.user, "role": "OWNER" });
    let issued = owner.command("api-keys/issue", input).await.ok();
    (Caller::new(&owner.url, &text(&issued["secret"]), &owner.user), text(&issued["apiKey"]["id"]))
}

/// Sends all but the last byte, ends the key, and sends the rest.
async fn finished_late(owner: &Caller, operation: &Operation) -> Reply {
    let (caller, key) = newcomer(owner).await;
    let Operation { method, path, body, content_type } = operation;
    let headers = [("content-type", *content_type)];
    let mut wire = Wire::open(&caller, method, path, &headers, body.len()).await;
    let (last, first) = body.split_last().unwrap();
    wire.send(first).await;
    // By now the server has seen the head, and knows the key.
    sleep(Duration::from_millis(30)).await;
    owner.command(&format!("api-keys/{key}/revoke"), json!({})).await.ok();
    wire.send(&[*last]).await;
    wire.reply().await
}

on_both! {
    async fn a_revoked_key_that_finishes_its_body_late(stage) {
        let owner = &stage.owner;
        let operations = operations(&owner.get("/openapi.json").await.ok());
        assert!(operations.len() > 100);
        for operation in &operations {
            let reply = finished_late(owner, operation).await;
            assert_eq!(reply.status.as_u16(), 401, "{} {}: {reply}", operation.method, operation.path);
        }
        // It would have done something.
        let input = json!({ "name": "another", "userId": owner.user, "role": "OWNER" });
        let query = "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret userErrors { code } } }";
        let graphql = json!({ "query": query, "variables": { "input": input } });
        for (path, body) in [("/v1/api-keys/issue", input), ("/graphql", graphql)] {
            let operation = Operation {
                method: "POST".to_owned(),
                path: path.to_owned(),
                body: body.to_string().into_bytes(),
                content_type: "application/json",
            };
            finished_late(owner, &operation).await.refused(401, "unauthenticated");
        }
        let keys = owner.get("/v1/api-keys?filter[name]=another").await.ok();
        assert_eq!((&keys["items"], owner.get("/v1/files").await.ok()["items"].clone()), (&json!([]), json!([])));
    }
}

#[tokio::test]
async fn nothing_is_kept_for_somebody_unknown() {
    let stage = Stage::new(Backend::Sqlite).await;
    let nobody = Caller::new(&stage.owner.url, "kith_nonsense", "");
    for path in ["/v1/contacts", "/graphql", "/v1/files?name=a"] {
        // The body never comes, and is not waited for.
        let wire =
            Wire::open(&nobody, "POST", path, &[("content-type", "application/json")], 1_000_000).await;
        wire.reply().await.refused(401, "unauthenticated");
    }
    stage.end().await;
}

#[tokio::test]
async fn an_upload_that_trickles_is_given_up() {
    let stage = Stage::new(Backend::Sqlite).await;
    let hasty = Stage::over(Arc::clone(&stage.database), |config| {
        config.upload_timeout = Duration::from_secs(2);
    })
    .await;
    let mut wire = Wire::open(&hasty.owner, "POST", "/v1/files?name=a", &[], 1_000).await;
    for _ in 0..30 {
        wire.send(b"x").await;
        sleep(Duration::from_millis(100)).await;
    }
    wire.reply().await.refused(408, "request_timeout");
    let whole = hasty.owner.request(Method::POST, "/v1/files?name=a").body("x");
    hasty.owner.send(whole).await.ok();
    hasty.end().await;
    stage.end().await;
}
