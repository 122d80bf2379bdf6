//! `cancelJob`, and how jobs are taken from the queue, done and ended.

use std::sync::Arc;

use domain::platform::job::{self, Job, JobState};
use kernel::{
    Code, Error, Of, Result,
    actor::{Actor, Origin},
    id::TypeId,
    object::Action,
    time::Instant,
};
use persistence::queue::{Claim, Progress};
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    Kith,
    command::{Command, Produced, Spec, record},
    import::job::{End, import},
    unit_of_work::UnitOfWork,
};

/// The length of a lease, renewed with each step; afterwards the job counts as abandoned.
const LEASE_MICROS: i64 = 60 * 1_000_000;
/// The pause before a job is retried that the database could not serve.
const RETRY_MICROS: i64 = 30 * 1_000_000;
/// The most attempts at a job without progress.
const MAX_ATTEMPTS: i64 = 5;

/// The input of `cancelJob`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelJob {}

impl Command for CancelJob {
    const SPEC: Spec = Spec::new(
        "job",
        "cancelJob",
        "cancel",
        "Stops a job that waits or is at work. What it has written so far stays.",
        &[record("job", "job", "The cancelled job.")],
    );
    type On = Of<Job>;

    async fn run(self, work: &mut UnitOfWork, before: Of<Job>) -> Result<Produced> {
        if !matches!(before.get(job::STATE), Some(JobState::Queued | JobState::Running)) {
            return Err(Error::new(Code::IllegalState, "the job has ended already"));
        }
        let progress = work.transaction.dequeue_job(before.id(), None).await?;
        let now = work.now();
        let cancelled = work.change(before, |job| {
            job.set(job::STATE, JobState::Cancelled);
            job.set(job::FINISHED_AT, now);
            progress.iter().for_each(|progress| tell(job, progress));
        });
        Ok(vec![(&cancelled.await?).into()])
    }
}

impl Kith {
    /// Waits until this process puts a job into the queue.
    pub async fn job_queued(&self) {
        self.0.queued.notified().await;
    }

    /// Runs the next job, or a part of it, until the server stops; false if none waits.
    pub async fn run_next_job(&self, stopping: &watch::Receiver<bool>) -> Result<bool> {
        let now = self.context().clock.now();
        let lease = self.context().ids.next(now);
        let Some(mut claim) = self.database().claim_job(lease, now, lease_end(now)).await? else {
            return Ok(false);
        };
        let id = TypeId { prefix: "job", uuid: claim.job }.to_string();
        tracing::info!(job = %id, rows = claim.progress.read, "begins to work on a job");
        let keeper = keeper(self, &claim, id.as_str().into());
        let done = self.run_job(&keeper, &mut claim, stopping).await;
        let (state, detail) = match done {
            Ok(End::Complete) => (JobState::Succeeded, None),
            Ok(End::Lost) => return Ok(true),
            Ok(End::Left) => {
                let now = self.context().clock.now();
                return self.database().release_job(&claim, now, true).await.map(|()| true);
            }
            Err(error) if is_transient(error.code) => {
                tracing::warn!(job = %id, %error, cause = ?error.cause, "a job is tried again later");
                let later = Instant(self.context().clock.now().0.saturating_add(RETRY_MICROS));
                // A full disk is not the job's fault, however long it lasts.
                let forgiven = error.code == Code::StorageFull;
                return self.database().release_job(&claim, later, forgiven).await.map(|()| true);
            }
            Err(error) => {
                if error.code == Code::Internal {
                    tracing::error!(job = %id, %error, cause = ?error.cause, "a job failed");
                }
                (JobState::Failed, Some(told(&error)))
            }
        };
        self.end_job(&keeper, &claim, state, detail).await.map(|()| true)
    }

    async fn run_job(
        &self,
        keeper: &Actor,
        claim: &mut Claim,
        stopping: &watch::Receiver<bool>,
    ) -> Result<End> {
        if claim.attempts > MAX_ATTEMPTS {
            let detail = format!("the job was begun {MAX_ATTEMPTS} times and never came forward");
            return Err(Error::new(Code::IllegalState, detail));
        }
        let Some(job) = self.begin_job(keeper, claim).await? else { return Ok(End::Lost) };
        let done = async {
            let actor = self.reauthenticated_actor(keeper).await?;
            import(self, &actor, keeper, claim, &job, stopping.clone()).await
        };
        done.await.map_err(|error| match error.code {
            Code::Unauthenticated => Error::new(error.code, "the key that started the job is no longer good"),
            _ => error,
        })
    }

    /// Marks the job as running; none if it has ended.
    async fn begin_job(&self, keeper: &Actor, claim: &Claim) -> Result<Option<Of<Job>>> {
        let mut work = UnitOfWork::begin(self, keeper).await?;
        let permit = work.permit("job", Action::Update)?;
        let job: Of<Job> = Of::new(work.lock(&permit, claim.job, None).await?)?;
        let now = work.now();
        let job = match job.get(job::STATE) {
            Some(JobState::Queued) => {
                let begun = work.change(job, |job| {
                    job.set(job::STATE, JobState::Running);
                    job.set(job::STARTED_AT, now);
                });
                Some(begun.await?)
            }
            Some(JobState::Running) => Some(job),
            _ => {
                work.transaction.dequeue_job(claim.job, None).await?;
                None
            }
        };
        work.commit().await?;
        Ok(job)
    }

    /// Marks the job as ended, unless the claim is lost.
    async fn end_job(
        &self,
        keeper: &Actor,
        claim: &Claim,
        state: JobState,
        detail: Option<String>,
    ) -> Result<()> {
        let mut work = UnitOfWork::begin(self, keeper).await?;
        let permit = work.permit("job", Action::Update)?;
        let job: Of<Job> = Of::new(work.lock(&permit, claim.job, None).await?)?;
        let Some(progress) = work.transaction.dequeue_job(claim.job, Some(claim)).await? else {
            return work.transaction.rollback().await;
        };
        let now = work.now();
        let ended = work.change(job, |job| {
            job.set(job::STATE, state);
            job.set(job::FINISHED_AT, now);
            job.set(job::DETAIL, detail.map(|detail| detail.chars().take(2_000).collect::<String>()));
            tell(job, &progress);
        });
        ended.await?;
        work.commit().await
    }
}

/// Writes the job's progress to its record.
pub(crate) async fn show_progress(kith: &Kith, keeper: &Actor, claim: &Claim) -> Result<()> {
    let mut work = UnitOfWork::begin(kith, keeper).await?;
    let permit = work.permit("job", Action::Update)?;
    let job: Of<Job> = Of::new(work.lock(&permit, claim.job, None).await?)?;
    if job.get(job::STATE) == Some(JobState::Running) {
        work.change(job, |job| tell(job, &claim.progress)).await?;
    }
    work.commit().await
}

/// The end of a lease that begins or is renewed now.
pub(crate) fn lease_end(now: Instant) -> Instant {
    Instant(now.0.saturating_add(LEASE_MICROS))
}

/// The actor that updates the job's own record: the job's user under the system's access, even if the key has ended.
fn keeper(kith: &Kith, claim: &Claim, request_id: Arc<str>) -> Actor {
    Actor {
        workspace: claim.workspace,
        user: claim.user,
        credential: Some(claim.credential),
        access: Arc::clone(kith.policy().system()),
        zone: chrono_tz::UTC,
        origin: Origin::Import,
        request_id,
        epoch: None,
        remembered: false,
    }
}

fn tell(job: &mut Of<Job>, progress: &Progress) {
    let Progress { read, created, updated, unchanged, rejected, errors: _ } = *progress;
    job.set(job::ROWS_READ, read);
    job.set(job::ROWS_CREATED, created);
    job.set(job::ROWS_UPDATED, updated);
    job.set(job::ROWS_UNCHANGED, unchanged);
    job.set(job::ROWS_REJECTED, rejected);
}

/// Whether a job that failed with this code may succeed later.
fn is_transient(code: Code) -> bool {
    matches!(code, Code::Overloaded | Code::StorageFull | Code::Timeout | Code::Unavailable)
}

/// The detail of a failure, for the job's owner.
fn told(error: &Error) -> String {
    let violations = error.violations.iter().map(|violation| violation.detail.as_str());
    std::iter::once(error.detail.as_str()).chain(violations).collect::<Vec<_>>().join("; ")
}
