#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashSet;

use app::operation::Endpoint;
use serde_json::Value as Json;

use super::*;
use crate::rest::Route;

fn parsed() -> Json {
    let registry = app::registry();
    serde_json::from_str(&document(&registry, &app::operations(&registry))).unwrap()
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
    let registry = app::registry();
    let operations = app::operations(&registry);
    let document = parsed();
    for (path, item) in document["paths"].as_object().unwrap() {
        // Everything but `me` is looked up in the registry.
        let Some(rest) = path.strip_prefix("/v1/").filter(|rest| *rest != "me") else { continue };
        let parts: Vec<_> = rest.split('/').collect();
        let route =
            Route::find(&registry, &operations, parts[0], parts.get(1).copied(), parts.get(2).copied());
        let route = route.ok().unwrap();
        for method in item.as_object().unwrap().keys() {
            assert!(route.choose(&method.to_uppercase()).is_ok(), "{method} {path}");
        }
    }
}

#[test]
fn what_is_served_is_documented() {
    let (registry, document) = (app::registry(), parsed());
    for operation in app::operations(&registry).iter() {
        let Endpoint { method, path } = operation.endpoint;
        let id = if operation.on_record { "/{id}" } else { "" };
        let slash = if path.is_empty() { "" } else { "/" };
        let path = format!("/v1/{}{id}{slash}{path}", operation.object.path);
        let documented = &document["paths"][&path][method.to_lowercase()];
        assert_eq!(documented["operationId"], operation.name, "{method} {path}");
    }
}

#[test]
fn the_same_declarations_make_the_same_text() {
    let registry = app::registry();
    let make = || document(&registry, &app::operations(&registry));
    assert_eq!(make(), make());
    assert!(make().ends_with("}\n"));
}
