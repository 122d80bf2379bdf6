//! Admission: who gets a connection next, who waits for one, and who is turned away.
//!
//! Connections are few, since a database does more work per second with few than with many. So whoever finds none
//! free waits in line, and the line is kept fair and short:
//!
//! - A free connection goes to the workspace that holds the fewest, within it to the credential that holds the fewest,
//!   and among equals to whoever has waited longest. A workspace that asks for much waits for itself.
//! - Of several connections no workspace holds all, so that another one finds one. Of more than two its writers, who may
//!   have to wait for each other, leave one to its reads.
//! - Dear reads, which is to say those that took long before, pass a gate of their own first, so that quick ones never
//!   wait behind more than a few of them.
//! - Who has waited long is turned away with `overloaded`, and who would have to is so at once: a client learns early
//!   to come again later, and what the server does is for clients that still wait.

mod cost;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use kernel::{Code, Result};
use tokio::{
    sync::oneshot::{self, Receiver, Sender},
    time::timeout,
};
use uuid::Uuid;

pub(crate) use cost::{Costs, Timed};

/// How much longer a dear piece of work waits than a quick one.
pub(crate) const DEAR_PATIENCE: u32 = 5;

/// Who asks for a connection, and what for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    /// The workspace of whose share it is; nil where it is nobody's yet.
    pub share: Uuid,
    /// The workspace that the connection is set to.
    pub workspace: Uuid,
    /// The credential under which it is; nil for the server's own work.
    pub credential: Uuid,
    /// Whether something is to be written.
    pub writes: bool,
    /// How long the asker waits; without an end where nobody waits for an answer.
    pub patience: Option<Duration>,
}

impl Asking {
    /// The server asks, for its own work.
    pub fn server(workspace: Uuid, writes: bool) -> Self {
        Self { share: workspace, workspace, credential: Uuid::nil(), writes, patience: None }
    }

    fn holders(&self) -> [Holder; 2] {
        [(self.share, None), (self.share, Some(self.credential))]
    }
}

/// A number of places, and the line before them.
pub(crate) struct Gate {
    state: Mutex<State>,
}

/// A place that somebody holds; given back when dropped.
pub(crate) struct Turn {
    gate: Arc<Gate>,
    asking: Asking,
}

struct State {
    places: usize,
    free: usize,
    /// What each workspace and each credential holds.
    held: HashMap<Holder, Held>,
    /// Who waits, by workspace and credential in the order of coming.
    waiting: HashMap<(Uuid, Uuid), BTreeMap<u64, Waiting>>,
    /// The number of whoever comes next.
    next: u64,
}

/// A workspace, or a credential of it.
type Holder = (Uuid, Option<Uuid>);

#[derive(Clone, Copy, Default, PartialEq)]
struct Held {
    places: usize,
    by_writers: usize,
}

struct Waiting {
    asking: Asking,
    since: Instant,
    call: Sender<Turn>,
}

/// Somebody in the line; leaves it when dropped.
struct Place<'a> {
    gate: &'a Gate,
    asking: Asking,
    number: u64,
}

impl Gate {
    /// So many places.
    pub fn new(places: usize) -> Arc<Self> {
        let (held, waiting) = (HashMap::new(), HashMap::new());
        Arc::new(Self { state: Mutex::new(State { places, free: places, held, waiting, next: 0 }) })
    }

    /// A place for whoever asks, as soon as it is their turn.
    ///
    /// # Errors
    ///
    /// `overloaded` where that takes longer than they wait, or would.
    pub async fn turn(self: &Arc<Self>, asking: Asking) -> Result<Turn> {
        let (number, called) = {
            let mut state = self.state();
            // Nobody waits for whom there is room.
            if state.has_room(&asking) {
                state.give(&asking);
                return Ok(Turn { gate: Arc::clone(self), asking });
            }
            if asking
                .patience
                .is_some_and(|patience| state.delay(asking.share, asking.credential) > patience / 2)
            {
                return Err(Code::Overloaded.into());
            }
            let (call, called) = oneshot::channel();
            (state.wait(asking, call), called)
        };
        let _place = Place { gate: self, asking, number };
        wait(called, asking.patience).await
    }

    /// Whether somebody of that workspace would be turned away.
    pub fn is_crowded(&self, workspace: Uuid, credential: Uuid, patience: Duration) -> bool {
        self.state().delay(workspace, credential) > patience / 2
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls whoever there is room for.
    fn call(self: &Arc<Self>) {
        loop {
            let called = {
                let mut state = self.state();
                let next = state.next_in_line();
                next.inspect(|waiting| state.give(&waiting.asking))
            };
            let Some(Waiting { asking, call, .. }) = called else { return };
            // Whoever no longer waits gives the turn back as it is dropped here.
            drop(call.send(Turn { gate: Arc::clone(self), asking }));
        }
    }
}

async fn wait(called: Receiver<Turn>, patience: Option<Duration>) -> Result<Turn> {
    let called = match patience {
        Some(patience) => timeout(patience, called).await.map_err(|_| Code::Overloaded)?,
        None => called.await,
    };
    called.map_err(kernel::Error::internal)
}

impl State {
    fn has_room(&self, asking: &Asking) -> bool {
        let held = self.held((asking.share, None));
        let share = self.places.saturating_sub(1).max(1);
        let for_writers = self.places.saturating_sub(2).max(1);
        self.free > 0 && held.places < share && (!asking.writes || held.by_writers < for_writers)
    }

    fn held(&self, holder: Holder) -> Held {
        self.held.get(&holder).copied().unwrap_or_default()
    }

    fn give(&mut self, asking: &Asking) {
        self.free -= 1;
        for holder in asking.holders() {
            let held = self.held.entry(holder).or_default();
            held.places += 1;
            held.by_writers += usize::from(asking.writes);
        }
    }

    fn take_back(&mut self, asking: &Asking) {
        self.free += 1;
        for holder in asking.holders() {
            if let Some(held) = self.held.get_mut(&holder) {
                held.places -= 1;
                held.by_writers -= usize::from(asking.writes);
                if *held == Held::default() {
                    self.held.remove(&holder);
                }
            }
        }
    }

    /// How long the first one in a line has waited by now.
    fn delay(&self, workspace: Uuid, credential: Uuid) -> Duration {
        let line = self.waiting.get(&(workspace, credential));
        let first = line.and_then(|line| line.values().next());
        first.map_or(Duration::ZERO, |first| first.since.elapsed())
    }

    fn wait(&mut self, asking: Asking, call: Sender<Turn>) -> u64 {
        let number = self.next;
        self.next += 1;
        let line = self.waiting.entry((asking.share, asking.credential)).or_default();
        line.insert(number, Waiting { asking, since: Instant::now(), call });
        number
    }

    fn leave(&mut self, key: (Uuid, Uuid), number: u64) -> Option<Waiting> {
        let line = self.waiting.get_mut(&key)?;
        let left = line.remove(&number);
        if line.is_empty() {
            self.waiting.remove(&key);
        }
        left
    }

    /// Takes out of the line whose turn it is, if there is room for them.
    fn next_in_line(&mut self) -> Option<Waiting> {
        let lines = self.waiting.iter().filter_map(|((workspace, credential), line)| {
            let (number, _) = line.iter().find(|(_, waiting)| self.has_room(&waiting.asking))?;
            let (whole, part) = (self.held((*workspace, None)), self.held((*workspace, Some(*credential))));
            let order = (whole.places, part.places, *number);
            Some((order, *workspace, *credential))
        });
        let ((.., number), workspace, credential) = lines.min()?;
        self.leave((workspace, credential), number)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.gate.state().leave((self.asking.share, self.asking.credential), self.number);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.gate.state().take_back(&self.asking);
        self.gate.call();
    }
}

#[cfg(test)]
mod tests;
