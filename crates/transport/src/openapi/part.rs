//! The smallest parts of the document, and the schemas that everything shares.

use kernel::Code;
use serde_json::{Value as Json, json};
use utoipa::openapi::{
    Ref, RefOr, Schema,
    schema::{AdditionalProperties, Array, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type},
};

use super::Schemas;

/// A schema, or where it stands.
pub type Node = RefOr<Schema>;

/// A value of one type.
pub fn of(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind)
}

/// A value of one type, or null.
pub fn or_null(kind: Type, nullable: bool) -> SchemaType {
    if nullable { SchemaType::from_iter([kind, Type::Null]) } else { SchemaType::new(kind) }
}

/// Text.
pub fn text(doc: &str) -> ObjectBuilder {
    of(Type::String).description(Some(doc))
}

/// True or false.
pub fn boolean(doc: &str) -> ObjectBuilder {
    of(Type::Boolean).description(Some(doc))
}

/// A schema of the document.
pub fn reference(name: &str, doc: &str) -> Node {
    let mut reference = Ref::from_schema_name(name);
    reference.description = doc.to_owned();
    reference.into()
}

/// A schema of the document, or null.
pub fn reference_or_null(name: &str, doc: &str) -> Node {
    let either = OneOfBuilder::new().item(Ref::from_schema_name(name)).item(of(Type::Null));
    either.description(Some(doc)).into()
}

/// A list.
pub fn list(items: impl Into<Node>, doc: &str) -> ArrayBuilder {
    ArrayBuilder::from(Array::new(items)).description(Some(doc))
}

/// An object that takes no other members.
pub fn closed() -> ObjectBuilder {
    of(Type::Object).additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

/// What is said of the codes of the document's errors.
fn codes() -> String {
    let code = |code: &Code| format!("\n* `{}`: {}", code.as_str(), code.meaning());
    format!("What went wrong, as a stable word.\n{}", Code::ALL.iter().map(code).collect::<String>())
}

/// Adds the schemas that everything shares.
pub fn add_shared(schemas: &mut Schemas) {
    let money = closed()
        .description(Some("An amount with its currency."))
        .property(
            "amount",
            text("Decimal text with as many decimals as the currency has: `1234.50`.")
                .pattern(Some(r"^-?[0-9]+(\.[0-9]+)?$")),
        )
        .property("currency", text("The currency by ISO 4217.").pattern(Some("^[A-Z]{3}$")))
        .required("amount")
        .required("currency");
    let cursor = |doc| of(Type::String).schema_type(or_null(Type::String, true)).description(Some(doc));
    let page = of(Type::Object)
        .description(Some("Where a page stands among the others."))
        .property("nextCursor", cursor("The cursor of the next page, null on the last."))
        .property("prevCursor", cursor("The cursor of the page before, null on the first."))
        .property("hasMore", boolean("Whether more records follow."))
        .property(
            "totalCount",
            of(Type::Integer).minimum(Some(0)).description(Some(
                "How many records there are in all, counted up to 10 001; only with `count`.",
            )),
        )
        .property("totalIsCapped", boolean("Whether there are more than were counted; only with `count`."))
        .required("nextCursor")
        .required("prevCursor")
        .required("hasMore");
    let names: Vec<Json> = Code::ALL.iter().map(|code| code.as_str().into()).collect();
    let code = of(Type::String).enum_values(Some(names)).description(Some(codes()));
    let violation = of(Type::Object)
        .description(Some("One broken rule, at one place of the input."))
        .property("code", Ref::from_schema_name("Code"))
        .property(
            "pointer",
            text("Where: a JSON pointer (RFC 6901) into the body, or below `/where` into the predicate."),
        )
        .property("detail", text("What is wrong, for people."))
        .property("meta", of(Type::Object).description(Some("What a client may need to act on it.")))
        .required("code")
        .required("pointer")
        .required("detail");
    let problem = of(Type::Object)
        .description(Some("What went wrong: problem details by RFC 9457. Whatever else a client needs is a further member: `currentVersion`, `changedFields`, `allowedMethods`."))
        .property("type", text("Where the code is explained.").format(Some(custom("uri-reference"))))
        .property("title", text("What the code means."))
        .property("status", of(Type::Integer).description(Some("The HTTP status.")))
        .property("detail", text("What went wrong, for people."))
        .property("code", Ref::from_schema_name("Code"))
        .property("requestId", text("The request's id, which finds it in the server's log."))
        .property("errors", list(Ref::from_schema_name("Violation"), "Each broken rule of the input, all at once."));
    let required = ["type", "title", "status", "detail", "code", "requestId", "errors"];
    let problem = required.into_iter().fold(problem, ObjectBuilder::required);
    let relative = closed()
        .description(Some("A point relative to now, in the workspace's time zone."))
        .property(
            "relative",
            text("An ISO 8601 duration, back in time with a minus: `-P30D`.").examples([json!("-P30D")]),
        )
        .required("relative");
    let status = of(Type::Object)
        .description(Some("How the server is."))
        .property("status", of(Type::String))
        .required("status");
    for (name, schema) in [
        ("Status", status),
        ("Money", money),
        ("PageInfo", page),
        ("Code", code),
        ("Violation", violation),
        ("Problem", problem),
        ("Relative", relative),
    ] {
        schemas.insert(name.to_owned(), schema.into());
    }
}

/// A format that is not one of the usual ones.
pub fn custom(format: &str) -> utoipa::openapi::SchemaFormat {
    utoipa::openapi::SchemaFormat::Custom(format.to_owned())
}
