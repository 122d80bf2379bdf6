//! Admission: which request gets a connection next, which waits for one, and which is turned away.
//!
//! Connections are few, since a database does more work per second with few than with many. So a request that finds
//! none free waits in a queue, which is kept fair and short:
//!
//! - A free connection goes to the workspace that holds the fewest, within it to the credential that holds the fewest,
//!   and among equals to the request that has waited longest. A workspace that asks for much waits for itself.
//! - Of several connections no workspace holds all, so that another one finds one. Of more than two its writers, who
//!   may have to wait for each other, leave one to its reads.
//! - Expensive reads, which is to say those that took long before, pass a semaphore of their own first, so that quick
//!   ones never wait behind more than a few of them.
//! - A request that has waited too long is refused with `overloaded`, and one that would have to wait so long at once:
//!   clients learn early to retry later, and the server works for clients that still wait. What a request would have to
//!   wait is told by its line, in which the reads of one credential stand, or its writes: reads are not refused because
//!   writers wait for each other.

mod cost;
mod pace;

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
use pace::Pace;

/// How many times as long an expensive read may wait as a quick one.
pub(crate) const EXPENSIVE_WAIT: u32 = 5;

/// Where a request waits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Line {
    /// The workspace whose share it counts towards; nil while the caller is unknown.
    pub share: Uuid,
    /// The credential under which it is; nil for the server's own work.
    pub credential: Uuid,
    /// Whether it is for writing.
    pub writes: bool,
}

/// A request for a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AcquireRequest {
    /// The workspace whose share it counts towards; nil while the caller is unknown.
    pub share: Uuid,
    /// The workspace that the connection is set to.
    pub workspace: Uuid,
    /// The credential under which it is; nil for the server's own work.
    pub credential: Uuid,
    /// Whether it is for writing.
    pub writes: bool,
    /// The longest wait; none where no client waits for an answer.
    pub max_wait: Option<Duration>,
}

impl AcquireRequest {
    /// A request for the server's own work.
    pub fn server(workspace: Uuid, writes: bool) -> Self {
        Self { share: workspace, workspace, credential: Uuid::nil(), writes, max_wait: None }
    }

    fn line(&self) -> Line {
        Line { share: self.share, credential: self.credential, writes: self.writes }
    }

    fn holders(&self) -> [Holder; 2] {
        [(self.share, None), (self.share, Some(self.credential))]
    }
}

/// A number of slots, and the queue before them.
pub(crate) struct FairSemaphore {
    state: Mutex<State>,
}

/// A slot that is held; released when dropped.
pub(crate) struct Slot {
    semaphore: Arc<FairSemaphore>,
    request: AcquireRequest,
}

struct State {
    slots: usize,
    free: usize,
    /// The slots that each workspace and each credential holds.
    held: HashMap<Holder, Held>,
    /// Those who wait in each line; lines in which nobody waits are left out.
    waiting: HashMap<Line, Queue>,
    /// The number of the next request.
    next: u64,
}

/// A workspace, or a credential of it.
type Holder = (Uuid, Option<Uuid>);

#[derive(Clone, Copy, Default, PartialEq)]
struct Held {
    slots: usize,
    by_writers: usize,
}

/// Those who wait in one line.
#[derive(Default)]
struct Queue {
    /// In the order of arrival.
    waiters: BTreeMap<u64, Waiter>,
    pace: Pace,
}

struct Waiter {
    request: AcquireRequest,
    since: Instant,
    wake: Sender<Slot>,
}

/// A request's place in the queue; removed from it when dropped.
struct QueueGuard<'a> {
    semaphore: &'a FairSemaphore,
    request: AcquireRequest,
    number: u64,
}

impl FairSemaphore {
    /// A semaphore of `slots` slots.
    pub fn new(slots: usize) -> Arc<Self> {
        let (held, waiting) = (HashMap::new(), HashMap::new());
        Arc::new(Self { state: Mutex::new(State { slots, free: slots, held, waiting, next: 0 }) })
    }

    /// Waits for a slot.
    ///
    /// # Errors
    ///
    /// `overloaded` where that takes, or would take, longer than the request's longest wait.
    pub async fn acquire(self: &Arc<Self>, request: AcquireRequest) -> Result<Slot> {
        let (number, woken) = {
            let mut state = self.state();
            // Nothing in the queue could take this slot.
            if state.has_room(&request) {
                state.grant(&request);
                return Ok(Slot { semaphore: Arc::clone(self), request });
            }
            if request.max_wait.is_some_and(|max_wait| state.is_too_long(request.line(), max_wait)) {
                return Err(Code::Overloaded.into());
            }
            let (wake, woken) = oneshot::channel();
            (state.wait(request, wake), woken)
        };
        let _guard = QueueGuard { semaphore: self, request, number };
        wait(woken, request.max_wait).await
    }

    /// Whether a line is too long for a request that may wait so long.
    pub fn is_too_long(&self, line: Line, max_wait: Duration) -> bool {
        self.state().is_too_long(line, max_wait)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the waiting requests that there is room for.
    fn wake(self: &Arc<Self>) {
        loop {
            let woken = {
                let mut state = self.state();
                let next = state.next_in_line();
                next.inspect(|waiting| state.grant(&waiting.request))
            };
            let Some(Waiter { request, wake, .. }) = woken else { return };
            // A request that no longer waits releases the slot, as it is dropped here.
            drop(wake.send(Slot { semaphore: Arc::clone(self), request }));
        }
    }
}

async fn wait(woken: Receiver<Slot>, max_wait: Option<Duration>) -> Result<Slot> {
    let woken = match max_wait {
        Some(max_wait) => timeout(max_wait, woken).await.map_err(|_| Code::Overloaded)?,
        None => woken.await,
    };
    woken.map_err(|error| kernel::Error::internal(error))
}

impl State {
    fn has_room(&self, request: &AcquireRequest) -> bool {
        let held = self.held((request.share, None));
        let share = self.slots.saturating_sub(1).max(1);
        let for_writers = self.slots.saturating_sub(2).max(1);
        self.free > 0 && held.slots < share && (!request.writes || held.by_writers < for_writers)
    }

    fn held(&self, holder: Holder) -> Held {
        self.held.get(&holder).copied().unwrap_or_default()
    }

    fn grant(&mut self, request: &AcquireRequest) {
        self.free -= 1;
        for holder in request.holders() {
            let held = self.held.entry(holder).or_default();
            held.slots += 1;
            held.by_writers += usize::from(request.writes);
        }
    }

    fn release(&mut self, request: &AcquireRequest) {
        self.free += 1;
        for holder in request.holders() {
            if let Some(held) = self.held.get_mut(&holder) {
                held.slots -= 1;
                held.by_writers -= usize::from(request.writes);
                if *held == Held::default() {
                    self.held.remove(&holder);
                }
            }
        }
    }

    fn is_too_long(&self, line: Line, max_wait: Duration) -> bool {
        self.waiting.get(&line).is_some_and(|queue| queue.expected_wait(Instant::now()) > max_wait / 2)
    }

    fn wait(&mut self, request: AcquireRequest, wake: Sender<Slot>) -> u64 {
        let number = self.next;
        self.next += 1;
        let waiter = Waiter { request, since: Instant::now(), wake };
        self.waiting.entry(request.line()).or_default().waiters.insert(number, waiter);
        number
    }

    fn leave(&mut self, line: Line, number: u64) -> Option<Waiter> {
        let queue = self.waiting.get_mut(&line)?;
        let left = queue.waiters.remove(&number);
        if queue.waiters.is_empty() {
            self.waiting.remove(&line);
        }
        left
    }

    /// Takes the next request out of the queue, if there is room for one.
    fn next_in_line(&mut self) -> Option<Waiter> {
        // Who stands in one line needs the same, so there is room for the first of it or for none.
        let firsts = self.waiting.iter().filter_map(|(line, queue)| {
            let (number, first) = queue.waiters.first_key_value()?;
            let (whole, part) =
                (self.held((line.share, None)), self.held((line.share, Some(line.credential))));
            let order = (whole.slots, part.slots, *number);
            self.has_room(&first.request).then_some((order, *line))
        });
        let ((.., number), line) = firsts.min_by_key(|(order, _)| *order)?;
        if let Some(queue) = self.waiting.get_mut(&line) {
            queue.pace.step(Instant::now());
        }
        self.leave(line, number)
    }
}

impl Queue {
    /// The time that a request will wait which joins now.
    fn expected_wait(&self, now: Instant) -> Duration {
        let first =
            || self.waiters.first_key_value().map(|(_, first)| now.saturating_duration_since(first.since));
        self.pace.expected_wait(self.waiters.len(), now).or_else(first).unwrap_or_default()
    }
}

impl Drop for QueueGuard<'_> {
    fn drop(&mut self) {
        self.semaphore.state().leave(self.request.line(), self.number);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.semaphore.state().release(&self.request);
        self.semaphore.wake();
    }
}

#[cfg(test)]
mod tests;
