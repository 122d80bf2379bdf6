//! Persistence: plans to SQL to rows, changes to SQL, transactions and the log. It knows objects only
//! as data, so it names none; the few tables it does name are the engine's own.

mod access;
mod admission;
mod bulk;
mod change;
mod checkpoint;
mod commit_statement;
mod constraint;
pub mod credential;
pub mod dialect;
#[cfg(feature = "discarding")]
pub mod discarding;
mod entity;
pub mod file;
mod log;
mod pool;
pub mod queue;
mod reader;
#[cfg(feature = "recording")]
pub mod recording;
mod referring;
mod role;
pub mod session;
mod sql;
mod statistics;
mod transaction;
#[cfg(feature = "without-tenant-filter")]
pub mod without_tenant_filter;
mod write;

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kernel::{
    Code, Error, Registry, Result,
    actor::{Actor, Origin},
    answer::{Budget, Table},
    plan::Plan,
    time::Instant,
};
use sqlx::{
    ConnectOptions,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use uuid::Uuid;

pub use constraint::Alike;
pub use transaction::{Owned, Transaction, owner_of};

use admission::{AcquireRequest, Costs, EXPENSIVE_WAIT, FairSemaphore, Line, Timed};
use checkpoint::Wal;
use pool::{Address, Pool, PooledConnection};
use sql::Sql;

/// The limits of a database: connections, times, and the size of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections for reading, or for everything on PostgreSQL.
    pub connections: usize,
    /// The number of threads that answer requests, among which the connections of PostgreSQL are divided.
    pub threads: usize,
    /// The number of expensive reads that run at the same time.
    pub expensive: usize,
    /// The longest a request waits for a connection.
    pub max_wait: Duration,
    /// The statement timeout.
    pub statement: Duration,
    /// The most bytes that an answer may have.
    pub answer: usize,
    /// The pooling of PostgreSQL's sessions.
    pub pooling: Pooling,
}

/// The pooling of PostgreSQL's sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Pooling {
    /// Each connection has a session of its own.
    #[default]
    Session,
    /// Each transaction may have another session: a pooler in transaction mode stands before the database.
    Transaction,
}

/// What a request asks of the database, as far as is known before it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// It reads only.
    Read,
    /// It writes.
    Write,
    /// Either.
    Unknown,
}

impl Default for Limits {
    fn default() -> Self {
        let statement = Duration::from_secs(10);
        let max_wait = Duration::from_millis(500);
        let (answer, pooling) = (8 << 20, Pooling::Session);
        Self { connections: 10, threads: 2, expensive: 1, max_wait, statement, answer, pooling }
    }
}

/// The store.
#[derive(Clone)]
pub struct Database {
    registry: Arc<Registry>,
    readers: Arc<Pool>,
    writers: Arc<Pool>,
    /// One connection for health checks alone, so that they do not depend on the load.
    health: Arc<Pool>,
    /// The semaphore that the process's expensive reads pass before they wait for a connection.
    expensive: Arc<FairSemaphore>,
    /// The longest a request waits for a connection.
    max_wait: Duration,
    costs: Arc<Costs>,
    statements: Arc<AtomicU64>,
    /// The most bytes that an answer may have.
    answer: usize,
    /// The write-ahead log, if the database is SQLite.
    wal: Option<Arc<Wal>>,
}

impl Database {
    /// Opens the database behind a URL: `sqlite:path` or `postgres://…`. Its schema has to be up to date.
    pub async fn open(url: &str, registry: Arc<Registry>, limits: Limits) -> Result<Self> {
        let statements = Arc::new(AtomicU64::new(0));
        let pool = |address, count, shards| {
            Pool::new(address, count, shards, limits.statement, Arc::clone(&statements))
        };
        let (readers, writers, health, wal) = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).map_err(|error| bad_url(&error))?;
            let options = options
                .journal_mode(SqliteJournalMode::Wal)
                // With WAL, FULL is what keeps an acknowledged commit through a power cut.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                // As PostgreSQL has it: what ignores case is stored in one.
                .pragma("case_sensitive_like", "ON")
                .busy_timeout(checkpoint::BUSY)
                .pragma("journal_size_limit", checkpoint::LARGE.to_string())
                .statement_cache_capacity(200)
                .disable_statement_logging();
            let readers = options.clone().pragma("query_only", "ON");
            // One writer: concurrent ones wait here and never see a busy database.
            let wal = Wal::of(options.get_filename());
            let health = pool(Address::Sqlite(readers.clone()), 1, 1);
            let readers = pool(Address::Sqlite(readers), limits.connections.min(4), 1);
            let writer = pool(Address::Sqlite(options), 1, 1);
            wal.truncate_when_large(&writer);
            (readers, writer, health, Some(Arc::new(wal)))
        } else {
            let options = PgConnectOptions::from_str(url).map_err(|error| bad_url(&error))?;
            let options =
                options.application_name("kith").extra_float_digits(None).disable_statement_logging();
            let address = match limits.pooling {
                Pooling::Session => {
                    session::expect_own(&options).await?;
                    Address::Postgres(options.statement_cache_capacity(200).options([
                        ("statement_timeout", limits.statement.as_millis().to_string()),
                        // A statement whose client has gone is cancelled.
                        ("client_connection_check_interval", "1s".to_owned()),
                        // One read must not take all processors.
                        ("max_parallel_workers_per_gather", "0".to_owned()),
                        // Proxies must not take an idle connection for dead.
                        ("tcp_keepalives_idle", "60".to_owned()),
                        ("tcp_keepalives_interval", "10".to_owned()),
                    ]))
                }
                // Poolers know few of a session's settings, and keep no prepared statements for it.
                Pooling::Transaction => Address::Pooler(options.statement_cache_capacity(0)),
            };
            // One shard is for jobs, which run beside the requests.
            let health = pool(address.clone(), 1, 1);
            let pool = pool(address, limits.connections, limits.threads.saturating_add(1));
            (Arc::clone(&pool), pool, health, None)
        };
        let (expensive, costs) = (FairSemaphore::new(limits.expensive), Arc::new(Costs::new()));
        let Limits { max_wait, answer, .. } = limits;
        let database =
            Self { registry, readers, writers, health, expensive, max_wait, costs, statements, answer, wal };
        // The first connection proves that the database answers and the role is restricted.
        drop(database.reader(Uuid::nil()).await?);
        Ok(database)
    }

    /// The objects that are stored.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// A budget for an answer.
    pub fn budget(&self) -> Budget {
        Budget::new(self.answer)
    }

    /// Reads what a plan asks for, within a budget.
    pub async fn read(&self, plan: &Plan, budget: &Budget) -> Result<Table> {
        let permit = &plan.permit;
        let max_wait = permit.credential().map(|_| self.max_wait);
        let credential = permit.credential().unwrap_or_default();
        let request = AcquireRequest {
            share: permit.workspace(),
            workspace: permit.workspace(),
            credential,
            writes: false,
            max_wait,
        };
        if plan.has_generic_plan() {
            return self.run(plan, budget, request, None).await;
        }
        let timed = self.costs.of(plan);
        if !timed.is_expensive {
            return self.run(plan, budget, request, Some(timed)).await;
        }
        let request = AcquireRequest {
            max_wait: request.max_wait.map(|max_wait| max_wait * EXPENSIVE_WAIT),
            ..request
        };
        let _slot = self.expensive.acquire(request).await?;
        self.run(plan, budget, request, Some(timed)).await
    }

    /// Runs a read; one without a generic plan is timed.
    async fn run(
        &self,
        plan: &Plan,
        budget: &Budget,
        request: AcquireRequest,
        mut timed: Option<Timed>,
    ) -> Result<Table> {
        let mut connection = self.readers.acquire(request, timed.is_none()).await?;
        timed.iter_mut().for_each(Timed::begin);
        let sql = Sql::new(&self.registry, connection.dialect());
        reader::read(&mut connection, &sql, plan, budget).await
    }

    /// Begins a transaction.
    pub async fn begin(&self, actor: &Actor, now: Instant) -> Result<Transaction> {
        // No client waits for the answer to an import.
        let max_wait = (actor.origin == Origin::Api).then_some(self.max_wait);
        let credential = actor.credential.unwrap_or_default();
        let request = AcquireRequest {
            share: actor.workspace,
            workspace: actor.workspace,
            credential,
            writes: true,
            max_wait,
        };
        let connection = self.writers.acquire(request, false).await?;
        Transaction::begin(connection, Arc::clone(&self.registry), actor.clone(), now).await
    }

    /// Whether a request would wait for a connection too long, so that nothing else need be done for it.
    pub fn is_overloaded(&self, workspace: Uuid, credential: Uuid, demand: Demand) -> bool {
        let is_too_long = |pool: &Arc<Pool>, writes| {
            pool.is_too_long(Line { share: workspace, credential, writes }, self.max_wait)
        };
        let (reads, writes) = (|| is_too_long(&self.readers, false), || is_too_long(&self.writers, true));
        match demand {
            Demand::Read => reads(),
            Demand::Write => writes(),
            Demand::Unknown => reads() && writes(),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let mut connection = self.health.acquire(AcquireRequest::server(Uuid::nil(), false), false).await?;
        let mut select = sea_orm::sea_query::Query::select();
        select.expr(sea_orm::sea_query::Expr::cust("1"));
        connection.rows(&select).await.map(drop)
    }

    /// Closes all connections; what SQLite's write-ahead log holds is moved to the database's file.
    pub async fn close(&self) {
        if let Some(wal) = &self.wal {
            wal.truncate(&self.writers).await;
        }
        self.readers.close().await;
        self.writers.close().await;
    }

    /// The number of statements that have been run, for measuring.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    async fn reader(&self, workspace: Uuid) -> Result<PooledConnection> {
        self.readers.acquire(AcquireRequest::server(workspace, false), false).await
    }

    /// A connection for authentication: until the caller is known, it counts towards no workspace's share.
    async fn reader_for_authentication(&self, workspace: Uuid) -> Result<PooledConnection> {
        let max_wait = Some(self.max_wait);
        let request =
            AcquireRequest { share: Uuid::nil(), max_wait, ..AcquireRequest::server(workspace, false) };
        self.readers.acquire(request, false).await
    }

    async fn writer(&self, workspace: Uuid) -> Result<PooledConnection> {
        self.writers.acquire(AcquireRequest::server(workspace, true), false).await
    }
}

fn bad_url(error: &sqlx::Error) -> Error {
    Error::new(Code::InvalidParameter, format!("the database URL cannot be read: {error}"))
}
