//! The paths of the document, and which operations stand on them.

use std::sync::Arc;

use app::{
    contract,
    operation::{Endpoint, InputKind, Operation, OperationKind, Write},
};
use kernel::{
    Registry,
    input::Purpose,
    object::{Action, Object},
    text::pascal,
};
use utoipa::openapi::{HttpMethod, Paths, RefOr, Schema};

use super::{
    operation::{ABOUT_ONE, Draft, JSON, KEYED, WRITING},
    parameter::{LIST, SHOWN, condition, sort},
};

/// The media type of JSON Merge Patch (RFC 7396).
const MERGE_PATCH: &str = "application/merge-patch+json";
const ID: &[&str] = &["id"];
/// The header of an answer that everything has.
const ALWAYS: &[&str] = &["Request-Id"];
/// The headers of an answer that is one record.
const TAGGED: &[&str] = &["ETag", "Request-Id"];
/// The headers of an answer that is a new record.
const MADE: &[&str] = &["ETag", "Location", "Request-Id"];
/// The headers of a page.
const LINKED: &[&str] = &["Link", "Request-Id"];

/// Adds an operation.
pub fn add(paths: &mut Paths, registry: &Registry, operation: &Operation) {
    let Operation { name, object, on_record, .. } = operation;
    let one = object.type_name.as_str();
    let draft = Draft::new(name, one, &operation.doc).fails(KEYED);
    let draft = if *on_record { draft.takes(ID).fails(ABOUT_ONE) } else { draft };
    let page = format!("{one}Page");
    let draft = match &operation.kind {
        OperationKind::List => listing(draft, &[object]).answers("200", "A page.", Some(&page), LINKED),
        OperationKind::Search => {
            draft.reads_json(&contract::input(name)).answers("200", "A page.", Some(&page), ALWAYS)
        }
        OperationKind::Get => {
            let draft = draft.takes(SHOWN).takes(&["ifNoneMatch"]);
            let draft = draft.answers("200", "The record.", Some(one), TAGGED);
            draft.answers("304", "The record is as the caller knows it.", None, TAGGED)
        }
        OperationKind::View(view) => {
            draft.answers("200", "The record and what is around it.", Some(&pascal(view.name)), ALWAYS)
        }
        OperationKind::Collection(collection) => {
            let objects = collection.of.iter().filter_map(|name| registry.object(name));
            let page = format!("{}Page", pascal(collection.name));
            listing(draft, &objects.collect::<Vec<_>>()).answers("200", "A page.", Some(&page), LINKED)
        }
        OperationKind::Upload => {
            let draft = draft.takes(&["name"]).takes(SHOWN).reads_bytes().fails(WRITING);
            draft.answers("201", "The new record.", Some(one), MADE)
        }
        OperationKind::Download => {
            let draft = draft.takes(&["ifNoneMatch"]).answers_bytes(TAGGED);
            draft.answers("304", "The content is as the caller knows it.", None, TAGGED)
        }
        OperationKind::Write(write) => writing(draft, operation, write),
    };
    let Endpoint { method, path } = operation.endpoint;
    let id = if *on_record { "/{id}" } else { "" };
    let rest = if path.is_empty() { String::new() } else { format!("/{path}") };
    let method = match method {
        "POST" => HttpMethod::Post,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    };
    paths.add_path_operation(format!("/v1/{}{id}{rest}", object.path), vec![method], draft.done());
}

/// What a list of records of these objects takes.
fn listing(draft: Draft, objects: &[&Arc<Object>]) -> Draft {
    let objects = || objects.iter().map(|object| object.as_ref());
    draft.takes(LIST).takes_one(sort(objects())).takes_one(condition(objects()))
}

/// What an operation that writes takes and answers.
fn writing(draft: Draft, operation: &Operation, write: &Write) -> Draft {
    let mut draft = draft.fails(WRITING);
    if write.is_standard {
        draft = draft.takes(SHOWN);
    }
    if operation.on_record {
        draft = draft.takes(&["ifMatch"]);
    }
    if write.needs_version {
        draft = draft.fails(&["428"]);
    }
    draft = match &write.input {
        InputKind::Nothing if !operation.takes_body() => draft,
        InputKind::Nothing => draft.reads(&write.input_type, &[JSON], false),
        InputKind::Fields(Purpose::Update) => draft.reads(&write.input_type, &[MERGE_PATCH, JSON], true),
        InputKind::Fields(_) => draft.reads_json(&write.input_type),
        InputKind::Members(schema) => {
            let is_required =
                matches!(schema.as_ref(), RefOr::T(Schema::Object(input)) if !input.required.is_empty());
            draft.reads(&write.input_type, &[JSON], is_required)
        }
    };
    let (status, doc, headers) = match (write.starts_job, operation.action) {
        (true, _) => ("202", "The job that does the work.", MADE),
        (false, Action::Create) => ("201", "The created records.", MADE),
        _ => ("200", "The changed records.", TAGGED),
    };
    match write.outputs.first().filter(|_| write.is_standard) {
        Some(output) => draft.answers(status, output.doc, Some(&operation.object.type_name), headers),
        None => draft.answers(status, doc, Some(&contract::payload(&operation.name)), headers),
    }
}

/// Adds what the server tells about itself.
pub fn of_server(paths: &mut Paths) {
    let me = Draft::new("me", "Server", app::me::DOC).fails(KEYED).fails(ABOUT_ONE);
    let me = me.answers("200", "The caller.", Some(contract::ME), ALWAYS);
    paths.add_path_operation("/v1/me", vec![HttpMethod::Get], me.done());
    let code = Draft::new(
        "explainCode",
        "Server",
        "Explains the code of an error. The `type` of each error leads here.",
    );
    let code = code.takes(&["code"]).open().fails(ABOUT_ONE).answers(
        "200",
        "The code.",
        Some("ErrorCodeInfo"),
        ALWAYS,
    );
    paths.add_path_operation("/errors/{code}", vec![HttpMethod::Get], code.done());
    for (path, id, doc) in [
        ("/livez", "isAlive", "Whether the process runs."),
        ("/readyz", "isReady", "Whether the store answers."),
    ] {
        let draft =
            Draft::new(id, "Server", doc).open().answers("200", "It does.", Some("ServerStatus"), ALWAYS);
        paths.add_path_operation(path, vec![HttpMethod::Get], draft.done());
    }
}
