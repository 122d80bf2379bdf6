//! Introspection: what tools ask passes, what multiplies is refused before it runs.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::support::on_both;

/// The introspection of graphql-js with all its options, whose answer nearly every tool asks for.
const WHOLE: &str = include_str!("tools/graphql-js.graphql");

/// What other tools send.
const TOOLS: [&str; 4] = [
    include_str!("tools/graphql-js-2016.graphql"),
    include_str!("tools/apollo.graphql"),
    include_str!("tools/relay.graphql"),
    include_str!("tools/codegen.graphql"),
];

/// The ways from one type to others; the first seven are taken in turns with each other.
const WAYS: [&str; 12] = [
    "fields{type{",
    "fields{type{ofType{",
    "fields{type{ofType{ofType{ofType{",
    "a:fields{type{",
    "...on __Type{fields{type{",
    "fields(includeDeprecated:true){type{ofType{",
    "fields{a:type{kind}type{",
    "fields{args{type{",
    "inputFields{type{",
    "inputFields{type{ofType{ofType{",
    "interfaces{possibleTypes{",
    "possibleTypes{interfaces{",
];

/// Where the ways begin.
const BEGINNINGS: [&str; 3] =
    ["__schema{types{", "__schema{queryType{", "__type(name:\"Node\"){possibleTypes{"];

/// Documents that go rounds on two ways in turns, as deep as documents may nest.
fn nested() -> impl Iterator<Item = String> {
    let turns = WAYS.iter().take(7).flat_map(|one| WAYS.iter().take(7).map(move |other| (one, other)));
    let ways = turns.chain(WAYS.iter().skip(7).map(|one| (one, one)));
    ways.flat_map(|ways| BEGINNINGS.map(|beginning| (beginning, ways))).map(|(beginning, (one, other))| {
        let mut document = format!("{{{beginning}");
        let braces = |text: &str| text.matches('{').count() - text.matches('}').count();
        for way in [one, other].into_iter().cycle() {
            if braces(&document) + braces(way) > 60 {
                break;
            }
            document += way;
        }
        let open = braces(&document);
        document + "name" + &"}".repeat(open)
    })
}

/// The memory of this process in KiB: what it has at most had, and what it has.
fn memory() -> [u64; 2] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ["VmHWM:", "VmRSS:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
        line.trim().trim_end_matches(" kB").parse().unwrap()
    })
}

on_both! {
    async fn what_tools_ask_is_answered(stage) {
        let data = stage.owner.graphql(WHOLE, json!({})).await;
        let types = data["__schema"]["types"].as_array().unwrap();
        assert!(types.len() > 300, "{}", types.len());
        for tool in TOOLS {
            let data = stage.owner.graphql(tool, json!({})).await;
            assert!(!data["__schema"]["types"].as_array().unwrap().is_empty());
        }
        let again = stage.owner.graphql(WHOLE, json!({})).await;
        assert_eq!(again, data);
    }
}

on_both! {
    async fn it_tells_of_all_that_the_schema_file_has(stage) {
        let registry = app::registry();
        let sdl = transport::graphql::schema::sdl(&registry, &app::operations(&registry)).unwrap();
        let data = stage.owner.graphql("{ __schema { types { name kind } } }", json!({})).await;
        let word = |kind: &str| match kind {
            "OBJECT" => "type", "INPUT_OBJECT" => "input", "ENUM" => "enum", "INTERFACE" => "interface", _ => "scalar",
        };
        let types = data["__schema"]["types"].as_array().unwrap().iter();
        let mut told: Vec<_> = types
            .map(|of| format!("{} {}", word(of["kind"].as_str().unwrap()), of["name"].as_str().unwrap()))
            .filter(|name| !name.contains(" __") && !["String", "Boolean", "Int", "Float", "ID"].contains(&&name[7.min(name.len())..]))
            .collect();
        let declared = sdl.lines().filter_map(|line| {
            let (word, rest) = line.split_once(' ')?;
            let known = ["type", "input", "enum", "interface", "scalar"].contains(&word);
            known.then(|| format!("{word} {}", rest.split([' ', '{']).next().unwrap()))
        });
        let mut declared: Vec<_> = declared.collect();
        told.sort_unstable();
        declared.sort_unstable();
        assert_eq!(told, declared);
    }
}

on_both! {
    async fn what_multiplies_is_refused_at_once(stage) {
        stage.owner.graphql(WHOLE, json!({})).await;
        stage.owner.graphql("{ __typename }", json!({})).await;
        let [_, before] = memory();
        let (mut refused, mut slowest, mut largest) = (0, Duration::ZERO, 0);
        for document in nested() {
            let begun = Instant::now();
            let reply = stage.owner.graphql_reply(&document, json!({})).await;
            let took = begun.elapsed();
            // Ways that lead nowhere have small answers.
            if reply.status.is_success() {
                assert!(reply.bytes.len() < 4 << 20, "{document}: {} bytes", reply.bytes.len());
                largest = largest.max(reply.bytes.len() as u64);
                continue;
            }
            let code = &reply.json()["errors"][0]["extensions"]["code"];
            assert_eq!(code, "query_too_complex", "{document}: {reply}");
            slowest = slowest.max(took);
            refused += 1;
        }
        assert!(refused >= 50, "{refused} are refused");
        // Loosely, since tests run beside each other and unoptimised.
        assert!(slowest < Duration::from_millis(500), "{slowest:?}");
        let [most, _] = memory();
        let grown = most.saturating_sub(before);
        // The client is in this process, too, and holds what it was answered.
        assert!(grown < 16 * 1024 + largest / 1024, "the answers took {grown} KiB");
    }
}

on_both! {
    async fn it_may_stand_beside_data(stage) {
        stage.owner.create("contacts", json!({ "givenName": "Ada" })).await;
        let query = "query($name: String!, $old: Boolean = false) { of: __type(name: $name) { ...T ... on __Type { kind } }
            none: __type(name: \"Nobody\") { name } contacts(first: 1) { nodes { givenName } } __typename }
            fragment T on __Type { name __typename enumValues(includeDeprecated: $old) { name } }";
        for _ in 0..2 {
            let data = stage.owner.graphql(query, json!({ "name": "OrderDirection" })).await;
            let values = json!([{ "name": "ASC" }, { "name": "DESC" }]);
            let of = json!({ "name": "OrderDirection", "__typename": "__Type", "enumValues": values, "kind": "ENUM" });
            let contacts = json!({ "nodes": [{ "givenName": "Ada" }] });
            let expected = json!({ "of": of, "none": Json::Null, "contacts": contacts, "__typename": "Query" });
            assert_eq!(data, expected);
        }
    }
}
