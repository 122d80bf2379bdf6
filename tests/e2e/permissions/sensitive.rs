//! What only some roles may read: agents neither see it nor learn of it by filters, orders, events or errors.

use kernel::{
    field::{Kind, Writing},
    object::{Action, Attribute, Object},
    text::upper_snake,
};
use serde_json::{Map, Value as Json, json};

use super::{agent::Desk, changes, hidden};
use crate::{
    conformance::{
        doors::{Asked, Call, Door, Operation, Outcome, encode},
        maker::Maker,
    },
    support::{Reply, on_both, text},
};

on_both! {
    async fn agents_cannot_ask_for_sensitive_fields(stage) {
        let desk = Desk::of(stage).await;
        for (object, field) in hidden(stage.server.kith.registry()) {
            by_rest(&desk, object, field).await;
            by_graphql(&desk, object, field).await;
            by_input(&desk, object, field).await;
            by_segment(&desk, object, field).await;
        }
    }
}

on_both! {
    async fn agents_are_told_nothing_of_sensitive_fields(stage) {
        let desk = Desk::of(stage).await;
        let registry = stage.server.kith.registry();
        for (object, field) in hidden(registry) {
            let told: String = desk
                .everything
                .rows("event")
                .iter()
                .map(|event| event["sensitiveChanges"].to_string())
                .collect();
            if object.allows(Action::Create) {
                assert!(told.contains(field.name), "{}: no event tells of it", field.name);
                conflict(&desk, object, field).await;
            }
        }
        for call in Call::all(&stage.server.kith).iter().filter(|call| call.action == Action::Read) {
            for row in desk.own.rows(call.object.name).iter().take(20) {
                let asked = Asked::about(row["id"].as_str().unwrap());
                for door in Door::BOTH {
                    // What the agent may not read at all it is not told either.
                    let Outcome::Done(shown) = desk.ask(call, door, &asked).await else { continue };
                    for (_, field) in hidden(registry) {
                        assert!(
                            !shown.to_string().contains(field.name),
                            "{door:?}, {}: {shown}",
                            call.name()
                        );
                    }
                }
                if !call.is_on_record() {
                    break;
                }
            }
        }
    }
}

/// A test of the field that an agent's own record passes or not.
fn test(field: &Attribute) -> Json {
    json!({ field.name: { "isNull": false } })
}

fn forbidden(reply: &Reply, asked: &str) {
    assert_eq!(reply.status.as_u16(), 403, "{asked}: {reply}");
    let body = reply.json();
    let code = body.get("code").unwrap_or(&body["errors"][0]["extensions"]["code"]);
    assert_eq!(code, "field_forbidden", "{asked}: {reply}");
    assert!(body.get("data").is_none_or(Json::is_null), "{asked}: {reply}");
}

async fn by_rest(desk: &Desk<'_>, object: &Object, field: &Attribute) {
    let (agent, name) = (&desk.agent, field.name);
    let objects = format!("/v1/{}", object.path);
    let own = text(&desk.own.rows(object.name)[0]["id"]);
    let mut paths = vec![
        format!("{objects}?fields={name}"),
        format!("{objects}?fields=id,{name}&limit=1"),
        format!("{objects}/{own}?fields={name}"),
        format!("{objects}?sort={name}"),
        format!("{objects}?sort=-{name},id"),
    ];
    let mut predicates = Vec::new();
    if field.filter {
        paths.push(format!("{objects}?filter[{name}][isNull]=true"));
        predicates.push((objects.clone(), test(field)));
    }
    for base in desk.readable() {
        for link in base.links.iter().filter(|link| link.target == object.name) {
            let base = format!("/v1/{}", base.path);
            paths.push(format!("{base}?fields={}.{name}", link.name));
            if field.filter {
                let test = if link.is_one() { test(field) } else { json!({ "some": test(field) }) };
                predicates.push((base, json!({ link.name.as_str(): test })));
            }
        }
    }
    for (base, predicate) in predicates {
        for predicate in
            [predicate.clone(), json!({ "not": predicate }), json!({ "or": [{ "and": [predicate] }] })]
        {
            paths.push(format!("{base}?count=true&where={}", encode(&predicate.to_string())));
            forbidden(&agent.post(&format!("{base}/search"), &json!({ "where": predicate })).await, &base);
        }
    }
    for path in paths {
        forbidden(&agent.get(&path).await, &path);
    }
    for body in [json!({ "orderBy": [{ name: "ASC" }] }), json!({ "fields": [name] })] {
        forbidden(&agent.post(&format!("{objects}/search"), &body).await, &body.to_string());
    }
}

async fn by_graphql(desk: &Desk<'_>, object: &Object, field: &Attribute) {
    let (agent, many, name) = (&desk.agent, object.plural, field.name);
    let shown =
        if matches!(field.kind, Kind::Money) { format!("{name} {{ amount }}") } else { name.to_owned() };
    let own = text(&desk.own.rows(object.name)[0]["id"]);
    let mut queries = vec![
        format!("{{ {many}(first: 1) {{ nodes {{ {shown} }} }} }}"),
        format!(
            "{{ {many}(first: 1) {{ edges {{ node {{ id ...F }} }} }} }} fragment F on {} {{ {shown} }}",
            object.type_name
        ),
        format!("{{ {}(id: {own:?}) {{ {shown} }} }}", object.name),
        format!("{{ node(id: {own:?}) {{ ... on {} {{ {shown} }} }} }}", object.type_name),
        format!("{{ __schema {{ queryType {{ name }} }} {many}(first: 1) {{ nodes {{ {shown} }} }} }}"),
    ];
    if field.sort {
        queries.push(format!("{{ {many}(first: 1, orderBy: [{{ {name}: DESC }}]) {{ totalCount }} }}"));
    }
    if field.filter {
        queries.push(format!(
            "{{ {many}(first: 1, where: {{ {name}: {{ isNull: true }} }}) {{ totalCount }} }}"
        ));
        queries.push(format!(
            "{{ {many}(first: 1, where: {{ not: {{ {name}: {{ isNull: true }} }} }}) {{ totalCount }} }}"
        ));
    }
    if object.allows(Action::Update) {
        let mutation = format!("update{}(id: {own:?}, input: {{}})", object.type_name);
        queries.push(format!("mutation {{ {mutation} {{ {} {{ {shown} }} }} }}", object.name));
    }
    for base in desk.readable() {
        for link in base.links.iter().filter(|link| link.target == object.name) {
            let (base, link, is_one) = (base.plural, &link.name, link.is_one());
            let selection = if is_one {
                format!("{{ {shown} }}")
            } else {
                format!("(first: 1) {{ nodes {{ {shown} }} }}")
            };
            queries.push(format!("{{ {base}(first: 1) {{ nodes {{ {link} {selection} }} }} }}"));
            if field.filter {
                let test = format!("{{ {name}: {{ isNull: false }} }}");
                let test = if is_one { test } else { format!("{{ none: {test} }}") };
                queries.push(format!("{{ {base}(first: 1, where: {{ {link}: {test} }}) {{ totalCount }} }}"));
            }
        }
    }
    for query in queries {
        forbidden(&agent.graphql_reply(&query, json!({})).await, &query);
    }
}

/// Nor can it be set by somebody who may not see it, for the refusals would tell.
async fn by_input(desk: &Desk<'_>, object: &Object, field: &Attribute) {
    if field.writing == Writing::Computed {
        return;
    }
    let registry = desk.stage.server.kith.registry();
    let object = registry.object(object.name).unwrap();
    let input = Maker::new(registry, &desk.stage.owner).input(object, 0).await;
    assert!(input.contains_key(field.name));
    let before = changes(&desk.stage.owner).await;
    let own = text(&desk.own.rows(object.name)[0]["id"]);
    for (operation, input) in [
        (Operation::Create, input.clone()),
        (Operation::Update, Map::from_iter([(field.name.to_owned(), input[field.name].clone())])),
        (Operation::Update, Map::from_iter([(field.name.to_owned(), Json::Null)])),
    ] {
        for door in Door::BOTH {
            let call = Call::of(registry, object, operation);
            let outcome = desk.ask(&call, door, &Asked { input: input.clone(), ..Asked::about(&own) }).await;
            assert_eq!(outcome.code(), "field_forbidden", "{door:?}, {}: {outcome:?}", call.name());
        }
    }
    assert_eq!(changes(&desk.stage.owner).await, before, "something was written");
}

/// Somebody else's segment over the field is no way to learn of it.
async fn by_segment(desk: &Desk<'_>, object: &Object, field: &Attribute) {
    let body = json!({ "name": field.name, "object": upper_snake(object.name), "where": test(field) });
    let made = desk.stage.owner.post("/v1/segments", &body).await;
    if !made.status.is_success() {
        // There are no segments of such records.
        assert!(made.to_string().contains("unknown_value"), "{made}");
        return;
    }
    let id = text(&made.json()["id"]);
    forbidden(&desk.agent.get(&format!("/v1/segments/{id}/members")).await, "members");
    let query = format!("{{ segmentMembers(id: {id:?}, first: 1) {{ totalCount }} }}");
    forbidden(&desk.agent.graphql_reply(&query, json!({})).await, &query);
    assert_eq!(desk.agent.post("/v1/segments", &body).await.status.as_u16(), 403);
}

/// Who has seen an older version is told which fields have changed since, but not this one.
async fn conflict(desk: &Desk<'_>, object: &Object, field: &Attribute) {
    let has_one = |row: &&Json| !desk.everything.row(object.name, &row["id"]).unwrap()[field.name].is_null();
    let row = desk.own.rows(object.name).iter().find(has_one).unwrap();
    let path = format!("/v1/{}/{}", object.path, text(&row["id"]));
    let body = json!({ field.name: Json::Null });
    let changed = desk.stage.owner.patch(&path, &body).await.ok();
    assert_ne!(changed["version"], row["version"]);
    let stale = desk
        .agent
        .request(reqwest::Method::PATCH, &path)
        .header("if-match", format!("\"{}\"", row["version"]));
    let reply = desk.agent.send(stale.json(&json!({}))).await;
    assert!(!reply.to_string().contains(field.name), "{reply}");
    assert_eq!(reply.problem(412)["changedFields"], json!([]));
}
