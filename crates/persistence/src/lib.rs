//! Persistence: plans to SQL to rows, changes to SQL, the unit of work and the log. It knows objects only
//! as data, so it names none; the few tables it does name are the engine's own.

mod access;
mod bulk;
pub mod credential;
pub mod dialect;
mod entity;
pub mod file;
mod lane;
mod last;
mod log;
pub mod queue;
mod reader;
mod role;
mod sql;
mod unit;
#[cfg(feature = "unscoped")]
pub mod unscoped;
mod write;

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kernel::{Code, Error, Registry, Result, actor::Actor, answer::Table, plan::Plan, time::Instant};
use sqlx::{
    ConnectOptions,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use uuid::Uuid;

pub use unit::{Owned, Unit, owner_of};

use lane::{Address, Lane, Lanes};
use sql::Sql;

/// How many connections there are, and how long a statement may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections for reading, or for everything on PostgreSQL.
    pub connections: usize,
    /// How many threads answer requests: on PostgreSQL they share out the connections among themselves.
    pub threads: usize,
    /// The longest a statement may take.
    pub statement: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 10, threads: 2, statement: Duration::from_secs(10) }
    }
}

/// The store.
#[derive(Clone)]
pub struct Database {
    registry: Arc<Registry>,
    readers: Arc<Lanes>,
    writers: Arc<Lanes>,
    statements: Arc<AtomicU64>,
}

impl Database {
    /// Opens the database behind a URL: `sqlite:path` or `postgres://…`. Its schema has to be up to date.
    pub async fn open(url: &str, registry: Arc<Registry>, limits: Limits) -> Result<Self> {
        let statements = Arc::new(AtomicU64::new(0));
        let lanes = |address, count| Lanes::new(address, count, limits.statement, Arc::clone(&statements));
        let (readers, writers) = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).map_err(|error| bad_url(&error))?;
            let options = options
                .journal_mode(SqliteJournalMode::Wal)
                // With WAL, FULL is what keeps an acknowledged commit through a power cut.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(30))
                .statement_cache_capacity(200)
                .disable_statement_logging();
            let readers = options.clone().pragma("query_only", "ON");
            // One writer: concurrent ones wait their turn here and never see a busy database.
            (lanes(Address::Sqlite(readers), limits.connections.min(4)), lanes(Address::Sqlite(options), 1))
        } else {
            let options = PgConnectOptions::from_str(url).map_err(|error| bad_url(&error))?;
            let options = options
                .application_name("kith")
                .statement_cache_capacity(200)
                .options([("statement_timeout", limits.statement.as_millis().to_string())])
                .disable_statement_logging();
            // One share is for jobs, which run beside the requests.
            let share = limits.connections.div_ceil(limits.threads.saturating_add(1));
            let lanes = lanes(Address::Postgres(options), share);
            (Arc::clone(&lanes), lanes)
        };
        let database = Self { registry, readers, writers, statements };
        // Opening one connection says at once whether the database answers and the role is restricted.
        drop(database.reader(Uuid::nil()).await?);
        Ok(database)
    }

    /// The objects that are stored.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Reads what a plan asks for.
    pub async fn read(&self, plan: &Plan) -> Result<Table> {
        let mut lane = self.readers.lane(plan.permit.workspace(), plan.is_routine()).await?;
        let sql = Sql::new(&self.registry, lane.dialect());
        reader::read(&mut lane, &sql, plan).await
    }

    /// Begins a unit of work.
    pub async fn begin(&self, actor: &Actor, now: Instant) -> Result<Unit> {
        let lane = self.writers.lane(actor.workspace, false).await?;
        Unit::begin(lane, Arc::clone(&self.registry), actor.clone(), now).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let mut lane = self.reader(Uuid::nil()).await?;
        let mut select = sea_orm::sea_query::Query::select();
        select.expr(sea_orm::sea_query::Expr::cust("1"));
        lane.rows(&select).await.map(drop)
    }

    /// How many statements have been run, for measuring.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    async fn reader(&self, workspace: Uuid) -> Result<Lane> {
        self.readers.lane(workspace, false).await
    }
}

fn bad_url(error: &sqlx::Error) -> Error {
    Error::new(Code::InvalidParameter, format!("the database URL cannot be read: {error}"))
}
