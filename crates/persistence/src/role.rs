//! The role under which the server works on PostgreSQL: row-level security must bind it, so it is neither
//! a superuser nor exempt from the policies nor the owner of a table.

use kernel::{Code, Error, Result};
use sqlx::{PgConnection, Row as _};

/// The restricted role that migrations grant the tables to.
const ROLE: &str = "kith_app";

const FAULT: &str = "SELECT CASE
    WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN 'a superuser'
    WHEN (SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user) THEN 'exempt from row-level security'
    WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND pg_has_role(relowner, 'USAGE')) THEN 'the owner of a table'
    WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND NOT relrowsecurity AND relname <> 'seaql_migrations') THEN 'facing a table without row-level security'
    END";

/// Takes the restricted role where the session's user is not restricted itself, and refuses to go on with a
/// role that the policies do not bind.
pub(crate) async fn enter(connection: &mut PgConnection) -> Result<()> {
    if fault(connection).await?.is_none() {
        return Ok(());
    }
    sqlx::raw_sql("SET ROLE kith_app").execute(&mut *connection).await.map_err(|error| Error {
        cause: Some(std::sync::Arc::new(error)),
        ..refusal("not a member of a restricted role")
    })?;
    match fault(connection).await? {
        None => Ok(()),
        Some(fault) => Err(refusal(&fault)),
    }
}

async fn fault(connection: &mut PgConnection) -> Result<Option<String>> {
    let row = sqlx::query(FAULT).fetch_one(connection).await.map_err(Error::internal)?;
    row.try_get(0).map_err(Error::internal)
}

fn refusal(fault: &str) -> Error {
    let detail =
        format!("the database user is {fault}: let it take the role {ROLE}, which `kith migrate` makes");
    Error::new(Code::Unavailable, detail)
}
