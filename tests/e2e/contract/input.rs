//! Input is strict: nothing is ignored, cut or coerced, all that is wrong is told at once, and nothing of it
//! is written.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::{CREATE_CONTACT, UPDATE_CONTACT};
use crate::support::{on_both, text};

on_both! {
    async fn unknown_parameters_and_members_are_refused(stage) {
        let owner = &stage.owner;
        let ada = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let before = owner.trace().await;
        for (method, path) in [
            (Method::GET, "/v1/contacts?nope=1".to_owned()),
            (Method::GET, "/v1/contacts?Limit=1".to_owned()),
            (Method::GET, format!("/v1/contacts/{ada}?sort=id")),
            (Method::GET, format!("/v1/contacts/{ada}/overview?fields=id")),
            (Method::DELETE, format!("/v1/contacts/{ada}?force=true")),
        ] {
            owner.send(owner.request(method, &path)).await.refused(400, "unknown_parameter");
        }
        for (method, path) in [
            (Method::POST, "/v1/contacts?validateonly=true".to_owned()),
            (Method::POST, "/v1/contacts/search?limit=1".to_owned()),
            (Method::PATCH, format!("/v1/contacts/{ada}?upsert=1")),
            (Method::POST, format!("/v1/contacts/{ada}/restore?force=1")),
            (Method::POST, format!("/v1/contacts/{ada}/convert?force=1")),
        ] {
            let request = owner.request(method, &path).json(&json!({ "givenName": "Eve" }));
            owner.send(request).await.refused(400, "unknown_parameter");
        }

        let unknown = [("unknown_field", "/nope")];
        let both = json!({ "givenName": "Eve", "nope": null });
        owner.post("/v1/contacts", &both).await.violates(422, "unknown_field", &unknown);
        owner.patch(&format!("/v1/contacts/{ada}"), &both).await.violates(422, "unknown_field", &unknown);
        owner.post("/v1/contacts/search", &json!({ "nope": 1 })).await.violates(
            422,
            "unknown_field",
            &unknown,
        );
        let command = json!({ "dealName": "A deal", "nope": 1 });
        owner.post(&format!("/v1/contacts/{ada}/convert"), &command).await.violates(
            422,
            "unknown_field",
            &unknown,
        );
        owner
            .post(&format!("/v1/contacts/{ada}/restore"), &json!({ "nope": 1 }))
            .await
            .refused(422, "unknown_field");
        let escaped = json!({ "givenName": "Eve", "a/b~c": 1 });
        owner.post("/v1/contacts", &escaped).await.violates(
            422,
            "unknown_field",
            &[("unknown_field", "/a~1b~0c")],
        );
        let item = json!({ "emails": [{ "address": "a@b.de", "verified": true }] });
        let inner = [("unknown_field", "/emails/0/verified")];
        owner.post("/v1/contacts", &item).await.violates(422, "unknown_field", &inner);

        for (query, variables) in [
            ("{ contacts(first: 1, nope: 1) { nodes { id } } }", json!({})),
            ("{ contacts(first: 1) { nodes { id nope } } }", json!({})),
            ("{ contacts(first: 1, where: { nope: { eq: 1 } }) { nodes { id } } }", json!({})),
            (
                r#"mutation { createContact(input: { givenName: "Eve", nope: 1 }) { contact { id } } }"#,
                json!({}),
            ),
            (CREATE_CONTACT, json!({ "input": both })),
            (CREATE_CONTACT, json!({ "input": item })),
        ] {
            owner.graphql_reply(query, variables).await.graphql_refused(400, "invalid_query");
        }
        let member = json!({ "query": "{ __typename }", "nope": 1 });
        owner.post("/graphql", &member).await.graphql_refused(400, "malformed");
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn wrong_values_are_told_all_at_once(stage) {
        let owner = &stage.owner;
        let before = owner.trace().await;
        let input = json!({
            "givenName": 1, "familyName": "x".repeat(201), "birthday": "1815-13-10", "lifecycle": "FRIEND",
            "score": 5, "version": 7, "ownerId": "contact_01h455vb4pex5vsknk084sn02q",
                "emails": { "address": "a@b.de" },
            "phones": [{ "number": 4 }, {}], "nope": true, "timeZone": ["Europe/Berlin"], "language": false,
            "addresses": [{ "type": "CASTLE", "city": "x".repeat(201) }, "Main Street"],
        });
        let wrong = [
            ("wrong_type", "/givenName"),
            ("out_of_range", "/familyName"),
            ("wrong_type", "/birthday"),
            ("unknown_value", "/lifecycle"),
            ("read_only", "/score"),
            ("read_only", "/version"),
            ("wrong_type", "/ownerId"),
            ("wrong_type", "/emails"),
            ("wrong_type", "/phones/0/number"),
            ("required", "/phones/1/number"),
            ("unknown_field", "/nope"),
            ("wrong_type", "/timeZone"),
            ("wrong_type", "/language"),
            ("unknown_value", "/addresses/0/type"),
            ("out_of_range", "/addresses/0/city"),
            ("wrong_type", "/addresses/1"),
        ];
        owner.post("/v1/contacts", &input).await.violates(422, "invalid", &wrong);

        // What the rules of the object find, they find together as well, and alike on both doors.
        let input = json!({
            "language": "d", "timeZone": "Berlin", "country": "XX",
            "emails": [{ "address": "a@b.de" }, { "address": "nobody" }], "addresses": [{ "country": "de" }],
        });
        let wrong = [
            ("wrong_type", "/language"),
            ("wrong_type", "/timeZone"),
            ("wrong_type", "/country"),
            ("wrong_type", "/emails/1/address"),
            ("wrong_type", "/addresses/0/country"),
        ];
        let problem = owner.post("/v1/contacts", &input).await.violates(422, "wrong_type", &wrong);
        let errors = owner.mutation_violates(CREATE_CONTACT, json!({ "input": input }), &wrong).await;
        let told = |errors: &Json, name: &str| -> Vec<String> {
            errors.as_array().unwrap().iter().map(|error| text(&error[name])).collect()
        };
        assert_eq!(told(&problem["errors"], "detail"), told(&json!(errors), "message"));

        let gone = "contact_01h455vb4pex5vsknk084sn02q";
        let input =
            json!({ "name": "A deal", "stageId": "stage_01h455vb4pex5vsknk084sn02q", "contactId": gone });
        let wrong = [("reference_not_found", "/stageId"), ("reference_not_found", "/contactId")];
        owner.post("/v1/deals", &input).await.violates(422, "reference_not_found", &wrong);
        let create = "mutation($input: CreateDealInput!) { createDeal(input: $input) { deal { id } userErrors {
            code field } } }";
        owner.mutation_violates(create, json!({ "input": input }), &wrong).await;
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn ids_that_are_none_name_nothing(stage) {
        let owner = &stage.owner;
        let ada = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let before = owner.trace().await;
        let suffix = ada.strip_prefix("contact_").unwrap();
        for id in [
            "nonsense",
            "contact_",
            "1",
            "contact_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "contact_01h455vb4pex5vsknk084sn02q",
        ] {
            owner.get(&format!("/v1/contacts/{id}")).await.refused(404, "not_found");
            owner.patch(&format!("/v1/contacts/{id}"), &json!({})).await.refused(404, "not_found");
            owner.delete(&format!("/v1/contacts/{id}")).await.refused(404, "not_found");
            owner.command(&format!("contacts/{id}/restore"), json!({})).await.refused(404, "not_found");
            owner
                .command(&format!("contacts/{id}/convert"), json!({ "dealName": "x" }))
                .await
                .refused(404, "not_found");
            owner.get(&format!("/v1/contacts/{id}/overview")).await.refused(404, "not_found");
        }
        owner.get(&format!("/v1/contacts/company_{suffix}")).await.refused(404, "not_found");
        owner.get(&format!("/v1/contacts/{}", ada.to_uppercase())).await.refused(404, "not_found");

        let wrong = json!({ "id": "nonsense", "input": {} });
        owner
            .graphql_reply("query($id: ID!) { contact(id: $id) { id } }", wrong.clone())
            .await
            .graphql_refused(400, "invalid_parameter");
        let reply = owner.graphql_reply(UPDATE_CONTACT, wrong).await;
        assert_eq!(reply.json()["errors"][0]["extensions"]["code"], "invalid_parameter", "{reply}");
        let other = json!({ "id": "contact_01h455vb4pex5vsknk084sn02q", "input": {} });
        let data = owner
            .graphql("query($id: ID!) { contact(id: $id) { id } node(id: $id) { id } }", other.clone())
            .await;
        assert_eq!(data, json!({ "contact": null, "node": null }));
        assert_eq!(owner.user_errors(UPDATE_CONTACT, other).await[0]["code"], "not_found");
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn predicates_are_strict(stage) {
        let owner = &stage.owner;
        for (predicate, code, pointer) in [
            (json!({ "lifecycle": { "eq": null } }), "null_operand", "/where/lifecycle/eq"),
            (
                json!({ "and": [{ "company": { "name": { "contains": null } } }] }),
                "unknown_field",
                "/where/and/0/company",
            ),
            (
                json!({ "deals": { "some": { "name": { "contains": null } } } }),
                "null_operand",
                "/where/deals/some/name/contains",
            ),
            (json!({ "lifecycle": { "in": ["LEAD", null] } }), "null_operand", "/where/lifecycle/in/1"),
            (json!({ "lifecycle": null }), "null_operand", "/where/lifecycle"),
            (json!({ "not": null }), "null_operand", "/where/not"),
            (json!({ "lifecycle": { "eq": "FRIEND" } }), "unknown_value", "/where/lifecycle/eq"),
            (json!({ "lifecycle": { "contains": "LEAD" } }), "unknown_operator", "/where/lifecycle/contains"),
            (json!({ "givenName": { "eq": 1 } }), "wrong_type", "/where/givenName/eq"),
            (json!({ "createdAt": { "gte": "yesterday" } }), "wrong_type", "/where/createdAt/gte"),
            (json!({ "deals": { "count": { "gte": "2" } } }), "wrong_type", "/where/deals/count/gte"),
            (json!({ "deals": { "name": { "eq": "x" } } }), "unknown_operator", "/where/deals/name"),
            (json!({ "or": {} }), "wrong_type", "/where/or"),
            (json!([]), "wrong_type", "/where"),
        ] {
            let found = [(code, pointer)];
            owner
                .post("/v1/contacts/search", &json!({ "where": predicate }))
                .await
                .violates(422, code, &found);
            owner.get_where("/v1/contacts", predicate).await.violates(422, code, &found);
        }
        let query = "query($where: ContactFilter) { contacts(first: 1, where: $where) { nodes { id } } }";
        let predicate = json!({ "and": [{ "lifecycle": { "eq": null } }] });
        let errors = owner
            .graphql_reply(query, json!({ "where": predicate }))
            .await
            .graphql_refused(422, "null_operand");
        assert_eq!(errors[0]["extensions"]["pointer"], "/where/and/0/lifecycle/eq");

        let deep =
            |depth: usize| (0..depth).fold(json!({ "id": { "in": [] } }), |inner, _| json!({ "not": inner }));
        let wide = |width: usize| json!({ "or": vec![json!({ "givenName": { "eq": "x" } }); width] });
        let many = |count: usize| json!({ "givenName": { "in": vec!["x"; count] } });
        for (allowed, refused) in [(deep(5), deep(6)), (wide(50), wide(51)), (many(500), many(501))] {
            owner.post("/v1/contacts/search", &json!({ "where": allowed })).await.ok();
            owner.graphql(query, json!({ "where": allowed })).await;
            owner
                .post("/v1/contacts/search", &json!({ "where": refused }))
                .await
                .refused(422, "predicate_too_large");
            owner
                .graphql_reply(query, json!({ "where": refused }))
                .await
                .graphql_refused(422, "predicate_too_large");
        }
        let body = json!({ "where": json!({ "id": { "in": [] } }) });
        owner.get("/v1/contacts?where={}&filter[lifecycle]=LEAD").await.refused(400, "invalid_parameter");
        assert_eq!(owner.post("/v1/contacts/search", &body).await.ok()["items"], json!([]));
    }
}

on_both! {
    async fn json_is_read_strictly(stage) {
        let owner = &stage.owner;
        let before = owner.trace().await;
        let deep = format!(r#"{{"givenName":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        let deep_objects = format!(r#"{}1{}"#, r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
        for (body, code) in [
            (deep.as_str(), "too_deep"),
            (deep_objects.as_str(), "too_deep"),
            (r#"{"givenName":"Ada","givenName":"Eve"}"#, "malformed"),
            (r#"{"emails":[{"address":"a@b.de","address":"c@d.de"}]}"#, "malformed"),
            (r#"{"givenName":"A\u0000da"}"#, "malformed"),
            (r#"{"given\u0000Name":"Ada"}"#, "malformed"),
            ("{\"givenName\":\"A\u{0}da\"}", "malformed"),
            (r#"{"score":NaN}"#, "malformed"),
            (r#"{"score":Infinity}"#, "malformed"),
            (r#"{"score":1e999}"#, "malformed"),
            (r#"{"givenName":"\ud800"}"#, "malformed"),
            (r#"{"givenName":"Ada",}"#, "malformed"),
            (r#"{'givenName':'Ada'}"#, "malformed"),
            (r#"{"givenName":"Ada"} {}"#, "malformed"),
            (r#"["givenName"]"#, "malformed"),
            ("null", "malformed"),
            ("", "malformed"),
        ] {
            owner.post_text("/v1/contacts", body).await.refused(400, code);
            let patch = owner.request(Method::PATCH, "/v1/contacts/contact_01h455vb4pex5vsknk084sn02q");
            let patch = patch.header("content-type", "application/merge-patch+json").body(body.to_owned());
            owner.send(patch).await.refused(400, code);
            let request = body.replace("givenName", "query");
            owner.post_text("/graphql", request).await.graphql_refused(400, code);
        }
        owner.get_where("/v1/contacts", r#"{"id":{},"id":{}}"#).await.refused(400, "invalid_parameter");
        let bytes = owner.request(Method::POST, "/v1/contacts").header("content-type", "application/json");
        owner.send(bytes.body(b"{\"givenName\":\"\xff\"}".to_vec())).await.refused(400, "malformed");
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn u0000_comes_in_through_no_door(stage) {
        let owner = &stage.owner;
        let before = owner.trace().await;
        // In a GraphQL document it can be spelled so that the body's JSON has no U+0000.
        for place in [
            r#"mutation { createContact(input: { givenName: "A\u0000da" }) { contact { id } } }"#,
            r#"mutation { createSegment(input: { name: "x", object: CONTACT, where: { givenName: {
                eq: "\u0000" } } }) { segment { id } } }"#,
            r#"{ contacts(first: 1, where: { givenName: { contains: "A\u0000da" } }) { nodes { id } } }"#,
            r#"query($name: String = "\u0000") { contacts(first: 1, where: { givenName: { eq: $name } }) {
                nodes { id } } }"#,
        ] {
            owner.graphql_reply(place, json!({})).await.graphql_refused(400, "malformed");
        }
        let harmless = r#"{ contacts(first: 1, where: { givenName: { eq: "\\u0000" } }) { totalCount } }"#;
        assert_eq!(owner.graphql(harmless, json!({})).await["contacts"]["totalCount"], 0);
        for path in [
            "/v1/contacts?filter[givenName]=%00",
            "/v1/contacts?sort=%00",
            "/v1/contacts?cursor=%00",
            "/v1/contacts?%00=1",
        ] {
            owner.get(path).await.refused(400, "invalid_parameter");
        }
        owner.get("/v1/contacts/%00").await.refused(400, "malformed");
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn null_says_nothing_where_something_may_be_left_out(stage) {
        let owner = &stage.owner;
        let ada = owner
            .create(
                "contacts",
                json!({ "givenName": "Ada", "familyName": null, "emails": null, "lifecycle": null }),
            )
            .await;
        assert_eq!((&ada["lifecycle"], &ada["emails"]), (&json!("LEAD"), &json!([])));
        let ask = "query($where: ContactFilter, $order: [ContactOrder!], $at: String, $deleted: DeletedFilter) {
            contacts(first: 1, last: null, where: $where, orderBy: $order, after: $at, before: null,
                deleted: $deleted) { totalCount } }";
        for variables in [
            json!({}),
            json!({ "where": null, "order": null, "at": null, "deleted": null }),
            json!({ "where": {}, "order": [] }),
        ] {
            assert_eq!(owner.graphql(ask, variables).await["contacts"]["totalCount"], 1);
        }
        let nothing = json!({ "where": null, "orderBy": null, "limit": null, "cursor": null, "fields": null,
            "include": null, "count": null });
        for body in [nothing, json!({ "where": {}, "orderBy": [] })] {
            assert_eq!(owner.post("/v1/contacts/search", &body).await.ok()["items"], json!([ada]));
        }
        let body = json!({ "query": "{ __typename }", "variables": null, "operationName": null,
            "extensions": null });
        assert_eq!(owner.post("/graphql", &body).await.ok()["data"], json!({ "__typename": "Query" }));
        let update = json!({ "id": ada["id"], "version": null, "input": { "jobTitle": "x" } });
        assert_eq!(owner.graphql(UPDATE_CONTACT, update).await["updateContact"]["contact"]["version"], 2);
    }
}
