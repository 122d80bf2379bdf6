//! What goes and comes back along with a record: how much of it, under whose permission, and at what cost.

use futures::future::join_all;
use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::support::{Backend, Stage, on_both, text};

/// A deal with a line item of that outside id, and the line item.
async fn deal_with_item(stage: &Stage, open: &str, outside: &str) -> [String; 2] {
    let deal = text(&stage.owner.create("deals", json!({ "name": "A deal", "stageId": open })).await["id"]);
    let refs = json!([{ "system": "shop", "id": outside }]);
    let item = json!({ "dealId": deal, "name": "Boots", "externalRefs": refs });
    let item = text(&stage.owner.create("line-items", item).await["id"]);
    [deal, item]
}

/// Copies the one line item there is, so that there are as many more.
async fn copy_line_item(stage: &Stage, times: usize) {
    let object = stage.server.kith.registry().object("lineItem").unwrap();
    let id = match stage.database.backend {
        Backend::Postgres => "gen_random_uuid()",
        Backend::Sqlite => "randomblob(16)",
    };
    let names: Vec<_> = object.columns().iter().map(|name| format!("\"{name}\"")).collect();
    let values: Vec<_> = names.iter().map(|name| if name == "\"id\"" { id } else { name }).collect();
    let sql = format!(
        "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {times})
         INSERT INTO line_items ({}) SELECT {} FROM line_items, number",
        names.join(", "),
        values.join(", ")
    );
    let database = stage.database.connect().await;
    database.execute_unprepared(&sql).await.unwrap();
    database.close().await.unwrap();
}

on_both! {
    async fn ten_thousand_records_go_along_and_no_more(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let [deal, item] = deal_with_item(stage, &open, "1").await;
        owner.patch(&format!("/v1/line-items/{item}"), &json!({ "externalRefs": null })).await.ok();
        copy_line_item(stage, app::deletion::MAX_ALONG).await;
        let path = format!("/v1/deals/{deal}");
        let before = owner.trace().await;
        let problem = owner.delete(&path).await.refused(409, "illegal_state");
        assert_eq!(problem["limit"], app::deletion::MAX_ALONG, "{problem}");
        let delete = "mutation($id: ID!) { deleteDeal(id: $id) { deal { id } userErrors { code meta } } }";
        let errors = owner.user_errors(delete, json!({ "id": deal })).await;
        assert_eq!(errors[0], json!({ "code": "illegal_state", "meta": { "limit": app::deletion::MAX_ALONG } }));
        assert_eq!(owner.trace().await, before);

        owner.delete(&format!("/v1/line-items/{item}")).await.ok();
        owner.delete(&path).await.ok();
        let live = async || {
            let data = owner.graphql("{ lineItems(first: 1) { totalCount } }", json!({})).await;
            data["lineItems"]["totalCount"].as_u64().unwrap()
        };
        assert_eq!(live().await, 0);
        owner.command(&format!("deals/{deal}/restore"), json!({})).await.ok();
        assert_eq!(live().await, app::deletion::MAX_ALONG as u64);
    }
}

on_both! {
    async fn nothing_comes_back_halfway(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let [deal, item] = deal_with_item(stage, &open, "1").await;
        owner.delete(&format!("/v1/deals/{deal}")).await.ok();
        // Meanwhile the outside id is another's.
        let [_, holder] = deal_with_item(stage, &open, "1").await;
        let before = owner.trace().await;
        let refused = owner.command(&format!("deals/{deal}/restore"), json!({})).await;
        let problem = refused.violates(409, "not_unique", &[("not_unique", "")]);
        assert_eq!(problem["errors"][0]["meta"]["existingId"], holder, "{problem}");
        assert_eq!(owner.trace().await, before);
        owner.patch(&format!("/v1/line-items/{holder}"), &json!({ "externalRefs": null })).await.ok();
        owner.command(&format!("deals/{deal}/restore"), json!({})).await.ok();
        owner.get(&format!("/v1/line-items/{item}")).await.ok();
    }
}

on_both! {
    async fn what_goes_along_need_not_be_the_actors(stage) {
        let (owner, agent) = (&stage.owner, stage.user("AGENT").await);
        let company = text(&agent.create("companies", json!({ "name": "Acme" })).await["id"]);
        let contact = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let tie = json!({ "contactId": contact, "companyId": company });
        let tie = text(&owner.create("affiliations", tie).await["id"]);
        agent.get(&format!("/v1/affiliations/{tie}")).await.refused(404, "not_found");
        agent.delete(&format!("/v1/companies/{company}")).await.ok();
        owner.get(&format!("/v1/affiliations/{tie}")).await.refused(404, "not_found");
        let events = owner.events().await;
        let [.., cause, event] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((&event["type"], &event["causeSeq"]), (&json!("affiliation.deleted"), &cause["seq"]));
        assert_eq!([&event["actorId"], &event["ownerId"]], [&json!(agent.user), &json!(owner.user)]);
        // Nor does the agent see the event of what is not theirs.
        let told = agent.get("/v1/events?filter[object]=affiliation").await.ok();
        assert_eq!(told["items"], json!([]));
        agent.command(&format!("companies/{company}/restore"), json!({})).await.ok();
        owner.get(&format!("/v1/affiliations/{tie}")).await.ok();
    }
}

on_both! {
    async fn deleting_costs_a_look_at_what_goes_along(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let own = if stage.database.backend == Backend::Postgres { 3 } else { 5 };
        for (objects, input, [deleting, restoring]) in [
            // Another may have the name by now.
            ("tags", json!({ "name": "vip" }), [0, 1]),
            // The affiliations.
            ("contacts", json!({ "givenName": "Ada" }), [1, 1]),
            ("companies", json!({ "name": "Acme" }), [1, 1]),
            // The line items, and the stage that has to be there.
            ("deals", json!({ "name": "A deal", "stageId": open }), [1, 2]),
        ] {
            let path = format!("/v1/{objects}/{}", text(&owner.create(objects, input).await["id"]));
            let count = async |request| {
                let before = stage.server.kith.statements();
                owner.send(request).await.ok();
                stage.server.kith.statements() - before
            };
            let mut least = [u64::MAX; 2];
            // A job's look at the queue may come between.
            for _ in 0..3 {
                let deleted = count(owner.request(Method::DELETE, &path)).await;
                let restored = count(owner.request(Method::POST, &format!("{path}/restore"))).await;
                least = [least[0].min(deleted), least[1].min(restored)];
            }
            assert_eq!(least, [own + deleting, own + restoring], "{objects}");
        }
    }
}

on_both! {
    async fn nothing_is_left_behind(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        for number in 0..8 {
            let deal = json!({ "name": format!("{number}"), "stageId": open });
            let deal = text(&owner.create("deals", deal).await["id"]);
            let create = async |name: i32| {
                let input = json!({ "dealId": deal, "name": format!("{name}") });
                owner.post("/v1/line-items", &input).await.status.as_u16()
            };
            let path = format!("/v1/deals/{deal}");
            let (deleted, made) = tokio::join!(owner.delete(&path), join_all((0..4).map(create)));
            deleted.ok();
            assert!(made.iter().all(|status| [201, 422].contains(status)), "{made:?}");
            let made = made.iter().filter(|status| **status == 201).count();
            for (which, expected) in [("EXCLUDE", 0), ("ONLY", made)] {
                let list = format!("/v1/line-items?filter[dealId]={deal}&deleted={which}");
                let found = owner.get(&list).await.ok();
                assert_eq!(found["items"].as_array().unwrap().len(), expected, "{which}: {found}");
            }
        }
    }
}

on_both! {
    async fn others_go_on_writing_about_what_goes(stage) {
        let owner = &stage.owner;
        for _ in 0..8 {
            let contact = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
            let create = async |number: i32| {
                let input = json!({ "title": format!("{number}"), "contactId": contact });
                owner.post("/v1/tasks", &input).await
            };
            let path = format!("/v1/contacts/{contact}");
            let (deleted, made) = tokio::join!(owner.delete(&path), join_all((0..6).map(create)));
            deleted.ok();
            for reply in made {
                assert!([201, 422].contains(&reply.status.as_u16()), "{reply}");
            }
        }
    }
}
