//! Prepared operations answer like operations that are new to the server, whoever asks with whatever variables.

use std::sync::Arc;

use app::Kith;
use kernel::actor::Origin;
use serde_json::{Value as Json, json};
use transport::{Settings, graphql::Gateway};

use super::populate;
use crate::support::{Caller, Stage, on_both, text};

/// An endpoint that has seen operations before, to be compared with new ones.
struct Doors {
    kith: Kith,
    warm: Gateway,
}

impl Doors {
    fn of(stage: &Stage) -> Self {
        let kith = stage.server.kith.clone();
        let warm = Gateway::new(&kith, &Settings::default()).unwrap();
        Self { kith, warm }
    }

    async fn ask(&self, gateway: &Gateway, caller: &Caller, request: &Json) -> String {
        let caller = self.kith.authenticate(&caller.key, Origin::Api, Arc::from("request")).await.unwrap();
        let reply = gateway.answer(&self.kith, caller, request.to_string().as_bytes()).await;
        let refused = reply.refused.map(|code| code.as_str());
        format!("{refused:?} {}", String::from_utf8(reply.body).unwrap())
    }

    /// What the endpoint answers, which has to be what a new one does, and whether it had it prepared.
    async fn compare(&self, caller: &Caller, request: &Json) -> (String, bool) {
        let before = self.warm.answered_prepared();
        let warm = self.ask(&self.warm, caller, request).await;
        let was_prepared = self.warm.answered_prepared() > before;
        let new = Gateway::new(&self.kith, &Settings::default()).unwrap();
        assert_eq!(warm, self.ask(&new, caller, request).await, "{request}");
        assert_eq!(new.answered_prepared(), 0);
        (warm, was_prepared)
    }

    /// An answer that is to come from a prepared operation.
    async fn prepared(&self, caller: &Caller, request: &Json) -> Json {
        let (answer, was_prepared) = self.compare(caller, request).await;
        assert!(was_prepared, "{request}: {answer}");
        serde_json::from_str(answer.strip_prefix("None ").unwrap()).unwrap()
    }

    /// An answer that cannot come from one.
    async fn long_way(&self, caller: &Caller, request: &Json) -> String {
        let (answer, was_prepared) = self.compare(caller, request).await;
        assert!(!was_prepared, "{request}: {answer}");
        answer
    }
}

/// A query with a variable of every kind.
const ALL: &str =
    "query($id: ID!, $n: Int = 2, $where: CompanyFilter, $order: [CompanyOrder!] = [{name: ASC}],
    $deleted: DeletedFilter, $after: String, $names: Boolean = true, $none: Boolean!, $name: String = \"a\",
    $direction: OrderDirection = DESC) {
    company(id: $id) { id name }
    companies(first: $n, where: $where, orderBy: $order, deleted: $deleted, after: $after) {
        nodes { id ...Name @include(if: $names) contacts(first: 1, orderBy: [{givenName: $direction}],
            where: {emails: {some: {address: {contains: $name}}}}) { nodes { fullName @skip(if: $none) } } }
        totalCount
    } } fragment Name on Company { name }";

fn with(query: &str, variables: &Json) -> Json {
    json!({ "query": query, "variables": variables })
}

on_both! {
    async fn variables_mean_the_same_to_a_prepared_operation(stage) {
        populate(stage).await;
        let (doors, owner) = (Doors::of(stage), &stage.owner);
        let first = owner.get("/v1/companies?limit=1").await.ok();
        let id = text(&first["items"][0]["id"]);
        let all = |others: Json| {
            let mut variables = json!({ "id": id, "none": false });
            variables.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
            with(ALL, &variables)
        };
        doors.long_way(owner, &all(json!({}))).await;
        let data = doors.prepared(owner, &all(json!({}))).await;
        assert_eq!(data["data"]["companies"]["nodes"].as_array().unwrap().len(), 2);
        assert_eq!(data["data"]["companies"]["nodes"][0]["name"], "Company 0");
        let mut answers = vec![data];
        for others in [
            json!({ "n": 1 }),
            json!({ "where": { "name": { "eq": "Company 3" } } }),
            json!({ "where": { "and": { "name": { "in": "Company 4" } } } }),
            json!({ "order": { "name": "DESC" } }),
            json!({ "order": [{ "industry": "ASC" }, { "name": "DESC" }], "n": 3 }),
            json!({ "deleted": "ONLY" }),
            json!({ "names": false }),
            json!({ "none": true }),
            json!({ "name": "z1" }),
            json!({ "n": 4 }),
            json!({ "n": 4, "direction": "ASC" }),
            json!({ "where": { "name": { "eq": "Company 5" } }, "order": null, "n": 7, "after": null }),
        ] {
            let data = doors.prepared(owner, &all(others)).await;
            assert!(!answers.contains(&data), "{data}");
            answers.push(data);
        }
        // A variable that the operation does not declare is left aside.
        let more = doors.prepared(owner, &all(json!({ "more": 1 }))).await;
        assert_eq!(more, answers[0]);
    }
}

on_both! {
    async fn wrong_variables_are_refused_by_a_prepared_operation_as_well(stage) {
        let (doors, owner) = (Doors::of(stage), &stage.owner);
        let company = text(&owner.create("companies", json!({ "name": "Acme" })).await["id"]);
        let right = json!({ "id": company, "none": false });
        doors.long_way(owner, &with(ALL, &right)).await;
        doors.prepared(owner, &with(ALL, &right)).await;
        for (name, wrong, pointer) in [
            ("id", json!(null), "/id"),
            ("id", json!(true), "/id"),
            ("id", json!([]), "/id"),
            ("n", json!("2"), "/n"),
            ("n", json!(1.5), "/n"),
            ("n", json!(2_147_483_648_u64), "/n"),
            ("where", json!("name"), "/where"),
            ("where", json!([]), "/where"),
            ("where", json!({ "nope": null }), "/where/nope"),
            ("where", json!({ "and": [{}, { "name": { "eq": 1 } }] }), "/where/and/1/name/eq"),
            ("where", json!({ "name": { "in": ["a", null] } }), "/where/name/in/1"),
            ("where", json!({ "contacts": { "count": { "gt": 1, "lt": 3 } } }), "/where/contacts/count"),
            ("where", json!({ "annualRevenue": { "gt": { "amount": "1" } } }), "/where/annualRevenue/gt/currency"),
            ("order", json!("name"), "/order"),
            ("order", json!([null]), "/order/0"),
            ("order", json!([{ "name": "UP" }]), "/order/0/name"),
            ("order", json!([{ "name": "ASC" }, {}]), "/order/1"),
            ("order", json!({ "name": null }), "/order"),
            ("deleted", json!("SOME"), "/deleted"),
            ("after", json!(1), "/after"),
            ("names", json!("true"), "/names"),
            ("none", json!(null), "/none"),
            ("direction", json!(0), "/direction"),
        ] {
            let mut variables = right.clone();
            variables[name] = wrong;
            let answer = doors.long_way(owner, &with(ALL, &variables)).await;
            let body = answer.strip_prefix("Some(\"invalid_query\") ").unwrap_or_else(|| panic!("{answer}"));
            let body: Json = serde_json::from_str(body).unwrap();
            assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{answer}");
            assert_eq!(body["errors"][0]["extensions"]["pointer"], pointer, "{answer}");
            let place = pointer.replacen('/', "$", 1);
            assert!(text(&body["errors"][0]["message"]).starts_with(&format!("{place}: ")), "{answer}");
        }
        let several = with(ALL, &json!({ "n": "2", "deleted": 1 }));
        let answer = doors.long_way(owner, &several).await;
        for pointer in ["/id", "/n", "/deleted", "/none"] {
            assert!(answer.contains(&format!("\"pointer\":\"{pointer}\"")), "{answer}");
        }
        // These are wrong only where they stand, or mean nothing to the planner.
        for (name, wrong, code) in [
            ("names", json!(null), "invalid_query"),
            ("direction", json!(null), "invalid_query"),
            ("id", json!("contact_01h455vb4pex5vsknk084sn02q"), "invalid_parameter"),
            ("id", json!(7), "invalid_parameter"),
            ("n", json!(0), "invalid_parameter"),
            ("n", json!(null), "invalid_parameter"),
            ("name", json!(null), "null_operand"),
            ("after", json!("nonsense"), "invalid_cursor"),
            ("where", json!({ "name": { "eq": null } }), "null_operand"),
            ("where", json!({ "createdAt": { "gt": "yesterday" } }), "wrong_type"),
        ] {
            let mut variables = right.clone();
            variables[name] = wrong;
            let answer = doors.long_way(owner, &with(ALL, &variables)).await;
            assert!(answer.starts_with(&format!("Some({code:?}) ")), "{name}: {answer}");
        }
        doors.prepared(owner, &with(ALL, &right)).await;
    }
}

on_both! {
    async fn a_prepared_operation_shows_to_each_caller_what_is_theirs(stage) {
        let doors = Doors::of(stage);
        let (owner, stranger, agent) = (&stage.owner, stage.stranger().await, stage.user("AGENT").await);
        let revenue = json!({ "amount": "7.00", "currency": "EUR" });
        let acme = owner.create("companies", json!({ "name": "Acme", "annualRevenue": revenue })).await;
        stranger.create("companies", json!({ "name": "Elsewhere" })).await;
        let names = with("query($n: Int!) { companies(first: $n) { nodes { name } } }", &json!({ "n": 9 }));
        let sensitive = "query($id: ID!) { company(id: $id) { name annualRevenue { amount } } }";
        let sensitive = with(sensitive, &json!({ "id": acme["id"] }));
        for request in [&names, &sensitive] {
            doors.long_way(owner, request).await;
            doors.prepared(owner, request).await;
        }
        let seen = |name: &str| json!({ "companies": { "nodes": [{ "name": name }] } });
        assert_eq!(doors.prepared(owner, &names).await["data"], seen("Acme"));
        assert_eq!(doors.prepared(&agent, &names).await["data"], json!({ "companies": { "nodes": [] } }));
        agent.create("companies", json!({ "name": "Mine" })).await;
        assert_eq!(doors.prepared(&agent, &names).await["data"], seen("Mine"));
        assert_eq!(doors.prepared(&stranger, &names).await["data"], seen("Elsewhere"));
        let answer = doors.long_way(&agent, &sensitive).await;
        assert!(answer.starts_with("Some(\"field_forbidden\") "), "{answer}");
        assert_eq!(doors.prepared(&stranger, &sensitive).await["data"], json!({ "company": null }));
        let shown = &doors.prepared(owner, &sensitive).await["data"]["company"]["annualRevenue"];
        assert_eq!(shown["amount"], "7.00");
    }
}

on_both! {
    async fn one_text_may_hold_several_operations(stage) {
        let (doors, owner) = (Doors::of(stage), &stage.owner);
        owner.create("companies", json!({ "name": "Acme" })).await;
        let text = "query A($n: Int = 1) { companies(first: $n) { nodes { ...C } } }
            query B { companies(last: 1) { totalCount nodes { ...C } } }
            mutation M { createCompany(input: {name: \"New\"}) { company { name } } }
            fragment C on Company { name }";
        let named = |name: &str| json!({ "query": text, "operationName": name });
        for name in ["A", "B"] {
            doors.long_way(owner, &named(name)).await;
            doors.prepared(owner, &named(name)).await;
        }
        assert_eq!(doors.prepared(owner, &named("B")).await["data"]["companies"]["totalCount"], 1);
        assert_eq!(doors.prepared(owner, &named("A")).await["data"]["companies"].get("totalCount"), None);
        for request in [named("C"), with(text, &json!({}))] {
            let answer = doors.long_way(owner, &request).await;
            assert!(answer.starts_with("Some(\"invalid_query\") "), "{answer}");
        }
        // What writes is prepared, too, and done each time.
        let before = doors.warm.answered_prepared();
        for _ in 0..3 {
            let answer = doors.ask(&doors.warm, owner, &named("M")).await;
            assert!(answer.contains("\"company\":{\"name\":\"New\"}"), "{answer}");
        }
        assert_eq!(doors.warm.answered_prepared(), before + 2);
        assert_eq!(doors.prepared(owner, &named("B")).await["data"]["companies"]["totalCount"], 4);
    }
}

on_both! {
    async fn introspection_is_prepared_like_everything_else(stage) {
        let (doors, owner) = (Doors::of(stage), &stage.owner);
        let mixed = "query($more: Boolean!, $name: String!) { __typename companies(first: 1) { totalCount }
            __type(name: $name) @include(if: $more) { name } }";
        let schema = "query($more: Boolean!) { __typename __schema @include(if: $more) { queryType { name } } }";
        let ask = |query: &str, more: bool| with(query, &json!({ "more": more, "name": "Deal" }));
        for query in [mixed, schema] {
            doors.long_way(owner, &ask(query, true)).await;
            for more in [false, true] {
                let answer = doors.prepared(owner, &ask(query, more)).await;
                assert_eq!(answer.to_string().contains("\"name\""), more, "{answer}");
            }
        }
        for query in ["{ nope }", "{ contacts { nodes { id } } }"] {
            for _ in 0..2 {
                doors.long_way(owner, &with(query, &json!({}))).await;
            }
        }
    }
}

on_both! {
    async fn what_has_been_forgotten_is_prepared_anew(stage) {
        let (doors, owner) = (Doors::of(stage), &stage.owner);
        let request = |number: usize| with(&format!("{{ a{number}: __typename }}"), &json!({}));
        let flood = 1_500;
        for number in 0..flood {
            doors.ask(&doors.warm, owner, &request(number)).await;
        }
        let before = doors.warm.answered_prepared();
        for number in 0..flood {
            let answer = doors.ask(&doors.warm, owner, &request(number)).await;
            assert!(answer.contains(&format!("{{\"a{number}\":\"Query\"}}")), "{answer}");
        }
        let answered = doors.warm.answered_prepared() - before;
        assert!((1..1_500).contains(&answered), "{answered}");
    }
}

on_both! {
    async fn variables_of_operations_that_are_not_meant_cannot_harm(stage) {
        let doors = Doors::of(stage);
        let text = "query A { __typename } query B($a: [Nope] = [1]) { __typename }";
        let request = json!({ "query": text, "operationName": "A" });
        let answer = doors.long_way(&stage.owner, &request).await;
        assert!(answer.starts_with("Some(\"invalid_query\") "), "{answer}");
    }
}
