//! Winning, losing and reopening: what follows from it, and the way that is written down.

use serde_json::{Value as Json, json};

use crate::support::{Caller, on_both, text};

/// The way of a deal, the first step first: from, to, and the seconds in the stage before.
async fn way(owner: &Caller, deal: &str) -> Vec<Json> {
    let query = "query($id: ID!) { deal(id: $id) { stageChanges(first: 50, orderBy: [{ changedAt: ASC }, {
        id: ASC }]) {
        nodes { fromStage { name } toStage { name } changedAt changedById secondsInPrevious } } } }";
    let data = owner.graphql(query, json!({ "id": deal })).await;
    let steps = data["deal"]["stageChanges"]["nodes"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["changedById"] == owner.user), "{data}");
    steps
        .iter()
        .map(|step| json!([step["fromStage"]["name"], step["toStage"]["name"], step["secondsInPrevious"]]))
        .collect()
}

on_both! {
    async fn a_deal_is_won_lost_and_reopened(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00.500Z").await;
        let owner = &stage.owner;
        let [open, won, lost] = stage.pipeline().await;
        owner.patch(&format!("/v1/stages/{open}"), &json!({ "probability": 30 })).await.ok();
        let created = owner
            .create("deals", json!({ "name": "A deal", "stageId": open, "closeDate": "2026-06-30" }))
            .await;
        let id = text(&created["id"]);
        let facts = |deal: &Json| {
            let names =
                ["stageId", "status", "probability", "closeDate", "closedAt", "lostReason", "stageEnteredAt"];
            Json::Array(names.iter().map(|name| deal[*name].clone()).collect())
        };
        assert_eq!(
            facts(&created),
            json!([open, "OPEN", 30, "2026-06-30", null, null, "2026-03-01T12:00:00.500Z"])
        );
        owner.patch(&format!("/v1/deals/{id}"), &json!({ "probability": 45 })).await.ok();

        clock.forward(90);
        let reply = owner.command(&format!("deals/{id}/win"), json!({ "closeDate": "2026-03-01" })).await;
        assert_eq!(reply.header("etag"), Some("\"3\""));
        let deal = reply.ok()["deal"].take();
        assert_eq!(
            facts(&deal),
            json!([
                won,
                "WON",
                100,
                "2026-03-01",
                "2026-03-01T12:01:30.500Z",
                null,
                "2026-03-01T12:01:30.500Z"
            ])
        );

        clock.forward(3_600);
        let before = owner.trace().await;
        owner.command(&format!("deals/{id}/win"), json!({})).await.refused(409, "illegal_state");
        owner
            .command(&format!("deals/{id}/lose"), json!({ "lostReason": "x" }))
            .await
            .refused(409, "illegal_state");
        owner
            .command(&format!("deals/{id}/reopen"), json!({ "stageId": lost }))
            .await
            .refused(409, "illegal_move");
        assert_eq!(owner.trace().await, before);
        let deal = owner.command(&format!("deals/{id}/reopen"), json!({})).await.ok()["deal"].take();
        assert_eq!(
            facts(&deal),
            json!([open, "OPEN", 30, "2026-03-01", null, null, "2026-03-01T13:01:30.500Z"])
        );

        clock.forward(1);
        owner.command(&format!("deals/{id}/lose"), json!({})).await.violates(
            422,
            "required",
            &[("required", "/lostReason")],
        );
        owner.command(&format!("deals/{id}/lose"), json!({ "lostReason": "" })).await.violates(
            422,
            "required",
            &[("required", "/lostReason")],
        );
        let day = json!({ "lostReason": "Too dear", "closeDate": "tomorrow" });
        owner.command(&format!("deals/{id}/lose"), day).await.violates(
            422,
            "wrong_type",
            &[("wrong_type", "/closeDate")],
        );
        owner.command(&format!("deals/{id}/reopen"), json!({})).await.refused(409, "illegal_state");
        let lose = "mutation($id: ID!) { loseDeal(id: $id, input: { lostReason: \"Too dear\" }) {
            deal { stageId status probability closeDate closedAt lostReason stageEnteredAt } userErrors {
                code } } }";
        let data = owner.graphql(lose, json!({ "id": id })).await;
        let at = "2026-03-01T13:01:31.500Z";
        assert_eq!(
            facts(&data["loseDeal"]["deal"]),
            json!([lost, "LOST", 0, "2026-03-01", at, "Too dear", at])
        );
        assert_eq!(owner.user_errors(lose, json!({ "id": id })).await[0]["code"], "illegal_state");

        clock.forward(10);
        let reopen = "mutation($id: ID!) { reopenDeal(id: $id, input: {}) { deal { lostReason status }
            userErrors { code } } }";
        let data = owner.graphql(reopen, json!({ "id": id })).await;
        assert_eq!(data["reopenDeal"]["deal"], json!({ "lostReason": null, "status": "OPEN" }));
        let expected = [
            json!([null, "Open", null]),
            json!(["Open", "Won", 90]),
            json!(["Won", "Open", 3_600]),
            json!(["Open", "Lost", 1]),
            json!(["Lost", "Open", 10]),
        ];
        assert_eq!(way(owner, &id).await, expected);
        // The change and its step are told by events of one instant.
        let events = owner.events().await;
        let steps = events.iter().filter(|event| event["type"] == "stageChange.created").count();
        assert_eq!(steps, 5);
        stage.server.stop().await.unwrap();
    }
}

on_both! {
    async fn a_reopened_deal_goes_where_it_was(stage) {
        let owner = &stage.owner;
        let [_, won, _] = stage.pipeline().await;
        let pipeline = text(&owner.get(&format!("/v1/stages/{won}")).await.ok()["pipelineId"]);
        let second = json!({ "pipelineId": pipeline, "name": "Proposal", "position": 5 });
        let second = text(&owner.create("stages", second).await["id"]);
        let id = text(&owner.create("deals", json!({ "name": "A deal", "stageId": second })).await["id"]);
        owner.command(&format!("deals/{id}/win"), json!({})).await.ok();
        assert_eq!(
            owner.command(&format!("deals/{id}/reopen"), json!({})).await.ok()["deal"]["stageId"],
            second
        );
        // One that was never open begins at the pipeline's first open stage, or where it is told.
        let id = text(&owner.create("deals", json!({ "name": "A deal", "stageId": won })).await["id"]);
        let reopened = owner.command(&format!("deals/{id}/reopen"), json!({})).await.ok();
        assert_ne!(reopened["deal"]["stageId"], second);
        owner.command(&format!("deals/{id}/win"), json!({})).await.ok();
        let reopened = owner.command(&format!("deals/{id}/reopen"), json!({ "stageId": second })).await.ok();
        assert_eq!(reopened["deal"]["stageId"], second);
        // Without a lost stage nothing can be lost.
        let bare = text(&owner.create("pipelines", json!({ "name": "Bare" })).await["id"]);
        let only = text(&owner.create("stages", json!({ "pipelineId": bare, "name": "Open" })).await["id"]);
        let id = text(&owner.create("deals", json!({ "name": "A deal", "stageId": only })).await["id"]);
        let before = owner.trace().await;
        owner
            .command(&format!("deals/{id}/lose"), json!({ "lostReason": "x" }))
            .await
            .refused(409, "illegal_move");
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn probability_and_pipeline_follow_the_stage(stage) {
        let owner = &stage.owner;
        let [open, won, _] = stage.pipeline().await;
        owner.patch(&format!("/v1/stages/{open}"), &json!({ "probability": 30 })).await.ok();
        let input = json!({ "name": "A deal", "stageId": open, "probability": 55 });
        let deal = owner.create("deals", input).await;
        assert_eq!(deal["probability"], 55, "it was given on entering");
        let stage_of = owner.get(&format!("/v1/stages/{open}")).await.ok();
        assert_eq!((&deal["pipelineId"], &deal["ownerId"]), (&stage_of["pipelineId"], &json!(owner.user)));
        let certain = owner.create("deals", json!({ "name": "A deal", "stageId": won })).await;
        assert_eq!(certain["probability"], 100);
        let path = format!("/v1/deals/{}", text(&deal["id"]));
        for (patch, code, pointer) in [
            (json!({ "status": "WON" }), "read_only", "/status"),
            (json!({ "pipelineId": null }), "read_only", "/pipelineId"),
            (json!({ "closedAt": null }), "read_only", "/closedAt"),
            (json!({ "probability": 101 }), "out_of_range", "/probability"),
            (json!({ "amount": { "amount": "1.005", "currency": "EUR" } }), "wrong_type", "/amount"),
            (json!({ "amount": { "amount": 1, "currency": "EUR" } }), "wrong_type", "/amount"),
            (json!({ "amount": { "amount": "1", "currency": "eur" } }), "wrong_type", "/amount"),
            (json!({ "amount": { "amount": "1" } }), "wrong_type", "/amount"),
        ] {
            owner.patch(&path, &patch).await.violates(422, code, &[(code, pointer)]);
        }
        for (amount, shown) in
            [("1", "1.00"), ("-0.5", "-0.50"), ("92233720368547758.07", "92233720368547758.07")]
        {
            let amount = json!({ "amount": { "amount": amount, "currency": "EUR" } });
            let patched = owner.patch(&path, &amount).await.ok();
            assert_eq!(patched["amount"], json!({ "amount": shown, "currency": "EUR" }));
        }
        let large = json!({ "amount": { "amount": "92233720368547758.08", "currency": "EUR" } });
        owner.patch(&path, &large).await.violates(422, "wrong_type", &[("wrong_type", "/amount")]);
        let none = json!({ "amount": { "amount": "5", "currency": "KWD" } });
        assert_eq!(owner.patch(&path, &none).await.ok()["amount"]["amount"], "5.000");
    }
}
