//! The smallest parts of the document, and the schemas that everything shares.

use app::{
    contract,
    me::{DOC, MEMBERS, Permission},
};
use kernel::{Code, object::Action, plan::Deleted, role::Rows};
use utoipa::openapi::{
    KnownFormat, Ref, RefOr, Schema, SchemaFormat,
    schema::{AdditionalProperties, Array, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type},
};

use super::Schemas;

/// A decimal number as text.
pub const DECIMAL: &str = r"^-?[0-9]{1,14}(\.[0-9]{1,4})?$";
/// The TypeID of any record.
pub const SOME_ID: &str = "^[a-z]([a-z_]{0,61}[a-z])?_[0-7][0-9a-hjkmnp-tv-z]{25}$";

/// What is accepted as the id of any record.
pub const ACCEPTED_ID: &str = "^([a-z]([a-z_]{0,61}[a-z])?_[0-7][0-9a-hjkmnp-tv-z]{25}|\
                               [0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$";

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

/// The version that the caller has seen.
pub fn expected_version(doc: &str) -> Node {
    let version = of(Type::Integer).schema_type(or_null(Type::Integer, true)).format(Some(int32()));
    version.description(Some(doc)).into()
}

/// A whole number of 32 bits.
pub fn int32() -> SchemaFormat {
    SchemaFormat::KnownFormat(KnownFormat::Int32)
}

/// One of these words, each with its meaning.
pub fn choice(doc: &str, values: impl Iterator<Item = (&'static str, &'static str)> + Clone) -> Node {
    let meanings: String = values.clone().map(|(name, doc)| format!("\n* `{name}`: {doc}")).collect();
    text(&format!("{doc}\n{meanings}")).enum_values(Some(values.map(|(name, _)| name))).into()
}

fn money(doc: &str) -> Node {
    closed()
        .description(Some("An amount with its currency."))
        .property("amount", text(doc).pattern(Some(r"^-?[0-9]+(\.[0-9]+)?$")))
        .property("currency", text("The currency, by ISO 4217.").pattern(Some("^[A-Z]{3}$")))
        .required("amount")
        .required("currency")
        .into()
}

fn pagination() -> Node {
    let cursor = |doc| of(Type::String).schema_type(or_null(Type::String, true)).description(Some(doc));
    of(Type::Object)
        .description(Some("A page's place among the others."))
        .property("nextCursor", cursor("The cursor of the next page; null on the last."))
        .property("prevCursor", cursor("The cursor of the page before; null on the first."))
        .property("hasMore", boolean("Whether a page follows."))
        .property(
            "totalCount",
            of(Type::Integer).minimum(Some(0)).description(Some(
                "The number of records in all pages, counted up to 10 001; only with `count`.",
            )),
        )
        .property(
            "totalIsCapped",
            boolean("Whether there are more records than were counted; only with `count`."),
        )
        .required("nextCursor")
        .required("prevCursor")
        .required("hasMore")
        .into()
}

fn violation() -> Node {
    of(Type::Object)
        .description(Some("One broken rule, at one place of the input."))
        .property("code", reference(contract::ERROR_CODE, "The violation's code."))
        .property(
            "pointer",
            text("The place: a JSON pointer (RFC 6901) into the body or the query's parameters, below `/where` into the filter."),
        )
        .property("detail", text("The violation's description, for people."))
        .property("meta", of(Type::Object).description(Some("Details that a client may act on.")))
        .required("code")
        .required("pointer")
        .required("detail")
        .into()
}

fn problem() -> Node {
    let problem = of(Type::Object)
        .description(Some("Problem details, by RFC 9457. Further members hold what else a client may need."))
        .property("type", text("The address of the code's explanation.").format(Some(custom("uri-reference"))))
        .property("title", text("The code's meaning."))
        .property("status", of(Type::Integer).description(Some("The HTTP status.")))
        .property("detail", text("The problem's description, for people."))
        .property("code", reference(contract::ERROR_CODE, "The problem's code."))
        .property("requestId", text("The request's id, which finds it in the server's log."))
        .property("errors", list(Ref::from_schema_name("Violation"), "The broken rules of the input, all at once."))
        .property(
            "currentVersion",
            of(Type::Integer)
                .format(Some(int32()))
                .description(Some("The record's present version; with `version_conflict`.")),
        )
        .property("changedFields", list(of(Type::String), "The fields that others have changed since the version that the caller has seen; with `version_conflict`."))
        .property("allowedMethods", list(of(Type::String), "The methods of the path; with `method_not_allowed`."))
        .property("outcome", text("`UNKNOWN`: whether the change was written is not known; read before you try again. With `timeout` and `unavailable`.").enum_values(Some(["UNKNOWN"])));
    let required = ["type", "title", "status", "detail", "code", "requestId", "errors"];
    required.into_iter().fold(problem, ObjectBuilder::required).into()
}

fn code_info() -> Node {
    let info = of(Type::Object)
        .description(Some("The meaning of an error's code."))
        .property("code", reference(contract::ERROR_CODE, "The code."))
        .property("status", of(Type::Integer).description(Some("The HTTP status it comes with.")))
        .property("meaning", text("The code's meaning."));
    ["code", "status", "meaning"].into_iter().fold(info, ObjectBuilder::required).into()
}

fn permission() -> Node {
    let permission =
        of(Type::Object).description(Some("What the caller may do with the records of an object."));
    let permission = Permission::DOCS.iter().fold(permission, |permission, (name, doc)| {
        let schema: Node = match *name {
            "actions" => list(Ref::from_schema_name(contract::PERMITTED_ACTION), doc).into(),
            "rows" => reference(contract::PERMITTED_ROWS, doc),
            "closedFields" => list(of(Type::String), doc).into(),
            _ => text(doc).into(),
        };
        permission.property(*name, schema).required(*name)
    });
    permission.into()
}

fn me() -> Node {
    let me = MEMBERS.iter().fold(of(Type::Object).description(Some(DOC)), |me, (name, doc)| {
        let schema: Node = match *name {
            "user" => reference("User", doc),
            "workspace" => reference("Workspace", doc),
            "permissions" => list(Ref::from_schema_name(contract::PERMISSION), doc).into(),
            _ => text(doc).into(),
        };
        me.property(*name, schema).required(*name)
    });
    me.into()
}

/// Adds the schemas that everything shares.
pub fn add_shared(schemas: &mut Schemas) {
    let codes = Code::ALL.iter().map(|code| (code.as_str(), code.meaning()));
    let deleted = Deleted::ALL.iter().map(|deleted| (deleted.as_str(), deleted.doc()));
    let actions = text("What may be done with records.");
    let rows = text("The records with which something may be done.");
    let status = of(Type::Object)
        .description(Some("The server's state."))
        .property("status", text("The state, in one word."))
        .required("status");
    for (name, schema) in [
        (contract::MONEY, money("The amount, with as many decimals as the currency has: `1234.50`.")),
        (&contract::input(contract::MONEY), money("The amount, as decimal text: `1234.50`.")),
        (contract::DELETED, choice("Whether to include deleted records.", deleted)),
        (contract::ERROR_CODE, choice("An error's code.", codes)),
        (
            contract::PERMITTED_ACTION,
            actions.enum_values(Some(Action::ALL.iter().map(|action| action.as_str()))).into(),
        ),
        (contract::PERMITTED_ROWS, rows.enum_values(Some(Rows::NAMES)).into()),
        (contract::PERMISSION, permission()),
        (contract::ME, me()),
        ("Pagination", pagination()),
        ("Problem", problem()),
        ("Violation", violation()),
        ("ErrorCodeInfo", code_info()),
        ("ServerStatus", status.into()),
    ] {
        schemas.insert(name.to_owned(), schema);
    }
}

/// A format that is not one of the usual ones.
pub fn custom(format: &str) -> SchemaFormat {
    SchemaFormat::Custom(format.to_owned())
}
