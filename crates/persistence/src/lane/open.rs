//! Opening connections, and for how long they are trusted.

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
    failure::{end, meant},
    watch::Watch,
};
use crate::{
    role::{self, Role},
    session::{self, Session},
};

/// How long a database may take to let somebody in.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection is used before another takes its place, so that none outlives a change of the network or
/// of the server's settings by much.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// A connection that was not looked at for this long is looked at before it is used.
const TRUSTED: Duration = Duration::from_secs(5);
/// How long that look may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Lets PostgreSQL end a statement soon after nobody waits for it any more.
const NOTICE: &str = "SET client_connection_check_interval = 1000";

/// How to open a connection.
#[derive(Clone)]
pub(crate) enum Address {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
    /// Through a pooler that gives another session to each transaction.
    Pooler(PgConnectOptions),
}

pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// An open connection and what its session is set to.
pub(crate) struct Open {
    pub connection: Connection,
    pub workspace: Option<Uuid>,
    /// Whether it plans its statements once for all values.
    pub routine: bool,
    /// On SQLite, what ends statements that take too long; PostgreSQL does so itself.
    pub(super) watch: Option<Watch>,
    /// The role that each transaction takes where the session cannot keep one.
    pub role: Role,
    /// What the session is recognised by, where it has to be the connection's own.
    session: Option<Session>,
    looked_at: Instant,
    ends: Instant,
}

impl Address {
    pub async fn connect(&self) -> Result<Open> {
        let opened = timeout(PATIENCE, self.open()).await;
        opened.map_err(|_| Error::new(Code::Unavailable, "the database lets nobody in"))?
    }

    async fn open(&self) -> Result<Open> {
        match self {
            Self::Sqlite(options) => {
                let mut connection = SqliteConnection::connect_with(options).await.map_err(meant)?;
                let watch = Some(Watch::over(&mut connection).await.map_err(meant)?);
                Ok(Open::new(Connection::Sqlite(connection), watch, Role::Own, None))
            }
            Self::Postgres(options) => {
                let mut connection = PgConnection::connect_with(options).await.map_err(unavailable)?;
                role::enter(&mut connection).await?;
                let session = Session::begin(&mut connection).await.map_err(meant)?;
                let mut open = Open::new(Connection::Postgres(connection), None, Role::Own, Some(session));
                match open.control(NOTICE).await {
                    // Not every system can tell a server that its client has gone.
                    Err(error) if end(&error).is_some() => Err(meant(error)),
                    _ => Ok(open),
                }
            }
            Self::Pooler(options) => {
                let mut connection = PgConnection::connect_with(options).await.map_err(unavailable)?;
                let role = role::choose(&mut connection).await?;
                Ok(Open::new(Connection::Postgres(connection), None, role, None))
            }
        }
    }
}

impl Open {
    fn new(connection: Connection, watch: Option<Watch>, role: Role, session: Option<Session>) -> Self {
        let looked_at = Instant::now();
        let ends = looked_at + lifetime();
        Self { connection, workspace: None, routine: false, watch, role, session, looked_at, ends }
    }

    /// Whether it has had its time.
    pub fn is_old(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// Whether it still leads to the database, and to the same session; where that is not beyond doubt it is asked.
    pub async fn is_good(&mut self) -> Result<bool> {
        if self.looked_at.elapsed() < TRUSTED {
            return Ok(true);
        }
        let Connection::Postgres(connection) = &mut self.connection else { return Ok(true) };
        let Ok(Ok(seen)) = timeout(ANSWER, session::look(connection)).await else { return Ok(false) };
        self.recognise(&seen)?;
        Ok(true)
    }

    /// Refuses to go on in a session that is not the connection's own.
    pub fn recognise(&mut self, seen: &str) -> Result<()> {
        self.looked_at = Instant::now();
        match &self.session {
            Some(session) if !session.is(seen) => Err(session::refusal()),
            _ => Ok(()),
        }
    }
}

/// One connection's time. They differ, so that those that were opened together do not end together.
fn lifetime() -> Duration {
    static OPENED: AtomicU64 = AtomicU64::new(0);
    LIFETIME + Duration::from_secs(OPENED.fetch_add(1, Ordering::Relaxed).wrapping_mul(97) % 300)
}

impl Open {
    /// Begins a transaction that works for one workspace, in one round trip.
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
        match &mut self.connection {
            Connection::Sqlite(connection) => sql.execute(connection).await.map(drop),
            Connection::Postgres(connection) => sql.execute(connection).await.map(drop),
        }
    }

    /// Closes it in good order.
    pub async fn close(self) {
        // Whoever closes it has no more use for it.
        let _ = match self.connection {
            Connection::Sqlite(connection) => connection.close().await,
            Connection::Postgres(connection) => connection.close().await,
        };
    }
}

fn unavailable(error: sqlx::Error) -> Error {
    Error { cause: Some(std::sync::Arc::new(error)), ..Code::Unavailable.into() }
}
