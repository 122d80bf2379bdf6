//! A database of PostgreSQL for one test.

use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};

use crate::APP_ROLE;

/// Runs a test on a new database of that name, where there is a PostgreSQL for tests.
pub async fn on_postgres(name: &str, test: impl AsyncFnOnce(&DatabaseConnection)) {
    let Ok(url) = std::env::var("KITH_TEST_POSTGRES_URL") else { return };
    let server = Database::connect(&url).await.unwrap();
    let name = format!("{name}_{}", std::process::id());
    let role = format!(
        "DO $$ BEGIN CREATE ROLE {APP_ROLE}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    for sql in [role, format!("CREATE DATABASE {name}")] {
        server.execute_unprepared(&sql).await.unwrap();
    }
    let (base, _) = url.rsplit_once('/').unwrap();
    let mut options = ConnectOptions::new(format!("{base}/{name}"));
    let database = Database::connect(options.max_connections(1).to_owned()).await.unwrap();
    test(&database).await;
    database.close().await.unwrap();
    server.execute_unprepared(&format!("DROP DATABASE {name}")).await.unwrap();
}
