//! All that is wrong is told at once, each at its place: in records, queries and the inputs of commands.

use serde_json::json;

use crate::support::{on_both, text};

on_both! {
    async fn in_a_record(stage) {
        let owner = &stage.owner;
        owner.post("/v1/deals", &json!({ "probability": 150 })).await.violates(
            422,
            "invalid",
            &[("out_of_range", "/probability"), ("required", "/name"), ("required", "/stageId")],
        );
        let both = json!({ "lifecycle": "LED", "emails": [{ "address": "nope" }] });
        let problem = owner.post("/v1/contacts", &both).await.refused(422, "invalid");
        let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| text(&error["pointer"])).collect();
        assert!(places.contains(&"/lifecycle".to_owned()), "{problem}");
        assert!(places.contains(&"/emails/0/address".to_owned()), "{problem}");
        // What was given and could not be read is not missing as well.
        owner.post("/v1/companies", &json!({ "name": 7, "nope": 1 })).await.violates(
            422,
            "invalid",
            &[("wrong_type", "/name"), ("unknown_field", "/nope")],
        );
        let company = text(&owner.create("companies", json!({ "name": "Acme" })).await["id"]);
        let nobody = "user_01h455vb4pex5vsknk084sn02q";
        let change = json!({ "employeeCount": -1, "name": null, "ownerId": nobody });
        owner.patch(&format!("/v1/companies/{company}"), &change).await.violates(
            422,
            "invalid",
            &[("out_of_range", "/employeeCount"), ("required", "/name"), ("reference_not_found", "/ownerId")],
        );
        let create = "mutation($input: CreateDealInput!) { createDeal(input: $input) { deal { id } userErrors { code field } } }";
        let input = json!({ "name": "", "stageId": "stage_01h455vb4pex5vsknk084sn02q", "probability": 150 });
        let errors = owner.user_errors(create, json!({ "input": input })).await;
        assert!(errors.len() >= 2, "{errors:?}");
        assert_eq!(owner.trace().await["deals"]["totalCount"], 0);
    }
}

on_both! {
    async fn in_a_query(stage) {
        let owner = &stage.owner;
        owner.get("/v1/contacts?limit=0&count=maybe&deleted=x&sort=id,nope&nope=1&include=nobody&fields=nothing").await.violates(
            400,
            "invalid_parameter",
            &[
                ("invalid_parameter", "/limit"),
                ("invalid_parameter", "/count"),
                ("invalid_parameter", "/deleted"),
                ("unknown_field", "/sort"),
                ("unknown_parameter", "/nope"),
                ("unknown_field", "/fields"),
            ],
        );
        owner.get("/v1/contacts?filter[nope]=1&filter[givenName][like]=1&limit=x").await.violates(
            400,
            "invalid_parameter",
            &[
                ("unknown_field", "/where/nope"),
                ("unknown_operator", "/where/givenName/like"),
                ("invalid_parameter", "/limit"),
            ],
        );
        let body = json!({ "limit": 0, "deleted": "x", "orderBy": 1, "where": { "nope": {} }, "count": 1 });
        owner.post("/v1/contacts/search", &body).await.violates(
            422,
            "invalid",
            &[
                ("wrong_type", "/count"),
                ("invalid_parameter", "/deleted"),
                ("invalid_parameter", "/orderBy"),
                ("invalid_parameter", "/limit"),
            ],
        );
    }
}

on_both! {
    async fn in_a_mapping(stage) {
        let owner = &stage.owner;
        let upload = owner.request(reqwest::Method::POST, "/v1/files?name=a.csv").body("a,b\n1,2\n");
        let file = text(&owner.send(upload).await.ok()["id"]);
        let fields = json!({
            "name": { "column": "a", "date": "%Q" },
            "website": { "columns": [] },
            "emails": { "list": [{ "address": {} }] },
        });
        let import = json!({ "object": "company", "fileId": file, "mapping": { "fields": fields } });
        owner.post("/v1/jobs/import", &import).await.violates(
            422,
            "invalid",
            &[
                ("invalid", "/mapping/fields/name/date"),
                ("invalid", "/mapping/fields/website/columns"),
                ("invalid", "/mapping/fields/emails/list/0/address"),
            ],
        );
    }
}

on_both! {
    async fn in_the_input_of_a_command(stage) {
        let owner = &stage.owner;
        let issue = json!({ "name": "", "role": "KING", "expiresAt": "soon", "nope": 1 });
        owner.post("/v1/api-keys/issue", &issue).await.violates(
            422,
            "invalid",
            &[
                ("required", "/name"),
                ("required", "/userId"),
                ("unknown_value", "/role"),
                ("wrong_type", "/expiresAt"),
                ("unknown_field", "/nope"),
            ],
        );
        let [open, ..] = stage.pipeline().await;
        let deal = text(&owner.create("deals", json!({ "name": "A deal", "stageId": open })).await["id"]);
        owner.post(&format!("/v1/deals/{deal}/lose"), &json!({ "lostReason": "x".repeat(501), "closeDate": "soon" })).await.violates(
            422,
            "invalid",
            &[("out_of_range", "/lostReason"), ("wrong_type", "/closeDate")],
        );
    }
}
