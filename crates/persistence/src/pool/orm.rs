//! sea-orm on a pooled connection, so that the engine's own tables are entities, read and written on the same
//! connection and in the same transaction as everything else.

use std::sync::Arc;

use kernel::{Code, Error};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement as Built,
    sea_query::Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::AssertSqlSafe;
use tokio::sync::Mutex;

use super::{Effect, PooledConnection, connection::DriverConnection, failure::end};
use crate::dialect::Dialect;

/// A pooled connection as sea-orm sees it.
pub(crate) struct Orm<'l> {
    backend: DbBackend,
    connection: Mutex<&'l mut PooledConnection>,
}

impl PooledConnection {
    /// This connection for sea-orm.
    pub fn orm(&mut self) -> Orm<'_> {
        let backend = match self.dialect() {
            Dialect::Sqlite => DbBackend::Sqlite,
            Dialect::Postgres => DbBackend::Postgres,
        };
        Orm { backend, connection: Mutex::new(self) }
    }
}

/// A failure of the driver, as sea-orm's error.
fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// A failure of the connection, as sea-orm's error that keeps its code.
fn lost(error: Error) -> DbErr {
    DbErr::Custom(format!("{}{error}", if error.code == Code::Unavailable { UNAVAILABLE } else { "" }))
}

/// The prefix of such an error's text if the database cannot be reached.
const UNAVAILABLE: &str = "unreachable: ";

/// A failure of sea-orm, as an error.
pub(crate) fn error(error: DbErr) -> Error {
    let code = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => super::failure::code_of(cause),
        DbErr::Custom(text) if text.starts_with(UNAVAILABLE) => Code::Unavailable,
        _ => Code::Internal,
    };
    Error { cause: Some(Arc::new(error)), ..code.into() }
}

/// Runs a statement on the driver's connection and marks the connection as busy meanwhile.
macro_rules! run {
    ($connection:ident, $built:expr, $effect:expr, $method:ident, $convert:expr) => {{
        let Built { sql, values, .. } = $built;
        let mut values = SqlxValues(values.unwrap_or(Values(Vec::new())));
        #[cfg(feature = "recording")]
        crate::recording::note($connection.dialect(), &sql, $connection.workspace, Some(&values));
        $connection.enter_workspace().await.map_err(lost)?;
        loop {
            let again = $connection.untried.then(|| SqlxValues(values.0.clone()));
            let (query, keep) = (AssertSqlSafe(sql.clone()), $connection.keeps_prepared());
            $connection.mark_busy().map_err(lost)?;
            let done = match &mut $connection.connection().map_err(lost)?.driver {
                DriverConnection::Sqlite(connection) => {
                    let query = sqlx::query_with(query, values).persistent(keep);
                    query.$method(connection).await.map($convert)
                }
                DriverConnection::Postgres(connection) => {
                    let query = sqlx::query_with(query, values).persistent(keep);
                    query.$method(connection).await.map($convert)
                }
            };
            $connection.mark_idle();
            let ended = done.as_ref().err().and_then(end);
            match again {
                Some(again) if $connection.may_retry(ended, $effect) => {
                    $connection.reconnect().await.map_err(lost)?;
                    values = again;
                }
                _ => {
                    $connection.untried = false;
                    $connection.busy = ended.is_some();
                    let done = done.map_err(failed)?;
                    if $effect == Effect::Writes {
                        $connection.after_write().await.map_err(lost)?;
                    }
                    break Ok(done);
                }
            }
        }
    }};
}

#[async_trait::async_trait]
impl ConnectionTrait for Orm<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, built: Built) -> Result<ExecResult, DbErr> {
        let mut connection = self.connection.lock().await;
        run!(connection, built, Effect::Writes, execute, |done| done.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Built::from_string(self.backend, sql)).await
    }

    async fn query_one_raw(&self, built: Built) -> Result<Option<QueryResult>, DbErr> {
        let mut connection = self.connection.lock().await;
        run!(connection, built, Effect::Reads, fetch_optional, |row| row.map(QueryResult::from))
    }

    async fn query_all_raw(&self, built: Built) -> Result<Vec<QueryResult>, DbErr> {
        let mut connection = self.connection.lock().await;
        run!(connection, built, Effect::Reads, fetch_all, |rows| rows
            .into_iter()
            .map(QueryResult::from)
            .collect())
    }
}
