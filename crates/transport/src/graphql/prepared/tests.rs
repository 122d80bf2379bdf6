#![allow(clippy::unwrap_used)]

use async_graphql::dynamic::Schema;
use serde_json::{Value as Json, json};

use super::*;
use crate::graphql::schema;

fn schema() -> Schema {
    schema::tests::schema()
}

fn keep(prepared: &Prepared, schema: &Schema, text: &str, name: Option<&str>) {
    let name = name.map(str::to_owned);
    let operation = ParsedOperation::read(schema.registry(), text, name).unwrap();
    prepared.keep(text.to_owned(), &Arc::new(operation));
}

#[test]
fn an_operation_is_found_by_its_text_and_its_name() {
    let (schema, prepared) = (schema(), Prepared::default());
    let text = "query A { contacts(first: 1) { nodes { id } } } query B { __typename }";
    keep(&prepared, &schema, text, Some("A"));
    assert_eq!(prepared.find(text, Some("A")).unwrap().name.as_deref(), Some("A"));
    assert!(prepared.find(text, Some("B")).is_none());
    assert!(prepared.find(text, None).is_none());
    assert!(prepared.find(&format!("{text} "), Some("A")).is_none());
}

#[test]
fn a_flood_leaves_in_place_what_is_asked_for_again() {
    let (schema, prepared) = (schema(), Prepared::default());
    let text = |number: usize| format!("{{ a{number}: contacts(first: 1) {{ nodes {{ id }} }} }}");
    let hot: Vec<_> = (0..100).map(text).collect();
    hot.iter().for_each(|text| keep(&prepared, &schema, text, None));
    for number in 100..10_000 {
        if number % 50 == 0 {
            assert!(hot.iter().all(|text| prepared.find(text, None).is_some()), "{number}");
        }
        keep(&prepared, &schema, &text(number), None);
    }
    assert!(prepared.kept.len() <= 1_024 && prepared.kept.weight() <= MAX_BYTES);
    assert!(prepared.kept.len() >= 512);
}

#[test]
fn what_is_large_takes_the_place_of_many_or_none() {
    let (schema, prepared) = (schema(), Prepared::default());
    let text = |number: usize, fields: usize| {
        format!("{{ a{number}: contacts(first: 1) {{ nodes {{ {} }} }} }}", "id ".repeat(fields))
    };
    for number in 0..500 {
        keep(&prepared, &schema, &text(number, 500), None);
    }
    assert!((10..=130).contains(&prepared.kept.len()), "{}", prepared.kept.len());
    assert!(prepared.kept.weight() <= MAX_BYTES);
}

/// Whether a document that is valid with some variables is taken to be so with others.
fn suits(schema: &Schema, text: &str, variables: &Json) -> bool {
    let operation = ParsedOperation::read(schema.registry(), text, None).unwrap();
    operation.fill(schema.registry(), variables.as_object().unwrap().clone()).is_ok()
}

#[test]
fn a_null_in_place_of_a_default_is_looked_at_where_it_stands() {
    let schema = schema();
    let required = r#"query($id: ID = "a") { contact(id: $id) { id } }"#;
    let skipped =
        "query($all: Boolean = true) { contacts(first: 1) { nodes { id ...F @include(if: $all) } } }
        fragment F on Contact { fullName }";
    let nullable = "query($where: ContactFilter = {}) { contacts(first: 1, where: $where) { nodes { id } } }";
    for (text, name, is_valid) in
        [(required, "id", false), (skipped, "all", false), (nullable, "where", true)]
    {
        assert!(suits(&schema, text, &json!({})), "{text}");
        assert_eq!(suits(&schema, text, &json!({ name: null })), is_valid, "{text}");
    }
    // A type without null and a nullable place need no look.
    let typed = "query($id: ID!, $n: Int) { contact(id: $id) { deals(first: $n) { nodes { id } } } }";
    let operation = ParsedOperation::read(schema.registry(), typed, None).unwrap();
    assert!(operation.varying.is_empty());
}

#[test]
fn a_variable_within_a_value_is_looked_at_with_it() {
    let schema = schema();
    let order =
        "query($d: OrderDirection) { contacts(first: 1, orderBy: [{givenName: $d}]) { nodes { id } } }";
    assert!(suits(&schema, order, &json!({ "d": "ASC" })));
    assert!(!suits(&schema, order, &json!({ "d": null })));
    // An object stands for a list of one; a variable that is not sent leaves it without its member.
    let single =
        "query($d: OrderDirection) { contacts(first: 1, orderBy: {givenName: $d}) { nodes { id } } }";
    assert!(suits(&schema, single, &json!({ "d": "ASC" })));
    assert!(!suits(&schema, single, &json!({})));
    let deep = "query($o: ContactOrder = {givenName: ASC}) { companies(first: 1) { nodes { ...F } } }
        fragment F on Company { contacts(first: 1, orderBy: [$o]) { nodes { ... on Node { id } } } }";
    assert!(suits(&schema, deep, &json!({})));
    assert!(!suits(&schema, deep, &json!({ "o": null })));
    let predicate = "query($name: String) { contacts(first: 1, where: {givenName: {eq: $name}}) {
        nodes { id } } }";
    assert!(suits(&schema, predicate, &json!({ "name": "Ada" })));
    assert!(suits(&schema, predicate, &json!({ "name": null })));
}
