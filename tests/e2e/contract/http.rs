//! HTTP as its specifications want it: types and sizes of bodies, methods, headers, validators, slow clients.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::json;

use crate::support::{Backend, Caller, Reply, Stage, Wire, on_both, text};

on_both! {
    async fn bodies_have_a_type_and_a_limit(stage) {
        let owner = &stage.owner;
        let ada = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let before = owner.trace().await;
        let send = |method: Method, path: String, kind: &'static str| {
            let request = owner.request(method, &path).header("content-type", kind);
            owner.send(request.body(r#"{"givenName":"Eve","query":"{ __typename }"}"#))
        };
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "application/json; charset=latin1",
        ] {
            send(Method::POST, "/v1/contacts".to_owned(), kind).await.refused(415, "unsupported_media_type");
            send(Method::PATCH, format!("/v1/contacts/{ada}"), kind)
                .await
                .refused(415, "unsupported_media_type");
            send(Method::POST, "/v1/contacts/search".to_owned(), kind)
                .await
                .refused(415, "unsupported_media_type");
            send(Method::POST, format!("/v1/contacts/{ada}/convert"), kind)
                .await
                .refused(415, "unsupported_media_type");
            send(Method::POST, "/graphql".to_owned(), kind).await.refused(415, "unsupported_media_type");
        }
        send(Method::POST, "/v1/contacts".to_owned(), "application/merge-patch+json")
            .await
            .refused(415, "unsupported_media_type");
        let bare = owner.request(Method::POST, "/v1/contacts").body("{}");
        owner.send(bare).await.refused(415, "unsupported_media_type");
        let packed =
            owner.request(Method::POST, "/v1/contacts").header("content-encoding", "gzip").json(&json!({}));
        owner.send(packed).await.refused(415, "unsupported_media_type");

        let large = "x".repeat(2 << 20);
        for (path, body) in [
            ("/v1/contacts", "{}"),
            ("/v1/contacts/search", "{}"),
            ("/graphql", r#"{"query":"{ __typename }"}"#),
        ] {
            // Spaces are JSON too, so only the size is wrong.
            let body = format!("{}{body}", " ".repeat(2 << 20));
            owner.post_text(path, body).await.refused(413, "too_large");
        }
        owner.post("/v1/contacts", &json!({ "givenName": large })).await.refused(413, "too_large");
        let pieces = futures::stream::iter((0..32).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 16])));
        let chunked = owner.request(Method::POST, "/v1/contacts").header("content-type", "application/json");
        owner.send(chunked.body(reqwest::Body::wrap_stream(pieces))).await.refused(413, "too_large");

        let needless = owner.request(Method::GET, &format!("/v1/contacts/{ada}")).json(&json!({}));
        owner.send(needless).await.refused(400, "malformed");
        let needless = owner.request(Method::DELETE, &format!("/v1/contacts/{ada}")).json(&json!({}));
        owner.send(needless).await.refused(400, "malformed");
        assert_eq!(owner.trace().await, before);
        let kind = "Application/JSON; Charset=\"UTF-8\"";
        let request = owner.request(Method::POST, "/v1/contacts").header("content-type", kind);
        assert_eq!(owner.send(request.body(r#"{"givenName":"Eve"}"#)).await.status.as_u16(), 201);
    }
}

on_both! {
    async fn answers_carry_their_headers(stage) {
        let owner = &stage.owner;
        let created = owner.post("/v1/contacts", &json!({ "givenName": "Ada" })).await;
        let id = text(&created.json()["id"]);
        assert_eq!(created.status.as_u16(), 201);
        assert_eq!(created.header("location"), Some(format!("/v1/contacts/{id}").as_str()));
        assert_eq!(
            (created.header("etag"), created.header("cache-control")),
            (Some("\"1\""), Some("no-store"))
        );
        let got = owner.get(created.header("location").unwrap()).await;
        assert_eq!(got.json(), created.json());
        assert_eq!(got.header("etag"), Some("\"1\""));
        assert_eq!(got.header("cache-control"), Some("private, no-cache"));
        assert!(
            got.header("vary").is_some_and(|vary| vary.to_lowercase().contains("authorization")),
            "{:?}",
            got.headers
        );
        let patched = owner.patch(&format!("/v1/contacts/{id}"), &json!({ "jobTitle": "Countess" })).await;
        assert_eq!(
            (patched.header("etag"), patched.header("cache-control")),
            (Some("\"2\""), Some("no-store"))
        );
        // With other records in it, an answer is not the record's version any more.
        let wide = owner.get(&format!("/v1/contacts/{id}?include=companies")).await;
        assert_eq!((wide.header("etag"), wide.header("cache-control")), (None, Some("no-store")));
        let list = owner.get("/v1/contacts").await;
        assert_eq!((list.header("etag"), list.header("cache-control")), (None, Some("no-store")));
        assert_eq!(list.header("content-type"), Some("application/json"));
        let graphql = owner.graphql_reply("{ __typename }", json!({})).await;
        assert_eq!(graphql.header("cache-control"), Some("no-store"));
        let head = owner.send(owner.request(Method::HEAD, &format!("/v1/contacts/{id}"))).await;
        assert_eq!((head.status.as_u16(), head.header("etag"), head.bytes.len()), (200, Some("\"2\""), 0));

        let mut ids = vec![text(&graphql.header("request-id").unwrap().into())];
        for path in ["/v1/contacts", "/v1/nothing", "/nowhere", "/livez", "/readyz", "/openapi.json"] {
            ids.push(owner.get(path).await.header("request-id").unwrap().to_owned());
        }
        assert!(ids.iter().all(|id| id.starts_with("request_")), "{ids:?}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 7, "every request has an id of its own");
        let named = |id: &str| {
            owner.send(owner.request(Method::GET, "/v1/nothing").header("request-id", id.to_owned()))
        };
        assert_eq!(
            named("my.request-1_A").await.refused(404, "unknown_operation")["requestId"],
            "my.request-1_A"
        );
        for insane in ["a b", "\"quoted\"", &"x".repeat(65)] {
            assert!(named(insane).await.header("request-id").unwrap().starts_with("request_"));
        }
    }
}

on_both! {
    async fn what_the_client_has_is_not_sent_again(stage) {
        let owner = &stage.owner;
        let path = text(&json!(format!(
            "/v1/contacts/{}",
            text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"])
        )));
        let known =
            |tag: &'static str| owner.send(owner.request(Method::GET, &path).header("if-none-match", tag));
        for tag in ["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"] {
            let reply = known(tag).await;
            assert_eq!(
                (reply.status.as_u16(), reply.header("etag"), reply.bytes.len()),
                (304, Some("\"1\""), 0),
                "{tag}"
            );
            assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
        }
        assert_eq!(known("\"2\"").await.ok()["givenName"], "Ada");
        owner.patch(&path, &json!({ "jobTitle": "Countess" })).await.ok();
        assert_eq!(known("\"1\"").await.ok()["jobTitle"], "Countess");
        let zipped = owner.request(Method::GET, &path).header("accept-encoding", "gzip, br");
        let reply = owner.send(zipped.header("if-none-match", "\"2\"")).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("content-encoding"), reply.bytes.len()),
            (304, None, 0)
        );
        // Who may not see the record is not told that it has not changed.
        let stranger = stage.stranger().await;
        let request = stranger.request(Method::GET, &path).header("if-none-match", "*");
        stranger.send(request).await.refused(404, "not_found");
    }
}

on_both! {
    async fn paths_and_methods_that_do_not_exist(stage) {
        let owner = &stage.owner;
        for path in [
            "/v1",
            "/v1/",
            "/v2/contacts",
            "/v1/contact",
            "/v1/Contacts",
            "/v1/contacts/a/b/c",
            "/v1/contacts/a/nothing",
            "/",
        ] {
            owner.get(path).await.refused(404, "unknown_operation");
        }
        for (method, path, allowed) in [
            ("PUT", "/v1/contacts", "GET, HEAD, QUERY, POST"),
            ("DELETE", "/v1/contacts", "GET, HEAD, QUERY, POST"),
            ("POST", "/v1/contacts/x", "GET, HEAD, PATCH, DELETE"),
            ("POST", "/v1/workspaces", "GET, HEAD, QUERY"),
            ("DELETE", "/v1/workspaces/x", "GET, HEAD, PATCH"),
            ("GET", "/v1/deals/x/move", "POST"),
            ("GET", "/v1/contacts/search", "POST"),
            ("POST", "/v1/contacts/x/overview", "GET, HEAD"),
            ("GET", "/graphql", "POST"),
            ("PUT", "/graphql", "POST"),
            ("POST", "/livez", "GET, HEAD"),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply = owner.send(owner.request(method.clone(), path)).await;
            reply.refused(405, "method_not_allowed");
            assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
        }
    }
}

/// Sends the head of a request and a piece of its body, and then nothing more.
async fn stall(caller: &Caller, path: &str) -> Reply {
    let mut wire = Wire::open(caller, "POST", path, &[("content-type", "application/json")], 1_000).await;
    wire.send(br#"{"givenName":"#).await;
    wire.reply().await
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let stage = Stage::new(Backend::Sqlite).await;
    let hasty =
        Stage::over(Arc::clone(&stage.database), |config| config.request_timeout = Duration::from_secs(1))
            .await;
    let before = hasty.owner.trace().await;
    let (rest, graphql) = tokio::join!(stall(&hasty.owner, "/v1/contacts"), stall(&hasty.owner, "/graphql"));
    rest.refused(408, "request_timeout");
    graphql.refused(408, "request_timeout");
    assert_eq!(rest.header("connection"), Some("close"));
    assert_eq!(hasty.owner.trace().await, before);
    hasty.end().await;
    stage.end().await;
}
