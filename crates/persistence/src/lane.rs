//! Connections. A lane is one connection for one caller at a time; lanes are kept open and handed out in
//! the order of asking.
//!
//! Kith keeps them itself instead of in the driver's pool for two reasons. On PostgreSQL the workspace
//! lives in the session, where the row-level policies read it: a lane remembers whose it was, so that only
//! a change of workspace costs a round trip. And the driver's pool pings a connection whenever it comes back.
//!
//! On PostgreSQL each runtime, which is to say each thread that answers requests, has lanes of its own: the
//! answer to a statement then wakes the thread that waits for it, and no other.
//!
//! A connection may have ended while it was idle, with the database or on the way to it. The first statement finds
//! that out: where nothing can have been done yet, it is sent once more on a new connection.

pub(crate) mod failure;
mod open;
pub(crate) mod orm;
mod statement;
mod watch;

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

use failure::{End, Failure};
use open::Open;

pub(crate) use failure::meant;
pub(crate) use open::Address;

use crate::{
    admission::{Asking, Gate, Turn},
    bulk::Parameters,
    dialect::{Dialect, Row},
};

/// The lanes to one address.
pub(crate) struct Lanes {
    address: Address,
    /// How long a statement may take.
    limit: Duration,
    places: Mutex<Places>,
    statements: Arc<AtomicU64>,
}

/// Who has which lanes.
struct Places {
    by_runtime: HashMap<Option<Id>, Arc<Place>>,
    /// How many lanes each of the places to come gets.
    shares: Vec<usize>,
}

/// The lanes of one runtime; on SQLite, where a connection has a thread to itself, those of all.
struct Place {
    count: usize,
    gate: Arc<Gate>,
    idle: Mutex<Vec<Open>>,
}

/// Closes the lanes of a runtime that ends: nobody could use them any more.
struct Closer {
    lanes: Weak<Lanes>,
    place: Weak<Place>,
}

/// A connection in somebody's hands. It goes back when dropped, unless something was left unfinished on it:
/// then it is closed, and the database undoes what was not committed.
pub(crate) struct Lane {
    open: Option<Open>,
    workspace: Uuid,
    routine: bool,
    busy: bool,
    /// Whether nothing has come back yet over a connection that was used before.
    untried: bool,
    transaction: TransactionState,
    home: Arc<Lanes>,
    place: Arc<Place>,
    turn: Option<Turn>,
}

/// Whether a lane is in a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TransactionState {
    None,
    /// In one that was begun for the workspace alone, because the session cannot keep it.
    Entered,
    /// In one that somebody has begun, and has to end.
    Begun,
}

/// Whether a statement may be sent once more when the connection broke after it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    Reads,
    Writes,
}

impl Lanes {
    /// That many lanes to one address, shared out among that many places at most.
    pub fn new(
        address: Address,
        count: usize,
        places: usize,
        limit: Duration,
        statements: Arc<AtomicU64>,
    ) -> Arc<Self> {
        let places = places.min(count).max(1);
        // The first place is that of the jobs, which need no more than the others.
        let shares = (0..places).map(|place| count / places + usize::from(place < count % places)).collect();
        let places = Mutex::new(Places { by_runtime: HashMap::new(), shares });
        Arc::new(Self { address, limit, places, statements })
    }

    /// The next free lane, set to a workspace; and whether PostgreSQL is to plan its statements once for all
    /// values, or may look at the values each time, which for a short statement costs more than to run it.
    pub async fn lane(self: &Arc<Self>, asking: Asking, routine: bool) -> Result<Lane> {
        let (place, workspace) = (self.place(), asking.workspace);
        let turn = place.gate.turn(asking).await?;
        let (open, untried) = match place.take(workspace, routine).await? {
            Some(open) => (open, true),
            None => (self.address.connect().await?, false),
        };
        let mut lane = Lane {
            open: Some(open),
            workspace,
            routine,
            busy: false,
            untried,
            transaction: TransactionState::None,
            home: Arc::clone(self),
            place,
            turn: Some(turn),
        };
        lane.enter().await?;
        Ok(lane)
    }

    /// Whether the line in which a credential of a workspace waits is too long here.
    pub fn is_crowded(self: &Arc<Self>, workspace: Uuid, credential: Uuid, patience: Duration) -> bool {
        self.place().gate.is_crowded(workspace, credential, patience)
    }

    /// Closes what is idle.
    pub async fn close(&self) {
        let places: Vec<_> = self.places().by_runtime.values().cloned().collect();
        for place in places {
            let idle = std::mem::take(&mut *place.idle());
            for open in idle {
                open.close().await;
            }
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of the runtime that this is called in. Where all lanes are given out already, it shares them with
    /// another.
    fn place(self: &Arc<Self>) -> Arc<Place> {
        let runtime = match self.address {
            Address::Sqlite(_) => None,
            Address::Postgres(_) | Address::Pooler(_) => Some(Handle::current().id()),
        };
        let mut places = self.places();
        if let Some(place) = places.by_runtime.get(&runtime) {
            return Arc::clone(place);
        }
        let place = match (places.shares.pop(), places.by_runtime.values().next()) {
            (None, Some(place)) => Arc::clone(place),
            (share, _) => {
                let place = Arc::new(Place::new(share.unwrap_or(1)));
                if runtime.is_some() {
                    let closer = Closer { lanes: Arc::downgrade(self), place: Arc::downgrade(&place) };
                    // Dropped with the runtime.
                    tokio::spawn(async move {
                        let _closer = closer;
                        std::future::pending::<()>().await;
                    });
                }
                place
            }
        };
        places.by_runtime.insert(runtime, Arc::clone(&place));
        place
    }
}

impl Drop for Closer {
    fn drop(&mut self) {
        let (Some(lanes), Some(place)) = (self.lanes.upgrade(), self.place.upgrade()) else { return };
        let mut places = lanes.places();
        places.by_runtime.retain(|_, other| !Arc::ptr_eq(other, &place));
        places.shares.push(place.count);
        drop(places);
        place.idle().clear();
    }
}

impl Place {
    fn new(count: usize) -> Self {
        Self { count, gate: Gate::new(count), idle: Mutex::default() }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Open>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An idle connection that is good, if possible one that is already set to this.
    async fn take(&self, workspace: Uuid, routine: bool) -> Result<Option<Open>> {
        while let Some(mut open) = self.next(workspace, routine) {
            if !open.is_old() && open.is_good().await? {
                return Ok(Some(open));
            }
        }
        Ok(None)
    }

    fn next(&self, workspace: Uuid, routine: bool) -> Option<Open> {
        let mut idle = self.idle();
        let same = |open: &Open| open.workspace == Some(workspace) && open.routine == routine;
        match idle.iter().rposition(same) {
            Some(place) => Some(idle.swap_remove(place)),
            None => idle.pop(),
        }
    }
}

impl Lane {
    /// The database it leads to.
    pub fn dialect(&self) -> Dialect {
        match self.home.address {
            Address::Sqlite(_) => Dialect::Sqlite,
            Address::Postgres(_) | Address::Pooler(_) => Dialect::Postgres,
        }
    }

    /// Sets the session to the workspace, where it is the lane's own.
    async fn enter(&mut self) -> Result<()> {
        let (workspace, routine) = (self.workspace, self.routine);
        let open = self.open()?;
        let is_set = open.workspace == Some(workspace) && open.routine == routine;
        if is_set || !matches!(self.home.address, Address::Postgres(_)) {
            return Ok(());
        }
        match self.set().await {
            Err(failure) if self.may_repeat(failure.end(), Effect::Reads) => self.renew().await,
            done => done.map_err(|failure| self.failed(failure)),
        }
    }

    async fn set(&mut self) -> Result<(), Failure> {
        let (workspace, routine) = (self.workspace, self.routine);
        self.open()?.workspace = None;
        let sql = "SELECT set_config('kith.workspace', $1, false), set_config('plan_cache_mode', $2, false), \
            current_setting('kith.session', true)";
        let mode = if routine { "force_generic_plan" } else { "auto" };
        let values = SqlxValues(Values(vec![workspace.to_string().into(), mode.into()]));
        let mut seen = None;
        let take = |row: Row| {
            seen = row.get::<Option<String>>(2)?;
            Ok(())
        };
        self.run(Arc::from(sql), Parameters::Values(values), true, take).await?;
        let open = self.open()?;
        open.recognise(seen.as_deref().unwrap_or_default())?;
        (open.workspace, open.routine) = (Some(workspace), routine);
        Ok(())
    }

    /// Takes a new connection in place of one that has ended, and with it probably all that were idle.
    async fn renew(&mut self) -> Result<()> {
        self.open = None;
        self.place.idle().clear();
        self.open = Some(self.home.address.connect().await?);
        (self.busy, self.untried, self.transaction) = (false, false, TransactionState::None);
        if matches!(self.home.address, Address::Postgres(_)) {
            self.set().await.map_err(|failure| self.failed(failure))?;
        }
        Ok(())
    }

    /// Whether the connection had ended before anything was done on it.
    fn may_repeat(&self, end: Option<End>, effect: Effect) -> bool {
        self.untried && end.is_some_and(|end| end == End::Closed || effect == Effect::Reads)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        let ending = match (self.busy, self.transaction) {
            (false, TransactionState::None) => return self.place.idle().push(open),
            (false, TransactionState::Entered) => "COMMIT",
            // Waits for what is still to come.
            (true, TransactionState::None) => "SELECT 1",
            _ => "ROLLBACK",
        };
        match &open.watch {
            // SQLite ends the statement, and opens another connection in no time.
            Some(watch) => watch.stop(),
            None => {
                let Ok(runtime) = Handle::try_current() else { return };
                runtime.spawn(salvage(open, ending, Arc::clone(&self.place), self.turn.take()));
            }
        }
    }
}

/// How long a connection that was left in the middle of something may take to come to its end.
const SALVAGE: Duration = Duration::from_millis(250);

/// Brings to an end what was begun on a connection of PostgreSQL: to open another one costs more than most statements.
/// What takes longer ends with its connection.
async fn salvage(mut open: Open, ending: &'static str, place: Arc<Place>, turn: Option<Turn>) {
    if let Ok(Ok(_)) = timeout(SALVAGE, open.end(ending)).await {
        place.idle().push(open);
    }
    drop(turn);
}
