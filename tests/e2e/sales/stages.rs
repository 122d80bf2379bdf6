//! Stages and pipelines: what hangs on them, and what they may lead to.

use futures::future::join_all;
use serde_json::{Value as Json, json};

use crate::support::{Caller, on_both, text};

async fn stage_of(owner: &Caller, pipeline: &str, name: &str) -> String {
    text(&owner.create("stages", json!({ "pipelineId": pipeline, "name": name })).await["id"])
}

on_both! {
    async fn a_stage_keeps_its_kind_under_its_deals(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let path = format!("/v1/stages/{open}");
        let mut deals = Vec::new();
        for name in ["one", "two"] {
            deals.push(text(&owner.create("deals", json!({ "name": name, "stageId": open })).await["id"]));
        }
        let before = owner.trace().await;
        let refused = owner.patch(&path, &json!({ "kind": "WON", "position": 7 })).await;
        let problem = refused.violates(409, "illegal_state", &[("illegal_state", "/kind")]);
        assert_eq!(problem["errors"][0]["meta"], json!({ "referring": { "deals": 2 } }), "{problem}");
        assert_eq!(owner.trace().await, before);
        assert_eq!(owner.patch(&path, &json!({ "kind": "OPEN", "position": 7 })).await.ok()["position"], 7);
        // A deal that can come back counts, or it would come back as what its stage is not.
        owner.delete(&format!("/v1/deals/{}", deals[0])).await.ok();
        owner.delete(&format!("/v1/deals/{}", deals[1])).await.ok();
        owner.patch(&path, &json!({ "kind": "WON" })).await.refused(409, "illegal_state");
        let bare = stage_of(owner, &text(&owner.get(&path).await.ok()["pipelineId"]), "Bare").await;
        assert_eq!(owner.patch(&format!("/v1/stages/{bare}"), &json!({ "kind": "WON" })).await.ok()["kind"], "WON");
    }
}

on_both! {
    async fn what_others_stand_on_is_not_deleted(stage) {
        let owner = &stage.owner;
        let [open, won, lost] = stage.pipeline().await;
        let pipeline = text(&owner.get(&format!("/v1/stages/{open}")).await.ok()["pipelineId"]);
        let deal = text(&owner.create("deals", json!({ "name": "x", "stageId": open })).await["id"]);
        let before = owner.trace().await;
        let problem = owner.delete(&format!("/v1/stages/{open}")).await.refused(409, "illegal_state");
        assert_eq!(problem["referring"], json!({ "deals": 1 }), "{problem}");
        let problem = owner.delete(&format!("/v1/pipelines/{pipeline}")).await.refused(409, "illegal_state");
        assert_eq!(problem["referring"], json!({ "deals": 1 }), "its stages would go along: {problem}");
        let delete = "mutation($id: ID!) { deleteStage(id: $id) { stage { id } userErrors { code meta } } }";
        let errors = owner.user_errors(delete, json!({ "id": open })).await;
        assert_eq!(errors[0], json!({ "code": "illegal_state", "meta": { "referring": { "deals": 1 } } }));
        assert_eq!(owner.trace().await, before);

        owner.delete(&format!("/v1/deals/{deal}")).await.ok();
        for stage in [&open, &won, &lost] {
            owner.delete(&format!("/v1/stages/{stage}")).await.ok();
        }
        owner.patch(&format!("/v1/pipelines/{pipeline}"), &json!({ "isDefault": false })).await.ok();
        owner.delete(&format!("/v1/pipelines/{pipeline}")).await.ok();
        // What comes back stands on what is there.
        let restored = owner.command(&format!("deals/{deal}/restore"), json!({})).await;
        restored.violates(422, "reference_not_found", &[("reference_not_found", "/stageId")]);
        let restored = owner.command(&format!("stages/{open}/restore"), json!({})).await;
        restored.violates(422, "reference_not_found", &[("reference_not_found", "/pipelineId")]);
        owner.command(&format!("pipelines/{pipeline}/restore"), json!({})).await.ok();
        owner.command(&format!("stages/{open}/restore"), json!({})).await.ok();
        owner.command(&format!("deals/{deal}/restore"), json!({})).await.ok();
    }
}

on_both! {
    async fn nothing_comes_onto_what_goes(stage) {
        let owner = &stage.owner;
        let pipeline = text(&owner.create("pipelines", json!({ "name": "Race" })).await["id"]);
        for number in 0..8 {
            let place = stage_of(owner, &pipeline, &format!("{number}")).await;
            let path = format!("/v1/stages/{place}");
            let create = async |name: i32| {
                let input = json!({ "name": format!("{name}"), "stageId": place });
                owner.post("/v1/deals", &input).await.status.as_u16()
            };
            let (deleted, made) =
                tokio::join!(owner.delete(&path), join_all((0..4).map(create)));
            let live = owner.get(&format!("/v1/deals?filter[stageId]={place}")).await;
            let live = live.ok()["items"].as_array().unwrap().len();
            assert_eq!(made.iter().filter(|status| **status == 201).count(), live, "{made:?}");
            assert!(deleted.status.as_u16() == 409 || live == 0, "{deleted} {made:?}");
            assert!(made.iter().all(|status| [201, 422].contains(status)), "{made:?}");
        }
    }
}

on_both! {
    async fn moves_stay_in_the_pipeline(stage) {
        let owner = &stage.owner;
        let [open, won, _] = stage.pipeline().await;
        let path = format!("/v1/stages/{open}");
        let other = text(&owner.create("pipelines", json!({ "name": "Other" })).await["id"]);
        let foreign = stage_of(owner, &other, "Foreign").await;
        let patch = owner.patch(&path, &json!({ "allowedMoveIds": [won, foreign] })).await;
        patch.violates(422, "invalid", &[("invalid", "/allowedMoveIds/1")]);
        owner.patch(&path, &json!({ "allowedMoveIds": [won] })).await.ok();
    }
}

on_both! {
    async fn two_stages_of_a_pipeline_have_two_names(stage) {
        let owner = &stage.owner;
        let [open, won, _] = stage.pipeline().await;
        let pipeline = text(&owner.get(&format!("/v1/stages/{open}")).await.ok()["pipelineId"]);
        let taken = [("not_unique", "/name")];
        let problem = owner
            .post("/v1/stages", &json!({ "pipelineId": pipeline, "name": "OPEN" }))
            .await
            .violates(409, "not_unique", &taken);
        assert_eq!(problem["errors"][0]["meta"]["existingId"], open);
        let problem = owner.patch(&format!("/v1/stages/{won}"), &json!({ "name": "open" })).await;
        let problem = problem.violates(409, "not_unique", &taken);
        assert_eq!(problem["errors"][0]["meta"]["existingId"], open);
        let other = text(&owner.create("pipelines", json!({ "name": "Other" })).await["id"]);
        stage_of(owner, &other, "Open").await;
        let create = async |_| {
            let input = json!({ "pipelineId": other, "name": "Same" });
            owner.post("/v1/stages", &input).await
        };
        let replies = join_all((0..8).map(create)).await;
        let made = replies.iter().filter(|reply| reply.status.as_u16() == 201).count();
        assert_eq!(made, 1, "{replies:?}");
        for refused in replies.iter().filter(|reply| reply.status.as_u16() != 201) {
            refused.violates(409, "not_unique", &taken);
        }
    }
}

/// The pipelines that are the default one, by name.
async fn defaults(owner: &Caller) -> Vec<Json> {
    let page = owner.get("/v1/pipelines?filter[isDefault]=true&fields=name&sort=name").await.ok();
    page["items"].as_array().unwrap().iter().map(|pipeline| pipeline["name"].clone()).collect()
}

on_both! {
    async fn one_pipeline_is_the_default(stage) {
        let owner = &stage.owner;
        let first = owner.create("pipelines", json!({ "name": "First", "isDefault": true })).await;
        let path = format!("/v1/pipelines/{}", text(&first["id"]));
        let second = owner.create("pipelines", json!({ "name": "Second", "isDefault": true })).await;
        assert_eq!((&second["isDefault"], defaults(owner).await), (&json!(true), vec![json!("Second")]));
        let first = owner.get(&path).await.ok();
        assert_eq!((&first["isDefault"], &first["version"]), (&json!(false), &json!(2)));
        let events = owner.events().await;
        let told: Vec<_> = events.iter().rev().take(2).map(|event| &event["type"]).collect();
        assert_eq!(told, ["pipeline.created", "pipeline.updated"], "an ordinary change of the other");
        owner.patch(&path, &json!({ "isDefault": true })).await.ok();
        assert_eq!(defaults(owner).await, ["First"]);
        owner.patch(&path, &json!({ "isDefault": false })).await.ok();
        assert_eq!(defaults(owner).await, Vec::<Json>::new());
        // Which one is the default, is said before it goes.
        owner.patch(&path, &json!({ "isDefault": true })).await.ok();
        owner.delete(&path).await.violates(409, "illegal_state", &[("illegal_state", "/isDefault")]);
        let delete = "mutation($id: ID!) { deletePipeline(id: $id) { pipeline { id } userErrors { code field } } }";
        let errors = owner.user_errors(delete, json!({ "id": first["id"] })).await;
        assert_eq!(errors, [json!({ "code": "illegal_state", "field": "/isDefault" })]);
        owner.create("pipelines", json!({ "name": "Third", "isDefault": true })).await;
        owner.delete(&path).await.ok();
        let restored = owner.command(&format!("pipelines/{}/restore", text(&first["id"])), json!({})).await.ok();
        assert_eq!((&restored["isDefault"], defaults(owner).await), (&json!(false), vec![json!("Third")]));
    }
}

on_both! {
    async fn one_pipeline_is_the_default_whoever_is_fastest(stage) {
        let owner = &stage.owner;
        let mut ids = Vec::new();
        for number in 0..6 {
            ids.push(text(&owner.create("pipelines", json!({ "name": format!("{number}") })).await["id"]));
        }
        for _ in 0..4 {
            let mark = async |id: &String| {
                owner.patch(&format!("/v1/pipelines/{id}"), &json!({ "isDefault": true })).await
            };
            let replies = join_all(ids.iter().map(mark)).await;
            assert!(replies.iter().all(|reply| reply.status.as_u16() == 200), "{replies:?}");
            assert_eq!(defaults(owner).await.len(), 1);
        }
    }
}
