//! What every test stands on: a server on a fresh database, a client, and callers of every role.

mod client;
mod clock;
mod database;
pub mod distribution;
mod eventually;
mod expect;
mod wire;

use std::{sync::Arc, time::Duration};

use app::{Context, Kith};
pub use client::{Caller, Reply};
pub use database::{Backend, Fresh};
pub use eventually::eventually;
use kernel::role::Role;
use persistence::{Database, Limits, Pooling};
use serde_json::{Value as Json, json};
pub use wire::Wire;

/// A running server with a workspace in it.
pub struct Stage {
    /// The server.
    pub server: server::Running,
    /// The first user of the workspace.
    pub owner: Caller,
    /// The database behind it.
    pub database: Arc<Fresh>,
}

impl Stage {
    /// A server on a fresh database.
    pub async fn new(backend: Backend) -> Self {
        let database = Arc::new(Fresh::new(backend).await);
        Self::over(database, |_| {}).await
    }

    /// Another server on the same database, configured otherwise. Its owner is of a workspace of its own.
    pub async fn over(database: Arc<Fresh>, configure: impl FnOnce(&mut server::Config)) -> Self {
        let mut config = configuration(&database);
        configure(&mut config);
        let server = server::run(&config).await.expect("the server starts");
        Self::furnish(server, database).await
    }

    /// Another server on the same database whose GraphQL resolves all field by field instead of by plans.
    pub async fn field_by_field(database: Arc<Fresh>) -> Self {
        let config = configuration(&database);
        let settings = transport::Settings { field_by_field: true, ..config.settings() };
        let server = server::serve::run_with(&config, settings).await.expect("the server starts");
        Self::furnish(server, database).await
    }

    /// Another server on the same database, over a Kith made from its store.
    pub async fn of(
        database: Arc<Fresh>,
        configure: impl FnOnce(&mut server::Config),
        registry: kernel::Registry,
        kith: impl FnOnce(Database) -> Kith,
    ) -> Self {
        let mut config = configuration(&database);
        configure(&mut config);
        let kith = kith(open(&config, registry).await);
        Self::furnish(server::serve::start(kith, &config).expect("the server starts"), database).await
    }

    /// Another server on the same database, with other roles.
    pub async fn with_roles(&self, roles: &[&'static Role], field_by_field: bool) -> Self {
        let config = configuration(&self.database);
        let kith = Kith::with_roles(open(&config, app::registry()).await, Context::system(), roles);
        let settings = transport::Settings { field_by_field, ..config.settings() };
        let server = server::serve::start_with(kith, &config, settings).expect("the server starts");
        Self::furnish(server, Arc::clone(&self.database)).await
    }

    async fn furnish(server: server::Running, database: Arc<Fresh>) -> Self {
        let workspace = server.kith.create_workspace(new_workspace("Acme")).await.expect("a workspace");
        let owner = Caller::new(&server.url, &workspace.key, &workspace.user);
        Self { server, owner, database }
    }

    /// The owner of another workspace on the same server.
    pub async fn stranger(&self) -> Caller {
        let workspace = self.server.kith.create_workspace(new_workspace("Other")).await.expect("a workspace");
        Caller::new(&self.server.url, &workspace.key, &workspace.user)
    }

    /// A new user of the workspace with a key of that role.
    pub async fn user(&self, role: &str) -> Caller {
        let user = self.owner.create("users", json!({ "name": format!("A {role}") })).await;
        let input = json!({ "name": "a key", "userId": user["id"], "role": role });
        let issued = self.owner.post("/v1/api-keys/issue", &input).await.ok();
        Caller::new(&self.server.url, issued["secret"].as_str().unwrap(), user["id"].as_str().unwrap())
    }

    /// A pipeline with an open, a won and a lost stage: the ids of the stages.
    pub async fn pipeline(&self) -> [String; 3] {
        let pipeline = self.owner.create("pipelines", json!({ "name": "Sales", "isDefault": true })).await;
        let mut stages = Vec::new();
        for (position, (name, kind)) in
            [("Open", "OPEN"), ("Won", "WON"), ("Lost", "LOST")].iter().enumerate()
        {
            let stage =
                json!({ "pipelineId": pipeline["id"], "name": name, "kind": kind, "position": position });
            stages.push(text(&self.owner.create("stages", stage).await["id"]));
        }
        stages.try_into().unwrap()
    }

    /// Stops the server and removes the database.
    pub async fn end(self) {
        self.server.stop().await.expect("the server stops");
        if let Ok(database) = Arc::try_unwrap(self.database) {
            database.remove().await;
        }
    }
}

/// The store as a server of this configuration opens it.
pub async fn open(config: &server::Config, registry: kernel::Registry) -> Database {
    let limits = Limits { pooling: config.pooling, ..Limits::default() };
    Database::open(&config.database, Arc::new(registry), limits).await.expect("the store opens")
}

/// How a test's server is configured. With `KITH_TEST_POOLING=transaction` PostgreSQL forgets the state of the
/// session after each transaction, as behind a pooler; with `KITH_TEST_POOLER_URL` there is a pooler.
pub fn configuration(database: &Fresh) -> server::Config {
    let pooler = std::env::var("KITH_TEST_POOLER_URL").ok();
    let forgets = std::env::var("KITH_TEST_POOLING").is_ok_and(|pooling| pooling == "transaction");
    persistence::discarding::set(forgets);
    let pooling = if forgets || pooler.is_some() { Pooling::Transaction } else { Pooling::Session };
    server::Config {
        pooling,
        database: pooler.map_or_else(|| database.url.clone(), |pooler| database.through(&pooler)),
        listen: "127.0.0.1:0".to_owned(),
        workers: 1,
        request_timeout: Duration::from_secs(60),
        max_wait: Duration::from_secs(60),
        ..server::Config::default()
    }
}

/// What a test's workspace is to be.
pub fn new_workspace(name: &str) -> app::NewWorkspace {
    app::NewWorkspace {
        name: name.to_owned(),
        owner: "Olivia Owner".to_owned(),
        email: None,
        time_zone: "Europe/Berlin".to_owned(),
        currency: "EUR".to_owned(),
        with_pipeline: false,
    }
}

/// The text in a JSON value.
pub fn text(json: &Json) -> String {
    json.as_str().unwrap_or_else(|| panic!("{json} is no text")).to_owned()
}

/// Declares a test that runs on both databases.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($stage:ident) $body:block) => {
        $crate::support::on_both! {
            $(#[$meta])*
            async fn $name(backend: Backend) {
                async fn run($stage: &$crate::support::Stage) $body

                let stage = $crate::support::Stage::new(backend).await;
                run(&stage).await;
                stage.end().await;
            }
        }
    };
    // The test sets its own server up.
    ($(#[$meta:meta])* async fn $name:ident($backend:ident: Backend) $body:block) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn run($backend: $crate::support::Backend) $body

            #[tokio::test]
            async fn sqlite() {
                run($crate::support::Backend::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                run($crate::support::Backend::Postgres).await;
            }
        }
    };
}
pub(crate) use on_both;
