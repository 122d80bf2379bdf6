#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use async_graphql::dynamic::Schema;
use serde_json::Map;

use super::*;
use crate::graphql::{operation::ParsedOperation, schema};

const WHOLE: &str = "{ __schema { __typename queryType { name } mutationType { name } subscriptionType { name }
    types { __typename kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name
        description args { ...I } type { ...T } isDeprecated deprecationReason __typename } inputFields { ...I }
        interfaces { name } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason
        __typename } possibleTypes { name } }
    directives { name description isRepeatable locations args { ...I } __typename } } }
    fragment I on __InputValue { name description type { ...T } defaultValue isDeprecated deprecationReason __typename }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { name } } } } }";

fn schema() -> Schema {
    schema::tests::schema()
}

/// The answer to the only field of a query.
fn asked(schema: &Schema, query: &str) -> Result<Vec<u8>> {
    let operation = ParsedOperation::read(schema.registry(), query, None)?;
    let document = Document { document: &operation.document, variables: &Map::new() };
    let fields = document.fields(&[&operation.definition()?.selection_set.node], &["Query"]);
    answer(schema.registry(), document, fields.first().unwrap(), &Budget::unlimited()).map(Option::unwrap)
}

/// Types that nothing leads to are told of as well, as the schema file tells of them, and interfaces say which others they
/// implement.
#[tokio::test]
async fn it_is_what_async_graphql_answers() {
    let schema = schema();
    let own: Json = serde_json::from_slice(&asked(&schema, WHOLE).unwrap()).unwrap();
    let theirs = schema.execute(WHOLE).await.data.into_json().unwrap();
    let types = |json: &Json| -> HashMap<String, Json> {
        let named = json["types"].as_array().unwrap().iter();
        named.map(|of| (of["name"].as_str().unwrap().to_owned(), of.clone())).collect()
    };
    let (mut own_types, theirs_types) = (types(&own), types(&theirs["__schema"]));
    own_types.retain(|name, _| theirs_types.contains_key(name));
    for (name, of) in &mut own_types {
        if of["kind"] == "INTERFACE" {
            of["interfaces"] = Json::Null;
        }
        assert_eq!(of, &theirs_types[name]);
    }
    assert_eq!(own_types.len(), theirs_types.len());
    for member in ["queryType", "mutationType", "subscriptionType", "directives", "__typename"] {
        assert_eq!(own[member], theirs["__schema"][member], "{member}");
    }
}

#[test]
fn what_is_measured_is_what_is_written() {
    let schema = schema();
    for query in [WHOLE, "{ __type(name: \"Contact\") { fields { type { fields { name } } } } }"] {
        let operation = ParsedOperation::read(schema.registry(), query, None).unwrap();
        let document = Document { document: &operation.document, variables: &Map::new() };
        let fields = document.fields(&[&operation.definition().unwrap().selection_set.node], &["Query"]);
        let mut selections = Selections { document, sets: Vec::new() };
        let field = fields.first().unwrap();
        let (thing, of) = match field.name {
            "__schema" => (Thing::Schema, "__Schema"),
            _ => (Thing::Type("Contact"), "__Type"),
        };
        let set = selections.set(field, of);
        let mut answer = Answer { registry: schema.registry(), sets: selections.sets, known: HashMap::new() };
        let measured = answer.measure(thing, set).unwrap();
        let written = u64::try_from(asked(&schema, query).unwrap().len()).unwrap();
        assert!(measured.abs_diff(written) < written / 10, "{measured} and {written}");
        assert!(written < MAX_BYTES / 3, "{written}");
    }
}

#[test]
fn what_multiplies_is_refused() {
    let schema = schema();
    for way in ["fields{type{", "possibleTypes{interfaces{", "fields{args{type{"] {
        let query = format!(
            "{{__schema{{types{{{}name{}}}}}}}",
            way.repeat(10),
            "}".repeat(10 * way.matches('{').count())
        );
        let refused = asked(&schema, &query);
        if way != "fields{args{type{" {
            assert_eq!(refused.unwrap_err().code, Code::QueryTooComplex, "{way}");
        }
    }
}
