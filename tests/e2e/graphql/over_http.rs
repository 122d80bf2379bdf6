//! GraphQL over HTTP: media types, status codes, and the place of each error.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Caller, Reply, Stage, on_both, text};

const GRAPHQL: &str = "application/graphql-response+json";

/// Sends a request to a client of that media type.
async fn ask(caller: &Caller, accept: &str, request: &Json) -> Reply {
    let sent = caller.request(Method::POST, "/graphql").header("accept", accept).json(request);
    caller.send(sent).await
}

fn media(reply: &Reply) -> &str {
    reply.header("content-type").unwrap().split(';').next().unwrap()
}

/// What is wrong with a request that could be read, and its status for who knows GraphQL's media type.
fn wrong() -> Vec<(Json, u16)> {
    let variables = json!({ "id": null });
    vec![
        (json!({ "query": "{" }), 400),
        (json!({ "query": "{ nope }" }), 400),
        (json!({ "query": "query($id: ID!) { contact(id: $id) { id } }", "variables": variables }), 400),
        (json!({ "query": "{ __typename }", "operationName": "Nope" }), 400),
        (json!({ "query": "{ contacts { totalCount } }" }), 400),
        (json!({ "query": "{ contacts(first: 1, where: {givenName: {eq: null}}) { totalCount } }" }), 422),
    ]
}

on_both! {
    async fn the_client_says_which_media_type_it_reads(stage) {
        let right = json!({ "query": "{ __typename }" });
        for (accept, expected) in [
            (GRAPHQL, GRAPHQL),
            ("application/json", "application/json"),
            ("*/*", "application/json"),
            ("application/graphql-response+json, application/json;q=0.9", GRAPHQL),
            ("application/json, application/graphql-response+json;q=0.9", "application/json"),
            ("application/graphql-response+json;q=0.2, application/json;q=0.9, */*;q=0.1", "application/json"),
            ("text/html, application/graphql-response+json", GRAPHQL),
            ("text/html", "application/json"),
        ] {
            let reply = ask(&stage.owner, accept, &right).await;
            assert_eq!((reply.status.as_u16(), media(&reply)), (200, expected), "{accept}: {reply}");
        }
    }
}

on_both! {
    async fn the_media_type_decides_the_status_of_what_is_wrong(stage) {
        for (request, status) in wrong() {
            let reply = ask(&stage.owner, GRAPHQL, &request).await;
            assert_eq!((reply.status.as_u16(), media(&reply)), (status, GRAPHQL), "{request}: {reply}");
            assert!(reply.json().get("data").is_none(), "{reply}");
            // Who reads JSON alone takes any other status for a fault of something in between.
            let reply = ask(&stage.owner, "application/json", &request).await;
            assert_eq!((reply.status.as_u16(), media(&reply)), (200, "application/json"), "{request}: {reply}");
            assert!(reply.json()["errors"][0]["message"].is_string(), "{reply}");
            // Who does not say anything can look at the status as well.
            let reply = ask(&stage.owner, "*/*", &request).await;
            assert_eq!((reply.status.as_u16(), media(&reply)), (status, GRAPHQL), "{request}: {reply}");
        }
        for request in [json!([]), json!({}), json!({ "query": 1 }), json!({ "query": "{ __typename }", "variables": [] })] {
            for accept in [GRAPHQL, "application/json", "*/*"] {
                assert_eq!(ask(&stage.owner, accept, &request).await.status.as_u16(), 400, "{request}");
            }
        }
    }
}

on_both! {
    async fn an_empty_operation_name_is_none(stage) {
        for name in [json!(""), Json::Null] {
            let request = json!({ "query": "query A { __typename }", "operationName": name });
            assert_eq!(ask(&stage.owner, GRAPHQL, &request).await.ok()["data"], json!({ "__typename": "Query" }));
        }
        let two = json!({ "query": "query A { __typename } query B { __typename }", "operationName": "" });
        ask(&stage.owner, GRAPHQL, &two).await.graphql_refused(400, "invalid_query");
    }
}

on_both! {
    async fn every_error_says_where_it_is(stage) {
        let owner = &stage.owner;
        for (query, variables, code, path, at) in [
            ("{ contacts(first: 1) { nope } }", json!({}), "invalid_query", Json::Null, (1, 24)),
            ("query(\n $id: ID!) { contact(id: $id) { id } }", json!({}), "invalid_query", Json::Null, (2, 2)),
            ("{ a: contacts(first: 0) { totalCount } }", json!({}), "invalid_parameter", json!(["a"]), (1, 3)),
            ("{ contact(id: \"x\") { id } }", json!({}), "invalid_parameter", json!(["contact"]), (1, 3)),
            (
                "{ contacts(first: 1) { nodes {\n d: deals { totalCount } } } }",
                json!({}), "invalid_parameter", json!(["contacts", "nodes", "d"]), (2, 2),
            ),
            (
                "query($w: ContactFilter) {\n c: contacts(first: 1, where: $w) { totalCount } }",
                json!({ "w": { "givenName": { "eq": null } } }), "null_operand", json!(["c"]), (2, 2),
            ),
            ("{ contacts(first: 1, where: {givenName: {eq: 1}}) { totalCount } }", json!({}), "invalid_query", Json::Null, (1, 29)),
            (
                "mutation { x: deleteContact(id: \"x\") { userErrors { code } } }",
                json!({}), "invalid_parameter", json!(["x"]), (1, 12),
            ),
        ] {
            let reply = owner.graphql_reply(query, variables).await;
            let error = reply.json()["errors"][0].take();
            assert_eq!(error["extensions"]["code"], code, "{reply}");
            assert_eq!(error["path"], path, "{query}: {reply}");
            let (line, column) = at;
            assert_eq!(error["locations"][0], json!({ "line": line, "column": column }), "{query}: {reply}");
        }
    }
}

on_both! {
    async fn all_that_is_wrong_is_told_at_once(stage) {
        let query = "query(\n $id: ID!,\n $n: Int,\n $where: ContactFilter, $order: [ContactOrder!]) {
            contact(id: $id) { id } contacts(first: $n, where: $where, orderBy: $order) { totalCount } }";
        let variables = json!({
            "n": "1",
            "where": { "nope": 1, "and": [{ "givenName": { "eq": 1, "in": ["a", 2, null] } }, 5], "score": { "gt": "x" } },
            "order": [{ "givenName": "UP" }, {}, { "familyName": "ASC", "nope": "ASC" }],
        });
        let reply = stage.owner.graphql_reply(query, variables).await;
        let errors = reply.graphql_refused(400, "invalid_query");
        let mut pointers: Vec<_> =
            errors.as_array().unwrap().iter().map(|error| text(&error["extensions"]["pointer"])).collect();
        pointers.sort_unstable();
        let expected = [
            "/id", "/n", "/order/0/givenName", "/order/1", "/order/2", "/where/and/0/givenName/eq",
            "/where/and/0/givenName/in/1", "/where/and/0/givenName/in/2", "/where/and/1", "/where/nope", "/where/score/gt",
        ];
        assert_eq!(pointers, expected, "{reply}");
        for error in errors.as_array().unwrap() {
            assert!(error["locations"][0]["line"].as_u64().unwrap() >= 2, "{error}");
        }
        let literals = "{ contacts(first: \"1\", deleted: NO, where: {nope: 1, score: {gt: \"x\"}}) { totalCount } }";
        let reply = stage.owner.graphql_reply(literals, json!({})).await;
        assert_eq!(reply.graphql_refused(400, "invalid_query").as_array().unwrap().len(), 4, "{reply}");
        // However much is wrong, so much is told.
        let many = json!({ "order": vec![json!(1); 50_000], "id": "x" });
        let reply = stage.owner.graphql_reply(query, many).await;
        let told = reply.graphql_refused(400, "invalid_query").as_array().unwrap().len();
        assert!((10..=50).contains(&told), "{told}");
    }
}

on_both! {
    async fn a_bad_id_is_refused_alike_before_anything_is_written(stage) {
        let owner = &stage.owner;
        let before = owner.trace().await;
        for query in [
            "mutation { createContact(input: {givenName: \"Ada\"}) { contact { id } } deleteContact(id: \"x\") { userErrors { code } } }",
            "mutation { updateContact(id: \"company_01h455vb4pex5vsknk084sn02q\", input: {}) { userErrors { code } } }",
            "mutation { moveDeal(id: \"x\", expectedVersion: 1, input: {stageId: \"x\"}) { userErrors { code } } }",
            "{ contact(id: \"x\") { id } }",
            "{ contactOverview(id: \"x\") { contact { id } } }",
        ] {
            owner.graphql_reply(query, json!({})).await.graphql_refused(400, "invalid_parameter");
        }
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn codes_are_an_enum_of_the_schema(stage) {
        let query = "{ __type(name: \"UserError\") { fields { name type { ofType { kind name enumValues { name description } } } } } }";
        let data = stage.owner.graphql(query, json!({})).await;
        let fields = data["__type"]["fields"].as_array().unwrap();
        let code = &fields.iter().find(|field| field["name"] == "code").unwrap()["type"]["ofType"];
        assert_eq!((&code["kind"], &code["name"]), (&json!("ENUM"), &json!("ErrorCode")));
        let values: Vec<_> = code["enumValues"].as_array().unwrap().iter().map(|value| text(&value["name"])).collect();
        let expected: Vec<_> = kernel::Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
        assert_eq!(values, expected);
    }
}

on_both! {
    async fn a_board_passes_and_what_is_too_dear_is_told_with_its_path(stage) {
        let board = "{ stages(first: 20) { nodes { name deals(first: 15) { nodes { name company { name }
            contact { fullName } owner { name } } } } } }";
        let reply = stage.owner.graphql_reply(board, json!({})).await.ok();
        assert_eq!(reply["extensions"]["cost"], 20 + 300 + 3 * 300);
        let dear = "{ stages(first: 2) { nodes { name } } companies(first: 200) { nodes { c: contacts(first: 60) {
            edges { node { deals(first: 1) { totalCount } } } } } } }";
        let reply = stage.owner.graphql_reply(dear, json!({})).await;
        let error = reply.graphql_refused(400, "query_too_complex")[0].take();
        let meta = &error["extensions"]["meta"];
        assert_eq!((&meta["cost"], &meta["limit"]), (&json!(24_202), &json!(10_000)), "{error}");
        assert_eq!(meta["dearest"], json!(["companies", "nodes", "c"]), "{error}");
        assert_eq!(error["path"], meta["dearest"]);
        let small = Stage::over(std::sync::Arc::clone(&stage.database), |config| config.max_records = 100).await;
        let error = small.owner.graphql_reply(board, json!({})).await.graphql_refused(400, "query_too_complex")[0].take();
        assert_eq!(error["extensions"]["meta"]["limit"], 100);
        small.server.stop().await.unwrap();
    }
}
