//! A fresh database for every test. On PostgreSQL it is a copy of one that was migrated once.

use std::{path::Path, time::UNIX_EPOCH};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;

use super::distribution;

/// Which database a test runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// The server behind `KITH_TEST_POSTGRES_URL`, which `tests/run` starts.
    Postgres,
}

/// A database of a test's own.
pub struct Fresh {
    /// Its URL.
    pub url: String,
    /// Which kind it is.
    pub backend: Backend,
    name: String,
    _folder: Option<TempDir>,
}

impl Fresh {
    /// Makes one.
    pub async fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => {
                let folder = TempDir::new().expect("a folder");
                let fresh = Self::at(folder.path());
                Self { _folder: Some(folder), ..fresh }
            }
            Backend::Postgres => {
                let admin = connect(&server_url()).await;
                let template = template(&admin).await;
                let now = UNIX_EPOCH.elapsed().expect("a clock").as_nanos();
                let name = format!("kith_test_{}_{now}", std::process::id());
                execute(&admin, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                Self { url: url_of(&name), backend, name, _folder: None }
            }
        }
    }

    /// A file in a folder that somebody else keeps.
    pub fn at(folder: &Path) -> Self {
        let url = format!("sqlite:{}", folder.join("kith.db").display());
        Self { url, backend: Backend::Sqlite, name: String::new(), _folder: None }
    }

    /// Its URL through a pooler.
    pub fn through(&self, pooler: &str) -> String {
        match self.backend {
            Backend::Sqlite => self.url.clone(),
            Backend::Postgres => format!("{pooler}/{}", self.name),
        }
    }

    /// Removes it, after a look at the statements that were sent to it.
    pub async fn remove(self) {
        if self.backend == Backend::Postgres {
            let database = self.connect().await;
            distribution::check(&database).await;
            database.close().await.expect("the connection ends");
            let admin = connect(&server_url()).await;
            execute(&admin, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
        }
    }

    /// A connection with the rights of the database's owner, for looking behind the server.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await
    }
}

/// The name of the migrated database of this build of the tests; makes it where it is missing.
async fn template(admin: &DatabaseConnection) -> String {
    let built =
        std::env::current_exe().and_then(|path| path.metadata()?.modified()).expect("the test's own file");
    let name = format!("kith_template_{}", built.duration_since(UNIX_EPOCH).expect("a time").as_millis());
    // Tests run in many processes; the first one makes it.
    execute(admin, "SELECT pg_advisory_lock(7465737473)").await;
    let known = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
    if admin.query_one_raw(statement(&known)).await.expect("an answer").is_none() {
        let draft = format!("{name}_draft");
        execute(admin, &format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
        execute(admin, &format!("CREATE DATABASE {draft}")).await;
        server::database::migrate(&url_of(&draft)).await.expect("the migrations run");
        execute(admin, &format!("ALTER DATABASE {draft} RENAME TO {name}")).await;
    }
    execute(admin, "SELECT pg_advisory_unlock(7465737473)").await;
    name
}

fn server_url() -> String {
    std::env::var("KITH_TEST_POSTGRES_URL")
        .expect("KITH_TEST_POSTGRES_URL names a PostgreSQL server; use tests/run")
}

fn url_of(name: &str) -> String {
    let server = server_url();
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{base}/{name}")
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("a connection")
}

fn statement(sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql)
}

async fn execute(database: &DatabaseConnection, sql: &str) {
    database.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
