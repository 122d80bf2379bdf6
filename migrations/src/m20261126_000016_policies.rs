//! The policies of PostgreSQL's tables have no subquery, so that the tables can be distributed by workspace.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::table::HERE;

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m20261126_000016_policies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let sql = format!(
            "DO $do$
DECLARE
    walled name;
BEGIN
    FOR walled IN SELECT tablename FROM pg_policies WHERE schemaname = current_schema()
        AND policyname = 'workspace' AND qual LIKE '%kith.workspace%'
    LOOP
        EXECUTE format('ALTER POLICY workspace ON %I USING (%s) WITH CHECK (%2$s)', walled, $here${HERE}$here$);
    END LOOP;
END $do$"
        );
        manager.get_connection().execute_unprepared(&sql).await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
