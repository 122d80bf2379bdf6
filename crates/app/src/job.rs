//! Jobs: long work that goes on after the request that started it. A job is its input with a `run`; one registration
//! makes it a kind of the contract, taken from the queue by every server that knows it.
//!
//! A job works in steps, each of them one unit of work that also saves the job's progress and its checkpoint: where it
//! goes on. The queue takes them only from whoever holds the job's lease, so that what was written and how far the job
//! has come are always the same, whoever continues it.

use std::{future::Future, pin::Pin};

use domain::platform::job::{self, Job, JobState};
use kernel::{
    Code, Error, Of, Result, actor::Actor, change::NewRecord, object::Action, time::Instant, value::Choice,
};
use persistence::queue::{Claim, Progress};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Kith, unit_of_work::UnitOfWork};

/// The length of a lease, renewed with each step; afterwards the job counts as abandoned.
const LEASE_MICROS: i64 = 60 * 1_000_000;
/// The interval at which the job's record shows its progress, and jobs of other workspaces may get their turn.
const PROGRESS_MICROS: i64 = 2_000_000;
/// A turn lasts at least this many times as long as it took to come back to where the job stood.
const WORTH: i64 = 4;

/// A job: its fields are its input, which the job's record keeps as its `request`.
pub trait JobType: Serialize + DeserializeOwned + Send + 'static {
    /// Its kind, as clients see it.
    const KIND: Choice;
    /// Where it goes on; the default is its begin, and `()` is enough if its progress says it all.
    type Checkpoint: Serialize + DeserializeOwned + Default + Send + Sync;
    /// Its result, shown as the record's `result`; `()` if it has none.
    type Output: Serialize;

    /// Does it from its checkpoint on, step by step. It may be run again from its last checkpoint at any time, also
    /// after its last step, so its result follows from its checkpoint and what is stored.
    fn run(self, run: JobRun<'_, Self>) -> impl Future<Output = Result<Self::Output, Interruption>> + Send;
}

/// Why a job stopped before its end.
#[derive(Debug)]
pub enum Interruption {
    /// The server stops, or it is the turn of another workspace: the job continues later.
    Suspended,
    /// The job was cancelled, or another runner has its lease.
    Lost,
    /// It failed. Where the database could not serve, it is retried later.
    Failed(Error),
}

impl From<Error> for Interruption {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a runner works on a job with.
pub(crate) struct Turn<'a> {
    pub kith: &'a Kith,
    /// The user who started the job, under the key with which it was started.
    pub actor: Actor,
    /// The actor that updates the job's own record.
    pub keeper: &'a Actor,
    pub claim: &'a mut Claim,
    pub request: Json,
    pub stopping: watch::Receiver<bool>,
}

/// A running job: who acts, how far it has come, and how it saves that.
pub struct JobRun<'a, J: JobType> {
    /// The progress, as the job's record shows it. Saved with the next step.
    pub progress: Progress,
    /// Where the job goes on. Saved with the next step.
    pub checkpoint: J::Checkpoint,
    turn: Turn<'a>,
    /// What the current step saves.
    saving: Option<(Progress, Option<String>)>,
    begun: Instant,
    /// The time of the first step.
    ready: Option<Instant>,
    shown: Instant,
}

impl<'a, J: JobType> JobRun<'a, J> {
    fn new(turn: Turn<'a>) -> Result<Self> {
        let checkpoint = turn.claim.checkpoint.as_deref().map_or(Ok(J::Checkpoint::default()), |json| {
            serde_json::from_str(json).map_err(|error| Error::internal(error))
        })?;
        let begun = turn.kith.context().clock.now();
        let progress = turn.claim.progress;
        Ok(Self { progress, checkpoint, turn, saving: None, begun, ready: None, shown: begun })
    }

    /// The Kith that runs it.
    pub fn kith(&self) -> &'a Kith {
        self.turn.kith
    }

    /// The user who started it, under the key with which it was started.
    pub fn actor(&self) -> &Actor {
        &self.turn.actor
    }

    /// The id of the job's record.
    pub fn id(&self) -> Uuid {
        self.turn.claim.job
    }

    /// The progress that is saved.
    pub(crate) fn saved_progress(&self) -> Progress {
        self.turn.claim.progress
    }

    /// Begins a step.
    pub async fn begin(&self) -> Result<UnitOfWork> {
        UnitOfWork::begin(self.kith(), self.actor()).await
    }

    /// Ends a step: commits it together with the progress and the checkpoint. Where the job is not to go on, this says
    /// so.
    pub async fn commit(&mut self, mut work: UnitOfWork) -> Result<(), Interruption> {
        if let Err(interruption) = self.save(&mut work).await {
            work.transaction.rollback().await?;
            return Err(interruption);
        }
        work.commit().await?;
        self.committed().await
    }

    /// Writes the progress and the checkpoint in a step that is about to be committed, or else rolled back.
    pub(crate) async fn save(&mut self, work: &mut UnitOfWork) -> Result<(), Interruption> {
        let (progress, checkpoint) = (self.progress, text_of(&self.checkpoint)?);
        let until = lease_end(work.now());
        if !work.transaction.advance_job(self.turn.claim, progress, checkpoint.clone(), until).await? {
            return Err(Interruption::Lost);
        }
        self.saving = Some((progress, checkpoint));
        Ok(())
    }

    /// Notes that the step was committed, and says whether the job goes on.
    pub(crate) async fn committed(&mut self) -> Result<(), Interruption> {
        let Turn { kith, keeper, claim, stopping, .. } = &mut self.turn;
        if let Some((progress, checkpoint)) = self.saving.take() {
            (claim.progress, claim.checkpoint) = (progress, checkpoint);
        }
        // Progress was made.
        claim.attempts = 0;
        let now = kith.context().clock.now();
        if *stopping.borrow() {
            return Err(Interruption::Suspended);
        }
        let since = |then: Instant| now.0.saturating_sub(then.0);
        let ready = *self.ready.get_or_insert(now);
        if since(self.shown) < PROGRESS_MICROS {
            return Ok(());
        }
        self.shown = now;
        show_progress(kith, keeper, claim).await?;
        let worth = ready.0.saturating_sub(self.begun.0).saturating_mul(WORTH);
        if since(ready) >= worth && kith.database().should_yield(&kith.job_kinds(), claim, now).await? {
            return Err(Interruption::Suspended);
        }
        Ok(())
    }
}

type RunFn =
    for<'a> fn(Turn<'a>) -> Pin<Box<dyn Future<Output = Result<Option<Json>, Interruption>> + Send + 'a>>;

/// A job in the registry.
pub struct RegisteredJob {
    /// Its kind.
    pub kind: Choice,
    run: RunFn,
}

impl RegisteredJob {
    /// Registers a job.
    pub fn of<J: JobType>() -> Self {
        Self { kind: J::KIND, run: |turn| Box::pin(run::<J>(turn)) }
    }

    /// Runs a job of this kind from where it stands, and gives its result.
    pub(crate) async fn run(&self, turn: Turn<'_>) -> Result<Option<Json>, Interruption> {
        (self.run)(turn).await
    }
}

async fn run<J: JobType>(mut turn: Turn<'_>) -> Result<Option<Json>, Interruption> {
    let request = std::mem::take(&mut turn.request);
    let job: J = serde_json::from_value(request).map_err(|error| Error::internal(error))?;
    let output = job.run(JobRun::new(turn)?).await?;
    Ok(json_of(&output)?)
}

impl UnitOfWork {
    /// Starts a job: it is queued, and runs after the commit.
    pub async fn start_job<J: JobType>(&mut self, job: &J) -> Result<Of<Job>> {
        if !self.kith.job_kinds().contains(&J::KIND.name) {
            return Err(Error::internal("the job is not registered"));
        }
        let keyless = || Error::new(Code::Forbidden, "a job is started with a key");
        let credential = self.actor().credential.ok_or_else(keyless)?;
        let record = NewRecord::<Job>::new()
            .with(job::KIND, J::KIND.name.to_owned())
            .with(job::STATE, JobState::Queued)
            .with(job::REQUEST, json_of(job)?.unwrap_or_default())
            .with(job::OWNER, self.actor().user);
        let record = self.make(record).await?;
        self.transaction.enqueue_job(record.id(), J::KIND.name, credential).await?;
        self.queues = true;
        Ok(record)
    }
}

/// Writes the job's progress to its record.
async fn show_progress(kith: &Kith, keeper: &Actor, claim: &Claim) -> Result<()> {
    let mut work = UnitOfWork::begin(kith, keeper).await?;
    let permit = work.permit("job", Action::Update)?;
    let job: Of<Job> = Of::new(work.lock(&permit, claim.job, None).await?)?;
    if job.get(job::STATE) == Some(JobState::Running) {
        work.change(job, |job| show(job, &claim.progress)).await?;
    }
    work.commit().await
}

/// Sets the progress that the job's record shows.
pub(crate) fn show(job: &mut Of<Job>, progress: &Progress) {
    let Progress { read, created, updated, unchanged, rejected, errors: _ } = *progress;
    job.set(job::ROWS_READ, read);
    job.set(job::ROWS_CREATED, created);
    job.set(job::ROWS_UPDATED, updated);
    job.set(job::ROWS_UNCHANGED, unchanged);
    job.set(job::ROWS_REJECTED, rejected);
}

/// The end of a lease that begins or is renewed now.
pub(crate) fn lease_end(now: Instant) -> Instant {
    Instant(now.0.saturating_add(LEASE_MICROS))
}

/// The JSON of what a job takes, keeps or gives; none where that is nothing.
fn json_of(value: &impl Serialize) -> Result<Option<Json>> {
    let json = serde_json::to_value(value).map_err(|error| Error::internal(error))?;
    Ok(Some(json).filter(|json| !json.is_null()))
}

fn text_of(value: &impl Serialize) -> Result<Option<String>> {
    Ok(json_of(value)?.map(|json| json.to_string()))
}
