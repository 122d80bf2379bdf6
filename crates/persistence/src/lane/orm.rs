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

use super::{Connection, Lane};
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

/// What a failure of sea-orm means.
pub(crate) fn error(error: DbErr) -> Error {
    let code = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => super::meaning(cause),
        _ => Code::Internal,
    };
    Error { cause: Some(Arc::new(error)), ..code.into() }
}

/// Runs a statement on the driver's connection and marks the lane as busy meanwhile.
macro_rules! run {
    ($lane:ident, $built:expr, $method:ident, $convert:expr) => {{
        let Built { sql, values, .. } = $built;
        let values = SqlxValues(values.unwrap_or(Values(Vec::new())));
        let query = AssertSqlSafe(sql);
        $lane.started().map_err(|error| DbErr::Custom(error.to_string()))?;
        let open = $lane.open().map_err(|error| DbErr::Custom(error.to_string()))?;
        let done = match &mut open.connection {
            Connection::Sqlite(connection) => {
                sqlx::query_with(query, values).$method(connection).await.map($convert)
            }
            Connection::Postgres(connection) => {
                sqlx::query_with(query, values).$method(connection).await.map($convert)
            }
        };
        $lane.ended();
        $lane.busy = matches!(&done, Err(error) if error.as_database_error().is_none());
        done.map_err(failed)
    }};
}

#[async_trait::async_trait]
impl ConnectionTrait for Orm<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, built: Built) -> Result<ExecResult, DbErr> {
        let mut lane = self.lane.lock().await;
        run!(lane, built, execute, |done| done.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Built::from_string(self.backend, sql)).await
    }

    async fn query_one_raw(&self, built: Built) -> Result<Option<QueryResult>, DbErr> {
        let mut lane = self.lane.lock().await;
        run!(lane, built, fetch_optional, |row| row.map(QueryResult::from))
    }

    async fn query_all_raw(&self, built: Built) -> Result<Vec<QueryResult>, DbErr> {
        let mut lane = self.lane.lock().await;
        run!(lane, built, fetch_all, |rows| rows.into_iter().map(QueryResult::from).collect())
    }
}
