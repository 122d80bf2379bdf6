//! Statements and transactions on a pooled connection.

use std::sync::{Arc, atomic::Ordering};

use futures::{Stream, TryStreamExt as _};
use kernel::{Code, Error, Result};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, IntoArguments, postgres::PgArguments};

use super::{
    Address, Effect, PooledConnection, TransactionState,
    connection::{Connection, DriverConnection},
    failure::Failure,
};
use crate::dialect::{Dialect, Parameters, Row, Statement, build};
#[cfg(feature = "recording")]
use crate::recording;

impl PooledConnection {
    /// Runs a statement and gives its rows.
    pub async fn rows(&mut self, statement: &impl Statement) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let take = |row| {
            rows.push(row);
            Ok(())
        };
        self.for_each(statement, take).await.map(|()| rows)
    }

    /// Runs a statement and passes on its rows as they come, until one is refused.
    pub async fn for_each(
        &mut self,
        statement: &impl Statement,
        mut take: impl FnMut(Row) -> Result<()>,
    ) -> Result<()> {
        self.before_statement().await?;
        loop {
            let (sql, values) = build(self.dialect(), statement);
            let keep = stays_prepared(&values);
            match self.run(sql.into(), Parameters::Values(values), keep, &mut take).await {
                Err(failure) if self.may_retry(failure.end(), Effect::Reads) => self.reconnect().await?,
                done => return done.map_err(|failure| self.failed(failure)),
            }
        }
    }

    /// Runs a statement of PostgreSQL that was written by hand and writes, and gives its rows.
    pub async fn write_returning(&mut self, sql: Arc<str>, values: SqlxValues) -> Result<Vec<Row>> {
        self.before_statement().await?;
        let mut arguments: PgArguments = IntoArguments::<sqlx::Postgres>::into_arguments(values);
        loop {
            let again = self.untried.then(|| arguments.clone());
            let mut rows = Vec::new();
            let take = |row| {
                rows.push(row);
                Ok(())
            };
            match (self.run(Arc::clone(&sql), Parameters::Arrays(arguments), true, take).await, again) {
                (Err(failure), Some(again)) if self.may_retry(failure.end(), Effect::Writes) => {
                    self.reconnect().await?;
                    arguments = again;
                }
                (Err(failure), _) => return Err(self.failed(failure)),
                (Ok(()), _) => return self.after_write().await.map(|()| rows),
            }
        }
    }

    /// Runs a statement and gives the number of rows it touched.
    pub async fn execute(&mut self, statement: &impl Statement) -> Result<u64> {
        let (sql, values) = build(self.dialect(), statement);
        let keep = stays_prepared(&values);
        self.execute_with(sql, Parameters::Values(values), keep).await
    }

    /// Runs a statement that stays prepared whatever its length, because it comes again and again.
    pub async fn run_prepared(&mut self, sql: String, parameters: Parameters) -> Result<u64> {
        self.execute_with(sql, parameters, true).await
    }

    async fn execute_with(&mut self, sql: String, parameters: Parameters, keep: bool) -> Result<u64> {
        self.before_statement().await?;
        #[cfg(feature = "recording")]
        recording::note(self.dialect(), &sql, self.workspace, recording::values(&parameters));
        let keep = keep && self.keeps_prepared();
        self.mark_busy()?;
        let sql = AssertSqlSafe(sql);
        let done = match (&mut self.connection()?.driver, parameters) {
            (DriverConnection::Sqlite(connection), Parameters::Values(values)) => {
                let query = sqlx::query_with(sql, values).persistent(keep);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
            (DriverConnection::Postgres(connection), Parameters::Values(values)) => {
                let query = sqlx::query_with(sql, values).persistent(keep);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
            (DriverConnection::Postgres(connection), Parameters::Arrays(arrays)) => {
                let query = sqlx::query_with(sql, arrays).persistent(keep);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
            (DriverConnection::Sqlite(_), Parameters::Arrays(_)) => {
                self.mark_idle();
                return Err(no_arrays());
            }
        };
        self.mark_idle();
        let done = done.map_err(|error| self.failed(Failure::Driver(error)))?;
        self.untried = false;
        self.after_write().await.map(|()| done)
    }

    /// Runs a statement once, without a retry, and passes on its rows as they come.
    pub(super) async fn run(
        &mut self,
        sql: Arc<str>,
        parameters: Parameters,
        keep: bool,
        take: impl FnMut(Row) -> Result<()>,
    ) -> Result<(), Failure> {
        #[cfg(feature = "recording")]
        recording::note(self.dialect(), &sql, self.workspace, recording::values(&parameters));
        let keep = keep && self.keeps_prepared();
        self.mark_busy()?;
        let (sql, mut came) = (AssertSqlSafe(sql), false);
        let done = match (&mut self.connection()?.driver, parameters) {
            (DriverConnection::Sqlite(connection), Parameters::Values(values)) => {
                let rows = sqlx::query_with(sql, values).persistent(keep).fetch(connection);
                forward(rows.map_ok(Row::Sqlite), &mut came, take).await
            }
            (DriverConnection::Postgres(connection), Parameters::Values(values)) => {
                let rows = sqlx::query_with(sql, values).persistent(keep).fetch(connection);
                forward(rows.map_ok(Row::Postgres), &mut came, take).await
            }
            (DriverConnection::Postgres(connection), Parameters::Arrays(arrays)) => {
                let rows = sqlx::query_with(sql, arrays).persistent(keep).fetch(connection);
                forward(rows.map_ok(Row::Postgres), &mut came, take).await
            }
            (DriverConnection::Sqlite(_), Parameters::Arrays(_)) => Err(no_arrays().into()),
        };
        self.mark_idle();
        self.untried &= !came && done.is_err();
        done
    }

    /// Begins a transaction.
    pub async fn begin(&mut self) -> Result<()> {
        self.begin_as(TransactionState::Begun).await
    }

    async fn begin_as(&mut self, transaction: TransactionState) -> Result<()> {
        if std::mem::replace(&mut self.transaction, transaction) != TransactionState::None {
            return Ok(());
        }
        match self.control(Step::Begin).await {
            Err(failure) if self.may_retry(failure.end(), Effect::Reads) => {
                self.reconnect().await?;
                self.transaction = transaction;
                self.control(Step::Begin).await
            }
            done => done,
        }
        .map_err(|failure| self.failed(failure))
    }

    /// Commits the transaction.
    pub async fn commit(&mut self) -> Result<()> {
        self.control(Step::End("COMMIT")).await.map_err(|failure| self.failed(failure))?;
        self.transaction = TransactionState::None;
        Ok(())
    }

    /// Whether it is in a transaction.
    pub fn is_in_transaction(&self) -> bool {
        self.transaction != TransactionState::None
    }

    /// Rolls the transaction back.
    pub async fn rollback(&mut self) -> Result<()> {
        match self.control(Step::End("ROLLBACK")).await {
            // SQLite has undone them by itself when a statement failed for want of room, of time or of memory.
            // After another failure the connection is not used again.
            Err(failure) if self.dialect() == Dialect::Sqlite && failure.end().is_none() => self.busy = true,
            done => done.map_err(|failure| self.failed(failure))?,
        }
        self.transaction = TransactionState::None;
        Ok(())
    }

    /// Counts a statement, and sets the workspace in a transaction where the session cannot keep it.
    pub(super) async fn before_statement(&mut self) -> Result<()> {
        self.home.statements.fetch_add(1, Ordering::Relaxed);
        self.enter_workspace().await
    }

    pub(super) async fn enter_workspace(&mut self) -> Result<()> {
        if self.transaction == TransactionState::None && matches!(self.home.address, Address::Pooler(_)) {
            self.begin_as(TransactionState::Entered).await?;
        }
        Ok(())
    }

    /// Commits a statement that wrote, unless the caller has begun a transaction.
    pub(super) async fn after_write(&mut self) -> Result<()> {
        if self.transaction == TransactionState::Entered { self.commit().await } else { Ok(()) }
    }

    /// Whether a statement can stay prepared: in a session that is the connection's own.
    pub(super) fn keeps_prepared(&self) -> bool {
        !matches!(self.home.address, Address::Pooler(_))
    }

    /// Runs pragmas of SQLite.
    pub async fn pragma(&mut self, sql: &'static str) -> Result<()> {
        self.busy = true;
        let done = self.connection()?.control(sql).await;
        self.mark_idle();
        done.map_err(|error| self.failed(Failure::Driver(error)))
    }

    async fn control(&mut self, step: Step) -> Result<(), Failure> {
        self.busy = true;
        let (workspace, limit) = (self.workspace, self.home.limit);
        let is_pooled = matches!(self.home.address, Address::Pooler(_));
        let begin = self.dialect().begin();
        let connection = self.connection()?;
        let done = match step {
            Step::Begin if is_pooled => connection.enter_transaction(workspace, limit).await,
            Step::Begin => connection.control(begin).await,
            Step::End(sql) => connection.end(sql).await,
        };
        self.mark_idle();
        self.untried &= done.is_err();
        done.map_err(Failure::Driver)
    }

    /// Marks the connection as busy until the statement ends.
    pub(super) fn mark_busy(&mut self) -> Result<()> {
        self.busy = true;
        let limit = self.home.limit;
        if let Some(timeout) = &self.connection()?.statement_timeout {
            timeout.begin(limit);
        }
        Ok(())
    }

    pub(super) fn mark_idle(&mut self) {
        self.busy = false;
        if let Some(timeout) =
            self.connection.as_ref().and_then(|connection| connection.statement_timeout.as_ref())
        {
            timeout.end();
        }
    }

    pub(super) fn connection(&mut self) -> Result<&mut Connection> {
        // None is left after a reconnect that failed.
        self.connection.as_mut().ok_or_else(|| Error::new(Code::Unavailable, "the database lets nobody in"))
    }

    /// A connection that has ended is not used again, nor one of PostgreSQL that still has rows to send.
    pub(super) fn failed(&mut self, failure: Failure) -> Error {
        self.busy = match &failure {
            Failure::Driver(_) => failure.end().is_some(),
            Failure::Refusal(_) => self.dialect() == Dialect::Postgres,
        };
        self.untried = false;
        failure.into_error()
    }
}

/// A step of a transaction.
enum Step {
    Begin,
    End(&'static str),
}

/// Passes on rows as they come, and notes whether one came.
async fn forward(
    mut rows: impl Stream<Item = sqlx::Result<Row>> + Unpin,
    came: &mut bool,
    mut take: impl FnMut(Row) -> Result<()>,
) -> Result<(), Failure> {
    while let Some(row) = rows.try_next().await.map_err(Failure::Driver)? {
        *came = true;
        take(row)?;
    }
    Ok(())
}

fn no_arrays() -> Error {
    Error::internal("SQLite has no arrays")
}

/// Whether the statement is kept prepared. One with very many parameters hardly ever comes again in the same
/// length, and a connection that kept hundreds of them would hold a lot of memory.
fn stays_prepared(values: &SqlxValues) -> bool {
    values.0.0.len() <= 250
}
