#![allow(clippy::unwrap_used)]

use async_graphql::dynamic::{
    Enum, Field, FieldFuture, InputObject, InputValue, Object, Scalar, Schema, TypeRef,
};
use serde_json::json;

use super::*;
use crate::graphql::schema;

/// A schema with an input of every kind.
fn sample() -> Schema {
    let member = |name, of| InputValue::new(name, of);
    let where_ = InputObject::new("Where")
        .field(member("and", TypeRef::named_nn_list("Where")))
        .field(member("a/b~c", TypeRef::named("Where")))
        .field(member("stage", TypeRef::named("Stage")))
        .field(member("price", TypeRef::named("Price")));
    let price = InputObject::new("Price")
        .field(member("amount", TypeRef::named_nn("Anything")))
        .field(member("currency", TypeRef::named("String")));
    let order = InputObject::new("Order")
        .oneof()
        .field(member("name", TypeRef::named("Stage")))
        .field(member("age", TypeRef::named("Stage")));
    let even = Scalar::new("Even").validator(|value| match value {
        async_graphql::Value::Number(number) => number.as_i64().is_some_and(|number| number % 2 == 0),
        _ => false,
    });
    let used = ["Int", "Float", "String", "Boolean", "ID", "Where", "Order", "Even"];
    let field = Field::new("nothing", TypeRef::named("Int"), |_| FieldFuture::Value(None));
    let field = used.into_iter().fold(field, |field, of| field.argument(member(of, TypeRef::named(of))));
    Schema::build("Query", None, None)
        .register(Object::new("Query").field(field))
        .register(where_)
        .register(price)
        .register(order)
        .register(Enum::new("Stage").item("LEAD").item("WON"))
        .register(Scalar::new("Anything"))
        .register(even)
        .finish()
        .unwrap()
}

#[test]
fn what_suits_its_type_becomes_it() {
    let schema = sample();
    let becomes = |of: &str, value: Json, expected: Json| {
        assert_eq!(coerce(schema.registry(), of, value.clone()).unwrap(), expected, "{of}: {value}");
    };
    let stays = |of: &str, value: Json| becomes(of, value.clone(), value);
    for of in ["Int", "[Int!]", "Where", "Stage", "Anything", "Order"] {
        stays(of, Json::Null);
    }
    stays("Int!", json!(i32::MAX));
    stays("Int", json!(i32::MIN));
    stays("Float", json!(1.5));
    stays("Float", json!(1));
    stays("Boolean", json!(false));
    stays("String", json!(""));
    stays("ID", json!("a"));
    becomes("ID!", json!(-4), json!("-4"));
    stays("Stage", json!("WON"));
    stays("Anything", json!({ "any": [1, null, { "thing": 1.5 }] }));
    stays("Even", json!(4));
    stays("[Int]", json!([1, null]));
    stays("[Int!]!", json!([]));
    becomes("[Int!]!", json!(1), json!([1]));
    becomes("[[ID]]", json!(1), json!([["1"]]));
    becomes("[[ID]]", json!([[1], null, 2]), json!([["1"], null, ["2"]]));
    stays("Order", json!({ "name": "LEAD" }));
    stays("Where", json!({}));
    stays("Where", json!({ "and": null, "stage": null, "a/b~c": { "stage": "LEAD" } }));
    becomes("Where", json!({ "and": { "and": {} } }), json!({ "and": [{ "and": [{}] }] }));
    stays("Where", json!({ "price": { "amount": "1", "currency": null } }));
}

#[test]
fn what_does_not_suit_is_refused_with_its_place() {
    let schema = sample();
    let refused = |of: &str, value: Json, pointer: &str| {
        let faults = coerce(schema.registry(), of, value.clone()).unwrap_err().within("v");
        let violation = faults.in_variables(Pos::default()).next().unwrap();
        assert_eq!((violation.code, violation.pointer.as_str()), (Code::InvalidQuery, pointer), "{value}");
        let place = pointer.replacen('/', "$", 1);
        assert!(violation.detail.starts_with(&format!("{place}: ")), "{}", violation.detail);
    };
    for wrong in [json!("1"), json!(1.5), json!(1.0), json!(2_147_483_648_i64), json!(u64::MAX), json!([1])] {
        refused("Int", wrong, "/v");
    }
    refused("Int!", Json::Null, "/v");
    refused("Float", json!("1.5"), "/v");
    refused("Boolean", json!("true"), "/v");
    refused("Boolean", json!(0), "/v");
    for wrong in [json!(1), json!(true), json!({}), json!([])] {
        refused("String", wrong, "/v");
    }
    for wrong in [json!(1.5), json!(true), json!(u64::MAX)] {
        refused("ID", wrong, "/v");
    }
    for wrong in [json!("lead"), json!("LOST"), json!(1), json!(["WON"])] {
        refused("Stage", wrong, "/v");
    }
    refused("Even", json!(3), "/v");
    refused("[Int!]", json!([1, null]), "/v/1");
    refused("[Int!]", json!("a"), "/v");
    refused("[[Int]]", json!([[1], [2, "a"]]), "/v/1/1");
    for wrong in [json!("a"), json!(1), json!([]), json!([{}])] {
        refused("Where", wrong, "/v");
    }
    refused("Where", json!({ "nope": null }), "/v/nope");
    refused("Where", json!({ "and": [{}, { "a/b~c": { "x/~": 1 } }] }), "/v/and/1/a~1b~0c/x~1~0");
    refused("Where", json!({ "price": { "currency": "EUR" } }), "/v/price/amount");
    refused("Where", json!({ "price": { "amount": null } }), "/v/price/amount");
    for wrong in [json!({}), json!({ "name": null }), json!({ "name": "WON", "age": "WON" })] {
        refused("Order", wrong, "/v");
    }
    refused("Query", json!({}), "/v");
    refused("Nope", json!({}), "/v");
}

#[test]
fn all_that_is_wrong_is_told_up_to_a_number() {
    let schema = sample();
    let pointers = |of: &str, value: Json| -> Vec<String> {
        let faults = coerce(schema.registry(), of, value).unwrap_err();
        faults.in_variables(Pos::default()).map(|violation| violation.pointer).collect()
    };
    let wrong = json!({ "stage": 1, "nope": 2, "and": [{ "price": {} }, 3, { "price": { "currency": 4 } }] });
    let expected =
        ["/and/0/price/amount", "/and/1", "/and/2/price/amount", "/and/2/price/currency", "/nope", "/stage"];
    let mut told = pointers("Where", wrong);
    told.sort_unstable();
    assert_eq!(told, expected);
    assert_eq!(pointers("[Int]", json!(vec!["a"; 1_000])).len(), MAX_FAULTS);
}

/// Coercion would have to fill them in.
#[test]
fn no_input_of_the_schema_has_a_default() {
    let schema = schema::tests::schema();
    for of in schema.registry().types.values() {
        let MetaType::InputObject { input_fields, name, .. } = of else { continue };
        assert!(input_fields.values().all(|field| field.default_value.is_none()), "{name}");
    }
}
