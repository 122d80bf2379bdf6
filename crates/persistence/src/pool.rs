//! The pool of connections. A connection serves one caller at a time, and goes back to the pool when it is dropped.
//!
//! It takes the place of the driver's pool for two reasons. On PostgreSQL the workspace
//! lives in the session, where the row-level policies read it: a connection remembers it, so that only
//! a change of workspace costs a round trip. And the driver's pool pings a connection whenever it comes back.
//!
//! On PostgreSQL each runtime, which is to say each thread that answers requests, has a shard of its own: the
//! answer to a statement then wakes the thread that waits for it, and no other.
//!
//! A connection may have ended while it was idle, with the database or on the way to it. The first statement finds
//! that out: where nothing can have been done yet, it is sent once more on a new connection.

mod connection;
pub(crate) mod failure;
pub(crate) mod orm;
mod statement;
mod statement_timeout;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::AtomicU64},
    time::Duration,
};

use kernel::Result;
use sea_orm::sea_query::Values;
use sea_query_sqlx::SqlxValues;
use tokio::{
    runtime::{Handle, Id},
    time::timeout,
};
use uuid::Uuid;

use connection::Connection;
use failure::{End, Failure};

pub(crate) use connection::Address;
pub(crate) use failure::to_error;

use crate::{
    admission::{AcquireRequest, FairSemaphore, Line, Slot},
    dialect::{Dialect, Parameters, Row},
};

/// The connections to one address.
pub(crate) struct Pool {
    address: Address,
    /// The statement timeout.
    limit: Duration,
    shards: Mutex<Shards>,
    statements: Arc<AtomicU64>,
}

/// The shards of a pool.
struct Shards {
    by_runtime: HashMap<Option<Id>, Arc<Shard>>,
    /// The number of connections of each shard that is still to be made.
    sizes: Vec<usize>,
}

/// The connections of one runtime; on SQLite, where a connection has a thread to itself, those of all.
struct Shard {
    count: usize,
    semaphore: Arc<FairSemaphore>,
    idle: Mutex<Vec<Connection>>,
}

/// Closes the shard of a runtime that ends: its connections could not be used any more.
struct Closer {
    pool: Weak<Pool>,
    shard: Weak<Shard>,
}

/// A connection taken from the pool. It goes back when dropped, unless something was left unfinished on it: then it
/// is closed, and the database rolls back what was not committed.
pub(crate) struct PooledConnection {
    connection: Option<Connection>,
    workspace: Uuid,
    generic_plan: bool,
    busy: bool,
    /// Whether nothing has come back yet over a connection that was idle.
    untried: bool,
    transaction: TransactionState,
    home: Arc<Pool>,
    shard: Arc<Shard>,
    slot: Option<Slot>,
}

/// Whether a connection is in a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TransactionState {
    None,
    /// In one that was begun only to set the workspace, because the session cannot keep it.
    Entered,
    /// In one that the caller has begun, and has to end.
    Begun,
}

/// Whether a statement may be retried when the connection broke after it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    Reads,
    Writes,
}

impl Pool {
    /// A pool of `count` connections to one address, in at most `shards` shards.
    pub fn new(
        address: Address,
        count: usize,
        shards: usize,
        limit: Duration,
        statements: Arc<AtomicU64>,
    ) -> Arc<Self> {
        let shards = shards.min(count).max(1);
        // The first shard is that of the jobs, which need no more than the others.
        let sizes = (0..shards).map(|shard| count / shards + usize::from(shard < count % shards)).collect();
        let shards = Mutex::new(Shards { by_runtime: HashMap::new(), sizes });
        Arc::new(Self { address, limit, shards, statements })
    }

    /// Takes a connection and sets its session to a workspace. With a generic plan PostgreSQL plans its statements once
    /// for all values; else it looks at the values each time, which for a short statement costs more than to run it.
    pub async fn acquire(
        self: &Arc<Self>,
        request: AcquireRequest,
        generic_plan: bool,
    ) -> Result<PooledConnection> {
        let (shard, workspace) = (self.shard(), request.workspace);
        let slot = shard.semaphore.acquire(request).await?;
        let (connection, untried) = match shard.take(workspace, generic_plan).await? {
            Some(connection) => (connection, true),
            None => (self.address.connect().await?, false),
        };
        let mut connection = PooledConnection {
            connection: Some(connection),
            workspace,
            generic_plan,
            busy: false,
            untried,
            transaction: TransactionState::None,
            home: Arc::clone(self),
            shard,
            slot: Some(slot),
        };
        connection.set_session().await?;
        Ok(connection)
    }

    /// Whether a line is too long here for a request that may wait so long.
    pub fn is_too_long(self: &Arc<Self>, line: Line, max_wait: Duration) -> bool {
        self.shard().semaphore.is_too_long(line, max_wait)
    }

    /// Closes what is idle.
    pub async fn close(&self) {
        let shards: Vec<_> = self.shards().by_runtime.values().cloned().collect();
        for shard in shards {
            let idle = std::mem::take(&mut *shard.idle());
            for connection in idle {
                connection.close().await;
            }
        }
    }

    fn shards(&self) -> MutexGuard<'_, Shards> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard of the calling runtime. Where all connections have a shard already, it uses another runtime's.
    fn shard(self: &Arc<Self>) -> Arc<Shard> {
        let runtime = match self.address {
            Address::Sqlite(_) => None,
            Address::Postgres(_) | Address::Pooler(_) => Some(Handle::current().id()),
        };
        let mut shards = self.shards();
        if let Some(shard) = shards.by_runtime.get(&runtime) {
            return Arc::clone(shard);
        }
        let shard = match (shards.sizes.pop(), shards.by_runtime.values().next()) {
            (None, Some(shard)) => Arc::clone(shard),
            (size, _) => {
                let shard = Arc::new(Shard::new(size.unwrap_or(1)));
                if runtime.is_some() {
                    let closer = Closer { pool: Arc::downgrade(self), shard: Arc::downgrade(&shard) };
                    // Dropped with the runtime.
                    tokio::spawn(async move {
                        let _closer = closer;
                        std::future::pending::<()>().await;
                    });
                }
                shard
            }
        };
        shards.by_runtime.insert(runtime, Arc::clone(&shard));
        shard
    }
}

impl Drop for Closer {
    fn drop(&mut self) {
        let (Some(pool), Some(shard)) = (self.pool.upgrade(), self.shard.upgrade()) else { return };
        let mut shards = pool.shards();
        shards.by_runtime.retain(|_, other| !Arc::ptr_eq(other, &shard));
        shards.sizes.push(shard.count);
        drop(shards);
        shard.idle().clear();
    }
}

impl Shard {
    fn new(count: usize) -> Self {
        Self { count, semaphore: FairSemaphore::new(count), idle: Mutex::default() }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An idle connection that works, if possible one whose session is already set to this.
    async fn take(&self, workspace: Uuid, generic_plan: bool) -> Result<Option<Connection>> {
        while let Some(mut connection) = self.next(workspace, generic_plan) {
            if !connection.is_old() && connection.is_good().await? {
                return Ok(Some(connection));
            }
        }
        Ok(None)
    }

    fn next(&self, workspace: Uuid, generic_plan: bool) -> Option<Connection> {
        let mut idle = self.idle();
        let same = |connection: &Connection| {
            connection.workspace == Some(workspace) && connection.generic_plan == generic_plan
        };
        match idle.iter().rposition(same) {
            Some(index) => Some(idle.swap_remove(index)),
            None => idle.pop(),
        }
    }
}

impl PooledConnection {
    /// The database's dialect.
    pub fn dialect(&self) -> Dialect {
        match self.home.address {
            Address::Sqlite(_) => Dialect::Sqlite,
            Address::Postgres(_) | Address::Pooler(_) => Dialect::Postgres,
        }
    }

    /// Sets the session to the workspace, unless it is already, or the session is not the connection's own.
    async fn set_session(&mut self) -> Result<()> {
        let (workspace, generic_plan) = (self.workspace, self.generic_plan);
        let connection = self.connection()?;
        let is_set = connection.workspace == Some(workspace) && connection.generic_plan == generic_plan;
        if is_set || !matches!(self.home.address, Address::Postgres(_)) {
            return Ok(());
        }
        match self.send_session().await {
            Err(failure) if self.may_retry(failure.end(), Effect::Reads) => self.reconnect().await,
            done => done.map_err(|failure| self.failed(failure)),
        }
    }

    async fn send_session(&mut self) -> Result<(), Failure> {
        let (workspace, generic_plan) = (self.workspace, self.generic_plan);
        self.connection()?.workspace = None;
        let sql = "SELECT set_config('kith.workspace', $1, false), set_config('plan_cache_mode', $2, false), \
            current_setting('kith.session', true)";
        let mode = if generic_plan { "force_generic_plan" } else { "auto" };
        let values = SqlxValues(Values(vec![workspace.to_string().into(), mode.into()]));
        let mut seen = None;
        let take = |row: Row| {
            seen = row.get::<Option<String>>(2)?;
            Ok(())
        };
        self.run(Arc::from(sql), Parameters::Values(values), true, take).await?;
        let connection = self.connection()?;
        connection.check_session(seen.as_deref().unwrap_or_default())?;
        (connection.workspace, connection.generic_plan) = (Some(workspace), generic_plan);
        Ok(())
    }

    /// Reconnects in place of a connection that has ended, and with it probably all that were idle.
    async fn reconnect(&mut self) -> Result<()> {
        self.connection = None;
        self.shard.idle().clear();
        self.connection = Some(self.home.address.connect().await?);
        (self.busy, self.untried, self.transaction) = (false, false, TransactionState::None);
        if matches!(self.home.address, Address::Postgres(_)) {
            self.send_session().await.map_err(|failure| self.failed(failure))?;
        }
        Ok(())
    }

    /// Whether the statement can be retried: the connection had ended before anything was done on it.
    fn may_retry(&self, end: Option<End>, effect: Effect) -> bool {
        self.untried && end.is_some_and(|end| end == End::Closed || effect == Effect::Reads)
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let ending = match (self.busy, self.transaction) {
            (false, TransactionState::None) => return self.shard.idle().push(connection),
            (false, TransactionState::Entered) => "COMMIT",
            // Waits for what is still to come.
            (true, TransactionState::None) => "SELECT 1",
            _ => "ROLLBACK",
        };
        match &connection.statement_timeout {
            // SQLite ends the statement, and opens another connection in no time.
            Some(timeout) => timeout.stop(),
            None => {
                let Ok(runtime) = Handle::try_current() else { return };
                runtime.spawn(recover(connection, ending, Arc::clone(&self.shard), self.slot.take()));
            }
        }
    }
}

/// The longest that ending an unfinished statement or transaction may take.
const RECOVERY: Duration = Duration::from_millis(250);

/// Ends what was begun on a connection of PostgreSQL, for reconnecting costs more than most statements. If that takes
/// too long, the connection is closed.
async fn recover(mut connection: Connection, ending: &'static str, shard: Arc<Shard>, slot: Option<Slot>) {
    if let Ok(Ok(_)) = timeout(RECOVERY, connection.end(ending)).await {
        shard.idle().push(connection);
    }
    drop(slot);
}
