//! Errors have one form, say whose fault it was, and lead to what explains them; secrets are not in them.

use kernel::Code;
use reqwest::Method;
use serde_json::json;

use crate::support::{Wire, on_both, text};

on_both! {
    async fn what_explains_an_error_is_where_it_says(stage) {
        let owner = &stage.owner;
        let problem = owner.get("/v1/nothing").await.refused(404, "unknown_operation");
        let explained = owner.get(problem["type"].as_str().unwrap()).await.ok();
        assert_eq!((&explained["code"], &explained["meaning"]), (&problem["code"], &problem["title"]));
        for code in Code::ALL {
            let explained = owner.get(&format!("/errors/{}", code.as_str())).await.ok();
            assert_eq!(explained["status"], transport::status(*code));
        }
        owner.get("/errors/nonsense").await.refused(404, "not_found");
        let posted = owner.send(owner.request(Method::POST, "/errors/timeout")).await;
        posted.refused(405, "method_not_allowed");
    }
}

on_both! {
    async fn nothing_acceptable_is_a_problem_like_others(stage) {
        let owner = &stage.owner;
        for path in ["/v1/contacts", "/graphql", "/livez", "/nowhere"] {
            let request = owner.request(Method::GET, path).header("accept-encoding", "identity;q=0, zstd");
            owner.send(request).await.refused(406, "not_acceptable");
        }
    }
}

on_both! {
    async fn a_key_is_never_repeated(stage) {
        let owner = &stage.owner;
        let key = &owner.key;
        let graphql = json!({ "query": format!("{{ contacts(first: 1, where: {{ {key}: 1 }}) {{ totalCount }} }}") });
        let member = json!({ key: 1 });
        let replies = [
            Wire::open(owner, "GET", &format!("/{key}"), &[], 0).await.reply().await,
            Wire::open(owner, "GET", &format!("/v1/{key}/{key}"), &[], 0).await.reply().await,
            owner.get(&format!("/v1/contacts?{key}=1")).await,
            owner.get(&format!("/v1/contacts?sort={key}")).await,
            owner.get(&format!("/v1/contacts?fields={key}")).await,
            owner.get(&format!("/v1/contacts?filter[{key}]=1")).await,
            owner.post("/v1/contacts", &member).await,
            owner.post("/v1/api-keys/issue", &member).await,
            owner.post("/graphql", &graphql).await,
        ];
        for reply in replies {
            assert!(reply.status.is_client_error(), "{reply}");
            assert!(!reply.to_string().contains(&key[..40]), "{reply}");
        }
        let problem = owner.get(&format!("/v1/contacts?{key}=1")).await.json();
        assert!(text(&problem["detail"]).ends_with("kith_***"), "{problem}");
    }
}
