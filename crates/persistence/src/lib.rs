//! Persistence: plans to SQL to rows, changes to SQL, the unit of work and the log. It knows objects only
//! as data, so it names none; the few tables it does name are the engine's own.

mod access;
mod admission;
mod bulk;
mod constraint;
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
mod statistics;
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

use kernel::{
    Code, Error, Registry, Result,
    actor::{Actor, Origin},
    answer::Table,
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
pub use unit::{Owned, Unit, owner_of};

use admission::{Asking, Costs, DEAR_PATIENCE, Gate};
use lane::{Address, Lane, Lanes};
use sql::Sql;

/// How many connections there are, and how long a statement may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections for reading, or for everything on PostgreSQL.
    pub connections: usize,
    /// How many threads answer requests: on PostgreSQL they share out the connections among themselves.
    pub threads: usize,
    /// How many dear reads run at the same time.
    pub dear: usize,
    /// The longest a statement may take.
    pub statement: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 10, threads: 2, dear: 1, statement: Duration::from_secs(10) }
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
    costs: Arc<Costs>,
    statements: Arc<AtomicU64>,
}

impl Database {
    /// Opens the database behind a URL: `sqlite:path` or `postgres://…`. Its schema has to be up to date.
    pub async fn open(url: &str, registry: Arc<Registry>, limits: Limits) -> Result<Self> {
        let statements = Arc::new(AtomicU64::new(0));
        let lanes = |address, count| Lanes::new(address, count, limits.statement, Arc::clone(&statements));
        let (readers, writers, health) = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).map_err(|error| bad_url(&error))?;
            let options = options
                .journal_mode(SqliteJournalMode::Wal)
                // With WAL, FULL is what keeps an acknowledged commit through a power cut.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                // As PostgreSQL has it: what ignores case is stored in one.
                .pragma("case_sensitive_like", "ON")
                .busy_timeout(Duration::from_secs(30))
                .statement_cache_capacity(200)
                .disable_statement_logging();
            let readers = options.clone().pragma("query_only", "ON");
            // One writer: concurrent ones wait their turn here and never see a busy database.
            let health = lanes(Address::Sqlite(readers.clone()), 1);
            (
                lanes(Address::Sqlite(readers), limits.connections.min(4)),
                lanes(Address::Sqlite(options), 1),
                health,
            )
        } else {
            let options = PgConnectOptions::from_str(url).map_err(|error| bad_url(&error))?;
            let options = options
                .application_name("kith")
                .statement_cache_capacity(200)
                .options([("statement_timeout", limits.statement.as_millis().to_string())])
                .disable_statement_logging();
            // One share is for jobs, which run beside the requests.
            let share = limits.connections.div_ceil(limits.threads.saturating_add(1));
            let health = lanes(Address::Postgres(options.clone()), 1);
            let lanes = lanes(Address::Postgres(options), share);
            (Arc::clone(&lanes), lanes, health)
        };
        let (dear, costs) = (Gate::new(limits.dear), Arc::new(Costs::new()));
        let database = Self { registry, readers, writers, health, dear, costs, statements };
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
        let asking = Asking::of(plan.permit.workspace(), plan.permit.credential(), false);
        if plan.is_routine() {
            return self.run(plan, asking, true).await;
        }
        let mut timed = self.costs.time(plan);
        if !timed.is_dear {
            return self.run(plan, asking, false).await;
        }
        let asking = Asking { patience: asking.patience.and(Some(DEAR_PATIENCE)), ..asking };
        let _turn = self.dear.turn(asking).await?;
        timed.begin();
        self.run(plan, asking, false).await
    }

    async fn run(&self, plan: &Plan, asking: Asking, routine: bool) -> Result<Table> {
        let mut lane = self.readers.lane(asking, routine).await?;
        let sql = Sql::new(&self.registry, lane.dialect());
        reader::read(&mut lane, &sql, plan).await
    }

    /// Begins a unit of work.
    pub async fn begin(&self, actor: &Actor, now: Instant) -> Result<Unit> {
        let mut asking = Asking::of(actor.workspace, actor.credential, true);
        if actor.origin != Origin::Api {
            asking.patience = None;
        }
        let lane = self.writers.lane(asking, false).await?;
        Unit::begin(lane, Arc::clone(&self.registry), actor.clone(), now).await
    }

    /// Refuses whoever would wait for a connection too long, before anything else is done for them.
    pub fn admit(&self, workspace: Uuid, credential: Uuid) -> Result<()> {
        if self.readers.is_crowded(workspace, credential) { Err(Code::Overloaded.into()) } else { Ok(()) }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let mut lane = self.health.lane(Asking::of(Uuid::nil(), None, false), false).await?;
        let mut select = sea_orm::sea_query::Query::select();
        select.expr(sea_orm::sea_query::Expr::cust("1"));
        lane.rows(&select).await.map(drop)
    }

    /// How many statements have been run, for measuring.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    async fn reader(&self, workspace: Uuid) -> Result<Lane> {
        self.readers.lane(Asking::of(workspace, None, false), false).await
    }

    async fn writer(&self, workspace: Uuid) -> Result<Lane> {
        self.writers.lane(Asking::of(workspace, None, true), false).await
    }
}

fn bad_url(error: &sqlx::Error) -> Error {
    Error::new(Code::InvalidParameter, format!("the database URL cannot be read: {error}"))
}
