//! `moveDeal`: what a pipeline allows and what its stages require.

use serde_json::{Value as Json, json};

use crate::support::{Caller, Stage, on_both, text};

const MOVE: &str = "mutation($id: ID!, $version: Int, $input: MoveDealInput!) {
    moveDeal(id: $id, expectedVersion: $version, input: $input) {
        deal { id version stageId } userErrors { code field message meta } } }";

/// A stage, and what a move to it is refused with: the status, the code, the violations.
type Refusal<'a> = (&'a str, u16, &'a str, &'a [(&'a str, &'a str)]);

/// A pipeline in which the way leads over a proposal with an amount and a date.
struct Way {
    contact: String,
    proposal: String,
    won: String,
    lost: String,
}

async fn way(owner: &Caller) -> Way {
    let pipeline = text(&owner.create("pipelines", json!({ "name": "Way" })).await["id"]);
    let stage = async |input: Json| {
        let mut stage = json!({ "pipelineId": pipeline });
        stage.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        text(&owner.create("stages", stage).await["id"])
    };
    let won = stage(json!({ "name": "Won", "kind": "WON", "position": 3 })).await;
    let lost =
        stage(json!({ "name": "Lost", "kind": "LOST", "position": 4, "requiredFields": ["closeDate"] }))
            .await;
    let required = json!(["amount", "closeDate"]);
    let allowed = json!([won, lost]);
    let proposal =
        stage(json!({ "name": "Proposal", "position": 2, "probability": 60, "requiredFields": required,
        "allowedMoveIds": allowed }))
        .await;
    let contact =
        stage(json!({ "name": "Contact", "position": 1, "probability": 20, "allowedMoveIds": [proposal] }))
            .await;
    Way { contact, proposal, won, lost }
}

async fn moves(stage: &Stage, deal: &str, version: i64, to: &str) -> crate::support::Reply {
    let input = json!({ "stageId": to, "expectedVersion": version });
    stage.owner.command(&format!("deals/{deal}/move"), input).await
}

on_both! {
    async fn a_deal_moves_where_its_stage_allows(stage) {
        let owner = &stage.owner;
        let way = way(owner).await;
        let [other, ..] = stage.pipeline().await;
        let deal = owner.create("deals", json!({ "name": "A deal", "stageId": way.contact })).await;
        let deal = text(&deal["id"]);
        let before = owner.trace().await;
        let refusals: [Refusal<'_>; 4] = [
            (&way.won, 409, "illegal_move", &[("illegal_move", "/stageId")]),
            (&other, 409, "illegal_move", &[("illegal_move", "/stageId")]),
            (
                &way.proposal,
                422,
                "stage_requirement",
                &[("stage_requirement", "/amount"), ("stage_requirement", "/closeDate")],
            ),
            (
                "stage_01h455vb4pex5vsknk084sn02q",
                422,
                "reference_not_found",
                &[("reference_not_found", "/stageId")],
            ),
        ];
        for (to, status, code, violations) in refusals {
            moves(stage, &deal, 1, to).await.violates(status, code, violations);
            let variables = json!({ "id": deal, "version": 1, "input": { "stageId": to } });
            owner.mutation_violates(MOVE, variables, violations).await;
        }
        moves(stage, &deal, 1, "contact_01h455vb4pex5vsknk084sn02q").await.violates(
            422,
            "wrong_type",
            &[("wrong_type", "/stageId")],
        );
        owner.command(&format!("deals/{deal}/move"), json!({ "expectedVersion": 1 })).await.violates(
            422,
            "required",
            &[("required", "/stageId")],
        );
        owner
            .command(
                &format!("deals/{deal}/move"),
                json!({ "expectedVersion": 1, "stageId": 1, "lostReason": 2 }),
            )
            .await
            .violates(422, "wrong_type", &[("wrong_type", "/stageId"), ("wrong_type", "/lostReason")]);
        // Several requirements and a forbidden way are told together.
        let jump = json!({ "stageId": way.lost, "expectedVersion": 1 });
        owner.command(&format!("deals/{deal}/move"), jump).await.violates(
            422,
            "invalid",
            &[
                ("illegal_move", "/stageId"),
                ("stage_requirement", "/closeDate"),
                ("stage_requirement", "/lostReason"),
            ],
        );
        assert_eq!(
            moves(stage, &deal, 1, &way.contact).await.ok()["deal"]["version"],
            1,
            "it is there already"
        );
        assert_eq!(owner.trace().await, before);

        let needed = json!({ "amount": { "amount": "100", "currency": "EUR" }, "closeDate": "2026-12-31" });
        owner.patch(&format!("/v1/deals/{deal}"), &needed).await.ok();
        let moved = moves(stage, &deal, 2, &way.proposal).await.ok();
        assert_eq!((&moved["deal"]["version"], &moved["deal"]["probability"]), (&json!(3), &json!(60)));
        moves(stage, &deal, 3, &way.contact).await.refused(409, "illegal_move");
        let variables = json!({ "id": deal, "version": 3, "input": { "stageId": way.lost } });
        owner.mutation_violates(MOVE, variables, &[("stage_requirement", "/lostReason")]).await;
        let blank = json!({ "stageId": way.lost, "expectedVersion": 3, "lostReason": "  " });
        owner.command(&format!("deals/{deal}/move"), blank).await.violates(
            422,
            "stage_requirement",
            &[("stage_requirement", "/lostReason")],
        );
        let variables =
            json!({ "id": deal, "version": 3, "input": { "stageId": way.lost, "lostReason": "Too dear" } });
        let data = owner.graphql(MOVE, variables).await;
        assert_eq!(data["moveDeal"]["deal"], json!({ "id": deal, "version": 4, "stageId": way.lost }));
    }
}

on_both! {
    async fn a_deal_begins_with_what_its_stage_requires(stage) {
        let owner = &stage.owner;
        let way = way(owner).await;
        let before = owner.trace().await;
        let input = json!({ "name": "A deal", "stageId": way.proposal, "amount": { "amount": "100",
            "currency": "EUR" } });
        let missing = [("stage_requirement", "/closeDate")];
        owner.post("/v1/deals", &input).await.violates(422, "stage_requirement", &missing);
        let create = "mutation($input: CreateDealInput!) { createDeal(input: $input) { deal { id } userErrors {
            code field message } } }";
        owner.mutation_violates(create, json!({ "input": input }), &missing).await;
        assert_eq!(owner.trace().await, before);
        let input = json!({ "name": "A deal", "stageId": way.won });
        let won = owner.create("deals", input).await;
        assert_eq!((&won["status"], &won["probability"]), (&json!("WON"), &json!(100)));
        // Deals of earlier times may arrive lost without a reason.
        let input = json!({ "name": "A deal", "stageId": way.lost, "closeDate": "2020-01-01" });
        assert_eq!(owner.create("deals", input).await["status"], "LOST");
    }
}

on_both! {
    async fn a_stage_requires_what_deals_can_have(stage) {
        let owner = &stage.owner;
        let pipeline = text(&owner.create("pipelines", json!({ "name": "Way" })).await["id"]);
        let [other, ..] = stage.pipeline().await;
        let input = json!({ "pipelineId": pipeline, "name": "Open", "probability": 101, "position": -1,
            "requiredFields": ["nope"], "allowedMoveIds": ["nope"] });
        owner.post("/v1/stages", &input).await.violates(
            422,
            "invalid",
            &[
                ("unknown_value", "/requiredFields/0"),
                ("out_of_range", "/probability"),
                ("out_of_range", "/position"),
                ("wrong_type", "/allowedMoveIds/0"),
            ],
        );
        let input = json!({ "pipelineId": pipeline, "name": "Open", "requiredFields": ["amount", "nope",
            "status"],
            "allowedMoveIds": [other, "stage_01h455vb4pex5vsknk084sn02q"] });
        owner.post("/v1/stages", &input).await.violates(
            422,
            "invalid",
            &[
                ("unknown_value", "/requiredFields/1"),
                ("unknown_value", "/requiredFields/2"),
                ("invalid", "/allowedMoveIds/0"),
                ("reference_not_found", "/allowedMoveIds/1"),
            ],
        );
        let two = json!({ "name": "Way", "isDefault": true });
        owner.post("/v1/pipelines", &two).await.violates(409, "not_unique", &[("not_unique", "/name")]);
    }
}
