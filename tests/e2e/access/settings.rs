//! The workspace's settings that are remembered with a key are those of now.

use serde_json::json;

use super::Pair;
use crate::support::{Caller, on_both, text};

on_both! {
    async fn days_begin_where_the_workspace_has_moved_to(stage) {
        // Shortly after midnight in Berlin, and still the day before in New York.
        let (there, _) = stage.at("2026-03-01T23:30:00Z").await;
        let (here, _) = stage.at("2026-03-01T23:30:00Z").await;
        let pair = Pair::with(&here, there);
        let owner = pair.there(&here.owner);
        for due in ["2026-03-01T22:59:59Z", "2026-03-01T23:00:00Z", "2026-03-02T04:59:59Z", "2026-03-02T05:00:00Z"] {
            here.owner.create("tasks", json!({ "title": "Call", "dueAt": due })).await;
        }
        let [open, ..] = here.pipeline().await;
        for day in ["2026-03-01", "2026-03-02"] {
            here.owner.create("deals", json!({ "name": day, "stageId": open, "closeDate": day })).await;
        }
        let today = json!({ "closeDate": { "eq": { "relative": "P0D" } } });
        let deals = "query($where: DealFilter) { deals(first: 5, where: $where) { nodes { name } } }";
        let tasks = "/v1/tasks?filter[dueAt][gte]=2026-03-02&fields=dueAt";
        let seen = async |owner: &Caller, first: usize| {
            // Each of the three is the first to ask after the change once.
            let (mut count, mut by_rest, mut by_graphql) = (0, String::new(), String::new());
            for turn in 0..3 {
                match (first + turn) % 3 {
                    0 => count = owner.get(tasks).await.ok()["items"].as_array().unwrap().len(),
                    1 => {
                        let found = owner.get_where("/v1/deals?fields=name", &today).await.ok();
                        by_rest = text(&found["items"][0]["name"]);
                    }
                    _ => {
                        let found = owner.graphql(deals, json!({ "where": today })).await;
                        by_graphql = text(&found["deals"]["nodes"][0]["name"]);
                    }
                }
            }
            assert_eq!(by_rest, by_graphql);
            (count, by_rest)
        };
        for turn in 0..3 {
            pair.change_settings(json!({ "timeZone": "Europe/Berlin" })).await;
            assert_eq!(seen(&owner, turn).await, (3, "2026-03-02".to_owned()), "{turn}");
            pair.change_settings(json!({ "timeZone": "America/New_York" })).await;
            assert_eq!(seen(&owner, turn).await, (1, "2026-03-01".to_owned()), "{turn}");
        }
        // What is empty under the old settings may be full under the new ones, and the other way round.
        let late = "/v1/tasks?filter[dueAt][gte]=2026-03-02&filter[dueAt][lt]=2026-03-02T04:59:59Z";
        let count = async || owner.get(late).await.ok()["items"].as_array().unwrap().len();
        assert_eq!(count().await, 0);
        pair.change_settings(json!({ "timeZone": "Europe/Berlin" })).await;
        assert_eq!(count().await, 1);
        pair.change_settings(json!({ "timeZone": "America/New_York" })).await;
        assert_eq!(count().await, 0);
        pair.end().await;
        here.server.stop().await.unwrap();
    }
}

on_both! {
    async fn settings_are_shown_as_they_are_now(stage) {
        let pair = Pair::of(stage).await;
        let owner = pair.there(&stage.owner);
        let query = "{ workspaces(first: 1) { nodes { name timeZone defaultCurrency } } }";
        for (name, zone, currency) in
            [("Acme Ltd", "Asia/Tokyo", "JPY"), ("Acme", "Europe/Berlin", "EUR"), ("Acme", "UTC", "USD")]
        {
            let settings = json!({ "name": name, "timeZone": zone, "defaultCurrency": currency });
            pair.change_settings(settings.clone()).await;
            let path = "/v1/workspaces?fields=name,timeZone,defaultCurrency";
            let by_rest = owner.get(path).await.ok();
            let by_graphql = owner.graphql(query, json!({})).await;
            assert_eq!(by_graphql["workspaces"]["nodes"], json!([settings]));
            for (name, value) in settings.as_object().unwrap() {
                assert_eq!(by_rest["items"][0][name], *value, "{by_rest}");
            }
        }
        pair.end().await;
    }
}
