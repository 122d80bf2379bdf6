//! Each role does what it may, and nothing else, whichever object or operation.

use kernel::object::{Action, Ownership};
use serde_json::{Map, Value as Json, json};

use super::{Rows, changes, hidden, matrix, may, may_call};
use crate::{
    conformance::{
        doors::{Asked, Call, Door, Operation, Outcome},
        maker::Maker,
        world,
    },
    support::{Caller, Stage, on_both, text},
};

const ROLES: [&str; 2] = ["READ_ONLY", "AGENT"];

on_both! {
    async fn nobody_does_what_the_role_may_not(stage) {
        let kith = &stage.server.kith;
        world::import(&stage.owner, "a.csv").await;
        let mut maker = Maker::new(kith.registry(), &stage.owner);
        for role in ROLES {
            let caller = stage.user(role).await;
            for call in Call::all(kith) {
                let mut input = world::input(&call, &mut maker).await;
                if matches!(call.operation, Operation::Create) {
                    input = maker.input(&call.object, 0).await;
                    // Nobody says whose it is to be, so it is the caller's own.
                    if let Ownership::Field(owner) = call.object.ownership {
                        input.remove(owner);
                    }
                }
                let id = maker
                    .reference(call.object.name, 0)
                    .await
                    .unwrap_or_else(|| format!("{}_01h455vb4pex5vsknk084sn02q", call.object.prefix));
                let asked = Asked { input, version: Some(1), ..Asked::about(&id) };
                check(stage, &caller, role, &call, &asked).await;
            }
            contents(stage, &caller, role).await;
            links(stage, &caller, role).await;
        }
    }
}

async fn check(stage: &Stage, caller: &Caller, role: &str, call: &Call<'_>, asked: &Asked) {
    let rows = may_call(role, call);
    for door in Door::BOTH {
        let before = changes(&stage.owner).await;
        // An agent asks for nothing that it may not read: what comes of that is told elsewhere.
        let registry = stage.server.kith.registry();
        let readable = |name: &str| role != "AGENT" || !hidden(registry).any(|(_, field)| field.name == name);
        let outcome = call.ask_for(caller, door, asked, readable).await;
        let place = format!("{role}, {door:?}, {}: {outcome:?}", call.name());
        match (&outcome, rows) {
            (Outcome::Refused(status, faults), Rows::None) => {
                assert_eq!(faults[0].code, "forbidden", "{place}");
                assert!(*status == 403 || door == Door::Graphql, "{place}");
            }
            (Outcome::Done(_), Rows::None) => panic!("{place}"),
            (Outcome::Done(_), Rows::All) => {}
            // The record is another's, who can be asked about nothing.
            (outcome, Rows::Own) if call.is_on_record() => assert_eq!(outcome.code(), "not_found", "{place}"),
            (outcome, _) => assert_ne!(outcome.code(), "forbidden", "{place}"),
        }
        if call.action == Action::Read || rows == Rows::None {
            assert_eq!(changes(&stage.owner).await, before, "{place}");
        }
    }
}

/// Contents of files, which REST alone carries.
async fn contents(stage: &Stage, caller: &Caller, role: &str) {
    let kith = &stage.server.kith;
    let file = kith.registry().object("file").unwrap();
    let upload = caller.request(reqwest::Method::POST, "/v1/files?name=b.csv").body("x");
    let status = caller.send(upload).await.status.as_u16();
    assert_eq!(status, if matrix::may(role, file, "uploadFile") == Rows::None { 403 } else { 201 }, "{role}");
    let files = stage.owner.get("/v1/files?sort=createdAt").await.ok();
    let others = &files["items"][0];
    assert_eq!(others["ownerId"], stage.owner.user.as_str());
    let status = caller.get(&format!("/v1/files/{}/content", text(&others["id"]))).await.status.as_u16();
    let expected = match may(role, file, Action::Read) {
        Rows::All => 200,
        Rows::Own => 404,
        Rows::None => 403,
    };
    assert_eq!(status, expected, "{role}");
}

/// A link to records that the role may not read is no way to them: neither to see nor to ask about them.
async fn links(stage: &Stage, caller: &Caller, role: &str) {
    let registry = stage.server.kith.registry();
    let mut closed = 0;
    for object in registry.objects().iter().filter(|object| may(role, object, Action::Read) != Rows::None) {
        for link in &object.links {
            if may(role, registry.target(link).unwrap(), Action::Read) != Rows::None {
                continue;
            }
            closed += 1;
            let (path, name, many) = (format!("/v1/{}", object.path), link.name.as_str(), !link.is_one());
            let asked = if many { json!({ "some": {} }) } else { json!({}) };
            let predicate: Json = Map::from_iter([(name.to_owned(), asked)]).into();
            for reply in [
                caller.get(&format!("{path}?include={name}")).await,
                caller.get(&format!("{path}?fields={name}.id")).await,
                caller.post(&format!("{path}/search"), &json!({ "where": predicate })).await,
                caller.post(&format!("{path}/search"), &json!({ "include": [name] })).await,
            ] {
                assert_eq!(reply.problem(403)["code"], "forbidden", "{role} {path} {name}");
            }
            let selection =
                if many { format!("{name}(first: 1) {{ totalCount }}") } else { format!("{name} {{ id }}") };
            for query in [
                format!("{{ {}(first: 1) {{ nodes {{ {selection} }} }} }}", object.plural),
                format!(
                    "query($where: {}Filter) {{ {}(first: 1, where: $where) {{ totalCount }} }}",
                    object.type_name, object.plural
                ),
            ] {
                let variables =
                    if query.contains("$where") { json!({ "where": predicate }) } else { json!({}) };
                let reply = caller.graphql_reply(&query, variables).await.json();
                assert_eq!(reply["errors"][0]["extensions"]["code"], "forbidden", "{role} {query}: {reply}");
                assert!(reply["data"].is_null(), "{reply}");
            }
        }
    }
    assert!(closed > 0, "{role} reads everything");
}
