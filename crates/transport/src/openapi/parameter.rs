//! The parameters of operations, each described once.

use std::collections::{BTreeMap, BTreeSet};

use app::{contract, listing::DEFAULT_PAGE};
use kernel::{
    object::Object,
    plan::{MAX_KEYS, MAX_PAGE},
};
use serde_json::json;
use utoipa::openapi::{
    Content, Ref, RefOr, Required,
    path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle},
    schema::{AnyOfBuilder, ObjectBuilder, Type},
};

use super::part::{Node, of};
use crate::rest;

/// What `deleted` asks.
pub const DELETED_DOC: &str = "Whether to include deleted records. Default: `EXCLUDE`.";
/// The parameters of lists.
pub const LIST: &[&str] = &["limit", "cursor", "filter", "fields", "include", "deleted", "count"];
/// The name of a field, behind those of the links that lead to it, or of a link.
pub const NAME: &str = r"[A-Za-z0-9]+(\.[A-Za-z0-9]+){0,2}";
const LIMIT_DOC: &str = "The number of records in a page at most, 1 to 200. Default: 50.";
/// A list of entity tags, or any of them.
const TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)$"#;
const CONDITION: &str = "The filter, as JSON; instead of `filter`.";
/// The parameters that say what is shown of a record.
pub const SHOWN: &[&str] = &["fields", "include"];

/// A parameter of the document.
pub fn reference(name: &str) -> Ref {
    Ref::new(format!("#/components/parameters/{name}"))
}

/// All shared parameters.
pub fn all() -> BTreeMap<String, RefOr<Parameter>> {
    let text = || Node::from(of(Type::String));
    let names = || of(Type::String).pattern(Some(format!("^{NAME}(,{NAME})*$")));
    let query = |name, doc: String, schema: Node| {
        (name, parameter(name, ParameterIn::Query, &doc).schema(Some(schema)))
    };
    let included = format!(
        "The links to follow, separated by commas and at most {} deep: `company,deals.stage`. A link to many records \
         shows the {} newest. An answer follows at most {} links and has at most {} records.",
        rest::MAX_DEPTH,
        rest::MAX_INCLUDED,
        rest::MAX_LINKS,
        rest::MAX_RECORDS
    );
    let shared = [
        query("limit", LIMIT_DOC.to_owned(), limit().into()),
        query("cursor", "The cursor of a page, from another page of the same list.".to_owned(), text()),
        query("fields", "The fields to show, separated by commas; those of linked records behind a dot: `name,company.name`. The answer has these members only. Default: all, in lists without long texts.".to_owned(), names().into()),
        query("include", included, names().into()),
        query("deleted", DELETED_DOC.to_owned(), Ref::from_schema_name(contract::DELETED).into()),
        query("count", "Whether to count the records, up to 10 001. Default: `false`.".to_owned(), of(Type::Boolean).default(Some(json!(false))).into()),
        ("name", parameter("name", ParameterIn::Query, "The file's name.").required(Required::True).schema(Some(of(Type::String).min_length(Some(1)).max_length(Some(255))))),
        ("filter", filter()),
        ("ifMatch", header("If-Match", Some(TAGS), "The version that the caller has seen, in quotes: `\"3\"`; or a list of versions, or `*`. Any other is refused with 412 `version_conflict`.")),
        ("ifNoneMatch", header("If-None-Match", None, "The `ETag` that the caller has; as long as it is the present one, the answer is 304.")),
        ("code", parameter("code", ParameterIn::Path, "The code.").schema(Some(Ref::from_schema_name(contract::ERROR_CODE)))),
        ("id", parameter("id", ParameterIn::Path, "The record's id, a TypeID or a plain UUID.").schema(Some(text()))),
    ];
    shared.into_iter().map(|(name, parameter)| (name.to_owned(), parameter.build().into())).collect()
}

/// How many records a page has.
pub fn limit() -> ObjectBuilder {
    let limit = of(Type::Integer).description(Some(LIMIT_DOC));
    limit.minimum(Some(1)).maximum(Some(MAX_PAGE)).default(Some(json!(DEFAULT_PAGE)))
}

/// The filter of a list of records of one of these objects, as JSON in the query.
pub fn condition<'o>(objects: impl Iterator<Item = &'o Object>) -> Parameter {
    let mut predicates: Vec<Node> =
        objects.map(|object| Ref::from_schema_name(contract::filter(&object.type_name)).into()).collect();
    let predicate = match predicates.len() {
        1 => predicates.remove(0),
        _ => predicates.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item).into(),
    };
    let content = Content::new(Some(predicate));
    parameter("where", ParameterIn::Query, CONDITION).content("application/json", content).build()
}

/// The order of a list of records of these objects.
pub fn sort<'o>(objects: impl Iterator<Item = &'o Object>) -> Parameter {
    let fields: BTreeSet<_> = objects
        .flat_map(|object| &object.attributes)
        .filter(|attribute| attribute.sort)
        .map(|attribute| attribute.name)
        .collect();
    let key = format!("[-+]?({})", fields.into_iter().collect::<Vec<_>>().join("|"));
    let doc = format!(
        "The order, by at most {MAX_KEYS} fields, descending ones with a minus: `-createdAt,name`. Records without a \
         value come last. Default: the newest first."
    );
    let text = of(Type::String).pattern(Some(format!("^{key}(,{key}){{0,{}}}$", MAX_KEYS - 1)));
    parameter("sort", ParameterIn::Query, &doc).schema(Some(text)).build()
}

fn parameter(name: &str, place: ParameterIn, doc: &str) -> ParameterBuilder {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    ParameterBuilder::new().name(name).parameter_in(place).required(required).description(Some(doc))
}

fn header(name: &str, pattern: Option<&str>, doc: &str) -> ParameterBuilder {
    parameter(name, ParameterIn::Header, doc).schema(Some(of(Type::String).pattern(pattern)))
}

fn filter() -> ParameterBuilder {
    let doc = "The filter, in short form: `filter[lifecycle]=LEAD`, `filter[createdAt][gte]=2026-01-01`, along \
               links `filter[company][name][contains]=x`, `filter[deals][some][status]=OPEN`. Operators that take \
               several operands take them separated by commas, amounts are `1234.50 EUR`, dates may be relative to now \
               (`-P30D`), and for an instant `gte` and `lt` take a day of the workspace's time zone. What this form \
               cannot say `where` can.";
    let parameter = parameter("filter", ParameterIn::Query, doc).style(Some(ParameterStyle::DeepObject));
    parameter.explode(Some(true)).schema(Some(of(Type::Object)))
}
