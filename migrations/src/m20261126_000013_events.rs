//! Events that can be followed: the record after the change, its owner before, the key, the cause. Events that are there
//! have none of it.

use sea_orm_migration::prelude::*;

use crate::column::*;

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m20261126_000013_events"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let columns = [json("data"), id("owner_before_id"), id("credential_id"), integer("cause_seq")];
        let columns = columns.iter().flat_map(|column| column.definitions(backend));
        let depth = integer("depth").required().definitions(backend).into_iter();
        let columns = columns.chain(depth.map(|depth| format!("{depth} DEFAULT 0")));
        let statements: Vec<_> =
            columns.map(|column| format!("ALTER TABLE events ADD COLUMN {column}")).collect();
        manager.get_connection().execute_unprepared(&statements.join("; ")).await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
