//! Literals and variables mean to Kith what they mean to graphql-js; `tests/graphql-js` makes the table.

use serde_json::{Value as Json, json};

use crate::support::on_both;

const TABLE: &str = include_str!("tools/coercion.json");

on_both! {
    async fn what_fits_and_what_does_not_is_as_graphql_js_has_it(stage) {
        let cases: Vec<(String, Json, bool)> = serde_json::from_str(TABLE).unwrap();
        let mut different = Vec::new();
        for (query, variables, expected) in &cases {
            // Twice where it is taken, since the second time the operation is prepared.
            for _ in 0..if *expected { 1 } else { 2 } {
                let reply = stage.owner.graphql_reply(query, variables.clone()).await;
                let body = reply.json();
                let code = body.pointer("/errors/0/extensions/code").and_then(Json::as_str);
                let is_refused = ["invalid_query", "malformed"].contains(&code.unwrap_or_default());
                if is_refused != *expected {
                    different.push(json!([query, variables, expected, reply.to_string()]).to_string());
                }
            }
        }
        let count = different.len();
        assert!(count == 0, "{count} of {} differ:\n{}", cases.len(), different.join("\n"));
        assert!(cases.len() > 1_000);
    }
}
