//! What is remembered of a key is never wrong: two servers over one database, of which the second has seen the
//! key before, and what is changed through the first holds for the very next request to the second.

mod cost;
mod ended;
mod keys;
mod lasting;
mod late;
mod queued;
mod racing;
mod request;
mod settings;
mod unasked;
mod world;

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::support::{Caller, Stage, text};

/// Two servers over one database.
struct Pair<'s> {
    /// Through which things are changed.
    here: &'s Stage,
    /// Which is to know of it.
    there: Stage,
}

/// Somebody whose key can end.
struct Newcomer {
    /// The id of the key.
    key: String,
    /// At the server through which things are changed.
    here: Caller,
    /// At the server that is to know of it.
    there: Caller,
}

impl<'s> Pair<'s> {
    /// A second server beside one.
    async fn of(here: &'s Stage) -> Self {
        Self::with(here, Stage::over(Arc::clone(&here.database), |_| {}).await)
    }

    fn with(here: &'s Stage, there: Stage) -> Self {
        Self { here, there }
    }

    /// The same caller at the second server.
    fn there(&self, caller: &Caller) -> Caller {
        Caller::new(&self.there.server.url, &caller.key, &caller.user)
    }

    /// A new user with an owner's key that both servers have seen.
    async fn newcomer(&self) -> Newcomer {
        let newcomer = self.newcomer_until(Json::Null).await;
        newcomer.be_remembered().await;
        newcomer
    }

    /// A new user with an owner's key that ends then.
    async fn newcomer_until(&self, expires: Json) -> Newcomer {
        let owner = &self.here.owner;
        let user = text(&owner.create("users", json!({ "name": "Nora Newcomer" })).await["id"]);
        let input = json!({ "name": "a key", "userId": user, "role": "OWNER", "expiresAt": expires });
        let issued = owner.command("api-keys/issue", input).await.ok();
        let here = Caller::new(&owner.url, &text(&issued["secret"]), &user);
        Newcomer { key: text(&issued["apiKey"]["id"]), there: self.there(&here), here }
    }

    /// Revokes a key through the first server.
    async fn revoke(&self, newcomer: &Newcomer) {
        self.here.owner.command(&format!("api-keys/{}/revoke", newcomer.key), json!({})).await.ok();
    }

    /// Changes the user of a key through the first server.
    async fn change_user(&self, newcomer: &Newcomer, change: Json) {
        self.here.owner.patch(&format!("/v1/users/{}", newcomer.here.user), &change).await.ok();
    }

    /// Changes the workspace's settings through the first server.
    async fn change_settings(&self, change: Json) {
        let owner = &self.here.owner;
        let workspaces = owner.get("/v1/workspaces").await.ok();
        owner.patch(&format!("/v1/workspaces/{}", text(&workspaces["items"][0]["id"])), &change).await.ok();
    }

    /// The number of the last event.
    async fn last(&self) -> u64 {
        let latest = self.here.owner.get("/v1/events?sort=-seq&limit=1").await.ok();
        latest["items"][0]["seq"].as_u64().unwrap()
    }

    async fn end(self) {
        self.there.server.stop().await.unwrap();
    }
}

impl Newcomer {
    /// Makes both servers remember the key.
    async fn be_remembered(&self) {
        for caller in [&self.here, &self.there] {
            caller.get(&format!("/v1/users/{}", self.here.user)).await.ok();
        }
    }
}
