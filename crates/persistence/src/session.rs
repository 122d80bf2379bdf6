//! Sessions of PostgreSQL. Kith keeps the workspace in the session, so that it must be the connection's own. A
//! pooler in transaction mode gives the connection another one with every transaction: then the workspace is
//! set in each of them (`--pooling transaction`). Without that setting Kith detects such a pooler and refuses it, for
//! row-level security would hide rows that are there.

use std::time::Duration;

use kernel::{Code, Error, Result};
use sqlx::{Connection as _, PgConnection, Row as _, postgres::PgConnectOptions};
use tokio::time::timeout;

/// Marks the session.
const BEGIN: &str = "SELECT set_config('kith.session', gen_random_uuid()::text, false)";
/// The session's mark, if it has one. It has no parameters, so that nothing is prepared for it.
const LOOK: &str = "SELECT coalesce(current_setting('kith.session', true), '')";
/// The process that serves the session.
const PROCESS: &str = "SELECT pg_backend_pid()::text";

/// The mark of a session.
#[derive(Debug)]
pub(crate) struct Session(String);

impl Session {
    /// Marks a connection's session.
    pub async fn begin(connection: &mut PgConnection) -> sqlx::Result<Self> {
        text(connection, BEGIN).await.map(Self)
    }

    /// Whether this is its mark.
    pub fn is(&self, seen: &str) -> bool {
        self.0 == seen
    }
}

/// The mark of the session that the connection has now.
pub(crate) async fn look(connection: &mut PgConnection) -> sqlx::Result<String> {
    text(connection, LOOK).await
}

async fn text(connection: &mut PgConnection, sql: &'static str) -> sqlx::Result<String> {
    sqlx::raw_sql(sql).fetch_one(connection).await?.try_get(0)
}

/// The error for a shared session; its cause is for the operator, not for clients.
pub(crate) fn refusal() -> Error {
    let detail = "the database is behind a pooler in transaction mode: start Kith with --pooling transaction, \
        or let the pooler give each connection a session of its own";
    Error { cause: Error::internal(detail).cause, ..Code::Unavailable.into() }
}

/// Whether the connections to this database share sessions: of two connections, one is given the session that the
/// other has just had, or has to take another one than before.
pub(crate) async fn is_shared(options: &PgConnectOptions) -> sqlx::Result<bool> {
    let mut first = PgConnection::connect_with(options).await?;
    let mut second = PgConnection::connect_with(options).await?;
    let mut shared = false;
    for _ in 0..3 {
        let process = text(&mut first, PROCESS).await?;
        sqlx::raw_sql("BEGIN").execute(&mut second).await?;
        shared = text(&mut second, PROCESS).await? == process || text(&mut first, PROCESS).await? != process;
        sqlx::raw_sql("ROLLBACK").execute(&mut second).await?;
        if shared {
            break;
        }
    }
    first.close().await?;
    second.close().await?;
    Ok(shared)
}

/// Refuses a database whose connections share sessions. A pooler that gives sessions out one at a time may let the
/// second connection wait: then they are not shared.
pub async fn expect_own(options: &PgConnectOptions) -> Result<()> {
    match timeout(Duration::from_secs(3), is_shared(options)).await {
        Ok(Ok(true)) => Err(refusal()),
        _ => Ok(()),
    }
}
