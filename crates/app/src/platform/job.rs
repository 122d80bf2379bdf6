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
use persistence::queue::Claim;
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::sync::watch;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    Kith,
    command::{Command, Produced, Spec, record},
    job::{Interruption, Turn, lease_end, show},
    unit_of_work::UnitOfWork,
};

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
            progress.iter().for_each(|progress| show(job, progress));
        });
        Ok(vec![cancelled.await?.into()])
    }
}

impl Kith {
    /// Waits until this process puts a job into the queue.
    pub async fn job_queued(&self) {
        self.0.queued.notified().await;
    }

    /// Runs the next job of a registered kind, or a part of it, until the server stops; false if none waits.
    pub async fn run_next_job(&self, stopping: &watch::Receiver<bool>) -> Result<bool> {
        let now = self.context().clock.now();
        let lease = self.context().ids.next(now);
        let kinds = self.job_kinds();
        let Some(mut claim) = self.database().claim_job(&kinds, lease, now, lease_end(now)).await? else {
            return Ok(false);
        };
        let id = TypeId { prefix: "job", uuid: claim.job }.to_string();
        tracing::info!(job = %id, kind = %claim.kind, rows = claim.progress.read, "begins to work on a job");
        let keeper = keeper(self, &claim, id.as_str().into());
        let done = self.run_job(&keeper, &mut claim, stopping).await;
        let end = match done {
            Ok(result) => End { state: JobState::Succeeded, result, detail: None },
            Err(Interruption::Lost) => return Ok(true),
            Err(Interruption::Suspended) => {
                let now = self.context().clock.now();
                return self.database().release_job(&claim, now, true).await.map(|()| true);
            }
            Err(Interruption::Failed(error)) if is_transient(error.code) => {
                tracing::warn!(job = %id, %error, cause = ?error.cause, "a job is tried again later");
                let later = Instant(self.context().clock.now().0.saturating_add(RETRY_MICROS));
                // A full disk is not the job's fault, however long it lasts.
                let forgiven = error.code == Code::StorageFull;
                return self.database().release_job(&claim, later, forgiven).await.map(|()| true);
            }
            Err(Interruption::Failed(error)) => {
                if error.code == Code::Internal {
                    tracing::error!(job = %id, %error, cause = ?error.cause, "a job failed");
                }
                End { state: JobState::Failed, result: None, detail: Some(told(&error)) }
            }
        };
        self.end_job(&keeper, &claim, end).await.map(|()| true)
    }

    /// Runs the job under a fresh look at the key of whoever started it. Where the workspace's access changes
    /// meanwhile, it looks again, and the job goes on from its last step.
    async fn run_job(
        &self,
        keeper: &Actor,
        claim: &mut Claim,
        stopping: &watch::Receiver<bool>,
    ) -> Result<Option<Json>, Interruption> {
        if claim.attempts > MAX_ATTEMPTS {
            let detail = format!("the job was begun {MAX_ATTEMPTS} times and never came forward");
            return Err(Error::new(Code::IllegalState, detail).into());
        }
        let unregistered = || Error::internal("a job of an unknown kind was taken");
        let job = self.jobs().iter().find(|job| job.kind.name == claim.kind).ok_or_else(unregistered)?;
        let Some(record) = self.begin_job(keeper, claim).await? else { return Err(Interruption::Lost) };
        let request = record.get(job::REQUEST).unwrap_or_default();
        loop {
            let actor = self.reauthenticated_actor(keeper).await.map_err(|error| match error.code {
                Code::Unauthenticated => {
                    Error::new(error.code, "the key that started the job is no longer good")
                }
                _ => error,
            })?;
            let (request, stopping) = (request.clone(), stopping.clone());
            let turn = Turn { kith: self, actor, keeper, claim, request, stopping };
            match job.run(turn).await {
                Err(Interruption::Failed(error)) if error.code == Code::Unauthenticated => {}
                done => return done,
            }
            claim.attempts = claim.attempts.saturating_add(1);
            if claim.attempts > MAX_ATTEMPTS {
                return Err(Error::from(Code::Unavailable).into());
            }
        }
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
    async fn end_job(&self, keeper: &Actor, claim: &Claim, end: End) -> Result<()> {
        let mut work = UnitOfWork::begin(self, keeper).await?;
        let permit = work.permit("job", Action::Update)?;
        let job: Of<Job> = Of::new(work.lock(&permit, claim.job, None).await?)?;
        let Some(progress) = work.transaction.dequeue_job(claim.job, Some(claim)).await? else {
            return work.transaction.rollback().await;
        };
        let (now, End { state, result, detail }) = (work.now(), end);
        let ended = work.change(job, |job| {
            job.set(job::STATE, state);
            job.set(job::FINISHED_AT, now);
            job.set(job::RESULT, result);
            job.set(job::DETAIL, detail.map(|detail| detail.chars().take(2_000).collect::<String>()));
            show(job, &progress);
        });
        ended.await?;
        work.commit().await
    }
}

/// How a job ends.
struct End {
    state: JobState,
    result: Option<Json>,
    detail: Option<String>,
}

/// The actor that updates the job's own record: the job's user under the system's access, even if the key has ended.
fn keeper(kith: &Kith, claim: &Claim, request_id: Arc<str>) -> Actor {
    Actor {
        workspace: claim.workspace,
        user: claim.user,
        credential: Some(claim.credential),
        access: Arc::clone(kith.policy().system()),
        zone: chrono_tz::UTC,
        origin: Origin::Job,
        request_id,
        epoch: None,
        remembered: false,
    }
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
