//! Another workspace's records are not there: not to be read, changed, referred to or asked about.

use kernel::{
    field::{Kind, Writing},
    object::{Action, Attribute, Object},
};
use serde_json::{Map, json};

use super::changes;
use crate::{
    conformance::{
        doors::{Asked, Call, Door, Operation, Outcome, input_members},
        maker::Maker,
        predicates::ask_graphql,
        world::{self, World},
    },
    support::{Caller, Stage, on_both, text},
};

/// Two workspaces with records of every object: what the other has, and the maker of the own.
struct Neighbours<'s> {
    stage: &'s Stage,
    stranger: Caller,
    foreign: World<'s>,
    own: World<'s>,
    maker: Maker<'s>,
}

impl<'s> Neighbours<'s> {
    async fn of(stage: &'s Stage) -> Self {
        let registry = stage.server.kith.registry().as_ref();
        let stranger = stage.stranger().await;
        let (mut maker, mut other) = (Maker::new(registry, &stage.owner), Maker::new(registry, &stranger));
        for object in registry.objects().iter().filter(|object| object.allows(Action::Create)) {
            for variant in 0..3 {
                maker.make_variant(object, variant, Map::new()).await;
            }
            other.make(object).await;
        }
        for caller in [&stage.owner, &stranger] {
            world::import(caller, "a.csv").await;
        }
        let own = World::seen_by(registry, &stage.owner).await;
        let foreign = World::seen_by(registry, &stranger).await;
        Self { stage, stranger, foreign, own, maker }
    }

    /// The id of one of the other workspace's records.
    fn foreign(&self, object: &str) -> String {
        text(&self.foreign.rows(object)[0]["id"])
    }
}

on_both! {
    async fn the_records_of_another_workspace_are_not_there(stage) {
        let mut there = Neighbours::of(stage).await;
        let (owner, registry) = (&stage.owner, stage.server.kith.registry());
        let mut calls = Vec::new();
        for call in Call::all(&stage.server.kith) {
            let input = world::input(&call, &mut there.maker).await;
            calls.push((call, input));
        }
        let before = (changes(owner).await, changes(&there.stranger).await);
        for (call, input) in calls.iter().filter(|(call, _)| call.is_on_record()) {
            let id = there.foreign(call.object.name);
            for door in Door::BOTH {
                let asked = Asked { input: input.clone(), version: Some(1), ..Asked::about(&id) };
                let outcome = call.ask(owner, door, &asked).await;
                assert_eq!(outcome.code(), "not_found", "{door:?}, {}: {outcome:?}", call.name());
                assert!(door == Door::Graphql || matches!(outcome, Outcome::Refused(404, _)), "{outcome:?}");
            }
            let node = owner.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
            assert!(node["node"].is_null(), "{node}");
        }
        let content = owner.get(&format!("/v1/files/{}/content", there.foreign("file"))).await;
        assert_eq!(content.status.as_u16(), 404);
        assert_eq!((changes(owner).await, changes(&there.stranger).await), before, "something was written");
        for object in registry.objects() {
            assert!(!there.own.rows(object.name).is_empty(), "{}: nothing of its own", object.name);
            for row in there.own.rows(object.name) {
                assert!(there.foreign.row(object.name, &row["id"]).is_none(), "{row}");
            }
        }
    }
}

on_both! {
    async fn predicates_find_nothing_of_another_workspace(stage) {
        let there = Neighbours::of(stage).await;
        let registry = stage.server.kith.registry();
        for object in registry.objects().iter().filter(|object| object.allows(Action::Read)) {
            let mut predicates = vec![json!({ "id": { "in": [there.foreign(object.name)] } })];
            for attribute in object.attributes.iter().filter(|attribute| attribute.filter) {
                for id in referred(attribute, &there) {
                    let how = if attribute.list().is_some() { "containsAny" } else { "in" };
                    predicates.push(json!({ attribute.name: { how: [id] } }));
                }
            }
            for link in &object.links {
                let same = json!({ "id": { "eq": there.foreign(&link.target) } });
                let test = if link.is_one() { same } else { json!({ "some": same }) };
                predicates.push(json!({ link.name.as_str(): test }));
            }
            for predicates in predicates.chunks(40) {
                let answers = ask_graphql(&stage.owner, object, predicates, 20).await;
                assert!(
                    answers.iter().all(Vec::is_empty),
                    "GraphQL, {}: {answers:?} for {predicates:?}",
                    object.name
                );
            }
            for predicate in &predicates {
                let found = stage
                    .owner
                    .post(&format!("/v1/{}/search", object.path), &json!({ "where": predicate }))
                    .await
                    .ok();
                assert_eq!(found["items"], json!([]), "REST, {} {predicate}", object.name);
            }
        }
    }
}

on_both! {
    async fn nothing_refers_to_another_workspace(stage) {
        let mut there = Neighbours::of(stage).await;
        let registry = stage.server.kith.registry();
        for object in registry.objects().iter().filter(|object| object.allows(Action::Create)) {
            let (create, update) = (Operation::Create, Operation::Update);
            let (create, update) = (Call::of(registry, object, create), Call::of(registry, object, update));
            let input = there.maker.input(object, 0).await;
            let before = changes(&stage.owner).await;
            for attribute in
                object.attributes.iter().filter(|attribute| attribute.writing != Writing::Computed)
            {
                for id in referred(attribute, &there) {
                    let value = if attribute.list().is_some() { json!([id]) } else { json!(id) };
                    let mut wrong = input.clone();
                    wrong.insert(attribute.name.to_owned(), value.clone());
                    for door in Door::BOTH {
                        let outcome = create.ask(&stage.owner, door, &Asked::with(wrong.clone())).await;
                        refused(object, attribute, &outcome);
                        if attribute.writing == Writing::Free {
                            let input = Map::from_iter([(attribute.name.to_owned(), value.clone())]);
                            let record = text(&there.own.rows(object.name)[0]["id"]);
                            let outcome = update
                                .ask(&stage.owner, door, &Asked { input, ..Asked::about(&record) })
                                .await;
                            refused(object, attribute, &outcome);
                        }
                    }
                }
            }
            assert_eq!(changes(&stage.owner).await, before, "something was written");
        }
    }
}

on_both! {
    async fn commands_are_given_nothing_of_another_workspace(stage) {
        let mut there = Neighbours::of(stage).await;
        let registry = stage.server.kith.registry();
        for call in Call::all(&stage.server.kith) {
            let Operation::Command(command) = call.operation else { continue };
            let input = world::input(&call, &mut there.maker).await;
            let before = changes(&stage.owner).await;
            for (name, ..) in input_members(command) {
                let Some(target) = name.strip_suffix("Id").and_then(|stem| registry.object(stem)) else {
                    continue;
                };
                let mut wrong = input.clone();
                wrong.insert(name.clone(), there.foreign(target.name).into());
                let rows = there.own.rows(call.object.name).iter();
                let records: Vec<_> = rows.filter(|_| command.on_record).cloned().collect();
                let records = if command.on_record { records } else { vec![json!({ "id": "" })] };
                for door in Door::BOTH {
                    let mut codes = Vec::new();
                    for record in &records {
                        let version = record["version"].as_i64();
                        let asked = Asked {
                            input: wrong.clone(),
                            version,
                            ..Asked::about(record["id"].as_str().unwrap())
                        };
                        codes.push(call.ask(&stage.owner, door, &asked).await.code().to_owned());
                    }
                    // Some records are not in a state in which the command looks at what it was given.
                    let expected =
                        |code: &String| matches!(code.as_str(), "reference_not_found" | "illegal_state");
                    assert!(codes.iter().all(expected), "{door:?}, {} with {name}: {codes:?}", call.name());
                    assert!(
                        codes.iter().any(|code| code == "reference_not_found"),
                        "{door:?}, {}: {codes:?}",
                        call.name()
                    );
                }
            }
            assert_eq!(changes(&stage.owner).await, before, "{} has written something", call.name());
        }
    }
}

/// Ids of the other workspace's records that the field could hold.
fn referred(attribute: &Attribute, there: &Neighbours<'_>) -> Vec<String> {
    let registry = there.stage.server.kith.registry();
    match attribute.members.first().unwrap_or(attribute).kind {
        Kind::Reference(target) => vec![there.foreign(target)],
        Kind::AnyReference => registry.objects().iter().map(|object| there.foreign(object.name)).collect(),
        _ => Vec::new(),
    }
}

fn refused(object: &Object, attribute: &Attribute, outcome: &Outcome) {
    let Outcome::Refused(_, faults) = outcome else {
        panic!("{}.{}: {outcome:?}", object.name, attribute.name);
    };
    let at = |pointer: &str| pointer.split('/').nth(1) == Some(attribute.name);
    let found = faults.iter().any(|fault| fault.code == "reference_not_found" && at(&fault.pointer));
    assert!(found, "{}.{}: {outcome:?}", object.name, attribute.name);
}
