//! Persistence: plans to SQL to rows, changes to SQL, transactions and the log. It knows objects only
//! as data, so it names none; the few tables it does name are the engine's own.

mod access;
mod admission;
mod bulk;
mod checkpoint;
mod constraint;
pub mod credential;
pub mod dialect;
#[cfg(feature = "discarding")]
pub mod discarding;
mod entity;
pub mod file;
mod lane;
mod last;
mod log;
pub mod queue;
mod reader;
mod role;
pub mod session;
mod sql;
mod statistics;
mod transaction;
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

use admission::{Asking, Costs, DEAR_PATIENCE, Gate, Timed};
use checkpoint::Log;
use lane::{Address, Lane, Lanes};
use sql::Sql;

/// How many connections there are and whose their sessions are, how long a statement may take, and how large an
/// answer may become.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections for reading, or for everything on PostgreSQL.
    pub connections: usize,
    /// How many threads answer requests: on PostgreSQL they share out the connections among themselves.
    pub threads: usize,
    /// How many dear reads run at the same time.
    pub dear: usize,
    /// The longest a request waits for a connection.
    pub patience: Duration,
    /// The longest a statement may take.
    pub statement: Duration,
    /// The most bytes that an answer may have.
    pub answer: usize,
    /// Whose the sessions of PostgreSQL are.
    pub pooling: Pooling,
}

/// Whose a session of PostgreSQL is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Pooling {
    /// The connection's own.
    #[default]
    Session,
    /// That of a transaction: a pooler stands before the database and gives every transaction another one.
    Transaction,
}

impl Default for Limits {
    fn default() -> Self {
        let statement = Duration::from_secs(10);
        let patience = Duration::from_secs(1);
        let (answer, pooling) = (8 << 20, Pooling::Session);
        Self { connections: 10, threads: 2, dear: 1, patience, statement, answer, pooling }
    }
}

/// The store.
#[derive(Clone)]
pub struct Database {
    registry: Arc<Registry>,
    readers: Arc<Lanes>,
    writers: Arc<Lanes>,
    /// One connection that nobody else uses, so that whether the database answers does not depend on what it does.
    health: Arc<Lanes>,
    /// What dear reads pass before they wait for a connection, all those of the process together.
    dear: Arc<Gate>,
    /// The longest a request waits for a connection.
    patience: Duration,
    costs: Arc<Costs>,
    statements: Arc<AtomicU64>,
    /// The most bytes that an answer may have.
    answer: usize,
    /// SQLite's log, where that is the database.
    log: Option<Arc<Log>>,
}

impl Database {
    /// Opens the database behind a URL: `sqlite:path` or `postgres://…`. Its schema has to be up to date.
    pub async fn open(url: &str, registry: Arc<Registry>, limits: Limits) -> Result<Self> {
        let statements = Arc::new(AtomicU64::new(0));
        let lanes = |address, count, places| {
            Lanes::new(address, count, places, limits.statement, Arc::clone(&statements))
        };
        let (readers, writers, health, log) = if url.starts_with("sqlite:") {
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
            // One writer: concurrent ones wait their turn here and never see a busy database.
            let log = Log::of(options.get_filename());
            let health = lanes(Address::Sqlite(readers.clone()), 1, 1);
            let readers = lanes(Address::Sqlite(readers), limits.connections.min(4), 1);
            let writer = lanes(Address::Sqlite(options), 1, 1);
            log.keep_small(&writer);
            (readers, writer, health, Some(Arc::new(log)))
        } else {
            let options = PgConnectOptions::from_str(url).map_err(|error| bad_url(&error))?;
            let options =
                options.application_name("kith").extra_float_digits(None).disable_statement_logging();
            let address = match limits.pooling {
                Pooling::Session => {
                    session::expect_own(&options).await?;
                    Address::Postgres(options.statement_cache_capacity(200).options([
                        ("statement_timeout", limits.statement.as_millis().to_string()),
                        // Nobody waits for what a client that is gone has asked for.
                        ("client_connection_check_interval", "1s".to_owned()),
                        // One reader is not to take the processors of all.
                        ("max_parallel_workers_per_gather", "0".to_owned()),
                        // What stands between must not take a connection for dead because it is idle.
                        ("tcp_keepalives_idle", "60".to_owned()),
                        ("tcp_keepalives_interval", "10".to_owned()),
                    ]))
                }
                // Poolers know few of a session's settings, and keep no prepared statements for it.
                Pooling::Transaction => Address::Pooler(options.statement_cache_capacity(0)),
            };
            // One share is for jobs, which run beside the requests.
            let health = lanes(address.clone(), 1, 1);
            let lanes = lanes(address, limits.connections, limits.threads.saturating_add(1));
            (Arc::clone(&lanes), lanes, health, None)
        };
        let (dear, costs) = (Gate::new(limits.dear), Arc::new(Costs::new()));
        let Limits { patience, answer, .. } = limits;
        let database =
            Self { registry, readers, writers, health, dear, patience, costs, statements, answer, log };
        // Opening one connection says at once whether the database answers and the role is restricted.
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
        // What was written is shown, whatever else there is to do.
        let patience = permit.credential().filter(|_| !permit.is_kept()).map(|_| self.patience);
        let credential = permit.credential().unwrap_or_default();
        let asking = Asking {
            share: permit.workspace(),
            workspace: permit.workspace(),
            credential,
            writes: false,
            patience,
        };
        if plan.is_routine() {
            return self.run(plan, budget, asking, None).await;
        }
        let timed = self.costs.of(plan);
        if !timed.is_dear {
            return self.run(plan, budget, asking, Some(timed)).await;
        }
        let asking = Asking { patience: asking.patience.map(|patience| patience * DEAR_PATIENCE), ..asking };
        let _turn = self.dear.turn(asking).await?;
        self.run(plan, budget, asking, Some(timed)).await
    }

    /// Reads; what is no routine is timed.
    async fn run(
        &self,
        plan: &Plan,
        budget: &Budget,
        asking: Asking,
        mut timed: Option<Timed>,
    ) -> Result<Table> {
        let mut lane = self.readers.lane(asking, timed.is_none()).await?;
        timed.iter_mut().for_each(Timed::begin);
        let sql = Sql::new(&self.registry, lane.dialect());
        reader::read(&mut lane, &sql, plan, budget).await
    }

    /// Begins a transaction.
    pub async fn begin(&self, actor: &Actor, now: Instant) -> Result<Transaction> {
        // Nobody waits for the answer to an import.
        let patience = (actor.origin == Origin::Api).then_some(self.patience);
        let credential = actor.credential.unwrap_or_default();
        let asking =
            Asking { share: actor.workspace, workspace: actor.workspace, credential, writes: true, patience };
        let lane = self.writers.lane(asking, false).await?;
        Transaction::begin(lane, Arc::clone(&self.registry), actor.clone(), now).await
    }

    /// Refuses whoever would wait for a connection too long, before anything else is done for them.
    pub fn admit(&self, workspace: Uuid, credential: Uuid) -> Result<()> {
        if self.readers.is_crowded(workspace, credential, self.patience) {
            Err(Code::Overloaded.into())
        } else {
            Ok(())
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let mut lane = self.health.lane(Asking::server(Uuid::nil(), false), false).await?;
        let mut select = sea_orm::sea_query::Query::select();
        select.expr(sea_orm::sea_query::Expr::cust("1"));
        lane.rows(&select).await.map(drop)
    }

    /// Closes what is open, once nobody uses the store any more; what SQLite's log holds is in the file then.
    pub async fn close(&self) {
        if let Some(log) = &self.log {
            log.empty(&self.writers).await;
        }
        self.readers.close().await;
        self.writers.close().await;
    }

    /// How many statements have been run, for measuring.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    async fn reader(&self, workspace: Uuid) -> Result<Lane> {
        self.readers.lane(Asking::server(workspace, false), false).await
    }

    /// A lane for finding out who asks: until that is known, it is nobody's share.
    async fn doorman(&self, workspace: Uuid) -> Result<Lane> {
        let patience = Some(self.patience);
        let asking = Asking { share: Uuid::nil(), patience, ..Asking::server(workspace, false) };
        self.readers.lane(asking, false).await
    }

    async fn writer(&self, workspace: Uuid) -> Result<Lane> {
        self.writers.lane(Asking::server(workspace, true), false).await
    }
}

fn bad_url(error: &sqlx::Error) -> Error {
    Error::new(Code::InvalidParameter, format!("the database URL cannot be read: {error}"))
}
