//! What keeps long work fair and safe: when each workspace's jobs had their last turn, which uploads are under way,
//! the last instant that a workspace's log tells of; and on PostgreSQL two functions.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    column::*,
    step::Tables,
    table::{APP_ROLE, Table, keyed},
};

const TABLES: Tables = Tables { name: "m20261126_000012_jobs", tables, connections: &[], after: &[] };

pub struct Step;

pub fn step() -> Step {
    Step
}

fn tables() -> Vec<Table> {
    // Microseconds since 1970, as in the queue.
    vec![
        keyed("job_turns", [], [integer("served_at").required()]).small().open(),
        keyed("file_uploads", ["file_id"], [id("file_id").required(), integer("begun_at").required()])
            .small()
            .open(),
    ]
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        TABLES.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TABLES.up(manager).await?;
        let statements = match manager.get_database_backend() {
            DbBackend::Postgres => {
                format!("ALTER TABLE counters ADD COLUMN at timestamptz; {EPOCH}; {}", analyze())
            }
            _ => "ALTER TABLE counters ADD COLUMN at INTEGER".to_owned(),
        };
        manager.get_connection().execute_unprepared(&statements).await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The number of a workspace's access as it is now: a volatile function looks anew, where the statement around it
/// sees what was there when it began, before it waited for others.
const EPOCH: &str =
    "CREATE FUNCTION kith_epoch(workspace uuid) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN coalesce((SELECT epoch FROM access_epochs WHERE workspace_id = workspace), 0);
END $$";

/// Only the owner of a table may have it analysed, and the server's role owns none: the owner does it on request.
fn analyze() -> String {
    format!(
        "CREATE FUNCTION kith_analyze(names text[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    found regclass;
BEGIN
    FOR found IN SELECT oid FROM pg_catalog.pg_class WHERE relname = ANY (names) AND relkind = 'r'
        AND relnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) %s', found);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION kith_analyze FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kith_analyze TO {APP_ROLE}"
    )
}
