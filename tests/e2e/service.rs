//! Service: tickets, their numbers, and the way they go.

use futures::future::join_all;
use serde_json::{Value as Json, json};

use crate::support::{on_both, text};

on_both! {
    async fn numbers_have_no_gaps(stage) {
        let (owner, stranger) = (&stage.owner, stage.stranger().await);
        let agent = stage.user("AGENT").await;
        let create = |number: usize| {
            let who = [owner, &agent, &stranger][number % 3];
            // Every fourth is refused by a rule, and takes no number.
            let channel = if number % 4 == 3 { json!("PIGEON") } else { json!("EMAIL") };
            let reference =
                if number % 8 == 6 { json!("contact_01h455vb4pex5vsknk084sn02q") } else { Json::Null };
            let input =
                json!({ "subject": format!("{number}"), "channel": channel, "requesterId": reference });
            async move { who.post("/v1/tickets", &input).await.status.as_u16() }
        };
        let statuses = join_all((0..48).map(create)).await;
        assert!(statuses.iter().all(|status| [201, 422].contains(status)), "{statuses:?}");
        let total = statuses.iter().filter(|status| **status == 201).count();
        let mut counted = 0;
        for caller in [owner, &stranger] {
            let listed = caller.get("/v1/tickets?sort=number&limit=200&fields=number").await.ok();
            let numbers: Vec<_> = listed["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|ticket| ticket["number"].as_u64().unwrap())
                .collect();
            assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
            counted += numbers.len();
        }
        assert_eq!(counted, total);
        // An agent may not make a ticket that would be another's; that attempt takes no number either.
        let input = json!({ "subject": "x", "assigneeId": owner.user });
        agent.post("/v1/tickets", &input).await.refused(403, "forbidden");
        let next = owner.create("tickets", json!({ "subject": "x" })).await["number"].as_u64().unwrap();
        let listed = owner.get("/v1/tickets?count=true").await.ok();
        assert_eq!(listed["page"]["totalCount"].as_u64().unwrap(), next);
        let given = json!({ "subject": "x", "number": 1 });
        owner.post("/v1/tickets", &given).await.violates(422, "read_only", &[("read_only", "/number")]);
        owner
            .delete(&format!(
                "/v1/tickets/{}",
                text(&owner.create("tickets", json!({ "subject": "x" })).await["id"])
            ))
            .await
            .ok();
        assert_eq!(
            owner.create("tickets", json!({ "subject": "x" })).await["number"].as_u64().unwrap(),
            next + 2
        );
    }
}

const STATES: [&str; 6] = ["NEW", "OPEN", "PENDING", "ON_HOLD", "SOLVED", "CLOSED"];

on_both! {
    async fn a_ticket_goes_from_state_to_state(stage) {
        let owner = &stage.owner;
        for from in STATES {
            for to in STATES {
                let legal = from == to
                    || match from {
                        "NEW" => true,
                        "SOLVED" => ["OPEN", "CLOSED"].contains(&to),
                        "CLOSED" => false,
                        _ => ["OPEN", "PENDING", "ON_HOLD", "SOLVED"].contains(&to),
                    };
                let id =
                    text(&owner.create("tickets", json!({ "subject": "x", "status": from })).await["id"]);
                let reply = owner.patch(&format!("/v1/tickets/{id}"), &json!({ "status": to })).await;
                if !legal {
                    reply.violates(409, "illegal_state", &[("illegal_state", "/status")]);
                    continue;
                }
                let ticket = reply.ok();
                assert_eq!(ticket["status"], to);
                assert_eq!(
                    ticket["solvedAt"].is_string(),
                    ["SOLVED", "CLOSED"].contains(&to),
                    "{from} → {to}: {ticket}"
                );
                assert_eq!(ticket["closedAt"].is_string(), to == "CLOSED", "{from} → {to}: {ticket}");
            }
        }
    }
}

on_both! {
    async fn tickets_are_solved_and_reopened(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let owner = &stage.owner;
        let id =
            text(&owner.create("tickets", json!({ "subject": "Broken", "priority": "HIGH" })).await["id"]);
        let (solve, reopen) = (format!("tickets/{id}/solve"), format!("tickets/{id}/reopen"));
        let before = owner.trace().await;
        owner.command(&reopen, json!({})).await.refused(409, "illegal_state");
        owner.command(&solve, json!({ "resolution": 1 })).await.violates(
            422,
            "wrong_type",
            &[("wrong_type", "/resolution")],
        );
        let long = json!({ "resolution": "x".repeat(100_001) });
        owner.command(&solve, long).await.violates(422, "out_of_range", &[("out_of_range", "/resolution")]);
        assert_eq!(owner.trace().await, before);

        clock.forward(60);
        let solved =
            owner.command(&solve, json!({ "resolution": "Turned it on" })).await.ok()["ticket"].take();
        assert_eq!((&solved["status"], &solved["resolution"]), (&json!("SOLVED"), &json!("Turned it on")));
        assert_eq!(
            (&solved["solvedAt"], &solved["version"]),
            (&json!("2026-03-01T12:01:00.000Z"), &json!(2))
        );
        owner.command(&solve, json!({})).await.refused(409, "illegal_state");
        clock.forward(60);
        let mutation = "mutation($id: ID!) { reopenTicket(id: $id) { ticket { status solvedAt resolution }
            userErrors { code } } }";
        let data = owner.graphql(mutation, json!({ "id": id })).await;
        let reopened = json!({ "status": "OPEN", "solvedAt": null, "resolution": "Turned it on" });
        assert_eq!(data["reopenTicket"]["ticket"], reopened);
        assert_eq!(owner.user_errors(mutation, json!({ "id": id })).await[0]["code"], "illegal_state");
        let mutation = "mutation($id: ID!) { solveTicket(id: $id, input: {}) { ticket {
            status solvedAt resolution } userErrors { code } } }";
        let data = owner.graphql(mutation, json!({ "id": id })).await;
        let solved = json!({ "status": "SOLVED", "solvedAt": "2026-03-01T12:02:00.000Z",
            "resolution": "Turned it on" });
        assert_eq!(data["solveTicket"]["ticket"], solved);

        clock.forward(60);
        let closed = owner
            .patch(&format!("/v1/tickets/{id}"), &json!({ "status": "CLOSED", "satisfaction": 5 }))
            .await
            .ok();
        assert_eq!(
            (&closed["solvedAt"], &closed["closedAt"]),
            (&json!("2026-03-01T12:02:00.000Z"), &json!("2026-03-01T12:03:00.000Z"))
        );
        owner.command(&reopen, json!({})).await.refused(409, "illegal_state");
        owner.command(&solve, json!({})).await.refused(409, "illegal_state");
        for satisfaction in [0, 6] {
            owner
                .patch(&format!("/v1/tickets/{id}"), &json!({ "satisfaction": satisfaction }))
                .await
                .violates(422, "out_of_range", &[("out_of_range", "/satisfaction")]);
        }
        stage.server.stop().await.unwrap();
    }
}
