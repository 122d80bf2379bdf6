//! What a browser needs before it lets a page ask, for pages of the origins that the operator has listed.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::json;
use server::Origins;

use crate::support::{Backend, Reply, Stage, Wire};

const OURS: &str = "https://app.example.com";

#[tokio::test]
async fn pages_of_listed_origins_may_ask() {
    let stage = Stage::new(Backend::Sqlite).await;
    let open = Stage::over(Arc::clone(&stage.database), |config| {
        config.cors_origins = Origins::parse(&format!("{OURS}, http://localhost:5173")).unwrap();
        config.request_timeout = Duration::from_secs(1);
    })
    .await;
    let owner = &open.owner;
    let preflight = async |path: &str, origin: &str| {
        let request = owner.request(Method::OPTIONS, path).header("origin", origin);
        owner.send(request.header("access-control-request-method", "PATCH")).await
    };
    let list = |reply: &Reply, name: &str| reply.header(name).unwrap_or_default().to_lowercase();
    for path in ["/v1/contacts", "/v1/contacts/x", "/graphql", "/v1/me"] {
        let allowed = preflight(path, OURS).await;
        assert_eq!(allowed.status.as_u16(), 204, "{path}: {allowed}");
        assert_eq!(allowed.header("access-control-allow-origin"), Some(OURS));
        assert!(allowed.header("access-control-max-age").is_some());
        for method in ["get", "post", "patch", "delete"] {
            assert!(list(&allowed, "access-control-allow-methods").contains(method), "{method}");
        }
        for header in ["authorization", "content-type", "if-match", "if-none-match", "request-id"] {
            assert!(list(&allowed, "access-control-allow-headers").contains(header), "{header}");
        }
        let refused = preflight(path, "https://evil.example").await;
        assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (405, None));
    }
    let ask = async |path: &str, origin: &str| {
        owner.send(owner.request(Method::GET, path).header("origin", origin)).await
    };
    let told = [
        ask("/v1/contacts", OURS).await,
        ask("/v1/contacts/x", OURS).await,
        ask("/nowhere", "http://localhost:5173").await,
    ];
    for reply in told {
        assert!(reply.header("access-control-allow-origin").is_some(), "{reply}");
        for name in ["etag", "location", "link", "request-id", "retry-after"] {
            assert!(list(&reply, "access-control-expose-headers").contains(name), "{name}");
        }
        let varies: Vec<_> =
            reply.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
        assert!(varies.join(",").to_lowercase().contains("origin"), "{varies:?}");
        assert_eq!(reply.header("access-control-allow-credentials"), None);
    }
    let other = ask("/v1/contacts", "https://evil.example").await;
    assert_eq!((other.status.as_u16(), other.header("access-control-allow-origin")), (200, None));
    // Also what answers for a request that took too long.
    let headers = [("origin", OURS), ("content-type", "application/json")];
    let late = Wire::open(owner, "POST", "/v1/contacts", &headers, 100).await.reply().await;
    assert_eq!((late.status.as_u16(), late.header("access-control-allow-origin")), (408, Some(OURS)));
    open.end().await;

    let closed = stage.owner.request(Method::OPTIONS, "/v1/contacts").header("origin", OURS);
    let closed = stage.owner.send(closed.header("access-control-request-method", "GET")).await;
    closed.refused(405, "method_not_allowed");
    let plain = stage.owner.request(Method::GET, "/v1/contacts").header("origin", OURS);
    let plain = stage.owner.send(plain.json(&json!(null))).await;
    assert_eq!(plain.header("access-control-allow-origin"), None);
    stage.end().await;
}
