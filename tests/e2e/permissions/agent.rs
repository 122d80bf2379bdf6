//! An agent reaches its own records and what belongs to everybody: whichever way it asks, reads or writes.

use std::sync::Arc;

use kernel::{
    field::{ChangePart, Kind, Writing},
    object::{Action, Object, Ownership},
};
use serde_json::{Map, Value as Json, json};

use super::{Rows, changes, hidden, may, may_call};
use crate::{
    conformance::{
        doors::{Asked, Call, Door, Operation, Outcome},
        maker::Maker,
        oracle,
        predicates::ask_graphql,
        world::{self, World},
    },
    support::{Caller, Stage, on_both, text},
};

/// An agent in a workspace with records of others, and what it is expected to see of them.
pub struct Desk<'s> {
    /// The server.
    pub stage: &'s Stage,
    /// The agent.
    pub agent: Caller,
    /// What there is.
    pub everything: World<'s>,
    /// What of it the agent sees.
    pub own: World<'s>,
}

impl<'s> Desk<'s> {
    /// Makes the records.
    pub async fn of(stage: &'s Stage) -> Self {
        let registry = stage.server.kith.registry().as_ref();
        let agent = stage.user("AGENT").await;
        let mut maker = Maker::new(registry, &stage.owner);
        for object in registry.objects().iter().filter(|object| object.allows(Action::Create)) {
            for variant in 0..2 {
                maker.make_variant(object, variant, Map::new()).await;
                maker.make_owned(object, &agent.user).await;
            }
            if let Ownership::Field(owner) = object.ownership {
                let given = Map::from_iter([(owner.to_owned(), stage.owner.user.as_str().into())]);
                maker.make_variant(object, 0, given).await;
            }
        }
        for caller in [&stage.owner, &agent] {
            world::import(caller, "a.csv").await;
        }
        let everything = World::seen_by(registry, &stage.owner).await;
        let own = everything.map(|object, row| {
            let is_seen = match may("AGENT", object, Action::Read) {
                Rows::All => true,
                Rows::None => false,
                Rows::Own => owners(&everything, object, row).any(|owner| owner == agent.user.as_str()),
            };
            let readable =
                |(name, _): &(&String, &Json)| !object.attribute(name).is_some_and(|field| field.sensitive);
            let members = row.as_object().unwrap().iter().filter(readable);
            let shown = |(name, value): (&String, &Json)| {
                (name.clone(), readable_of(&everything, object, row, name, value))
            };
            is_seen.then(|| members.map(shown).collect())
        });
        Self { stage, agent, everything, own }
    }

    /// Every object of which the agent sees something.
    pub fn readable(&self) -> impl Iterator<Item = &'s Arc<Object>> {
        let objects = self.stage.server.kith.registry().objects().iter();
        objects.filter(|object| may("AGENT", object, Action::Read) != Rows::None)
    }

    /// The ids of an object's records that the agent does not see.
    pub fn others(&self, object: &Object) -> impl Iterator<Item = String> {
        let rows = self.everything.rows(object.name).iter();
        rows.filter(|row| self.own.row(object.name, &row["id"]).is_none()).map(|row| text(&row["id"]))
    }

    /// Asks as the agent, for nothing that it may not read.
    pub async fn ask(&self, call: &Call<'_>, door: Door, asked: &Asked) -> Outcome {
        let registry = self.stage.server.kith.registry();
        let may_read = |name: &str| !hidden(registry).any(|(_, field)| field.name == name);
        call.ask_for(&self.agent, door, asked, may_read).await
    }
}

/// What an agent may read of a field's value: of the record that an event has, what it may read of the record.
fn readable_of(world: &World<'_>, object: &Object, row: &Json, name: &str, value: &Json) -> Json {
    let mut value = value.clone();
    let is_image = object.attribute(name).is_some_and(|field| field.rendered == Some(ChangePart::Data));
    if is_image && let Some(fields) = value.as_object_mut() {
        let of = world.registry.object(row["object"].as_str().unwrap()).unwrap();
        fields.retain(|name, _| !of.attribute(name).is_some_and(|field| field.sensitive));
    }
    value
}

/// Who may see a record as their own.
fn owners(world: &World<'_>, object: &Object, row: &Json) -> impl Iterator<Item = Json> {
    let before = object.owned_before.map(|name| row[name].clone());
    owner(world, object, row).into_iter().chain(before)
}

/// Whose a record is, along the chain of records it belongs to.
fn owner(world: &World<'_>, object: &Object, row: &Json) -> Option<Json> {
    match object.ownership {
        Ownership::Shared => None,
        Ownership::Field(name) => Some(row[name].clone()),
        Ownership::Through(name) => {
            let parent = object.attribute(name)?.target()?;
            let object = world.registry.object(parent)?;
            owner(world, object, world.row(parent, &row[name])?)
        }
    }
}

on_both! {
    async fn agents_see_their_own_records(stage) {
        let desk = Desk::of(stage).await;
        let registry = stage.server.kith.registry();
        let seen = World::seen_by(registry, &desk.agent).await;
        for object in desk.readable() {
            let name = object.name;
            assert_eq!(seen.rows(name), desk.own.rows(name), "{name}");
            assert!(
                object.ownership == Ownership::Shared || !seen.rows(name).is_empty(),
                "{name}: nothing to see"
            );
            assert!(
                object.ownership == Ownership::Shared || desk.others(object).next().is_some(),
                "{name}: nothing hidden"
            );
            let list = Call::of(registry, object, Operation::List);
            let shown = desk.ask(&list, Door::Graphql, &Asked::default()).await.done();
            let shown = shown.as_array().unwrap();
            assert_eq!(shown.as_slice(), &seen.rows(name)[..shown.len()], "{name}");
            let counted = desk.agent.get(&format!("/v1/{}?limit=1&count=true", object.path)).await.ok();
            assert_eq!(counted["page"]["totalCount"], seen.rows(name).len(), "{name}");
            let query = format!("{{ {}(first: 1) {{ totalCount }} }}", object.plural);
            let counted = desk.agent.graphql(&query, json!({})).await;
            assert_eq!(counted[object.plural]["totalCount"], seen.rows(name).len(), "{name}");
        }
    }
}

on_both! {
    async fn links_and_predicates_lead_agents_to_their_own_records(stage) {
        let desk = Desk::of(stage).await;
        let registry = stage.server.kith.registry();
        for object in desk.readable() {
            let links = object.links.iter();
            let links =
                links.filter(|link| may("AGENT", registry.target(link).unwrap(), Action::Read) != Rows::None);
            let mut predicates = Vec::new();
            for link in links {
                follow(&desk, object, &link.name, link.is_one()).await;
                let tests = match link.is_one() {
                    true => vec![json!({})],
                    false => vec![
                        json!({ "some": {} }),
                        json!({ "none": {} }),
                        json!({ "count": { "gte": 2 } }),
                        json!({ "count": { "eq": 1 } }),
                    ],
                };
                predicates.extend(tests.into_iter().map(|test| json!({ link.name.as_str(): test })));
            }
            // The newest, as many as are asked about.
            let rows: Vec<_> = desk.own.rows(object.name).iter().take(100).collect();
            let among: Vec<_> = rows.iter().map(|row| &row["id"]).collect();
            let asked: Vec<_> =
                predicates.iter().map(|test| json!({ "and": [{ "id": { "in": among } }, test] })).collect();
            for (predicates, asked) in predicates.chunks(10).zip(asked.chunks(10)) {
                let answers = ask_graphql(&desk.agent, object, asked, 100).await;
                for ((predicate, asked), answer) in predicates.iter().zip(asked).zip(answers) {
                    let holds = rows.iter().filter(|row| oracle::holds(&desk.own, object, row, predicate));
                    let expected = sorted(holds.map(|row| text(&row["id"])));
                    assert_eq!(
                        sorted(answer.iter().map(text)),
                        expected,
                        "GraphQL, {} {predicate}",
                        object.name
                    );
                    let body = json!({ "where": asked, "limit": 200, "fields": ["id"] });
                    let reply = desk.agent.post(&format!("/v1/{}/search", object.path), &body).await.ok();
                    let answer = reply["items"].as_array().unwrap().iter().map(|item| text(&item["id"]));
                    assert_eq!(sorted(answer), expected, "REST, {} {predicate}", object.name);
                }
            }
        }
    }
}

/// What is shown behind a link, at both doors.
async fn follow(desk: &Desk<'_>, object: &Object, link: &str, is_one: bool) {
    let selection = if is_one { "{ id }" } else { "(first: 40) { totalCount nodes { id } }" };
    let query = format!("{{ {}(first: 20) {{ nodes {{ id {link} {selection} }} }} }}", object.plural);
    let mut data = desk.agent.graphql(&query, json!({})).await;
    let by_graphql = data[object.plural]["nodes"].take();
    let path = format!("/v1/{}?limit=20&fields=id,{link}.id", object.path);
    let by_rest = desk.agent.get(&path).await.ok()["items"].take();
    let shown = by_graphql.as_array().unwrap().iter().zip(by_rest.as_array().unwrap());
    for (row, (by_graphql, by_rest)) in desk.own.rows(object.name).iter().zip(shown) {
        let place = format!("{}.{link} of {}", object.name, row["id"]);
        assert_eq!((&by_graphql["id"], &by_rest["id"]), (&row["id"], &row["id"]), "{place}");
        let expected = sorted(desk.own.behind(object, row, link).1.iter().map(|row| text(&row["id"])));
        let ids = |json: &Json| match json {
            Json::Array(rows) => sorted(rows.iter().map(|row| text(&row["id"]))),
            Json::Null => Vec::new(),
            row => vec![text(&row["id"])],
        };
        match is_one {
            true => assert_eq!(
                (ids(&by_graphql[link]), ids(&by_rest[link])),
                (expected.clone(), expected),
                "{place}"
            ),
            false => {
                assert_eq!(by_graphql[link]["totalCount"], expected.len(), "{place}");
                assert!(expected.len() > 40 || ids(&by_graphql[link]["nodes"]) == expected, "{place}");
                assert!(expected.len() > 20 || ids(&by_rest[link]) == expected, "{place}");
            }
        }
    }
}

on_both! {
    async fn agents_do_not_reach_the_records_of_others(stage) {
        let desk = Desk::of(stage).await;
        let mut maker = Maker::new(stage.server.kith.registry(), &stage.owner);
        let mut calls = Vec::new();
        for call in Call::all(&stage.server.kith) {
            if call.is_on_record() && may_call("AGENT", &call) == Rows::Own {
                let input = world::input(&call, &mut maker).await;
                calls.push((call, input));
            }
        }
        let before = changes(&stage.owner).await;
        for (call, input) in calls {
            let id = desk.others(&call.object).next().unwrap();
            for door in Door::BOTH {
                let asked = Asked { input: input.clone(), version: Some(1), ..Asked::about(&id) };
                let outcome = desk.ask(&call, door, &asked).await;
                assert_eq!(outcome.code(), "not_found", "{door:?}, {}: {outcome:?}", call.name());
                assert!(door == Door::Graphql || matches!(outcome, Outcome::Refused(404, _)), "{outcome:?}");
            }
            let node =
                desk.agent.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
            assert!(node["node"].is_null(), "{node}");
        }
        assert_eq!(changes(&stage.owner).await, before, "something was written");
    }
}

on_both! {
    async fn agents_make_and_keep_their_own_records(stage) {
        let desk = Desk::of(stage).await;
        let other = stage.owner.user.as_str();
        for object in desk
            .readable()
            .filter(|object| object.ownership != Ownership::Shared && object.allows(Action::Create))
        {
            let (create, update) = (Operation::Create, Operation::Update);
            let registry = stage.server.kith.registry();
            let (create, update) = (Call::of(registry, object, create), Call::of(registry, object, update));
            let (input, name) = (input(&desk, object), object.name);
            let mut made_so_far = 0;
            // Every record gets unique values of its own.
            let mut fresh = || {
                made_so_far += 1;
                let mut input = input.clone();
                for field in object.attributes.iter().filter(|field| field.unique && field.required) {
                    input.insert(field.name.to_owned(), format!("own {made_so_far}").into());
                }
                input
            };
            for door in Door::BOTH {
                let mut with = |field: &str, value: &str| {
                    let mut input = fresh();
                    input.insert(field.to_owned(), value.into());
                    Asked::with(input)
                };
                let (field, mine, theirs, refusal) = match object.ownership {
                    Ownership::Field(field) => {
                        (field, desk.agent.user.clone(), other.to_owned(), "forbidden")
                    }
                    Ownership::Through(field) => {
                        let parent =
                            registry.object(object.attribute(field).unwrap().target().unwrap()).unwrap();
                        let mine = text(&desk.own.rows(parent.name)[0]["id"]);
                        (field, mine, desk.others(parent).next().unwrap(), "reference_not_found")
                    }
                    Ownership::Shared => continue,
                };
                let made = desk.ask(&create, door, &with(field, &mine)).await.done();
                let outcome = desk.ask(&create, door, &with(field, &theirs)).await;
                assert_eq!(outcome.code(), refusal, "{door:?}, {name}: {outcome:?}");
                if let (Ownership::Field(field), Writing::Free) =
                    (object.ownership, object.attribute(field).unwrap().writing)
                {
                    let own = desk.ask(&create, door, &Asked::with(fresh())).await.done();
                    assert_eq!(own[field], desk.agent.user.as_str(), "{name}");
                    let given = Map::from_iter([(field.to_owned(), other.into())]);
                    let asked = Asked { input: given, ..Asked::about(made["id"].as_str().unwrap()) };
                    let outcome = desk.ask(&update, door, &asked).await;
                    assert_eq!(outcome.code(), "forbidden", "{door:?}, {name}: {outcome:?}");
                }
                // In the end it is gone, and makes room for the next.
                for operation in [Operation::Update, Operation::Delete, Operation::Restore, Operation::Delete] {
                    let about = Asked::about(made["id"].as_str().unwrap());
                    desk.ask(&Call::of(registry, object, operation), door, &about).await.done();
                }
            }
        }
    }
}

/// What an agent can create a record with: as one of its own has it, without what refers to others' records.
fn input(desk: &Desk<'_>, object: &Object) -> Map<String, Json> {
    let registry = desk.stage.server.kith.registry();
    let row = &desk.own.rows(object.name)[0];
    let mine = |target: &str| desk.own.rows(target)[0]["id"].clone();
    let mut input = Map::new();
    for attribute in &object.attributes {
        let value = row.get(attribute.name).unwrap_or(&Json::Null);
        let is_own =
            object.ownership == Ownership::Field(attribute.name) || attribute.unique || attribute.sensitive;
        if is_own
            || attribute.writing == Writing::Computed
            || matches!(attribute.kind, Kind::Id)
            || value.is_null()
        {
            continue;
        }
        let value = match (attribute.kind, attribute.members.first().map(|member| member.kind)) {
            (Kind::Reference(target), _)
                if registry.object(target).unwrap().ownership != Ownership::Shared =>
            {
                attribute.required.then(|| mine(target))
            }
            (Kind::List(_), Some(Kind::AnyReference)) => {
                let subject = registry.objects().iter().find(|object| object.is_subject).unwrap();
                Some(json!([mine(subject.name)]))
            }
            (Kind::List(list), _) if list.unique => None,
            _ => Some(value.clone()),
        };
        input.extend(value.map(|value| (attribute.name.to_owned(), value)));
    }
    input
}

fn sorted(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}
