//! The paths of the document, and which operations stand on them.

use app::{
    command::Registered,
    contract,
    view::{Collection, View},
};
use kernel::{
    Registry,
    object::{Action, Object},
    text::pascal,
};
use utoipa::openapi::{HttpMethod, Paths, RefOr, Schema};

use super::{
    operation::{ABOUT_ONE, Draft, KEYED, WRITING},
    parameter::{LIST, SHOWN, condition, sort},
};

const ID: &[&str] = &["id"];
/// The header of an answer that everything has.
const ALWAYS: &[&str] = &["Request-Id"];
/// The headers of an answer that is one record.
const TAGGED: &[&str] = &["ETag", "Request-Id"];
/// The headers of an answer that is a new record.
const MADE: &[&str] = &["ETag", "Location", "Request-Id"];
/// The headers of a page.
const LINKED: &[&str] = &["Link", "Request-Id"];

/// The name of the operation that searches for records of an object.
pub fn search(object: &Object) -> String {
    format!("search{}", pascal(object.plural))
}

/// Adds the standard operations of an object.
pub fn of_object(paths: &mut Paths, object: &Object) {
    let name = object.type_name.as_str();
    let many = pascal(object.plural);
    let draft = |id: String, doc: &str| Draft::new(&id, name, doc);
    let mut add = |action: Action, method: HttpMethod, path: &str, draft: Draft| {
        if object.allows(action) {
            paths.add_path_operation(format!("/v1/{}{path}", object.path), vec![method], draft.done());
        }
    };
    let page = format!("{name}Page");

    let list = draft(format!("list{many}"), &format!("Lists {}.", object.plural));
    let list = list
        .takes(LIST)
        .takes_one(sort([object].into_iter()))
        .takes_one(condition([object].into_iter()))
        .fails(KEYED);
    let list = list.answers("200", "A page.", Some(&page), LINKED);
    add(Action::Read, HttpMethod::Get, "", list);

    let doc = format!(
        "Searches {}. The method `QUERY /v1/{}` (RFC 10008) takes the same body.",
        object.plural, object.path
    );
    let search = self::search(object);
    let input = contract::input(&search);
    let search = draft(search, &doc).fails(KEYED).reads_json(&input);
    add(Action::Read, HttpMethod::Post, "/search", search.answers("200", "A page.", Some(&page), ALWAYS));

    let create = format!("create{name}");
    let input = contract::input(&create);
    let create = draft(create, "Creates a record.").fails(KEYED).fails(WRITING);
    let create = create.takes(SHOWN).reads_json(&input);
    add(Action::Create, HttpMethod::Post, "", create.answers("201", "The new record.", Some(name), MADE));

    let get = draft(format!("get{name}"), "Gets a record.").takes(ID).takes(SHOWN).takes(&["ifNoneMatch"]);
    let get = get.fails(KEYED).fails(ABOUT_ONE).answers("200", "The record.", Some(name), TAGGED);
    add(
        Action::Read,
        HttpMethod::Get,
        "/{id}",
        get.answers("304", "The record is as the caller knows it.", None, TAGGED),
    );

    let update = format!("update{name}");
    let input = contract::input(&update);
    let update = draft(update, "Changes a record by JSON Merge Patch (RFC 7396).");
    let update = update.fails(KEYED).fails(ABOUT_ONE).fails(WRITING);
    let update = update.takes(ID).takes(SHOWN).takes(&["ifMatch"]);
    let types = ["application/merge-patch+json", "application/json"];
    let update = update.reads(&input, &types, true);
    add(
        Action::Update,
        HttpMethod::Patch,
        "/{id}",
        update.answers("200", "The changed record.", Some(name), TAGGED),
    );

    let doc = "Deletes a record. It can be restored for 30 days, and is answered as it then is.";
    let delete = draft(format!("delete{name}"), doc).takes(ID).takes(SHOWN).takes(&["ifMatch"]);
    let delete = delete.fails(KEYED).fails(ABOUT_ONE).fails(WRITING);
    add(
        Action::Delete,
        HttpMethod::Delete,
        "/{id}",
        delete.answers("200", "The deleted record.", Some(name), TAGGED),
    );

    let restore = draft(format!("restore{name}"), "Restores a deleted record.");
    let restore = restore.fails(KEYED).fails(ABOUT_ONE).fails(WRITING);
    let restore = restore.takes(ID).takes(SHOWN).takes(&["ifMatch"]).reads(
        &contract::input("restore"),
        &["application/json"],
        false,
    );
    let restore = restore.answers("200", "The restored record.", Some(name), TAGGED);
    add(Action::Delete, HttpMethod::Post, "/{id}/restore", restore);
}

/// Adds a command.
pub fn of_command(paths: &mut Paths, object: &Object, command: &Registered) {
    let spec = &command.spec;
    let (input, answer) = (contract::input(spec.name), contract::payload(spec.name));
    let needs_body = match &command.input {
        RefOr::T(Schema::Object(input)) => !input.required.is_empty(),
        _ => false,
    };
    let draft = Draft::new(spec.name, &object.type_name, spec.doc).fails(KEYED).fails(WRITING);
    let mut draft = draft.reads(&input, &["application/json"], needs_body);
    let mut path = format!("/v1/{}/{}", object.path, spec.path);
    if command.on_record {
        draft = draft.takes(ID).takes(&["ifMatch"]).fails(ABOUT_ONE);
        path = format!("/v1/{}/{{id}}/{}", object.path, spec.path);
    }
    if spec.needs_version {
        draft = draft.fails(&["428"]);
    }
    draft = if spec.starts_job {
        draft.answers("202", "The job that does the work.", Some(&answer), MADE)
    } else if spec.action == Action::Create {
        draft.answers("201", "The created records.", Some(&answer), MADE)
    } else {
        draft.answers("200", "The changed records.", Some(&answer), TAGGED)
    };
    paths.add_path_operation(path, vec![HttpMethod::Post], draft.done());
}

/// Adds a view.
pub fn of_view(paths: &mut Paths, object: &Object, view: &View) {
    let draft = Draft::new(view.name, &object.type_name, view.doc).takes(ID).fails(KEYED).fails(ABOUT_ONE);
    let draft = draft.answers("200", "The record and what is around it.", Some(&pascal(view.name)), ALWAYS);
    let path = format!("/v1/{}/{{id}}/{}", object.path, view.path);
    paths.add_path_operation(path, vec![HttpMethod::Get], draft.done());
}

/// Adds a collection.
pub fn of_collection(paths: &mut Paths, registry: &Registry, object: &Object, collection: &Collection) {
    let page = format!("{}Page", pascal(collection.name));
    let draft = Draft::new(collection.name, &object.type_name, collection.doc).takes(ID).takes(LIST);
    let objects = || collection.of.iter().filter_map(|name| registry.object(name)).map(AsRef::as_ref);
    let draft =
        draft.takes_one(sort(objects())).takes_one(condition(objects())).fails(KEYED).fails(ABOUT_ONE);
    let draft = draft.answers("200", "A page.", Some(&page), LINKED);
    let path = format!("/v1/{}/{{id}}/{}", object.path, collection.path);
    paths.add_path_operation(path, vec![HttpMethod::Get], draft.done());
}

/// Adds how contents of files come and go: the one object whose records are made by sending bytes.
pub fn of_contents(paths: &mut Paths, object: &Object) {
    let name = object.type_name.as_str();
    let doc = "Stores a file. The body is its content as it is, of any content type and up to 1 GiB.";
    let upload = Draft::new("uploadFile", name, doc).takes(&["name"]).takes(SHOWN).reads_bytes();
    let upload = upload.fails(KEYED).fails(WRITING).answers("201", "The new record.", Some(name), MADE);
    paths.add_path_operation(format!("/v1/{}", object.path), vec![HttpMethod::Post], upload.done());
    let doc = "Gets the content of a file, as it was sent. Its `ETag` is its SHA-256.";
    let download =
        Draft::new("downloadFile", name, doc).takes(ID).takes(&["ifNoneMatch"]).answers_bytes(TAGGED);
    let download = download.fails(KEYED).fails(ABOUT_ONE);
    let download = download.answers("304", "The content is as the caller knows it.", None, TAGGED);
    paths.add_path_operation(
        format!("/v1/{}/{{id}}/content", object.path),
        vec![HttpMethod::Get],
        download.done(),
    );
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
