//! Opening connections, and checking that idle ones still work.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use kernel::{Code, Error, Result};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    failure::{end, to_error},
    statement_timeout::StatementTimeout,
};
use crate::{
    role::{self, Role},
    session::{self, Session},
};

/// The connect timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The lifetime of a connection, so that none outlives a change of the network or of the server's settings by much.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// A connection that was idle for longer than this is checked before it is used.
const CHECK_AFTER: Duration = Duration::from_secs(5);
/// The longest that the check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Lets PostgreSQL cancel a statement soon after its client has gone.
const CHECK_CLIENT: &str = "SET client_connection_check_interval = 1000";

/// The address and options of a connection.
#[derive(Clone)]
pub(crate) enum Address {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
    /// Through a pooler that gives another session to each transaction.
    Pooler(PgConnectOptions),
}

pub(crate) enum DriverConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// An open connection and what its session is set to.
pub(crate) struct Connection {
    pub driver: DriverConnection,
    pub workspace: Option<Uuid>,
    /// Whether statements are planned once for all values.
    pub generic_plan: bool,
    /// The statement timeout on SQLite; PostgreSQL has one of its own.
    pub(super) statement_timeout: Option<StatementTimeout>,
    /// The role that each transaction takes where the session cannot keep one.
    pub role: Role,
    /// The mark of the session, where it has to be the connection's own.
    session: Option<Session>,
    checked_at: Instant,
    ends: Instant,
}

impl Address {
    pub async fn connect(&self) -> Result<Connection> {
        let opened = timeout(CONNECT_TIMEOUT, self.open()).await;
        opened.map_err(|_| Error::new(Code::Unavailable, "the database lets nobody in"))?
    }

    async fn open(&self) -> Result<Connection> {
        match self {
            Self::Sqlite(options) => {
                let mut connection = SqliteConnection::connect_with(options).await.map_err(to_error)?;
                let statement_timeout = Some(StatementTimeout::on(&mut connection).await.map_err(to_error)?);
                Ok(Connection::new(DriverConnection::Sqlite(connection), statement_timeout, Role::Own, None))
            }
            Self::Postgres(options) => {
                let mut connection = PgConnection::connect_with(options).await.map_err(unavailable)?;
                role::enter(&mut connection).await?;
                let session = Session::begin(&mut connection).await.map_err(to_error)?;
                let mut open =
                    Connection::new(DriverConnection::Postgres(connection), None, Role::Own, Some(session));
                match open.control(CHECK_CLIENT).await {
                    // Not every system can tell a server that its client has gone.
                    Err(error) if end(&error).is_some() => Err(to_error(error)),
                    _ => Ok(open),
                }
            }
            Self::Pooler(options) => {
                let mut connection = PgConnection::connect_with(options).await.map_err(unavailable)?;
                let role = role::choose(&mut connection).await?;
                Ok(Connection::new(DriverConnection::Postgres(connection), None, role, None))
            }
        }
    }
}

impl Connection {
    fn new(
        driver: DriverConnection,
        statement_timeout: Option<StatementTimeout>,
        role: Role,
        session: Option<Session>,
    ) -> Self {
        let checked_at = Instant::now();
        let ends = checked_at + lifetime();
        Self {
            driver,
            workspace: None,
            generic_plan: false,
            statement_timeout,
            role,
            session,
            checked_at,
            ends,
        }
    }

    /// Whether its lifetime is over.
    pub fn is_old(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// Whether it still leads to the database, and to the same session; after a while of idleness it is asked.
    pub async fn is_good(&mut self) -> Result<bool> {
        if self.checked_at.elapsed() < CHECK_AFTER {
            return Ok(true);
        }
        let DriverConnection::Postgres(connection) = &mut self.driver else { return Ok(true) };
        let Ok(Ok(seen)) = timeout(CHECK_TIMEOUT, session::look(connection)).await else { return Ok(false) };
        self.check_session(&seen)?;
        Ok(true)
    }

    /// Refuses to continue in a session that is not the connection's own.
    pub fn check_session(&mut self, seen: &str) -> Result<()> {
        self.checked_at = Instant::now();
        match &self.session {
            Some(session) if !session.is(seen) => Err(session::refusal()),
            _ => Ok(()),
        }
    }
}

/// The lifetime of one connection. They differ, so that connections opened together do not end together.
fn lifetime() -> Duration {
    static OPENED: AtomicU64 = AtomicU64::new(0);
    LIFETIME + Duration::from_secs(OPENED.fetch_add(1, Ordering::Relaxed).wrapping_mul(97) % 300)
}

impl Connection {
    /// Begins a transaction and sets its workspace, in one round trip.
    pub async fn enter_transaction(&mut self, workspace: Uuid, limit: Duration) -> sqlx::Result<()> {
        let (role, limit) = (self.role.take(), limit.as_millis());
        self.control(format!(
            "BEGIN; {role}SELECT set_config('kith.workspace', '{workspace}', true), \
             set_config('statement_timeout', '{limit}', true)"
        ))
        .await
    }

    /// Ends a transaction.
    pub async fn end(&mut self, sql: &'static str) -> sqlx::Result<()> {
        self.control(sql).await?;
        #[cfg(feature = "discarding")]
        if crate::discarding::is_on() {
            self.control("DISCARD ALL").await?;
        }
        Ok(())
    }

    /// Runs something that has neither parameters nor rows.
    pub async fn control(&mut self, sql: impl Into<String>) -> sqlx::Result<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match &mut self.driver {
            DriverConnection::Sqlite(connection) => sql.execute(connection).await.map(drop),
            DriverConnection::Postgres(connection) => sql.execute(connection).await.map(drop),
        }
    }

    /// Closes it in good order.
    pub async fn close(self) {
        // A failure changes nothing: the connection is not used any more.
        let _ = match self.driver {
            DriverConnection::Sqlite(connection) => connection.close().await,
            DriverConnection::Postgres(connection) => connection.close().await,
        };
    }
}

fn unavailable(error: sqlx::Error) -> Error {
    Error { cause: Some(std::sync::Arc::new(error)), ..Code::Unavailable.into() }
}
