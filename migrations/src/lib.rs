//! The database schema's history: each step widens what is there, and a later release narrows it, so that
//! the previous release can run beside the new one.

mod column;
mod m20261121_000001_platform;
mod m20261121_000002_people;
mod m20261121_000003_sales;
mod m20261121_000004_service;
mod m20261121_000005_work;
mod m20261121_000006_marketing;
mod m20261121_000007_jobs;
mod m20261121_000008_access;
mod m20261121_000009_lists;
mod m20261126_000010_rules;
mod m20261126_000011_texts;
mod m20261126_000012_jobs;
mod m20261126_000013_events;
mod m20261126_000015_jobs;
mod m20261126_000016_policies;
mod step;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod testing;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

pub use table::APP_ROLE;

/// Brings a database up to date. On PostgreSQL it runs as the owner of the tables, and [`APP_ROLE`] exists.
#[derive(Clone, Copy, Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_platform::step()),
            Box::new(m20261121_000002_people::step()),
            Box::new(m20261121_000003_sales::step()),
            Box::new(m20261121_000004_service::step()),
            Box::new(m20261121_000005_work::step()),
            Box::new(m20261121_000006_marketing::step()),
            Box::new(m20261121_000007_jobs::step()),
            Box::new(m20261121_000008_access::step()),
            Box::new(m20261121_000009_lists::step()),
            Box::new(m20261126_000010_rules::Rules),
            Box::new(m20261126_000011_texts::Step),
            Box::new(m20261126_000012_jobs::step()),
            Box::new(m20261126_000013_events::Step),
            Box::new(m20261126_000015_jobs::step()),
            Box::new(m20261126_000016_policies::Step),
        ]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sea_orm_migration::sea_orm::{ConnectionTrait, Database};

    use super::*;
    use crate::testing::on_postgres;

    #[tokio::test]
    async fn sqlite_takes_every_step() {
        let database = Database::connect("sqlite::memory:").await.unwrap();
        Migrator::up(&database, None).await.unwrap();
        let broken = database.query_one_raw(statement(&database, "PRAGMA foreign_key_check")).await.unwrap();
        assert!(broken.is_none());
        assert!(Migrator::get_pending_migrations(&database).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn postgres_takes_every_step_behind_a_wall() {
        on_postgres("migrations", async |database| {
            Migrator::up(database, None).await.unwrap();
            let open = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
                        AND NOT relrowsecurity AND relname <> 'seaql_migrations'";
            assert!(database.query_one_raw(statement(database, open)).await.unwrap().is_none());
        })
        .await;
    }

    fn statement(database: &impl ConnectionTrait, sql: &str) -> sea_orm_migration::sea_orm::Statement {
        sea_orm_migration::sea_orm::Statement::from_string(database.get_database_backend(), sql)
    }
}
