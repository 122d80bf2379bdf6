//! sea-orm on a lane: so that the engine's own tables are entities, read and written by sea-orm, on the same
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

use super::{Effect, Lane, failure::end, open::Connection};
use crate::dialect::Dialect;

/// A lane as sea-orm sees a connection.
pub(crate) struct Orm<'l> {
    backend: DbBackend,
    lane: Mutex<&'l mut Lane>,
}

impl Lane {
    /// This lane for sea-orm.
    pub fn orm(&mut self) -> Orm<'_> {
        let backend = match self.dialect() {
            Dialect::Sqlite => DbBackend::Sqlite,
            Dialect::Postgres => DbBackend::Postgres,
        };
        Orm { backend, lane: Mutex::new(self) }
    }
}

/// What sea-orm calls a failure of the driver.
fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// What sea-orm calls a failure of the lane, whose code is not to be lost.
fn lost(error: Error) -> DbErr {
    DbErr::Custom(format!("{}{error}", if error.code == Code::Unavailable { UNAVAILABLE } else { "" }))
}

/// What the text of such a failure begins with where the database cannot be reached.
const UNAVAILABLE: &str = "unreachable: ";

/// What a failure of sea-orm means.
pub(crate) fn error(error: DbErr) -> Error {
    let code = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => super::failure::meaning(cause),
        DbErr::Custom(text) if text.starts_with(UNAVAILABLE) => Code::Unavailable,
        _ => Code::Internal,
    };
    Error { cause: Some(Arc::new(error)), ..code.into() }
}

/// Runs a statement on the driver's connection and marks the lane as busy meanwhile.
macro_rules! run {
    ($lane:ident, $built:expr, $effect:expr, $method:ident, $convert:expr) => {{
        let Built { sql, values, .. } = $built;
        let mut values = SqlxValues(values.unwrap_or(Values(Vec::new())));
        $lane.workspace_entered().await.map_err(lost)?;
        loop {
            let again = $lane.untried.then(|| SqlxValues(values.0.clone()));
            let (query, keep) = (AssertSqlSafe(sql.clone()), $lane.keeps_statements());
            $lane.started().map_err(lost)?;
            let done = match &mut $lane.open().map_err(lost)?.connection {
                Connection::Sqlite(connection) => {
                    let query = sqlx::query_with(query, values).persistent(keep);
                    query.$method(connection).await.map($convert)
                }
                Connection::Postgres(connection) => {
                    let query = sqlx::query_with(query, values).persistent(keep);
                    query.$method(connection).await.map($convert)
                }
            };
            $lane.ended();
            let ended = done.as_ref().err().and_then(end);
            match again {
                Some(again) if $lane.may_repeat(ended, $effect) => {
                    $lane.renew().await.map_err(lost)?;
                    values = again;
                }
                _ => {
                    $lane.untried = false;
                    $lane.busy = ended.is_some();
                    let done = done.map_err(failed)?;
                    if $effect == Effect::Writes {
                        $lane.leave().await.map_err(lost)?;
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
        let mut lane = self.lane.lock().await;
        run!(lane, built, Effect::Writes, execute, |done| done.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Built::from_string(self.backend, sql)).await
    }

    async fn query_one_raw(&self, built: Built) -> Result<Option<QueryResult>, DbErr> {
        let mut lane = self.lane.lock().await;
        run!(lane, built, Effect::Reads, fetch_optional, |row| row.map(QueryResult::from))
    }

    async fn query_all_raw(&self, built: Built) -> Result<Vec<QueryResult>, DbErr> {
        let mut lane = self.lane.lock().await;
        run!(lane, built, Effect::Reads, fetch_all, |rows| rows.into_iter().map(QueryResult::from).collect())
    }
}
