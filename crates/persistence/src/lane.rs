//! Connections. A lane is one connection for one caller at a time; lanes are kept open and handed out in
//! the order of asking.
//!
//! Kith keeps them itself instead of in the driver's pool for two reasons. On PostgreSQL the workspace
//! lives in the session, where the row-level policies read it: a lane remembers whose it was, so that only
//! a change of workspace costs a round trip. And the driver's pool pings a connection whenever it comes back.
//!
//! On PostgreSQL each runtime, which is to say each thread that answers requests, has lanes of its own: the
//! answer to a statement then wakes the thread that waits for it, and no other.

pub(crate) mod orm;
mod watch;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kernel::{Code, Error, Result};
use sea_orm::sea_query::Values;
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};
use tokio::{
    runtime::{Handle, Id},
    time::timeout,
};
use uuid::Uuid;

use watch::Watch;

use crate::{
    admission::{Asking, Gate, Turn},
    bulk::Parameters,
    dialect::{Dialect, Row, Statement, build},
};

/// How to open a connection.
#[derive(Clone)]
pub(crate) enum Address {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// An open connection and what its session is set to.
struct Open {
    connection: Connection,
    workspace: Option<Uuid>,
    /// Whether it plans its statements once for all values.
    routine: bool,
    /// On SQLite, what ends statements that take too long; PostgreSQL does so itself.
    watch: Option<Watch>,
}

/// The lanes to one address.
pub(crate) struct Lanes {
    address: Address,
    /// How many lanes there are in one place.
    count: usize,
    /// How long a statement may take.
    limit: Duration,
    places: Mutex<HashMap<Option<Id>, Arc<Place>>>,
    statements: Arc<AtomicU64>,
}

/// The lanes of one runtime; on SQLite, where a connection has a thread to itself, those of all.
struct Place {
    gate: Arc<Gate>,
    idle: Mutex<Vec<Open>>,
}

/// A connection in somebody's hands. It goes back when dropped, unless something was left unfinished on it:
/// then it is closed, and the database undoes what was not committed.
pub(crate) struct Lane {
    open: Option<Open>,
    busy: bool,
    in_transaction: bool,
    home: Arc<Lanes>,
    place: Arc<Place>,
    turn: Option<Turn>,
}

impl Lanes {
    /// So many lanes to one address, in each place.
    pub fn new(address: Address, count: usize, limit: Duration, statements: Arc<AtomicU64>) -> Arc<Self> {
        Arc::new(Self { address, count, limit, places: Mutex::default(), statements })
    }

    /// The next free lane, set to a workspace; and whether PostgreSQL is to plan its statements once for all
    /// values, or may look at the values each time, which for a short statement costs more than to run it.
    pub async fn lane(self: &Arc<Self>, asking: Asking, routine: bool) -> Result<Lane> {
        let place = self.place();
        let turn = Some(place.gate.turn(asking).await?);
        let workspace = asking.workspace;
        let open = match place.take(workspace, routine) {
            Some(open) => open,
            None => self.address.connect().await?,
        };
        let mut lane = Lane {
            open: Some(open),
            busy: false,
            in_transaction: false,
            home: Arc::clone(self),
            place,
            turn,
        };
        lane.enter(workspace, routine).await?;
        Ok(lane)
    }

    /// Whether the line in which a credential of a workspace waits is too long here.
    pub fn is_crowded(&self, workspace: Uuid, credential: Uuid) -> bool {
        self.place().gate.is_crowded(workspace, credential)
    }

    fn place(&self) -> Arc<Place> {
        let runtime = match self.address {
            Address::Sqlite(_) => None,
            Address::Postgres(_) => Some(Handle::current().id()),
        };
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Place { gate: Gate::new(self.count), idle: Mutex::default() });
        Arc::clone(places.entry(runtime).or_insert_with(new))
    }
}

impl Place {
    fn put_back(&self, open: Open) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(open);
    }

    /// An idle connection, if possible one that is already set to this.
    fn take(&self, workspace: Uuid, routine: bool) -> Option<Open> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |open: &Open| open.workspace == Some(workspace) && open.routine == routine;
        match idle.iter().rposition(same) {
            Some(place) => Some(idle.swap_remove(place)),
            None => idle.pop(),
        }
    }
}

impl Address {
    async fn connect(&self) -> Result<Open> {
        match self {
            Address::Sqlite(options) => {
                let mut connection = SqliteConnection::connect_with(options).await.map_err(unavailable)?;
                let watch = Some(Watch::over(&mut connection).await.map_err(unavailable)?);
                Ok(Open {
                    connection: Connection::Sqlite(connection),
                    workspace: None,
                    routine: false,
                    watch,
                })
            }
            Address::Postgres(options) => {
                let mut connection = PgConnection::connect_with(options).await.map_err(unavailable)?;
                crate::role::enter(&mut connection).await?;
                Ok(Open {
                    connection: Connection::Postgres(connection),
                    workspace: None,
                    routine: false,
                    watch: None,
                })
            }
        }
    }
}

impl Lane {
    /// The database it leads to.
    pub fn dialect(&self) -> Dialect {
        match self.home.address {
            Address::Sqlite(_) => Dialect::Sqlite,
            Address::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn enter(&mut self, workspace: Uuid, routine: bool) -> Result<()> {
        let open = self.open()?;
        let is_set = open.workspace == Some(workspace) && open.routine == routine;
        if self.dialect() == Dialect::Sqlite || is_set {
            return Ok(());
        }
        self.open()?.workspace = None;
        let sql = "SELECT set_config('kith.workspace', $1, false), set_config('plan_cache_mode', $2, false)";
        let mode = if routine { "force_generic_plan" } else { "auto" };
        let values = Values(vec![workspace.to_string().into(), mode.into()]);
        self.run(Arc::from(sql), SqlxValues(values)).await?;
        let open = self.open()?;
        (open.workspace, open.routine) = (Some(workspace), routine);
        Ok(())
    }

    /// Runs a statement and gives its rows.
    pub async fn rows(&mut self, statement: &impl Statement) -> Result<Vec<Row>> {
        let (sql, values) = build(self.dialect(), statement);
        self.rows_of(sql, values).await
    }

    /// Runs a statement that was written by hand and gives its rows.
    pub async fn rows_of(&mut self, sql: impl Into<Arc<str>>, values: SqlxValues) -> Result<Vec<Row>> {
        self.home.statements.fetch_add(1, Ordering::Relaxed);
        self.run(sql.into(), values).await
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
        self.home.statements.fetch_add(1, Ordering::Relaxed);
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
                return Err(Error::internal("SQLite has no arrays"));
            }
        };
        self.ended();
        done.map_err(|error| self.failed(error))
    }

    async fn run(&mut self, sql: Arc<str>, values: SqlxValues) -> Result<Vec<Row>> {
        self.started()?;
        let (query, keep) = (AssertSqlSafe(sql), is_kept(&values));
        let rows = match &mut self.open()?.connection {
            Connection::Sqlite(connection) => {
                let rows = sqlx::query_with(query, values).persistent(keep).fetch_all(connection).await;
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Connection::Postgres(connection) => {
                let rows = sqlx::query_with(query, values).persistent(keep).fetch_all(connection).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        };
        self.ended();
        rows.map_err(|error| self.failed(error))
    }

    /// Begins a transaction.
    pub async fn begin(&mut self) -> Result<()> {
        self.in_transaction = true;
        self.control(self.dialect().begin()).await
    }

    /// Makes the transaction's changes last.
    pub async fn commit(&mut self) -> Result<()> {
        self.control("COMMIT").await?;
        self.in_transaction = false;
        Ok(())
    }

    /// Undoes the transaction's changes.
    pub async fn rollback(&mut self) -> Result<()> {
        self.control("ROLLBACK").await?;
        self.in_transaction = false;
        Ok(())
    }

    async fn control(&mut self, sql: &'static str) -> Result<()> {
        self.busy = true;
        let done = match &mut self.open()?.connection {
            Connection::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop),
            Connection::Postgres(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop),
        };
        self.ended();
        done.map_err(|error| self.failed(error))
    }

    /// A statement begins: from now until it ends the lane is busy.
    fn started(&mut self) -> Result<()> {
        self.busy = true;
        let limit = self.home.limit;
        if let Some(watch) = &self.open()?.watch {
            watch.begin(limit);
        }
        Ok(())
    }

    fn ended(&mut self) {
        self.busy = false;
        if let Some(watch) = self.open.as_ref().and_then(|open| open.watch.as_ref()) {
            watch.end();
        }
    }

    fn open(&mut self) -> Result<&mut Open> {
        self.open.as_mut().ok_or_else(|| Error::internal("the lane is closed"))
    }

    /// A connection that failed by itself is not used again.
    fn failed(&mut self, error: sqlx::Error) -> Error {
        self.busy = error.as_database_error().is_none();
        let code = meaning(&error);
        Error { cause: Some(Arc::new(error)), ..code.into() }
    }
}

/// What a failure of the database means.
fn meaning(error: &sqlx::Error) -> Code {
    let Some(database) = error.as_database_error() else { return Code::Unavailable };
    if database.is_unique_violation() {
        return Code::NotUnique;
    }
    if database.is_foreign_key_violation() {
        return Code::ReferenceNotFound;
    }
    match database.code().as_deref() {
        Some("57014") => Code::Timeout,
        // SQLite was told to stop.
        Some("9") => Code::Timeout,
        // Two transactions waited for each other, or another process kept SQLite's file: the same request may
        // succeed a moment later.
        Some("40P01" | "40001" | "5" | "261" | "517") => Code::Unavailable,
        _ => Code::Internal,
    }
}

/// Whether the statement is kept prepared. One with very many parameters hardly ever comes again in the same
/// length, and a connection that kept hundreds of them would hold a lot of memory.
fn is_kept(values: &SqlxValues) -> bool {
    values.0.0.len() <= 250
}

impl Drop for Lane {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        if self.busy
            && let Some(watch) = &open.watch
        {
            watch.stop();
        }
        if !self.busy && !self.in_transaction {
            self.place.put_back(open);
        } else if let (Connection::Postgres(_), Ok(runtime)) = (&open.connection, Handle::try_current()) {
            let (place, turn, in_transaction) =
                (Arc::clone(&self.place), self.turn.take(), self.in_transaction);
            runtime.spawn(salvage(open, place, turn, in_transaction));
        }
    }
}

/// How long a connection that was left in the middle of something may take to come to its end.
const SALVAGE: Duration = Duration::from_millis(250);

/// Brings to an end what was begun on a connection of PostgreSQL: to open another one costs more than most statements.
/// What takes longer ends with its connection.
async fn salvage(mut open: Open, place: Arc<Place>, turn: Option<Turn>, in_transaction: bool) {
    let Connection::Postgres(connection) = &mut open.connection else { return };
    let sql = if in_transaction { "ROLLBACK" } else { "SELECT 1" };
    if let Ok(Ok(_)) = timeout(SALVAGE, sqlx::raw_sql(sql).execute(connection)).await {
        place.put_back(open);
    }
    drop(turn);
}

fn unavailable(error: sqlx::Error) -> Error {
    Error { cause: Some(Arc::new(error)), ..Code::Unavailable.into() }
}
