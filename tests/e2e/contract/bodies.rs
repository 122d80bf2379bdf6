//! What is sent in another way than the server reads it: told so clearly, and never stored as something else.

use reqwest::Method;
use serde_json::json;

use crate::support::{Wire, on_both, text};

on_both! {
    async fn a_file_is_the_body_itself(stage) {
        let owner = &stage.owner;
        let form = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--x--\r\n";
        for kind in ["multipart/form-data; boundary=x", "Multipart/Mixed; boundary=x"] {
            let request = owner.request(Method::POST, "/v1/files?name=a.txt").header("content-type", kind);
            let problem = owner.send(request.body(form)).await.refused(415, "unsupported_media_type");
            assert!(text(&problem["detail"]).contains("multipart"), "{problem}");
        }
        let packed = owner.request(Method::POST, "/v1/files?name=a.txt").header("content-encoding", "gzip");
        let problem = owner.send(packed.body("x")).await.refused(415, "unsupported_media_type");
        assert!(text(&problem["detail"]).contains("gzip"), "{problem}");
        assert_eq!(owner.get("/v1/files").await.ok()["items"], json!([]));
    }
}

on_both! {
    async fn an_encoded_body_is_refused_by_the_name_of_its_encoding(stage) {
        let owner = &stage.owner;
        for path in ["/v1/contacts", "/v1/contacts/search", "/graphql"] {
            for encoding in ["gzip", "br", "zstd"] {
                let packed = owner.request(Method::POST, path).header("content-encoding", encoding);
                let problem = owner.send(packed.json(&json!({}))).await.refused(415, "unsupported_media_type");
                assert!(text(&problem["detail"]).contains(encoding), "{path}: {problem}");
            }
        }
    }
}

on_both! {
    async fn a_path_that_is_misspelled_is_not_a_record_that_is_missing(stage) {
        let owner = &stage.owner;
        for path in ["/v1/contacts/%00", "/v1/contacts/%zz", "/v1/contacts/%ff", "/v1/contacts/{id}", "/v1/contacts/\"x\"", "/%00"] {
            for method in ["GET", "DELETE"] {
                let reply = Wire::open(owner, method, path, &[], 0).await.reply().await;
                reply.refused(400, "malformed");
            }
        }
        owner.get("/v1/contacts/caf%C3%A9").await.refused(404, "not_found");
    }
}

on_both! {
    async fn queries_are_told_what_is_wrong_with_them(stage) {
        let owner = &stage.owner;
        for name in ["Ada", "Bea", "Cleo"] {
            owner.create("contacts", json!({ "givenName": name })).await;
            owner.create("companies", json!({ "name": name })).await;
        }
        let problem = owner.get("/v1/contacts?where=%7Bx").await.violates(400, "invalid_parameter", &[("invalid_parameter", "/where")]);
        assert!(text(&problem["detail"]).starts_with("where is not valid JSON"), "{problem}");
        let raw = Wire::open(owner, "GET", "/v1/contacts?filter[givenName]={Ada}", &[], 0).await.reply().await;
        assert_eq!(raw.ok()["items"], json!([]));

        let ascending = owner.get("/v1/contacts?sort=givenName").await.ok();
        for sort in ["+givenName", "%2BgivenName"] {
            assert_eq!(owner.get(&format!("/v1/contacts?sort={sort}")).await.ok()["items"], ascending["items"]);
        }

        let page = owner.get("/v1/contacts?limit=1").await.ok();
        let cursor = text(&page["page"]["nextCursor"]);
        for other in ["/v1/companies?limit=1", "/v1/contacts?limit=1&sort=givenName", "/v1/contacts?limit=1&filter[givenName]=Ada"] {
            owner.get(&format!("{other}&cursor={cursor}")).await.violates(400, "cursor_mismatch", &[("cursor_mismatch", "/cursor")]);
        }
        owner.get(&format!("/v1/contacts?cursor={}", cursor.replace('A', "B"))).await;
        owner.get("/v1/contacts?cursor=nonsense").await.violates(400, "invalid_cursor", &[("invalid_cursor", "/cursor")]);
        let stranger = stage.stranger().await;
        stranger.get(&format!("/v1/contacts?cursor={cursor}")).await.refused(400, "invalid_cursor");
    }
}
