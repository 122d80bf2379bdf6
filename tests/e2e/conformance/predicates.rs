//! Predicates: every question has the oracle's answer, whichever door and spelling it is asked by.

use futures::{StreamExt, stream};
use kernel::object::{Action, Object};
use serde_json::{Map, Value as Json, json};

use super::{
    doors::encode,
    oracle,
    questions::{self, Question},
    world::{self, World},
};
use crate::support::{Caller, Stage, on_both};

/// So many records of an object are asked about at most.
const ROWS: usize = 20;
/// So many questions are put in one GraphQL document.
const BATCH: usize = 49;

on_both! {
    async fn predicates_mean_the_same_everywhere(stage) {
        world::populate(stage).await;
        let registry = stage.server.kith.registry();
        let world = World::seen_by(registry, &stage.owner).await;
        assert_eq!(world::uncovered(&world), Vec::<String>::new());
        for object in registry.objects().iter().filter(|object| object.allows(Action::Read)) {
            check(stage, &world, object).await;
        }
    }
}

/// The rows that are asked about, and their ids where they are not all.
fn rows<'w>(world: &'w World<'_>, object: &Object) -> (Vec<&'w Json>, Option<Vec<&'w Json>>) {
    let rows = world.sample(object, ROWS);
    let some = world.rows(object.name).len() > ROWS;
    let ids = some.then(|| rows.iter().map(|row| &row["id"]).collect());
    (rows, ids)
}

async fn check(stage: &Stage, world: &World<'_>, object: &Object) {
    let (rows, among) = rows(world, object);
    let mut questions = questions::all(world, object);
    let negated =
        |question: &Question| Question { predicate: json!({ "not": question.predicate }), short: None };
    let negated: Vec<_> = questions.iter().map(negated).collect();
    let positive = questions.len();
    questions.extend(negated);
    let within = |predicate: &Json| match &among {
        Some(ids) => json!({ "and": [{ "id": { "in": ids } }, predicate] }),
        None => predicate.clone(),
    };
    let expected = |question: &Question| {
        let holds = rows.iter().filter(|row| oracle::holds(world, object, row, &question.predicate));
        sorted(holds.map(|row| row["id"].clone()))
    };

    for batch in questions.chunks(BATCH) {
        let predicates: Vec<_> = batch.iter().map(|question| within(&question.predicate)).collect();
        let answers = ask_graphql(&stage.owner, object, &predicates, ROWS).await;
        for (question, answer) in batch.iter().zip(answers) {
            assert_eq!(answer, expected(question), "GraphQL, {} {}", object.plural, question.predicate);
        }
    }

    let among = among.as_ref();
    let ask = |(place, question): (usize, &Question)| {
        let (predicate, short) = (within(&question.predicate), question.short.clone());
        async move {
            let answer = match short.filter(|_| among.is_none()) {
                Some(short) => ask_short(&stage.owner, object, &short).await,
                None => ask_rest(&stage.owner, object, &predicate, place).await,
            };
            (place, answer)
        }
    };
    // REST takes one question at a time; that `not` is nothing but `not` shows in some of them.
    let asked =
        questions.iter().enumerate().filter(|(place, _)| *place < positive || place.is_multiple_of(4));
    let answers: Vec<_> = stream::iter(asked.map(ask)).buffer_unordered(4).collect().await;
    for (place, answer) in answers {
        let question = &questions[place];
        assert_eq!(answer, expected(question), "REST, {} {question:?}", object.path);
    }
}

/// The ids that each predicate finds, in order of their text.
pub async fn ask_graphql(
    caller: &Caller,
    object: &Object,
    predicates: &[Json],
    most: usize,
) -> Vec<Vec<Json>> {
    let (mut takes, mut fields, mut variables) = (Vec::new(), Vec::new(), Map::new());
    for (number, predicate) in predicates.iter().enumerate() {
        takes.push(format!("$w{number}: {}Filter", object.type_name));
        fields.push(format!(
            "a{number}: {}(first: {most}, where: $w{number}) {{ nodes {{ id }} }}",
            object.plural
        ));
        variables.insert(format!("w{number}"), predicate.clone());
    }
    let query = format!("query({}) {{ {} }}", takes.join(", "), fields.join(" "));
    let data = caller.graphql(&query, variables.into()).await;
    let answer = |number: usize| ids(&data[format!("a{number}")]["nodes"]);
    (0..predicates.len()).map(answer).collect()
}

/// Asks by one of the three ways in which REST takes a predicate as JSON.
async fn ask_rest(caller: &Caller, object: &Object, predicate: &Json, way: usize) -> Vec<Json> {
    let path = format!("/v1/{}", object.path);
    let body = json!({ "where": predicate, "limit": 200, "fields": ["id"] });
    let reply = match way % 3 {
        0 => {
            caller.get(&format!("{path}?limit=200&fields=id&where={}", encode(&predicate.to_string()))).await
        }
        1 => caller.post(&format!("{path}/search"), &body).await,
        _ => {
            let query = reqwest::Method::from_bytes(b"QUERY").unwrap();
            caller.send(caller.request(query, &path).json(&body)).await
        }
    };
    ids(&reply.ok()["items"])
}

async fn ask_short(caller: &Caller, object: &Object, short: &str) -> Vec<Json> {
    let reply = caller.get(&format!("/v1/{}?limit=200&fields=id&filter[{short}", object.path)).await;
    ids(&reply.ok()["items"])
}

fn ids(nodes: &Json) -> Vec<Json> {
    sorted(nodes.as_array().unwrap().iter().map(|node| node["id"].clone()))
}

fn sorted(ids: impl Iterator<Item = Json>) -> Vec<Json> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_by_key(Json::to_string);
    ids
}
