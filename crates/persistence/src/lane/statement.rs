//! What is done on a lane: statements and transactions.

use std::sync::{Arc, atomic::Ordering};

use futures::{Stream, TryStreamExt as _};
use kernel::{Code, Error, Result};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, IntoArguments, postgres::PgArguments};

use super::{
    Address, Effect, Lane, TransactionState,
    failure::Failure,
    open::{Connection, Open},
};
use crate::{
    bulk::Parameters,
    dialect::{Dialect, Row, Statement, build},
};

impl Lane {
    /// Runs a statement and gives its rows.
    pub async fn rows(&mut self, statement: &impl Statement) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let take = |row| {
            rows.push(row);
            Ok(())
        };
        self.each(statement, take).await.map(|()| rows)
    }

    /// Runs a statement and hands its rows on as they come, for as long as they are taken.
    pub async fn each(
        &mut self,
        statement: &impl Statement,
        mut take: impl FnMut(Row) -> Result<()>,
    ) -> Result<()> {
        self.prepare().await?;
        loop {
            let (sql, values) = build(self.dialect(), statement);
            let keep = is_kept(&values);
            match self.run(sql.into(), Parameters::Values(values), keep, &mut take).await {
                Err(failure) if self.may_repeat(failure.end(), Effect::Reads) => self.renew().await?,
                done => return done.map_err(|failure| self.failed(failure)),
            }
        }
    }

    /// Runs a statement of PostgreSQL that was written by hand and writes, and gives its rows.
    pub async fn rows_of(&mut self, sql: Arc<str>, values: SqlxValues) -> Result<Vec<Row>> {
        self.prepare().await?;
        let mut arguments: PgArguments = IntoArguments::<sqlx::Postgres>::into_arguments(values);
        loop {
            let again = self.untried.then(|| arguments.clone());
            let mut rows = Vec::new();
            let take = |row| {
                rows.push(row);
                Ok(())
            };
            match (self.run(Arc::clone(&sql), Parameters::Arrays(arguments), true, take).await, again) {
                (Err(failure), Some(again)) if self.may_repeat(failure.end(), Effect::Writes) => {
                    self.renew().await?;
                    arguments = again;
                }
                (Err(failure), _) => return Err(self.failed(failure)),
                (Ok(()), _) => return self.leave().await.map(|()| rows),
            }
        }
    }

    /// Runs a statement and gives the number of rows it touched.
    pub async fn execute(&mut self, statement: &impl Statement) -> Result<u64> {
        let (sql, values) = build(self.dialect(), statement);
        let keep = is_kept(&values);
        self.touch(sql, Parameters::Values(values), keep).await
    }

    /// Runs a statement that comes again and again, so that it stays prepared whatever its length.
    pub async fn run_kept(&mut self, sql: String, parameters: Parameters) -> Result<u64> {
        self.touch(sql, parameters, true).await
    }

    async fn touch(&mut self, sql: String, parameters: Parameters, keep: bool) -> Result<u64> {
        self.prepare().await?;
        let keep = keep && self.keeps_statements();
        self.started()?;
        let sql = AssertSqlSafe(sql);
        let done = match (&mut self.open()?.connection, parameters) {
            (Connection::Sqlite(connection), Parameters::Values(values)) => {
                let query = sqlx::query_with(sql, values).persistent(keep);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
            (Connection::Postgres(connection), Parameters::Values(values)) => {
                let query = sqlx::query_with(sql, values).persistent(keep);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
            (Connection::Postgres(connection), Parameters::Arrays(arrays)) => {
                let query = sqlx::query_with(sql, arrays).persistent(keep);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
            (Connection::Sqlite(_), Parameters::Arrays(_)) => {
                self.ended();
                return Err(no_arrays());
            }
        };
        self.ended();
        let done = done.map_err(|error| self.failed(Failure::Driver(error)))?;
        self.untried = false;
        self.leave().await.map(|()| done)
    }

    /// Runs a statement once, and hands its rows on as they come.
    pub(super) async fn run(
        &mut self,
        sql: Arc<str>,
        parameters: Parameters,
        keep: bool,
        take: impl FnMut(Row) -> Result<()>,
    ) -> Result<(), Failure> {
        let keep = keep && self.keeps_statements();
        self.started()?;
        let (sql, mut came) = (AssertSqlSafe(sql), false);
        let done = match (&mut self.open()?.connection, parameters) {
            (Connection::Sqlite(connection), Parameters::Values(values)) => {
                let rows = sqlx::query_with(sql, values).persistent(keep).fetch(connection);
                hand_on(rows.map_ok(Row::Sqlite), &mut came, take).await
            }
            (Connection::Postgres(connection), Parameters::Values(values)) => {
                let rows = sqlx::query_with(sql, values).persistent(keep).fetch(connection);
                hand_on(rows.map_ok(Row::Postgres), &mut came, take).await
            }
            (Connection::Postgres(connection), Parameters::Arrays(arrays)) => {
                let rows = sqlx::query_with(sql, arrays).persistent(keep).fetch(connection);
                hand_on(rows.map_ok(Row::Postgres), &mut came, take).await
            }
            (Connection::Sqlite(_), Parameters::Arrays(_)) => Err(no_arrays().into()),
        };
        self.ended();
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
            Err(failure) if self.may_repeat(failure.end(), Effect::Reads) => {
                self.renew().await?;
                self.transaction = transaction;
                self.control(Step::Begin).await
            }
            done => done,
        }
        .map_err(|failure| self.failed(failure))
    }

    /// Makes the transaction's changes last.
    pub async fn commit(&mut self) -> Result<()> {
        self.control(Step::End("COMMIT")).await.map_err(|failure| self.failed(failure))?;
        self.transaction = TransactionState::None;
        Ok(())
    }

    /// Whether it is in a transaction, for whatever reason.
    pub fn is_in_transaction(&self) -> bool {
        self.transaction != TransactionState::None
    }

    /// Undoes the transaction's changes.
    pub async fn rollback(&mut self) -> Result<()> {
        match self.control(Step::End("ROLLBACK")).await {
            // SQLite has undone them by itself when a statement failed for want of room, of time or of memory.
            // Where it is something else, the connection is better not used again.
            Err(failure) if self.dialect() == Dialect::Sqlite && failure.end().is_none() => self.busy = true,
            done => done.map_err(|failure| self.failed(failure))?,
        }
        self.transaction = TransactionState::None;
        Ok(())
    }

    /// Before a statement: where the session cannot keep the workspace, a transaction does.
    pub(super) async fn prepare(&mut self) -> Result<()> {
        self.home.statements.fetch_add(1, Ordering::Relaxed);
        self.workspace_entered().await
    }

    pub(super) async fn workspace_entered(&mut self) -> Result<()> {
        if self.transaction == TransactionState::None && matches!(self.home.address, Address::Pooler(_)) {
            self.begin_as(TransactionState::Entered).await?;
        }
        Ok(())
    }

    /// After a statement that writes: outside of a transaction that somebody has begun it lasts at once.
    pub(super) async fn leave(&mut self) -> Result<()> {
        if self.transaction == TransactionState::Entered { self.commit().await } else { Ok(()) }
    }

    /// Whether a statement can stay prepared: in a session that is the lane's own.
    pub(super) fn keeps_statements(&self) -> bool {
        !matches!(self.home.address, Address::Pooler(_))
    }

    /// Runs pragmas of SQLite.
    pub async fn pragma(&mut self, sql: &'static str) -> Result<()> {
        self.busy = true;
        let done = self.open()?.control(sql).await;
        self.ended();
        done.map_err(|error| self.failed(Failure::Driver(error)))
    }

    async fn control(&mut self, step: Step) -> Result<(), Failure> {
        self.busy = true;
        let (workspace, limit) = (self.workspace, self.home.limit);
        let is_pooled = matches!(self.home.address, Address::Pooler(_));
        let begin = self.dialect().begin();
        let open = self.open()?;
        let done = match step {
            Step::Begin if is_pooled => open.enter_transaction(workspace, limit).await,
            Step::Begin => open.control(begin).await,
            Step::End(sql) => open.end(sql).await,
        };
        self.ended();
        self.untried &= done.is_err();
        done.map_err(Failure::Driver)
    }

    /// A statement begins: from now until it ends the lane is busy.
    pub(super) fn started(&mut self) -> Result<()> {
        self.busy = true;
        let limit = self.home.limit;
        if let Some(watch) = &self.open()?.watch {
            watch.begin(limit);
        }
        Ok(())
    }

    pub(super) fn ended(&mut self) {
        self.busy = false;
        if let Some(watch) = self.open.as_ref().and_then(|open| open.watch.as_ref()) {
            watch.end();
        }
    }

    pub(super) fn open(&mut self) -> Result<&mut Open> {
        // Where a connection had ended and none could be had in its place.
        self.open.as_mut().ok_or_else(|| Error::new(Code::Unavailable, "the database lets nobody in"))
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

/// Hands rows on as they come; says whether one came.
async fn hand_on(
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
fn is_kept(values: &SqlxValues) -> bool {
    values.0.0.len() <= 250
}
