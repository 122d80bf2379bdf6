//! What became of a deal: what is won is certain, what is lost has a reason, whichever way led there.

use serde_json::{Value as Json, json};

use crate::{
    import::{counts, errors, import},
    support::{Caller, on_both, text},
};

async fn moved(owner: &Caller, deal: &str, input: Json) -> crate::support::Reply {
    let version = owner.get(&format!("/v1/deals/{deal}")).await.ok()["version"].take();
    let mut input = input;
    input["expectedVersion"] = version;
    owner.command(&format!("deals/{deal}/move"), input).await
}

on_both! {
    async fn a_closed_deal_is_certain(stage) {
        let owner = &stage.owner;
        let [open, won, lost] = stage.pipeline().await;
        let id = text(&owner.create("deals", json!({ "name": "A deal", "stageId": open })).await["id"]);
        let path = format!("/v1/deals/{id}");
        for (command, certain) in [("win", 100), ("lose", 0)] {
            let input = if command == "lose" { json!({ "lostReason": "Too dear" }) } else { json!({}) };
            owner.command(&format!("deals/{id}/{command}"), input).await.ok();
            let before = owner.trace().await;
            for probability in [json!(5), Json::Null] {
                let patch = owner.patch(&path, &json!({ "probability": probability })).await;
                patch.violates(409, "illegal_state", &[("illegal_state", "/probability")]);
                let update = "mutation($id: ID!, $input: UpdateDealInput!) { updateDeal(id: $id, input: $input) {
                    deal { id } userErrors { code field } } }";
                let variables = json!({ "id": id, "input": { "probability": probability } });
                owner.mutation_violates(update, variables, &[("illegal_state", "/probability")]).await;
            }
            assert_eq!(owner.trace().await, before);
            let same = owner.patch(&path, &json!({ "probability": certain, "name": "It" })).await.ok();
            assert_eq!(same["probability"], certain);
            owner.command(&format!("deals/{id}/reopen"), json!({})).await.ok();
        }
        for (stage_id, probability) in [(&won, 5), (&lost, 5)] {
            let input = json!({ "name": "x", "stageId": stage_id, "probability": probability });
            let refused = owner.post("/v1/deals", &input).await;
            refused.violates(409, "illegal_state", &[("illegal_state", "/probability")]);
        }
        assert_eq!(owner.create("deals", json!({ "name": "x", "stageId": won })).await["probability"], 100);
    }
}

on_both! {
    async fn a_reason_stands_while_a_deal_is_lost_and_no_longer(stage) {
        let owner = &stage.owner;
        let [open, won, lost] = stage.pipeline().await;
        let id = text(&owner.create("deals", json!({ "name": "A deal", "stageId": open })).await["id"]);
        let path = format!("/v1/deals/{id}");
        let at = [("illegal_state", "/lostReason")];
        let early = json!({ "name": "x", "stageId": open, "lostReason": "x" });
        owner.post("/v1/deals", &early).await.violates(409, "illegal_state", &at);
        owner.patch(&path, &json!({ "lostReason": "x" })).await.violates(409, "illegal_state", &at);

        owner.command(&format!("deals/{id}/lose"), json!({ "lostReason": "Too dear" })).await.ok();
        let needed = [("stage_requirement", "/lostReason")];
        for none in [Json::Null, json!("  ")] {
            let patch = owner.patch(&path, &json!({ "lostReason": none })).await;
            patch.violates(422, "stage_requirement", &needed);
        }
        let other = owner.patch(&path, &json!({ "lostReason": "Too late" })).await.ok();
        assert_eq!(other["lostReason"], "Too late");
        // By an ordinary move the reason goes as by any other way.
        let opened = moved(owner, &id, json!({ "stageId": open })).await.ok();
        assert_eq!(opened["deal"]["lostReason"], Json::Null);
        moved(owner, &id, json!({ "stageId": lost })).await.violates(422, "stage_requirement", &needed);
        let kept = json!({ "stageId": open, "lostReason": "x" });
        moved(owner, &id, kept).await.violates(409, "illegal_state", &at);
        moved(owner, &id, json!({ "stageId": won, "lostReason": "x" })).await.violates(409, "illegal_state", &at);
        moved(owner, &id, json!({ "stageId": lost, "lostReason": "Again" })).await.ok();
        let won = moved(owner, &id, json!({ "stageId": won })).await.ok();
        assert_eq!((&won["deal"]["status"], &won["deal"]["lostReason"]), (&json!("WON"), &Json::Null));
    }
}

on_both! {
    async fn an_import_keeps_what_is_certain(stage) {
        let owner = &stage.owner;
        let [open, won, lost] = stage.pipeline().await;
        let mapping = json!({ "match": "externalRefs", "fields": {
            "externalRefs": { "list": [{ "system": { "constant": "old" }, "id": { "column": "Id" } }] },
            "name": { "column": "Id" },
            "stageId": { "column": "Stage" },
            "probability": { "column": "Chance", "type": "INTEGER" },
            "lostReason": { "column": "Reason" },
        } });
        let file = format!("Id,Stage,Chance,Reason\n1,{open},20,\n2,{won},,\n3,{open},20,\n");
        let job = import(owner, "deal", file, &mapping).await;
        assert_eq!(counts(&job), [3, 0, 0, 0]);
        let file = format!("Id,Stage,Chance,Reason\n1,{lost},,\n2,{won},60,\n3,{lost},,Price\n4,{open},,Price\n");
        let job = import(owner, "deal", file, &mapping).await;
        let told: Vec<_> = errors(owner, &job).await;
        let expected = [
            (1, "Reason", "stage_requirement"),
            (2, "Chance", "illegal_state"),
            (4, "Reason", "illegal_state"),
        ];
        assert_eq!(told, expected.map(|(row, column, code)| (row, column.to_owned(), code.to_owned())));
        assert_eq!(counts(&job), [0, 1, 0, 3]);
    }
}

on_both! {
    async fn a_deal_was_closed_when_it_came_where_it_is(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let owner = &stage.owner;
        let [_, won, lost] = stage.pipeline().await;
        let created = owner.create("deals", json!({ "name": "x", "stageId": lost })).await;
        assert_eq!(created["closedAt"], "2026-03-01T12:00:00.000Z");
        clock.forward(60);
        let moved = moved(owner, &text(&created["id"]), json!({ "stageId": won })).await.ok();
        let deal = &moved["deal"];
        assert_eq!((&deal["status"], &deal["closedAt"]), (&json!("WON"), &json!("2026-03-01T12:01:00.000Z")));
        stage.server.stop().await.unwrap();
    }
}

on_both! {
    async fn a_deal_does_not_end_before_it_begins(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let input = json!({ "name": "x", "stageId": open, "startDate": "2026-03-02", "closeDate": "2026-03-01" });
        owner.post("/v1/deals", &input).await.violates(422, "out_of_range", &[("out_of_range", "/startDate")]);
        let input = json!({ "name": "x", "stageId": open, "startDate": "2026-03-02", "closeDate": "2026-03-02" });
        let id = text(&owner.create("deals", input).await["id"]);
        let early = owner.patch(&format!("/v1/deals/{id}"), &json!({ "closeDate": "2026-03-01" })).await;
        early.violates(422, "out_of_range", &[("out_of_range", "/closeDate")]);
        let early = owner.command(&format!("deals/{id}/win"), json!({ "closeDate": "2026-03-01" })).await;
        early.violates(422, "out_of_range", &[("out_of_range", "/closeDate")]);
    }
}

on_both! {
    async fn amounts_are_ordered_by_their_currency_first(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let amounts =
            [("7.00", "EUR"), ("500", "JPY"), ("5.00", "EUR"), ("1.000", "KWD"), ("20", "JPY"), ("6.00", "EUR")];
        for (amount, currency) in amounts {
            let amount = json!({ "amount": amount, "currency": currency });
            owner.create("deals", json!({ "name": "x", "stageId": open, "amount": amount })).await;
        }
        owner.create("deals", json!({ "name": "x", "stageId": open })).await;
        let walk = async |sort: &str| {
            let (mut met, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/v1/deals?fields=amount&limit=2&sort={sort}{cursor}");
                let page = owner.get(&path).await.ok();
                for deal in page["items"].as_array().unwrap() {
                    let amount = &deal["amount"];
                    met.push(amount["amount"].as_str().unwrap_or_default().to_owned());
                }
                let Some(next) = page["page"]["nextCursor"].as_str() else { return met };
                cursor = format!("&cursor={next}");
            }
        };
        assert_eq!(walk("amount").await, ["5.00", "6.00", "7.00", "20", "500", "1.000", ""]);
        assert_eq!(walk("-amount").await, ["1.000", "500", "20", "7.00", "6.00", "5.00", ""]);
    }
}
