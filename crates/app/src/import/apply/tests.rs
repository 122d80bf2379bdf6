//! Rows in, drafts or errors out.

#![allow(clippy::unwrap_used)]

use super::super::draft::{Draft, LookupKey, put};
use super::super::fault::RowError;
use super::super::mapping::Mapping;
use super::super::source::{Format, SourceReader, Spelling};
use serde_json::{Value, json};

fn apply(mapping: &Value, format: Format, file: &str) -> Result<Draft, Vec<RowError>> {
    let mapping = Mapping::parse(mapping.to_string().as_bytes()).unwrap();
    let row =
        SourceReader::new(file.as_bytes(), format, Spelling::default()).unwrap().next().unwrap().unwrap();
    mapping.apply(&row)
}

fn csv(fields: &Value, file: &str) -> Result<Draft, Vec<RowError>> {
    apply(&json!({"fields": fields}), Format::Csv, file)
}

fn input(fields: &Value, file: &str) -> Value {
    Value::Object(csv(fields, file).unwrap().input)
}

fn faults(result: Result<Draft, Vec<RowError>>) -> Vec<(&'static str, Option<String>)> {
    result.unwrap_err().into_iter().map(|error| (error.code, error.column)).collect()
}

#[test]
fn every_kind_of_source() {
    let fields = json!({
        "name": {"columns": ["First", "Middle", "Last"]},
        "kind": {"constant": "PERSON"},
        "emails": {"list": [
            {"address": {"column": "Mail"}, "type": {"constant": "WORK"}},
            {"address": {"column": "Mail 2"}, "type": {"constant": "HOME"}}
        ]},
        "address": {"object": {"city": {"column": "City"}, "country": {"constant": "DE"}}},
        "revenue": {"column": "Revenue", "money": "EUR", "scale": 1000}
    });
    let header = "First,Middle,Last,Mail,Mail 2,City,Revenue\n";
    assert_eq!(
        input(&fields, &format!("{header} Ada ,,King,,ada@example.com,London,1.5\n")),
        json!({
            "name": "Ada King",
            "kind": "PERSON",
            "emails": [{"address": "ada@example.com", "type": "HOME"}],
            "address": {"city": "London", "country": "DE"},
            "revenue": {"amount": "1500", "currency": "EUR"}
        })
    );
    assert_eq!(input(&fields, &format!("Other,{header}x,,,,,,,\n")), json!({"kind": "PERSON"}));
}

#[test]
fn blank_members_are_left_out_or_null() {
    let fields = json!({
        "a": {"column": "A"},
        "b": {"column": "A", "blank": "NULL", "type": "INTEGER"},
        "c": {"column": "A", "trim": false},
        "d": {"column": "A", "ref": {"object": "deal", "by": "name"}},
        "e": {"list": [{"x": {"column": "A", "blank": "NULL"}}, {"x": {"constant": 1}}]}
    });
    let draft = csv(&fields, "A,B\n  ,x\n").unwrap();
    assert_eq!(Value::Object(draft.input.clone()), json!({"b": null, "c": "  ", "e": [{"x": 1}]}));
    assert_eq!(draft.lookups, []);
    assert_eq!(draft.column_of("/a"), Some("A"));
    assert_eq!(draft.column_of("/e/0/x"), None);
}

#[test]
fn references_become_lookups() {
    let fields = json!({
        "dealId": {"column": "Deal", "ref": {"object": "deal", "system": "old"}},
        "members": {"column": "People", "split": {"on": ";", "take": "ALL"}, "ref": {"object": "user", "by": "name"}},
        "lines": {"list": [{"productId": {"column": "Product", "ref": {"object": "product", "by": "name"}}}]}
    });
    let mut draft = csv(&fields, "Deal,People,Product\nD1,Ann; Bob,Bolt\n").unwrap();
    let lookups: Vec<_> = draft.lookups.iter().map(|lookup| (lookup.pointer.as_str(), &lookup.key)).collect();
    let named = |value: &str| LookupKey::Field { name: "name".to_owned(), value: value.to_owned() };
    let outside = LookupKey::External { system: "old".to_owned(), id: "D1".to_owned() };
    let (bolt, ann, bob) = (named("Bolt"), named("Ann"), named("Bob"));
    assert_eq!(
        lookups,
        [("/dealId", &outside), ("/lines/0/productId", &bolt), ("/members/0", &ann), ("/members/1", &bob)]
    );
    for lookup in draft.lookups.clone() {
        assert!(put(&mut draft.input, &lookup.pointer, json!(lookup.column)));
    }
    assert!(!put(&mut draft.input, "/nowhere", json!(1)));
    assert!(!put(&mut draft.input, "/lines/1/productId", json!(1)));
    assert_eq!(
        Value::Object(draft.input),
        json!({"dealId": "Deal", "lines": [{"productId": "Product"}], "members": ["People", "People"]})
    );
}

#[test]
fn all_that_is_wrong_with_a_row_is_told_at_once() {
    let fields = json!({
        "a": {"column": "A", "type": "INTEGER"},
        "b": {"list": [{"x": {"column": "B", "map": {"Yes": "YES"}}}]},
        "c": {"column": "C"},
        "d": {"column": "D", "date": "%F"}
    });
    assert_eq!(
        faults(csv(&fields, "A,B,D\none,No,2020-02-30\n")),
        [
            ("invalid_integer", Some("A".to_owned())),
            ("unmapped_value", Some("B".to_owned())),
            ("missing_column", Some("C".to_owned())),
            ("invalid_date", Some("D".to_owned())),
        ]
    );
}

#[test]
fn a_row_must_tell_the_member_it_is_matched_by() {
    let outside = json!({"list": [{"system": {"constant": "old"}, "id": {"column": "Id"}}]});
    let mapping = json!({"match": "externalRefs", "fields": {"externalRefs": outside, "n": {"column": "N"}}});
    assert!(apply(&mapping, Format::Csv, "Id,N\n1,\n").is_ok());
    let blank = apply(&mapping, Format::Csv, "Id,N\n,2\n");
    assert_eq!(faults(blank), [("blank_match", Some("Id".to_owned()))]);
    let mapping = json!({"match": "n", "fields": {"n": {"column": "N", "type": "INTEGER"}}});
    assert_eq!(
        faults(apply(&mapping, Format::Csv, "Id,N\n1,x\n")),
        [("invalid_integer", Some("N".to_owned()))]
    );
    let reference = json!({"column": "N", "blank": "NULL", "ref": {"object": "deal", "by": "name"}});
    let mapping = json!({"match": "dealId", "fields": {"dealId": reference}});
    assert!(apply(&mapping, Format::Csv, "Id,N\n1,x\n").is_ok());
    assert_eq!(faults(apply(&mapping, Format::Csv, "Id,N\n1,\n")), [("blank_match", Some("N".to_owned()))]);
}

#[test]
fn json_goes_through_plain_sources_only() {
    let file = r#"{"tags":["a","b"],"n":1054.10,"yes":true,"none":null}"#;
    let fields = json!({
        "tags": {"column": "tags"},
        "n": {"column": "n", "type": "DECIMAL"},
        "yes": {"column": "yes", "type": "BOOLEAN"},
        "none": {"column": "none"},
        "absent": {"column": "absent", "blank": "NULL"}
    });
    let draft = apply(&json!({"fields": fields}), Format::JsonLines, file).unwrap();
    assert_eq!(
        Value::Object(draft.input),
        json!({"tags": ["a", "b"], "n": "1054.10", "yes": true, "absent": null})
    );
    for source in [json!({"column": "tags", "case": "UPPER"}), json!({"columns": ["n", "tags"]})] {
        let result = apply(&json!({"fields": {"x": source}}), Format::JsonLines, file);
        assert_eq!(faults(result), [("nested_value", Some("tags".to_owned()))]);
    }
}

#[test]
fn a_long_cell_used_often_is_one_error() {
    let fields: serde_json::Map<String, Value> =
        (0..9).map(|number| (format!("f{number}"), json!({"column": "A"}))).collect();
    let mapping = json!({"match": "f8", "fields": fields});
    let text = "x".repeat(1_000_000);
    assert_eq!(faults(apply(&mapping, Format::Csv, &format!("A\n{text}\n"))), [("draft_too_large", None)]);
    let file = json!({"A": [text]}).to_string();
    assert_eq!(faults(apply(&mapping, Format::JsonLines, &file)), [("draft_too_large", None)]);
}

#[test]
fn columns_are_found_for_parts_around_and_within() {
    let fields = json!({
        "price": {"column": "Price", "money": "USD"},
        "refs": {"list": [{"system": {"constant": "old"}, "id": {"column": "Id"}}]},
        "a/b": {"column": "Slash"},
        "refsX": {"constant": 1}
    });
    let draft = csv(&fields, "Price,Id,Slash\n1,2,3\n").unwrap();
    assert_eq!(draft.column_of("/price"), Some("Price"));
    assert_eq!(draft.column_of("/price/currency"), Some("Price"));
    assert_eq!(draft.column_of("/refs"), Some("Id"));
    assert_eq!(draft.column_of("/refs/0/id"), Some("Id"));
    assert_eq!(draft.column_of("/a~1b"), Some("Slash"));
    assert_eq!(draft.column_of("/refsX"), None);
    assert_eq!(draft.column_of("/other"), None);
}
