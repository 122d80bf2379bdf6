//! Many at once: nobody is turned away by the database, nothing is lost, nothing is numbered twice.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::{UPDATE_CONTACT, events::assert_gapless};
use crate::support::{Reply, Stage, on_both, text};

fn count(replies: &[Reply], status: u16) -> usize {
    replies.iter().filter(|reply| reply.status.as_u16() == status).count()
}

on_both! {
    async fn updates_without_a_version_all_succeed(stage) {
        let owner = &stage.owner;
        let id = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let path = format!("/v1/contacts/{id}");
        let update = |number: i32| {
            let input = json!({ "jobTitle": format!("{number}") });
            let (path, variables) = (&path, json!({ "id": id, "input": input }));
            async move {
                match number % 2 {
                    0 => owner.patch(path, &input).await,
                    _ => owner.graphql_reply(UPDATE_CONTACT, variables).await,
                }
            }
        };
        let replies = join_all((0..40).map(update)).await;
        for reply in &replies {
            assert_eq!(reply.status.as_u16(), 200, "{reply}");
            assert!(reply.json().get("errors").is_none(), "{reply}");
        }
        let now = owner.get(&path).await.ok();
        assert_eq!(now["version"], 41);
        let events = owner.events().await;
        assert_gapless(&events);
        let told: Vec<_> = events.iter().filter(|event| event["recordId"] == id).collect();
        let versions: Vec<_> = told.iter().map(|event| event["version"].as_i64().unwrap()).collect();
        assert_eq!(versions, (1..=41).collect::<Vec<_>>());
        // Each change begins where the one before it ended.
        for pair in told[1..].windows(2) {
            assert_eq!(pair[0]["changes"]["jobTitle"]["new"], pair[1]["changes"]["jobTitle"]["old"]);
        }
        assert_eq!(told[40]["changes"]["jobTitle"]["new"], now["jobTitle"]);
    }
}

on_both! {
    async fn of_updates_with_one_version_one_wins(stage) {
        let owner = &stage.owner;
        let id = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let before = owner.events().await.len();
        let update = |number: i32| {
            let variables = json!({ "id": id, "version": 1, "input": { "jobTitle": format!("{number}") } });
            owner.graphql(UPDATE_CONTACT, variables)
        };
        let path = format!("/v1/contacts/{id}");
        let patch = |number: i32| {
            let request = owner.request(reqwest::Method::PATCH, &path).header("if-match", "\"1\"");
            owner.send(request.json(&json!({ "jobTitle": format!("{number}") })))
        };
        let (mutations, patches) = tokio::join!(join_all((0..10).map(update)), join_all((10..20).map(patch)));
        let done = |data: &&Json| data["updateContact"]["contact"]["version"] == 2;
        let refused = |data: &&Json| data["updateContact"]["userErrors"][0]["code"] == "version_conflict";
        let won = mutations.iter().filter(done).count() + count(&patches, 200);
        let lost = mutations.iter().filter(refused).count() + count(&patches, 412);
        assert_eq!((won, lost), (1, 19), "{mutations:?} {patches:?}");
        assert_eq!(owner.get(&path).await.ok()["version"], 2);
        assert_eq!(owner.events().await.len(), before + 1);
    }
}

on_both! {
    async fn creates_do_not_disturb_each_other(stage) {
        let owner = &stage.owner;
        let company = text(&owner.create("companies", json!({ "name": "Acme" })).await["id"]);
        let tag = text(&owner.create("tags", json!({ "name": "vip" })).await["id"]);
        let before = owner.events().await.len();
        let create = |number: i32| {
            let input = json!({ "givenName": format!("{number}"), "tagIds": [tag],
                "emails": [{ "address": "a@b.de" }],
                "externalRefs": [{ "system": "shop", "id": format!("{number}") }] });
            async move { owner.post("/v1/contacts", &input).await }
        };
        let replies = join_all((0..40).map(create)).await;
        assert_eq!(count(&replies, 201), 40, "{replies:?}");
        let ids: Vec<_> = replies.iter().map(|reply| text(&reply.json()["id"])).collect();
        let tie = |id: &String| {
            let input = json!({ "contactId": id, "companyId": company });
            async move { owner.post("/v1/affiliations", &input).await }
        };
        let replies = join_all(ids.iter().map(tie)).await;
        assert_eq!(count(&replies, 201), 40, "{replies:?}");
        let events = owner.events().await;
        assert_gapless(&events);
        assert_eq!(events.len(), before + 80);
        let data = owner.graphql(
            "query($id: ID!) { company(id: $id) { contacts(first: 1) { totalCount } } }",
            json!({ "id": company }),
        );
        assert_eq!(data.await["company"]["contacts"]["totalCount"], 40);
    }
}

on_both! {
    async fn a_unique_value_goes_to_one(stage) {
        let owner = &stage.owner;
        let before = owner.events().await.len();
        let create = |number: i32| {
            let name = if number % 2 == 0 { "vip" } else { "VIP" };
            async move { owner.post("/v1/tags", &json!({ "name": name })).await }
        };
        let replies = join_all((0..20).map(create)).await;
        assert_eq!((count(&replies, 201), count(&replies, 409)), (1, 19), "{replies:?}");
        let same = |number: i32| {
            let refs = json!([{ "system": "shop", "id": "7" }]);
            let input = json!({ "givenName": format!("{number}"), "externalRefs": refs });
            async move { owner.post("/v1/contacts", &input).await }
        };
        let replies = join_all((0..20).map(same)).await;
        assert_eq!((count(&replies, 201), count(&replies, 409)), (1, 19), "{replies:?}");
        for refused in replies.iter().filter(|reply| reply.status.as_u16() == 409) {
            refused.refused(409, "not_unique");
        }
        assert_eq!(owner.events().await.len(), before + 2);
    }
}

on_both! {
    async fn records_refer_to_others_at_once(stage) {
        let owner = &stage.owner;
        let mut ids = Vec::new();
        for number in 0..4 {
            ids.push(text(&owner.create("companies", json!({ "name": format!("{number}") })).await["id"]));
        }
        for _ in 0..5 {
            let tie = |(one, other): (usize, usize)| {
                let (path, parent) =
                    (format!("/v1/companies/{}", ids[one]), json!({ "parentId": ids[other] }));
                async move { owner.patch(&path, &parent).await }
            };
            let pairs = (0..4)
                .flat_map(|one| (0..4).map(move |other| (one, other)))
                .filter(|(one, other)| one != other);
            let replies = join_all(pairs.map(tie)).await;
            // None stands above itself, so that not all of them can be done.
            assert_eq!(count(&replies, 200) + count(&replies, 422), replies.len(), "{replies:?}");
            for refused in replies.iter().filter(|reply| reply.status.as_u16() == 422) {
                refused.violates(422, "invalid", &[("invalid", "/parentId")]);
            }
        }
        assert_gapless(&owner.events().await);
    }
}

on_both! {
    async fn clients_that_hang_up_leave_nothing_half_done(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let create = |number: u64| {
            let input = json!({ "name": format!("{number}"), "stageId": open });
            async move {
                let patience = Duration::from_micros(number * 700);
                let _ = timeout(patience, owner.post("/v1/deals", &input)).await;
            }
        };
        join_all((0..60).map(create)).await;
        let patient = |number: i32| {
            let input = json!({ "name": format!("{number}"), "stageId": open });
            async move { owner.post("/v1/deals", &input).await }
        };
        let replies = join_all((0..20).map(patient)).await;
        assert_eq!(count(&replies, 201), 20, "{replies:?}");
        let events = owner.events().await;
        assert_gapless(&events);
        let told = |name: &str| events.iter().filter(|event| event["type"] == name).count();
        let trace = owner.trace().await;
        assert_eq!(trace["deals"]["totalCount"], told("deal.created"));
        assert_eq!(trace["stageChanges"]["totalCount"], told("deal.created"));
        assert_eq!(told("stageChange.created"), told("deal.created"));
    }
}

on_both! {
    async fn two_servers_share_a_database(stage) {
        let second = Stage::over(Arc::clone(&stage.database), |_| {}).await;
        let one = &stage.owner;
        let mut other = one.clone();
        other.url.clone_from(&second.server.url);
        let id = text(&one.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let path = format!("/v1/contacts/{id}");
        let write = |number: i32| {
            let (caller, path) = (if number % 2 == 0 { one } else { &other }, &path);
            async move {
                let updated = caller.patch(path, &json!({ "jobTitle": format!("{number}") })).await;
                let created = caller.post("/v1/tickets", &json!({ "subject": format!("{number}") })).await;
                [updated.status.as_u16(), created.status.as_u16()]
            }
        };
        let statuses = join_all((0..24).map(write)).await;
        assert!(statuses.iter().all(|both| *both == [200, 201]), "{statuses:?}");
        assert_eq!(other.get(&path).await.ok()["version"], 25);
        assert_gapless(&one.events().await);
        let first = one.get("/v1/tickets?sort=number&limit=20&fields=number").await.ok();
        let cursor = text(&first["page"]["nextCursor"]);
        let rest =
            other.get(&format!("/v1/tickets?sort=number&limit=20&fields=number&cursor={cursor}")).await.ok();
        assert_eq!(
            rest["items"],
            json!([{ "number": 21 }, { "number": 22 }, { "number": 23 }, { "number": 24 }])
        );
        second.server.stop().await.unwrap();
    }
}

on_both! {
    async fn a_record_is_deleted_and_restored_once(stage) {
        let owner = &stage.owner;
        let id = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let path = format!("/v1/contacts/{id}");
        let replies = join_all((0..10).map(|_| owner.delete(&path))).await;
        assert_eq!((count(&replies, 200), count(&replies, 404)), (1, 9), "{replies:?}");
        let restore = format!("contacts/{id}/restore");
        let replies = join_all((0..10).map(|_| owner.command(&restore, json!({})))).await;
        assert_eq!((count(&replies, 200), count(&replies, 409)), (1, 9), "{replies:?}");
        assert_eq!(owner.get(&path).await.ok()["version"], 3);
    }
}
