//! The platform: keys, the workspace, the people in it.

mod clock;
mod files;
mod leaving;
mod start;

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Caller, on_both, text};

async fn unknown(caller: &Caller) {
    let reply = caller.get("/v1/contacts").await;
    reply.refused(401, "unauthenticated");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    let reply = caller.graphql_reply("{ __typename }", json!({})).await;
    reply.refused(401, "unauthenticated");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
}

on_both! {
    async fn a_key_is_shown_once(stage) {
        let owner = &stage.owner;
        let input = json!({ "name": "Shop", "userId": owner.user, "role": "READ_ONLY" });
        let reply = owner.command("api-keys/issue", input.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (201, Some("no-store")));
        let location = reply.header("location").unwrap().to_owned();
        let issued = reply.ok();
        let (key, secret) = (&issued["apiKey"], text(&issued["secret"]));
        assert_eq!(location, format!("/v1/api-keys/{}", text(&key["id"])));
        assert!(secret.starts_with("kith_") && secret.ends_with(&text(&key["hint"])), "{issued}");
        assert_eq!(
            (&key["role"], &key["expiresAt"], &key["revokedAt"]),
            (&json!("READ_ONLY"), &Json::Null, &Json::Null)
        );
        let issue = "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { apiKey { id hint }
            secret userErrors { code } } }";
        let data = owner.graphql(issue, json!({ "input": input })).await;
        let second = text(&data["issueApiKey"]["secret"]);
        assert_ne!(secret, second);

        for text_of in [
            owner.get(&location).await.to_string(),
            owner.get("/v1/api-keys").await.to_string(),
            owner.get("/v1/events?limit=200").await.to_string(),
            owner
                .graphql("{ apiKeys(first: 9) { nodes { id name hint role } } }", json!({}))
                .await
                .to_string(),
        ] {
            for secret in [&secret, &second, &owner.key] {
                assert!(!text_of.contains(&secret[5..]) && !text_of.contains(&secret[48..]), "{text_of}");
            }
        }
        let reader = Caller::new(&owner.url, &secret, &owner.user);
        reader.get("/v1/contacts").await.ok();
        reader.post("/v1/contacts", &json!({ "givenName": "Ada" })).await.refused(403, "forbidden");

        let before = owner.trace().await;
        owner.command("api-keys/issue", json!({ "role": "KING", "name": "" })).await.violates(
            422,
            "invalid",
            &[("required", "/userId"), ("unknown_value", "/role"), ("required", "/name")],
        );
        for (input, code, pointer) in [
            (json!({ "name": "", "userId": owner.user, "role": "AGENT" }), "required", "/name"),
            (json!({ "name": "x", "userId": owner.user, "role": "KING" }), "unknown_value", "/role"),
            (
                json!({ "name": "x", "userId": owner.user, "role": "AGENT", "expiresAt": "tomorrow" }),
                "wrong_type",
                "/expiresAt",
            ),
            (
                json!({ "name": "x", "userId": "user_01h455vb4pex5vsknk084sn02q", "role": "AGENT" }),
                "reference_not_found",
                "/userId",
            ),
            (
                json!({ "name": "x", "userId": owner.user, "role": "AGENT", "scopes": [] }),
                "unknown_field",
                "/scopes",
            ),
        ] {
            owner.command("api-keys/issue", input).await.violates(422, code, &[(code, pointer)]);
        }
        for role in ["AGENT", "READ_ONLY"] {
            let caller = stage.user(role).await;
            let before = owner.trace().await;
            let input = json!({ "name": "x", "userId": caller.user, "role": "OWNER" });
            caller.command("api-keys/issue", input.clone()).await.refused(403, "forbidden");
            caller.graphql_reply(issue, json!({ "input": input })).await.graphql_refused(403, "forbidden");
            let blind = "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) {
                secret userErrors { code } } }";
            assert_eq!(caller.user_errors(blind, json!({ "input": input })).await[0]["code"], "forbidden");
            let key = text(&issued["apiKey"]["id"]);
            caller.command(&format!("api-keys/{key}/revoke"), json!({})).await.refused(403, "forbidden");
            caller.get("/v1/api-keys").await.refused(403, "forbidden");
            assert_eq!(owner.trace().await, before);
        }
        assert_eq!(owner.trace().await["contacts"], before["contacts"]);
        owner.post("/v1/api-keys", &json!({ "name": "x" })).await.refused(405, "method_not_allowed");
        owner.patch(&location, &json!({ "role": "OWNER" })).await.refused(405, "method_not_allowed");
    }
}

on_both! {
    async fn a_key_ends_at_once(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let owner = &stage.owner;
        let issue = async |expires: Json| {
            let input = json!({ "name": "x", "userId": owner.user, "role": "OWNER", "expiresAt": expires });
            let issued = owner.command("api-keys/issue", input).await.ok();
            let caller = Caller::new(&owner.url, issued["secret"].as_str().unwrap(), &owner.user);
            (text(&issued["apiKey"]["id"]), caller)
        };
        let (_, late) = issue(json!("2026-03-01T12:00:00Z")).await;
        unknown(&late).await;
        let (_, short) = issue(json!("2026-03-01T13:00:01+01:00")).await;
        short.get("/v1/contacts").await.ok();
        clock.forward(1);
        unknown(&short).await;

        let (id, revoked) = issue(Json::Null).await;
        revoked.get("/v1/contacts").await.ok();
        // A key may revoke itself; it is the last that is done with it.
        let answer = revoked.command(&format!("api-keys/{id}/revoke"), json!({})).await.ok();
        assert_eq!(answer["apiKey"]["revokedAt"], "2026-03-01T12:00:01.000Z");
        unknown(&revoked).await;
        owner.command(&format!("api-keys/{id}/revoke"), json!({})).await.refused(409, "illegal_state");
        let (id, revoked) = issue(Json::Null).await;
        let revoke =
            "mutation($id: ID!) { revokeApiKey(id: $id) { apiKey { revokedAt } userErrors { code } } }";
        owner.graphql(revoke, json!({ "id": id })).await;
        unknown(&revoked).await;

        // So do the keys of a user who leaves, and they are good again when the user comes back.
        let agent = stage.user("AGENT").await;
        let path = format!("/v1/users/{}", agent.user);
        agent.get("/v1/contacts").await.ok();
        owner.patch(&path, &json!({ "active": false })).await.ok();
        unknown(&agent).await;
        owner.patch(&path, &json!({ "active": true })).await.ok();
        agent.get("/v1/contacts").await.ok();
        owner.delete(&path).await.ok();
        unknown(&agent).await;
        stage.server.stop().await.unwrap();
    }
}

on_both! {
    async fn only_a_whole_key_of_a_bearer_is_good(stage) {
        let owner = &stage.owner;
        let stranger = stage.stranger().await;
        let key = &owner.key;
        let mut wrong = vec![
            String::new(),
            "x".to_owned(),
            "kith_".to_owned(),
            key[5..].to_owned(),
            format!("{key}A"),
            format!("{key}="),
            key[..key.len() - 4].to_owned(),
            key.to_uppercase(),
            key.replace("kith_", "Kith_"),
            format!("kith_{}", "A".repeat(86)),
        ];
        // A single other character, wherever it stands: workspace, key, secret.
        for place in [6, 20, 30, 40, 60, 80] {
            let other = if &key[place..=place] == "A" { "B" } else { "A" };
            wrong.push(format!("{}{other}{}", &key[..place], &key[place + 1..]));
        }
        // The secret of one key behind the name of another.
        wrong.push(format!("{}{}", &key[..48], &stranger.key[48..]));
        wrong.push(format!("{}{}", &stranger.key[..48], &key[48..]));
        for key in wrong {
            unknown(&Caller::new(&owner.url, &key, "")).await;
        }
        let client = reqwest::Client::new();
        let contacts = format!("{}/v1/contacts", owner.url);
        let send = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
        assert_eq!(send(client.get(&contacts)).await, 401);
        assert_eq!(send(client.get(&contacts).basic_auth("owner", Some(key))).await, 401);
        assert_eq!(send(client.get(&contacts).header("authorization", key)).await, 401);
        assert_eq!(send(client.get(&contacts).header("x-api-key", key)).await, 401);
        assert_eq!(send(client.get(format!("{contacts}?access_token={key}"))).await, 401);
        assert_eq!(send(client.get(&contacts).bearer_auth(key).bearer_auth(key)).await, 401);
        assert_eq!(send(client.get(&contacts).header("authorization", format!("bearer {key}"))).await, 200);
        // Nothing about what there is can be learned without a key.
        for path in
            ["/v1/contacts/x", "/v1/contacts/contact_01h455vb4pex5vsknk084sn02q", "/v1/contacts?nope=1"]
        {
            assert_eq!(send(client.get(format!("{}{path}", owner.url))).await, 401, "{path}");
        }
        for path in ["/livez", "/readyz", "/openapi.json"] {
            assert_eq!(send(client.get(format!("{}{path}", owner.url))).await, 200, "{path}");
        }
        let large =
            client.post(&contacts).header("content-type", "application/json").body(" ".repeat(2 << 20));
        assert!([401, 413].contains(&send(large).await));
    }
}

on_both! {
    async fn the_workspace_has_settings(stage) {
        let owner = &stage.owner;
        let list = owner.get("/v1/workspaces").await.ok();
        let workspace = list["items"][0].clone();
        assert_eq!((list["items"].as_array().unwrap().len(), &workspace["name"]), (1, &json!("Acme")));
        assert_eq!(
            (&workspace["timeZone"], &workspace["defaultCurrency"]),
            (&json!("Europe/Berlin"), &json!("EUR"))
        );
        let path = format!("/v1/workspaces/{}", text(&workspace["id"]));
        let settings = json!({ "name": "Acme Ltd", "timeZone": "Asia/Tokyo", "defaultCurrency": "JPY",
            "defaultCountry": "JP", "locale": "ja-JP" });
        let changed = owner.patch(&path, &settings).await.ok();
        for (name, value) in settings.as_object().unwrap() {
            assert_eq!(&changed[name], value);
        }
        let before = owner.trace().await;
        let wrong = json!({ "name": null, "timeZone": "Tokyo", "defaultCurrency": "YEN",
            "defaultCountry": "JPN", "locale": "j" });
        owner.patch(&path, &wrong).await.violates(
            422,
            "invalid",
            &[
                ("required", "/name"),
                ("wrong_type", "/timeZone"),
                ("wrong_type", "/defaultCurrency"),
                ("out_of_range", "/defaultCountry"),
                ("wrong_type", "/locale"),
            ],
        );
        let wrong = json!({ "name": null, "timeZone": "Tokyo", "defaultCurrency": "YEN",
            "defaultCountry": "JA", "locale": "j" });
        owner.patch(&path, &wrong).await.violates(
            422,
            "invalid",
            &[
                ("required", "/name"),
                ("wrong_type", "/timeZone"),
                ("wrong_type", "/defaultCurrency"),
                ("wrong_type", "/defaultCountry"),
                ("wrong_type", "/locale"),
            ],
        );
        for role in ["AGENT", "READ_ONLY"] {
            let caller = stage.user(role).await;
            caller.patch(&path, &json!({ "name": "Mine" })).await.refused(403, "forbidden");
            assert_eq!(caller.get("/v1/workspaces").await.ok()["items"][0]["name"], "Acme Ltd");
        }
        owner.post("/v1/workspaces", &json!({ "name": "Another" })).await.refused(405, "method_not_allowed");
        owner.delete(&path).await.refused(405, "method_not_allowed");
        assert_eq!(owner.trace().await["workspaces"], before["workspaces"]);
        assert_eq!(owner.patch(&path, &json!({ "timeZone": null })).await.ok()["timeZone"], "UTC");
    }
}

on_both! {
    async fn days_begin_where_the_workspace_is(stage) {
        // Shortly after midnight in Berlin, and still the day before in New York.
        let (stage, _) = stage.at("2026-03-01T23:30:00Z").await;
        let owner = &stage.owner;
        for (number, due) in
            ["2026-03-01T22:59:59Z", "2026-03-01T23:00:00Z", "2026-03-02T04:59:59Z", "2026-03-02T05:00:00Z"]
                .iter()
                .enumerate()
        {
            owner.create("tasks", json!({ "title": format!("{number}"), "dueAt": due })).await;
        }
        let [open, ..] = stage.pipeline().await;
        for day in ["2026-03-01", "2026-03-02"] {
            owner.create("deals", json!({ "name": day, "stageId": open, "closeDate": day })).await;
        }
        let count = async |path: &str| owner.get(path).await.ok()["items"].as_array().unwrap().len();
        let today = async || {
            let found = owner
                .get_where("/v1/deals?fields=name", json!({ "closeDate": { "eq": { "relative": "P0D" } } }))
                .await
                .ok();
            text(&found["items"][0]["name"])
        };
        assert_eq!(count("/v1/tasks?filter[dueAt][gte]=2026-03-02").await, 3);
        assert_eq!(today().await, "2026-03-02");
        let workspace = owner.get("/v1/workspaces").await.ok();
        let path = format!("/v1/workspaces/{}", text(&workspace["items"][0]["id"]));
        owner.patch(&path, &json!({ "timeZone": "America/New_York" })).await.ok();
        assert_eq!(count("/v1/tasks?filter[dueAt][gte]=2026-03-02").await, 1);
        assert_eq!(today().await, "2026-03-01");
        // What one zone may not know is asked in another from the first request on.
        for zone in ["Pacific/Apia", "Europe/Berlin"] {
            owner.patch(&path, &json!({ "timeZone": zone })).await.ok();
            let reply = owner.get("/v1/tasks?filter[dueAt][gte]=2011-12-30").await;
            assert!(reply.status.is_success() || zone == "Pacific/Apia", "{zone}: {reply}");
        }
        stage.server.stop().await.unwrap();
    }
}

on_both! {
    async fn a_record_can_be_restored_for_thirty_days(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let owner = &stage.owner;
        let id = text(&owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let path = format!("/v1/contacts/{id}");
        owner.delete(&path).await.ok();
        clock.forward(30 * 86_400 - 1);
        owner.send(owner.request(Method::POST, &format!("{path}/restore"))).await.ok();
        owner.delete(&path).await.ok();
        clock.forward(30 * 86_400);
        let before = owner.trace().await;
        owner.command(&format!("contacts/{id}/restore"), json!({})).await.refused(404, "not_found");
        assert_eq!(owner.trace().await, before);
        stage.server.stop().await.unwrap();
    }
}

on_both! {
    async fn users_and_teams_are_kept_in_order(stage) {
        let owner = &stage.owner;
        let team = text(&owner.create("teams", json!({ "name": "Sales" })).await["id"]);
        let input = json!({ "name": "Bob", "email": "Bob@X.ORG", "teamId": team, "managerId": owner.user });
        let bob = owner.create("users", input).await;
        assert_eq!((&bob["email"], &bob["active"]), (&json!("Bob@x.org"), &json!(true)));
        let before = owner.trace().await;
        owner.post("/v1/users", &json!({ "name": "Eve", "email": "bob@x.org" })).await.violates(
            409,
            "not_unique",
            &[("not_unique", "/email")],
        );
        owner.post("/v1/users", &json!({ "name": "Eve", "email": "nobody" })).await.violates(
            422,
            "wrong_type",
            &[("wrong_type", "/email")],
        );
        let path = format!("/v1/users/{}", text(&bob["id"]));
        owner.patch(&path, &json!({ "managerId": bob["id"] })).await.violates(
            422,
            "invalid",
            &[("invalid", "/managerId")],
        );
        owner.patch(&format!("/v1/teams/{team}"), &json!({ "parentId": team })).await.violates(
            422,
            "invalid",
            &[("invalid", "/parentId")],
        );
        assert_eq!(owner.trace().await, before);
        let data = owner
            .graphql(
                "query($id: ID!) { team(id: $id) { members(first: 9) { nodes { name manager { name } } } } }",
                json!({ "id": team }),
            )
            .await;
        assert_eq!(
            data["team"]["members"]["nodes"],
            json!([{ "name": "Bob", "manager": { "name": "Olivia Owner" } }])
        );
    }
}
