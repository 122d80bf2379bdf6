//! The smallest parts of the document, and the schemas that everything shares.

use app::me::{DOC, MEMBERS, Permission};
use kernel::{Code, actor::Rows, object::Action};
use serde_json::{Value as Json, json};
use utoipa::openapi::{
    Ref, RefOr, Schema,
    schema::{AdditionalProperties, Array, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type},
};

use super::Schemas;

/// A decimal number as text.
pub const DECIMAL: &str = r"^-?[0-9]{1,14}(\.[0-9]{1,4})?$";
/// A duration by ISO 8601.
const DURATION: &str =
    "^[-+]?P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$";
/// The TypeID of any record.
pub const SOME_ID: &str = "^[a-z]([a-z_]{0,61}[a-z])?_[0-7][0-9a-hjkmnp-tv-z]{25}$";

/// What is accepted as the id of a new record: it begins with time (UUIDv7).
pub fn chosen_id(prefix: &str) -> String {
    const LETTER: &str = "[0-9a-hjkmnp-tv-z]";
    const UUID: &str = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    format!("^({prefix}_[0-7]{LETTER}{{9}}[ef]{LETTER}{{15}}|{UUID})$")
}

/// What is accepted as an id of records with this prefix.
pub fn accepted_id(prefix: &str) -> String {
    const UUID: &str = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
    format!("^({prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}|{UUID})$")
}

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
            text("Where: a JSON pointer (RFC 6901) into the body or the query's parameters, below `/where` into the predicate."),
        )
        .property("detail", text("What is wrong, for people."))
        .property("meta", of(Type::Object).description(Some("What a client may need to act on it.")))
        .required("code")
        .required("pointer")
        .required("detail");
    let problem = of(Type::Object)
        .description(Some("What went wrong: problem details by RFC 9457. Whatever else a client needs is a further member."))
        .property("type", text("Where the code is explained.").format(Some(custom("uri-reference"))))
        .property("title", text("What the code means."))
        .property("status", of(Type::Integer).description(Some("The HTTP status.")))
        .property("detail", text("What went wrong, for people."))
        .property("code", Ref::from_schema_name("Code"))
        .property("requestId", text("The request's id, which finds it in the server's log."))
        .property("errors", list(Ref::from_schema_name("Violation"), "Each broken rule of the input, all at once."))
        .property("currentVersion", of(Type::Integer).description(Some("The record's present version; with `version_conflict`.")))
        .property("changedFields", list(of(Type::String), "The fields that others have changed since the version that the caller has seen; with `version_conflict`."))
        .property("allowedMethods", list(of(Type::String), "The methods that the path knows; with `method_not_allowed`."))
        .property("outcome", text("That it is not known whether what was to be written has been: look before you try again; with `timeout` and `unavailable`.").enum_values(Some(["UNKNOWN"])));
    let required = ["type", "title", "status", "detail", "code", "requestId", "errors"];
    let problem = required.into_iter().fold(problem, ObjectBuilder::required);
    let relative = closed()
        .description(Some("A point relative to now, in the workspace's time zone."))
        .property(
            "relative",
            text("An ISO 8601 duration, back in time with a minus: `-P30D`.")
                .pattern(Some(DURATION))
                .examples([json!("-P30D")]),
        )
        .required("relative");
    let status = of(Type::Object)
        .description(Some("How the server is."))
        .property("status", of(Type::String))
        .required("status");
    let restore = closed().description(Some("What restores a record; all of it may be left out.")).property(
        "expectedVersion",
        of(Type::Integer)
            .schema_type(or_null(Type::Integer, true))
            .description(Some("The version the caller has seen; `If-Match` says the same.")),
    );
    let known = of(Type::Object)
        .description(Some("What a code means."))
        .property("code", Ref::from_schema_name("Code"))
        .property("status", of(Type::Integer).description(Some("The HTTP status it comes with.")))
        .property("meaning", text("What it means."));
    let known = ["code", "status", "meaning"].into_iter().fold(known, ObjectBuilder::required);
    let permission = Permission::DOCS.iter().fold(
        of(Type::Object).description(Some("What the caller may do with the records of an object.")),
        |permission, (name, doc)| {
            let texts = |known: &[&str]| of(Type::String).enum_values(Some(known.iter().copied()));
            let schema: Node = match *name {
                "actions" => {
                    let actions: Vec<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
                    list(texts(&actions), doc).into()
                }
                "rows" => texts(&[Rows::All, Rows::Own].map(Rows::as_str)).description(Some(*doc)).into(),
                "closedFields" => list(of(Type::String), doc).into(),
                _ => text(doc).into(),
            };
            permission.property(*name, schema).required(*name)
        },
    );
    let me = MEMBERS.iter().fold(of(Type::Object).description(Some(DOC)), |me, (name, doc)| {
        let schema: Node = match *name {
            "user" => reference("User", doc),
            "workspace" => reference("Workspace", doc),
            "permissions" => list(Ref::from_schema_name("Permission"), doc).into(),
            _ => text(doc).into(),
        };
        me.property(*name, schema).required(*name)
    });
    for (name, schema) in [
        ("Status", status),
        ("RestoreInput", restore),
        ("KnownCode", known),
        ("Permission", permission),
        ("Me", me),
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
