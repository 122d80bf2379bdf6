//! Standard operations: each does what it says, by either door, and shows the same at both.

use std::{mem::discriminant, sync::Arc};

use kernel::{
    Registry,
    field::{Kind, Writing},
    object::{Action, Attribute, Object},
};
use serde_json::{Map, Value as Json, json};

use super::{
    doors::{Asked, Call, Door, Operation, Outcome},
    maker::Maker,
    world,
};
use crate::support::{Caller, on_both, text};

on_both! {
    async fn records_live_alike_at_both_doors(stage) {
        let registry = stage.server.kith.registry();
        let mut maker = Maker::new(registry, &stage.owner);
        for object in registry.objects().iter().filter(|object| object.allows(Action::Create)) {
            for (variant, door) in Door::BOTH.into_iter().enumerate() {
                let life = Life { caller: &stage.owner, registry, object, door };
                let record = life.create(maker.input(object, variant * 2).await).await;
                let other = Map::from_iter(maker.input(object, variant * 2 + 1).await);
                if object.allows(Action::Update) {
                    let record = life.update(record, other).await;
                    life.clear(record).await;
                }
                if object.allows(Action::Delete) {
                    life.delete_and_restore(&maker.make_deletable(object, 0).await).await;
                }
            }
        }
        for object in registry.objects().iter().filter(|object| object.allows(Action::Read)) {
            lists_are_equal(&stage.owner, registry, object).await;
        }
        // What is not created by the standard operation can still be changed or deleted by it.
        world::import(&stage.owner, "rows.csv").await;
        for object in registry.objects().iter().filter(|object| !object.allows(Action::Create)) {
            let life = Life { caller: &stage.owner, registry, object, door: Door::Graphql };
            let list = life.ask(Operation::List, Door::Rest, Asked::default()).await.done();
            let record = list[0].clone();
            if object.allows(Action::Update) {
                let texts = record
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|(name, value)| is_free(object, name) && value.is_string());
                let changes =
                    texts.map(|(name, value)| (name.clone(), format!("{}x", value.as_str().unwrap()).into()));
                life.update(record.clone(), changes.collect()).await;
            }
            if object.allows(Action::Delete) {
                life.delete_and_restore(&record).await;
            }
        }
    }
}

on_both! {
    async fn operations_that_an_object_does_not_have_are_refused(stage) {
        let registry = stage.server.kith.registry();
        for object in registry.objects() {
            let id = format!("{}_01h455vb4pex5vsknk084sn02q", object.prefix);
            for call in Call::standard(registry, object).iter().filter(|call| !object.allows(call.action)) {
                let asked = Asked::about(&id);
                let refused = call.ask(&stage.owner, Door::Graphql, &asked).await;
                assert_eq!(refused.code(), "invalid_query", "GraphQL, {}: {refused:?}", call.name());
                // A file comes about by sending its content, to the same path.
                if call.name() == "createFile" {
                    continue;
                }
                let Outcome::Refused(status, faults) = call.ask(&stage.owner, Door::Rest, &asked).await
                else {
                    panic!("{} was done", call.name());
                };
                assert!(matches!(status, 404 | 405), "REST, {}: {status}", call.name());
                assert!(
                    matches!(faults[0].code.as_str(), "unknown_operation" | "method_not_allowed"),
                    "{faults:?}"
                );
            }
        }
    }
}

/// The life of a record of one object, lived at one door and watched at both.
struct Life<'a> {
    caller: &'a Caller,
    registry: &'a Registry,
    object: &'a Arc<Object>,
    door: Door,
}

impl Life<'_> {
    async fn ask(&self, operation: Operation<'_>, door: Door, asked: Asked) -> Outcome {
        Call::of(self.registry, self.object, operation).ask(self.caller, door, &asked).await
    }

    async fn create(&self, input: Map<String, Json>) -> Json {
        let asked = Asked::with(input.clone());
        let record = self.ask(Operation::Create, self.door, asked).await.done();
        self.kept(&input, &record);
        assert_eq!(record["version"], 1);
        self.shown_as(&record).await;
        self.told_as(&record).await;
        record
    }

    /// Changes what the rules allow of all that may be changed.
    async fn update(&self, before: Json, mut changes: Map<String, Json>) -> Json {
        changes.retain(|name, value| is_free(self.object, name) && before[name.as_str()] != *value);
        let id = text(&before["id"]);
        let after = self.change(&id, &mut changes).await;
        if changes.is_empty() {
            return before;
        }
        self.kept(&changes, &after);
        assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
        for (name, value) in before.as_object().unwrap() {
            let attribute = self.object.attribute(name).unwrap();
            if attribute.writing != Writing::Computed && !changes.contains_key(name) {
                assert_eq!(after[name], *value, "{}.{name} changed by {changes:?}", self.object.name);
            }
        }
        self.shown_as(&after).await;
        self.told_as(&after).await;
        let again = self.change(&id, &mut changes.clone()).await;
        assert_eq!(again, after, "a change that changes nothing");
        after
    }

    /// Clears what may be cleared.
    async fn clear(&self, before: Json) {
        let is_set = |name: &str| !before[name].is_null() && before[name] != json!([]);
        let fields = self
            .object
            .attributes
            .iter()
            .filter(|field| is_free(self.object, field.name) && is_set(field.name));
        let mut changes: Map<_, _> = fields.map(|field| (field.name.to_owned(), Json::Null)).collect();
        let after = self.change(&text(&before["id"]), &mut changes).await;
        for name in changes.keys() {
            // Rules that look at other records may fill in what those have.
            let is_filled = !self.object.needs.is_empty() && after[name] != before[name];
            let is_list = self.object.attribute(name).unwrap().list().is_some();
            let empty = if is_list { json!([]) } else { Json::Null };
            assert!(is_filled || after[name] == empty, "{}.{name}: {}", self.object.name, after[name]);
        }
        self.shown_as(&after).await;
        self.told_as(&after).await;
    }

    /// Sends a change without what is refused of it, and says what was left to send.
    async fn change(&self, id: &str, changes: &mut Map<String, Json>) -> Json {
        loop {
            let asked = Asked { input: changes.clone(), ..Asked::about(id) };
            match self.ask(Operation::Update, self.door, asked).await {
                Outcome::Done(record) => return record,
                Outcome::Refused(_, faults) => {
                    for fault in &faults {
                        let field = fault.pointer.split('/').nth(1).unwrap_or_default();
                        if changes.remove(field).is_none() {
                            // It is another field that does not go with this one: one of its kind.
                            let kind = |name: &str| {
                                self.object.attribute(name).map(|field| discriminant(&field.kind))
                            };
                            changes.retain(|name, _| kind(name) != kind(field));
                        }
                    }
                }
            }
        }
    }

    async fn delete_and_restore(&self, record: &Json) {
        let about = || Asked::about(record["id"].as_str().unwrap());
        let deleted = self.ask(Operation::Delete, self.door, about()).await.done();
        assert!(deleted["deletedAt"].is_string(), "{deleted}");
        assert_eq!(deleted["version"].as_i64(), record["version"].as_i64().map(|version| version + 1));
        self.told_as(&deleted).await;
        for door in Door::BOTH {
            assert_eq!(self.ask(Operation::Get, door, about()).await.code(), "not_found");
            assert_eq!(self.ask(Operation::Delete, door, about()).await.code(), "not_found");
            if self.object.allows(Action::Update) {
                assert_eq!(self.ask(Operation::Update, door, about()).await.code(), "not_found");
            }
            for list in [Operation::List, Operation::Search] {
                for (which, shown) in
                    [("EXCLUDE", json!([])), ("ONLY", json!([deleted])), ("INCLUDE", json!([deleted]))]
                {
                    let predicate = json!({ "id": { "eq": record["id"] } });
                    let asked =
                        Asked { predicate: Some(predicate), deleted: Some(which), ..Asked::default() };
                    assert_eq!(
                        self.ask(list, door, asked).await.done(),
                        shown,
                        "{} {which}",
                        self.object.name
                    );
                }
            }
        }
        let restored = self.ask(Operation::Restore, self.door.other(), about()).await.done();
        assert_eq!(restored["version"].as_i64(), record["version"].as_i64().map(|version| version + 2));
        let mut expected = record.clone();
        for stamp in ["version", "updatedAt"] {
            expected[stamp] = restored[stamp].clone();
        }
        assert_eq!(restored, expected);
        self.shown_as(&restored).await;
        self.told_as(&restored).await;
        for door in Door::BOTH {
            assert_eq!(self.ask(Operation::Restore, door, about()).await.code(), "illegal_state");
        }
    }

    /// Both doors show the record so, and REST tells its version beside it.
    async fn shown_as(&self, record: &Json) {
        let id = text(&record["id"]);
        for door in Door::BOTH {
            let shown = self.ask(Operation::Get, door, Asked::about(&id)).await.done();
            assert_eq!(shown, *record, "{door:?}, {}", self.object.name);
        }
        let reply = self.caller.get(&format!("/v1/{}/{id}", self.object.path)).await;
        assert_eq!(reply.header("etag"), Some(format!("\"{}\"", record["version"]).as_str()));
    }

    /// The event of this version has the record as it is shown, but for long texts that did not change; and nothing
    /// but the request caused it.
    async fn told_as(&self, record: &Json) {
        let (id, version) = (text(&record["id"]), &record["version"]);
        let path = format!("/v1/events?filter[recordId]={id}&filter[version]={version}");
        let events = self.caller.get(&path).await.ok();
        let [event] = events["items"].as_array().unwrap().as_slice() else { panic!("{path}: {events}") };
        let changed = event["changedFields"].as_array().unwrap();
        let is_told = |name: &String| {
            let is_long = self.object.attribute(name).is_some_and(Attribute::is_long);
            !is_long || event["op"] == "CREATE" || changed.contains(&name.as_str().into())
        };
        let mut expected = record.as_object().unwrap().clone();
        expected.retain(|name, _| is_told(name));
        assert_eq!(event["data"], Json::Object(expected), "{}", self.object.name);
        assert_eq!((&event["causeSeq"], &event["depth"]), (&Json::Null, &json!(0)), "{}", self.object.name);
    }

    /// What was sent is what is there: nothing is cut or coerced. Items of lists also have what was not sent.
    fn kept(&self, sent: &Map<String, Json>, record: &Json) {
        for (name, sent) in sent {
            let (attribute, kept) = (self.object.attribute(name).unwrap(), &record[name]);
            let is_kept = match attribute.kind {
                Kind::List(list) if !list.plain => {
                    let (sent, kept) = (sent.as_array().unwrap(), kept.as_array().unwrap());
                    let same = |(sent, kept): (&Json, &Json)| {
                        sent.as_object().unwrap().iter().all(|(name, sent)| kept[name] == *sent)
                    };
                    sent.len() == kept.len() && sent.iter().zip(kept).all(same)
                }
                _ => sent == kept,
            };
            assert!(is_kept, "{}.{name}: sent {sent}, kept {kept}", self.object.name);
        }
    }
}

fn is_free(object: &Object, name: &str) -> bool {
    object.attribute(name).is_some_and(|attribute| attribute.writing == Writing::Free)
}

async fn lists_are_equal(caller: &Caller, registry: &Registry, object: &Arc<Object>) {
    let mut seen = Vec::new();
    for list in [Operation::List, Operation::Search] {
        let call = Call::of(registry, object, list);
        for door in Door::BOTH {
            seen.push(call.ask(caller, door, &Asked::default()).await.done());
        }
    }
    let [first, others @ ..] = seen.as_slice() else { return };
    assert!(others.iter().all(|other| other == first), "{}", object.plural);
}
