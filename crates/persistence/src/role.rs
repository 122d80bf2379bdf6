//! The role under which the server works on PostgreSQL: row-level security must bind it, so it is neither
//! a superuser nor exempt from the policies nor the owner of a table.

use kernel::{Code, Error, Result};
use sqlx::{PgConnection, Row as _};

use crate::pool::to_error;

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

/// The role that the transactions of a connection work under.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// The session's role.
    Own,
    /// The restricted role, which each transaction takes.
    Restricted,
}

impl Role {
    /// The SQL that takes it within a transaction.
    pub fn take(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Restricted => "SET LOCAL ROLE kith_app; ",
        }
    }
}

/// Takes the restricted role where the session's user is not restricted itself, and refuses to go on with a
/// role that the policies do not bind.
pub(crate) async fn enter(connection: &mut PgConnection) -> Result<()> {
    take(connection, "SET ROLE kith_app").await.map(drop)
}

/// The role that each transaction has to take, on a connection without a session of its own.
pub(crate) async fn choose(connection: &mut PgConnection) -> Result<Role> {
    control(connection, "BEGIN").await?;
    let role = take(connection, "SET LOCAL ROLE kith_app").await?;
    control(connection, "COMMIT").await?;
    Ok(role)
}

async fn take(connection: &mut PgConnection, sql: &'static str) -> Result<Role> {
    if fault(connection).await?.is_none() {
        return Ok(Role::Own);
    }
    control(connection, sql).await.map_err(|error| match error.code {
        Code::Unavailable => error,
        _ => Error { cause: error.cause, ..refusal("not a member of a restricted role") },
    })?;
    match fault(connection).await? {
        None => Ok(Role::Restricted),
        Some(fault) => Err(refusal(&fault)),
    }
}

async fn control(connection: &mut PgConnection, sql: &'static str) -> Result<()> {
    sqlx::raw_sql(sql).execute(connection).await.map(drop).map_err(to_error)
}

async fn fault(connection: &mut PgConnection) -> Result<Option<String>> {
    let row = sqlx::raw_sql(FAULT).fetch_one(connection).await.map_err(to_error)?;
    row.try_get(0).map_err(|error| Error::internal(error))
}

fn refusal(fault: &str) -> Error {
    let detail =
        format!("the database user is {fault}: let it take the role {ROLE}, which `kith migrate` makes");
    Error::new(Code::Unavailable, detail)
}
