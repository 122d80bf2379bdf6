//! A workspace with records of every object, and what somebody sees of it.

use std::{collections::HashMap, sync::Arc};

use kernel::{
    Registry,
    field::{Kind, Writing},
    object::{Action, Attribute, Object},
    reference::{OnDelete, Referrer},
};
use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use super::{
    doors::{Asked, Call, Door, Operation, Outcome, all_fields, encode, input_members},
    maker::Maker,
};
use crate::support::{Caller, Stage, eventually, text};

/// So many records of every object are made, each with other values.
pub const VARIANTS: usize = 12;

/// The live records that somebody sees, by object.
pub struct World<'r> {
    /// The objects.
    pub registry: &'r Registry,
    rows: HashMap<&'static str, Vec<Json>>,
}

/// Makes records of every object, does with them what commands do, and deletes some that others refer to.
pub async fn populate(stage: &Stage) {
    let kith = &stage.server.kith;
    for role in ["AGENT", "READ_ONLY", "OWNER"] {
        stage.user(role).await;
    }
    let mut maker = Maker::new(kith.registry(), &stage.owner);
    let creatable: Vec<_> =
        kith.registry().objects().iter().filter(|object| object.allows(Action::Create)).collect();
    for object in &creatable {
        for variant in 0..VARIANTS {
            maker.make_variant(object, variant, Map::new()).await;
        }
    }
    for name in ["b.csv", "Ä.csv", "a.txt"] {
        import(&stage.owner, name).await;
    }
    for call in Call::all(kith) {
        run_command(&call, &mut maker).await;
    }
    // What goes along with others is declared after them, and deleted before them.
    for object in creatable.into_iter().rev().filter(|object| object.allows(Action::Delete)) {
        // What others stand on is not deleted under them.
        let id = match is_stood_on(kith.registry(), object) {
            true => text(&maker.make_deletable(object, 1).await["id"]),
            false => maker.reference(object.name, 2).await.unwrap(),
        };
        let delete = Call::of(kith.registry(), object, Operation::Delete);
        delete.ask(&stage.owner, Door::Rest, &Asked::about(&id)).await.done();
    }
}

/// Whether other records may keep the object's, or what goes along with them, from being deleted.
fn is_stood_on(registry: &Registry, object: &Object) -> bool {
    let goes_along = |referrer: &Referrer| is_stood_on(registry, registry.object(referrer.object).unwrap());
    object.referrers(OnDelete::Restrict).next().is_some()
        || object.referrers(OnDelete::Cascade).any(goes_along)
}

/// Stores a file and imports it, an error included: contents and jobs come about in ways of their own.
pub async fn import(caller: &Caller, name: &str) -> Json {
    let content = "Name,Country\nImported,DE\n,DE\n";
    let upload = caller.request(Method::POST, &format!("/v1/files?name={}", encode(name)));
    let file = caller.send(upload.header("content-type", "text/csv").body(content)).await.ok();
    let mapping = json!({ "match": "name", "fields": { "name": { "column": "Name" }, "country": { "column": "Country" } } });
    let body = json!({ "object": "company", "fileId": file["id"], "format": "CSV", "mapping": mapping });
    let started = caller.post("/v1/jobs/import", &body).await.ok();
    let job = format!("/v1/jobs/{}", started["job"]["id"].as_str().unwrap());
    eventually("the job's end", async || {
        let job = caller.get(&job).await.ok();
        job["finishedAt"].is_string().then_some(job)
    })
    .await
}

/// Runs a command on its object's two newest records. Whether it agrees to is not the matter here.
async fn run_command(call: &Call<'_>, maker: &mut Maker<'_>) {
    let Operation::Command(command) = call.operation else { return };
    if !command.on_record {
        return;
    }
    let input = input(call, maker).await;
    let list = format!("/v1/{}?limit=2", call.object.path);
    for record in maker.caller.get(&list).await.ok()["items"].as_array().unwrap() {
        let asked = Asked {
            id: text(&record["id"]),
            version: record["version"].as_i64(),
            input: input.clone(),
            ..Asked::default()
        };
        if let Outcome::Refused(status, faults) = call.ask(&maker.caller, Door::Rest, &asked).await {
            assert!(status < 500, "{}: {status} {faults:?}", call.name());
        }
    }
}

/// What a command needs, made up from the schema of its input.
pub async fn input(call: &Call<'_>, maker: &mut Maker<'_>) -> Map<String, Json> {
    let Operation::Command(command) = call.operation else { return Map::new() };
    let mut input = Map::new();
    for (name, schema, required) in input_members(command) {
        if required {
            let value = match name.strip_suffix("Id") {
                Some(object) => maker.reference(object, 1).await.map(Json::from),
                None => Some(plain(&schema)),
            };
            input.extend(value.map(|value| (name, value)));
        }
    }
    input
}

fn plain(schema: &Json) -> Json {
    match schema["type"].as_str() {
        _ if schema["enum"].is_array() => schema["enum"][0].clone(),
        Some("string") => "x".into(),
        Some("integer") => 1.into(),
        Some("boolean") => true.into(),
        Some("array") => json!([]),
        _ => json!({}),
    }
}

impl<'r> World<'r> {
    /// What somebody sees, by lists of the REST door.
    pub async fn seen_by(registry: &'r Registry, caller: &Caller) -> Self {
        let mut rows = HashMap::new();
        for object in registry.objects() {
            let mut found = Vec::new();
            let mut cursor = String::new();
            let fields =
                all_fields(object).map_or_else(String::new, |names| format!("&fields={}", names.join(",")));
            loop {
                let reply = caller.get(&format!("/v1/{}?limit=200{fields}{cursor}", object.path)).await;
                if reply.status.as_u16() == 403 {
                    break;
                }
                let mut page = reply.ok();
                found.append(page["items"].as_array_mut().unwrap());
                match page["page"]["nextCursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            rows.insert(object.name, found);
        }
        Self { registry, rows }
    }

    /// The records of an object.
    pub fn rows(&self, object: &str) -> &[Json] {
        self.rows.get(object).map_or(&[], Vec::as_slice)
    }

    /// The same with other records, or without some.
    pub fn map(&self, mut see: impl FnMut(&Object, &Json) -> Option<Json>) -> Self {
        let of = |object: &Arc<Object>| {
            let rows = self.rows(object.name).iter();
            (object.name, rows.filter_map(|row| see(object, row)).collect())
        };
        Self { registry: self.registry, rows: self.registry.objects().iter().map(of).collect() }
    }

    /// The record of that id.
    pub fn row(&self, object: &str, id: &Json) -> Option<&Json> {
        self.rows(object).iter().find(|row| row["id"] == *id)
    }

    /// At most so many records of an object, from all over the list.
    pub fn sample(&self, object: &Object, most: usize) -> Vec<&Json> {
        let rows = self.rows(object.name);
        let step = rows.len().div_ceil(most).max(1);
        rows.iter().step_by(step).collect()
    }

    /// The records behind a link, found by what the objects declare.
    pub fn behind(&self, object: &Object, row: &Json, link: &str) -> (Arc<Object>, Vec<&Json>) {
        let object_of = |name: &str| Arc::clone(self.registry.object(name).unwrap());
        let of_ids = |target: &str, ids: Vec<&Json>| {
            let rows = self.rows(target).iter().filter(|row| ids.contains(&&row["id"]));
            (object_of(target), rows.collect())
        };
        for attribute in &object.attributes {
            let member = attribute.members.first().and_then(|member| member.target());
            if let (Kind::Reference(target), true) = (attribute.kind, attribute.name == format!("{link}Id")) {
                return of_ids(target, vec![&row[attribute.name]]);
            }
            let stem = attribute.name.strip_suffix("Ids");
            if let (Some(target), Some(stem), true) =
                (member, stem, attribute.list().is_some_and(|list| list.plain))
                && link == format!("{stem}s")
            {
                return of_ids(target, row[attribute.name].as_array().unwrap().iter().collect());
            }
        }
        for other in self.registry.objects() {
            for attribute in &other.attributes {
                let refers = |to: &Json| match attribute.kind {
                    Kind::Reference(target) => target == object.name && to[attribute.name] == row["id"],
                    _ => to[attribute.name].as_array().is_some_and(|ids| ids.contains(&row["id"])),
                };
                if attribute.inverse.is_some_and(|(name, _)| name == link) && leads_to(attribute, object) {
                    return (
                        Arc::clone(other),
                        self.rows(other.name).iter().filter(|row| refers(row)).collect(),
                    );
                }
            }
            for bridge in other.bridges.iter().filter(|bridge| bridge.link == link) {
                let target = |name| other.attribute(name).and_then(|attribute| attribute.target()).unwrap();
                if target(bridge.near) == object.name {
                    let over = self.rows(other.name).iter().filter(|over| over[bridge.near] == row["id"]);
                    return of_ids(target(bridge.far), over.map(|over| &over[bridge.far]).collect());
                }
            }
        }
        panic!("nothing declares {}.{link}", object.name)
    }
}

fn leads_to(attribute: &Attribute, object: &Object) -> bool {
    match attribute.kind {
        Kind::Reference(target) => target == object.name,
        _ => object.is_subject,
    }
}

/// What of the objects the records do not show, so that its tests would mean nothing.
pub fn uncovered(world: &World<'_>) -> Vec<String> {
    let mut uncovered = Vec::new();
    let (mut nullable, mut null) = (0, 0);
    for object in world.registry.objects().iter().filter(|object| object.allows(Action::Create)) {
        for attribute in object.attributes.iter().filter(|attribute| attribute.writing != Writing::Computed) {
            let values = world.rows(object.name).iter().map(|row| &row[attribute.name]);
            let mut different: Vec<_> =
                values.clone().filter(|value| !value.is_null()).map(Json::to_string).collect();
            different.sort_unstable();
            different.dedup();
            if different.len() < 2 {
                uncovered
                    .push(format!("{}.{} has only the values {different:?}", object.name, attribute.name));
            }
            let is_null = |value: &Json| value.is_null() || *value == json!([]);
            if !attribute.required {
                nullable += 1;
                null += usize::from(values.clone().any(is_null));
            }
        }
    }
    // Some rules fill in what was left out.
    if null * 10 < nullable * 9 {
        uncovered.push(format!("only {null} of {nullable} optional fields are null anywhere"));
    }
    uncovered
}
