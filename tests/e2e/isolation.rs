//! Two workspaces on one server: nothing of one is to be seen, guessed or reached in the other.

use reqwest::Method;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::{Value as Json, json};

use crate::support::{
    Backend, Caller, Fresh, Stage, configuration, eventually, new_workspace, on_both, text,
};

/// One record of every object that clients create, with its path.
async fn furnish(owner: &Caller) -> Vec<(&'static str, String)> {
    let mut made = Vec::new();
    let mut create = async |objects: &'static str, input: Json| {
        let id = text(&owner.create(objects, input).await["id"]);
        made.push((objects, id.clone()));
        id
    };
    let team = create("teams", json!({ "name": "Sales" })).await;
    let user = create("users", json!({ "name": "Bob", "email": "bob@x.org", "teamId": team })).await;
    create("memberships", json!({ "userId": user, "role": "AGENT" })).await;
    let tag = create("tags", json!({ "name": "vip" })).await;
    let refs = json!([{ "system": "shop", "id": "7" }]);
    let contact = create(
        "contacts",
        json!({ "givenName": "Ada", "emails": [{ "address": "ada@x.org" }],
        "tagIds": [tag], "externalRefs": refs }),
    )
    .await;
    let company = create("companies", json!({ "name": "Acme", "domains": ["acme.example"] })).await;
    create("affiliations", json!({ "contactId": contact, "companyId": company })).await;
    let pipeline = create("pipelines", json!({ "name": "Sales", "isDefault": true })).await;
    let stage = create("stages", json!({ "name": "Open", "pipelineId": pipeline })).await;
    let deal = create(
        "deals",
        json!({ "name": "A deal", "stageId": stage, "contactId": contact, "companyId": company }),
    )
    .await;
    let product = create("products", json!({ "name": "Wheel", "sku": "W-1" })).await;
    create("line-items", json!({ "dealId": deal, "productId": product })).await;
    create("tickets", json!({ "subject": "Broken", "requesterId": contact })).await;
    create("tasks", json!({ "title": "Call", "contactId": contact, "dealId": deal })).await;
    create("activities", json!({ "type": "NOTE", "subject": "Said hello", "subjects": [contact, deal] }))
        .await;
    create("segments", json!({ "name": "All", "object": "CONTACT", "where": {} })).await;
    made
}

on_both! {
    async fn what_is_anothers_is_not_there(stage) {
        let (owner, stranger) = (&stage.owner, stage.stranger().await);
        let bare = stranger.trace().await;
        let made = furnish(owner).await;
        let theirs = owner.trace().await;
        assert_eq!(stranger.trace().await, bare, "totals, events included, are one's own");
        for (objects, id) in &made {
            let path = format!("/v1/{objects}/{id}");
            stranger.get(&path).await.refused(404, "not_found");
            stranger.patch(&path, &json!({})).await.refused(404, "not_found");
            stranger.delete(&path).await.refused(404, "not_found");
            stranger.command(&format!("{objects}/{id}/restore"), json!({})).await.refused(404, "not_found");
            let node =
                stranger.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
            assert_eq!(node, json!({ "node": null }));
            let by_id = json!({ "where": { "id": { "eq": id } }, "deleted": "INCLUDE", "count": true });
            let found = stranger.post(&format!("/v1/{objects}/search"), &by_id).await.ok();
            assert_eq!((&found["items"], &found["page"]["totalCount"]), (&json!([]), &json!(0)));
            let events = stranger.get(&format!("/v1/events?filter[recordId]={id}")).await.ok();
            assert_eq!(events["items"], json!([]));
            assert!(owner.get(&path).await.status.is_success());
        }
        let id = |objects: &str| made.iter().find(|(other, _)| *other == objects).unwrap().1.clone();
        let commands = [
            ("contacts", "convert", json!({ "dealName": "x" })),
            ("deals", "move", json!({ "stageId": id("stages"), "expectedVersion": 1 })),
            ("deals", "win", json!({})),
            ("deals", "lose", json!({ "lostReason": "x" })),
            ("deals", "reopen", json!({})),
            ("tickets", "solve", json!({})),
            ("tickets", "reopen", json!({})),
            ("tasks", "complete", json!({})),
        ];
        for (objects, command, input) in commands {
            stranger
                .command(&format!("{objects}/{}/{command}", id(objects)), input)
                .await
                .refused(404, "not_found");
        }
        stranger.get(&format!("/v1/contacts/{}/overview", id("contacts"))).await.refused(404, "not_found");
        stranger.get(&format!("/v1/segments/{}/members", id("segments"))).await.refused(404, "not_found");
        let key = text(&owner.get("/v1/api-keys").await.ok()["items"][0]["id"]);
        stranger.command(&format!("api-keys/{key}/revoke"), json!({})).await.refused(404, "not_found");
        stranger.get(&format!("/v1/api-keys/{key}")).await.refused(404, "not_found");
        let workspace = text(&owner.get("/v1/workspaces").await.ok()["items"][0]["id"]);
        stranger
            .patch(&format!("/v1/workspaces/{workspace}"), &json!({ "name": "Mine" }))
            .await
            .refused(404, "not_found");
        let stored =
            owner.request(Method::POST, "/v1/files?name=rows.csv").header("content-type", "text/csv");
        let file = text(&owner.send(stored.body("Name\nAda\n")).await.ok()["id"]);
        stranger.get(&format!("/v1/files/{file}/content")).await.refused(404, "not_found");
        let mapping = json!({ "fields": { "givenName": { "column": "Name" } } });
        let import = json!({ "object": "contact", "fileId": file, "mapping": mapping, "dryRun": true });
        let gone = [("reference_not_found", "/fileId")];
        stranger.command("jobs/import", import.clone()).await.violates(422, "reference_not_found", &gone);
        let job = owner.command("jobs/import", import).await.ok();
        let job = text(&job["job"]["id"]);
        stranger.get(&format!("/v1/jobs/{job}")).await.refused(404, "not_found");
        stranger.command(&format!("jobs/{job}/cancel"), json!({})).await.refused(404, "not_found");
        assert_eq!(stranger.get("/v1/job-errors").await.ok()["items"], json!([]));
        let ended = async || owner.get(&format!("/v1/jobs/{job}")).await.ok()["finishedAt"].is_string().then_some(());
        eventually("the job's end", ended).await;
        let event = text(&owner.events().await[5]["id"]);
        stranger.get(&format!("/v1/events/{event}")).await.refused(404, "not_found");
        let now = owner.trace().await;
        for (object, total) in theirs.as_object().unwrap() {
            let grows = ["files", "jobs", "events"].contains(&object.as_str());
            assert!(grows || now[object] == *total, "{object}");
        }
        assert_eq!(stranger.trace().await, bare);
    }
}

on_both! {
    async fn what_is_anothers_cannot_be_referred_to(stage) {
        let (owner, stranger) = (&stage.owner, stage.stranger().await);
        let made = furnish(owner).await;
        let id = |objects: &str| made.iter().find(|(other, _)| *other == objects).unwrap().1.clone();
        let own = text(&stranger.create("contacts", json!({ "givenName": "Own" })).await["id"]);
        let before = stranger.trace().await;
        for (objects, input, pointer) in [
            ("contacts", json!({ "givenName": "x", "ownerId": owner.user }), "/ownerId"),
            ("contacts", json!({ "givenName": "x", "tagIds": [id("tags")] }), "/tagIds/0"),
            ("companies", json!({ "name": "x", "parentId": id("companies") }), "/parentId"),
            ("affiliations", json!({ "contactId": own, "companyId": id("companies") }), "/companyId"),
            ("stages", json!({ "name": "x", "pipelineId": id("pipelines") }), "/pipelineId"),
            ("deals", json!({ "name": "x", "stageId": id("stages") }), "/stageId"),
            ("tickets", json!({ "subject": "x", "requesterId": id("contacts") }), "/requesterId"),
            ("tasks", json!({ "title": "x", "dealId": id("deals") }), "/dealId"),
            ("activities", json!({ "type": "NOTE", "subjects": [own, id("contacts")] }), "/subjects/1"),
            ("line-items", json!({ "name": "x", "dealId": id("deals") }), "/dealId"),
            ("users", json!({ "name": "x", "teamId": id("teams") }), "/teamId"),
            ("memberships", json!({ "userId": id("users"), "role": "OWNER" }), "/userId"),
        ] {
            let reply = stranger.post(&format!("/v1/{objects}"), &input).await;
            reply.violates(422, "reference_not_found", &[("reference_not_found", pointer)]);
        }
        let path = format!("/v1/contacts/{own}");
        stranger.patch(&path, &json!({ "ownerId": owner.user })).await.refused(422, "reference_not_found");
        let issue = json!({ "name": "x", "userId": owner.user, "role": "OWNER" });
        stranger.command("api-keys/issue", issue).await.refused(422, "reference_not_found");
        let convert = json!({ "dealName": "x", "stageId": id("stages"), "companyId": id("companies") });
        stranger
            .command(&format!("contacts/{own}/convert"), convert)
            .await
            .refused(422, "reference_not_found");
        assert_eq!(stranger.trace().await, before);
        for predicate in [
            json!({ "tagIds": { "containsAny": [id("tags")] } }),
            json!({ "owner": { "name": { "eq": "Olivia Owner" }, "email": { "eq": "bob@x.org" } } }),
            json!({ "ownerId": { "eq": owner.user } }),
            json!({ "companies": { "some": { "id": { "eq": id("companies") } } } }),
            json!({ "activities": { "some": {} } }),
            json!({ "tags": { "some": { "name": { "eq": "vip" } } } }),
            json!({ "deals": { "count": { "gt": 0 } } }),
            json!({ "emails": { "some": { "address": { "eq": "ada@x.org" } } } }),
        ] {
            let found = stranger.get_where("/v1/contacts", &predicate).await.ok();
            assert_eq!(found["items"], json!([]), "{predicate}");
        }
    }
}

on_both! {
    async fn each_has_its_own_names_numbers_and_ids(stage) {
        let (owner, stranger) = (&stage.owner, stage.stranger().await);
        let own = furnish(owner).await;
        // What is unique is so within a workspace: the same names, outside ids and numbers again.
        let others = furnish(&stranger).await;
        let log = stranger.events().await;
        assert_eq!((&log[0]["seq"], &log.last().unwrap()["seq"]), (&json!(1), &json!(log.len())));
        let text_of_log = json!(log).to_string();
        for ((objects, id), (_, other)) in own.iter().zip(&others) {
            assert!(!text_of_log.contains(id.as_str()));
            let ids = |list: Json| {
                list["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect::<Vec<_>>()
            };
            let listed = ids(stranger.get(&format!("/v1/{objects}?limit=200")).await.ok());
            assert!(listed.contains(other) && !listed.contains(id), "{objects}");
        }
        for caller in [owner, &stranger] {
            assert_eq!(caller.get("/v1/tickets").await.ok()["items"][0]["number"], 1);
        }
        // An id chosen by one tells the other nothing, whether it is taken elsewhere or not.
        let chosen = json!({ "id": own[4].1, "givenName": "Eve" });
        assert_eq!(stranger.create("contacts", chosen).await["givenName"], "Eve");
        assert_eq!(owner.get(&format!("/v1/contacts/{}", own[4].1)).await.ok()["givenName"], "Ada");
        let events = stranger.get(&format!("/v1/events?filter[recordId]={}", own[4].1)).await.ok();
        assert_eq!(events["items"].as_array().unwrap().len(), 1);
    }
}

on_both! {
    async fn callers_that_alternate_do_not_meet(stage) {
        let (owner, stranger) = (&stage.owner, stage.stranger().await);
        let names = ["Ada", "Eve"];
        for (caller, name) in [owner, &stranger].into_iter().zip(names) {
            for number in 0..3 {
                caller.create("contacts", json!({ "givenName": name, "source": format!("{number}") })).await;
            }
        }
        // Connections go from hand to hand; each answer has to be of its caller's workspace.
        let ask = async |number: usize| {
            let (caller, name) = ([owner, &stranger][number % 2], names[number % 2]);
            let method = if number.is_multiple_of(3) { Method::POST } else { Method::GET };
            let reply = match method {
                Method::POST => caller
                    .graphql("{ contacts(first: 9) { nodes { givenName } } }", json!({}))
                    .await["contacts"]["nodes"]
                    .take(),
                _ => caller.get("/v1/contacts?fields=givenName").await.ok()["items"].take(),
            };
            assert_eq!(reply, json!([{ "givenName": name }, { "givenName": name }, { "givenName": name }]));
            let input = json!({ "givenName": name, "source": format!("new {number}") });
            let made = caller.create("companies", json!({ "name": input["source"] })).await;
            assert_eq!(made["ownerId"], caller.user);
        };
        futures::future::join_all((0..60).map(ask)).await;
        for caller in [owner, &stranger] {
            assert_eq!(caller.get("/v1/companies?count=true").await.ok()["page"]["totalCount"], 30);
        }
    }
}

/// Tries to start a server on a database as somebody, and gives what it says when it does not.
async fn refusal(database: &Fresh, user: Option<&str>) -> String {
    let mut config = configuration(database);
    if let Some(user) = user {
        let (_, address) = config.database.split_once('@').unwrap();
        config.database = format!("postgres://{user}@{address}");
    }
    match server::run(&config).await {
        Ok(running) => {
            running.stop().await.unwrap();
            panic!("the server has started");
        }
        Err(failure) => failure.to_string(),
    }
}

async fn run(database: &DatabaseConnection, sql: &str) {
    database.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[tokio::test]
async fn the_server_does_not_start_where_the_wall_would_not_bind_it() {
    let stage = Stage::new(Backend::Postgres).await;
    let before = stage.owner.trace().await;
    let admin = stage.database.connect().await;
    let role = format!("kith_owner_{}", std::process::id());
    run(&admin, &format!("CREATE ROLE {role} LOGIN")).await;
    run(&admin, &format!("GRANT ALL ON SCHEMA public TO {role}")).await;
    run(&admin, "GRANT SELECT ON seaql_migrations TO PUBLIC").await;
    // Whoever owns a table and cannot become somebody who does not.
    run(&admin, &format!("ALTER TABLE contacts OWNER TO {role}")).await;
    assert!(refusal(&stage.database, Some(&role)).await.contains("kith_app"));
    run(&admin, "ALTER TABLE contacts OWNER TO postgres").await;
    // Whoever the policies do not bind for another reason.
    run(&admin, &format!("ALTER ROLE {role} BYPASSRLS")).await;
    assert!(refusal(&stage.database, Some(&role)).await.contains("kith_app"));
    run(&admin, &format!("ALTER ROLE {role} SUPERUSER NOBYPASSRLS")).await;
    run(&admin, "ALTER TABLE contacts OWNER TO kith_app").await;
    assert!(refusal(&stage.database, Some(&role)).await.contains("the owner of a table"));
    run(&admin, "ALTER TABLE contacts OWNER TO postgres").await;
    run(&admin, "GRANT SELECT, INSERT, UPDATE, DELETE ON contacts TO kith_app").await;
    run(&admin, "CREATE TABLE open (workspace_id uuid)").await;
    assert!(refusal(&stage.database, None).await.contains("without row-level security"));
    run(&admin, "DROP TABLE open").await;
    run(&admin, "ALTER TABLE contacts DISABLE ROW LEVEL SECURITY").await;
    assert!(refusal(&stage.database, None).await.contains("without row-level security"));
    run(&admin, "ALTER TABLE contacts ENABLE ROW LEVEL SECURITY").await;
    // A superuser may start it, for it takes the restricted role.
    let second = Stage::over(std::sync::Arc::clone(&stage.database), |_| {}).await;
    second.server.stop().await.unwrap();
    assert_eq!(stage.owner.trace().await, before);
    run(&admin, &format!("DROP OWNED BY {role}")).await;
    run(&admin, &format!("DROP ROLE {role}")).await;
    admin.close().await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn an_owner_migrates_and_a_restricted_user_serves() {
    let stage = Stage::new(Backend::Postgres).await;
    let admin = stage.database.connect().await;
    let (owner, server) =
        (format!("kith_migrates_{}", std::process::id()), format!("kith_serves_{}", std::process::id()));
    run(&admin, &format!("CREATE ROLE {owner} LOGIN CREATEROLE")).await;
    run(&admin, &format!("GRANT kith_app TO {owner}")).await;
    run(&admin, &format!("CREATE DATABASE {owner} OWNER {owner}")).await;
    let (_, address) = stage.database.url.split_once('@').unwrap();
    let (host, _) = address.split_once('/').unwrap();
    let as_user = |user: &str| server::Config {
        database: format!("postgres://{user}@{host}/{owner}"),
        ..configuration(&stage.database)
    };
    run(&admin, &format!("CREATE ROLE {server} LOGIN IN ROLE kith_app")).await;
    let early = server::run(&as_user(&server)).await.err().unwrap().to_string();
    assert!(early.contains("kith migrate"), "{early}");
    assert!(!server::database::migrate(&as_user(&owner).database).await.unwrap().is_empty());
    assert!(server::database::migrate(&as_user(&owner).database).await.unwrap().is_empty());
    for user in [&server, &owner] {
        let running = server::run(&as_user(user)).await.unwrap();
        running.kith.create_workspace(new_workspace("Acme")).await.unwrap();
        running.stop().await.unwrap();
    }
    run(&admin, &format!("DROP DATABASE {owner} WITH (FORCE)")).await;
    run(&admin, &format!("DROP ROLE {server}, {owner}")).await;
    admin.close().await.unwrap();
    stage.end().await;
}
