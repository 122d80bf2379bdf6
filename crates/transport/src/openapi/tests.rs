#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashSet;

use kernel::object::Action;
use serde_json::Value as Json;

use super::*;
use crate::rest::Route;

fn parsed() -> Json {
    serde_json::from_str(&document(&app::registry(), &app::all_commands())).unwrap()
}

/// Every member of that name, anywhere in the document, that is a text.
fn all<'j>(json: &'j Json, name: &str, found: &mut Vec<&'j str>) {
    match json {
        Json::Object(members) => {
            found.extend(members.get(name).and_then(Json::as_str));
            members.values().for_each(|member| all(member, name, found));
        }
        Json::Array(items) => items.iter().for_each(|item| all(item, name, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = parsed();
    let mut references = Vec::new();
    all(&document, "$ref", &mut references);
    assert!(references.len() > 1_000);
    for reference in references {
        let place = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(place.is_some(), "{reference}");
    }
}

#[test]
fn every_schema_is_used() {
    let document = parsed();
    let mut references = Vec::new();
    all(&document, "$ref", &mut references);
    let used: HashSet<_> = references.into_iter().collect();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(used.contains(format!("#/components/schemas/{name}").as_str()), "{name}");
    }
}

#[test]
fn operations_have_names_of_their_own() {
    let document = parsed();
    let mut names = Vec::new();
    all(&document["paths"], "operationId", &mut names);
    let distinct: HashSet<_> = names.iter().collect();
    assert_eq!(names.len(), distinct.len());
    for name in
        ["listContacts", "createContact", "getContact", "moveDeal", "contactOverview", "segmentMembers"]
    {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn what_is_documented_is_served() {
    let (registry, commands) = (app::registry(), app::all_commands());
    let document = parsed();
    for (path, item) in document["paths"].as_object().unwrap() {
        // Everything but `me` is looked up in the registry.
        let Some(rest) = path.strip_prefix("/v1/").filter(|rest| *rest != "me") else { continue };
        let parts: Vec<_> = rest.split('/').collect();
        let route = Route::find(&registry, &commands, parts[0], parts.get(1).copied(), parts.get(2).copied());
        let route = route.ok().unwrap();
        for method in item.as_object().unwrap().keys() {
            assert!(route.choose(&method.to_uppercase()).is_ok(), "{method} {path}");
        }
    }
}

#[test]
fn what_is_served_is_documented() {
    let (registry, document) = (app::registry(), parsed());
    let has = |path: String, method: &str| document["paths"][&path][method].is_object();
    for object in registry.objects() {
        let path = |rest: &str| format!("/v1/{}{rest}", object.path);
        for (action, rest, method) in [
            (Action::Read, "", "get"),
            (Action::Read, "/search", "post"),
            (Action::Create, "", "post"),
            (Action::Read, "/{id}", "get"),
            (Action::Update, "/{id}", "patch"),
            (Action::Delete, "/{id}", "delete"),
            (Action::Delete, "/{id}/restore", "post"),
        ] {
            // A file is made by sending its content.
            let is_upload = object.name == rest::FILE && (rest, method) == ("", "post");
            assert_eq!(
                has(path(rest), method),
                object.allows(action) || is_upload,
                "{method} {}",
                path(rest)
            );
        }
    }
    for command in app::all_commands() {
        let object = &registry.object(command.spec.object).unwrap().path;
        let id = if command.on_record { "/{id}" } else { "" };
        assert!(has(format!("/v1/{object}{id}/{}", command.spec.path), "post"), "{}", command.spec.name);
    }
}

#[test]
fn the_same_declarations_make_the_same_text() {
    let make = || document(&app::registry(), &app::all_commands());
    assert_eq!(make(), make());
    assert!(make().ends_with("}\n"));
}
