//! The queue of jobs. Whoever works on a job holds its lease: what it writes carries the lease in the same
//! transaction, so that nobody whose lease has gone to another, or whose job was cancelled, writes anything.
//!
//! The rows are ids and numbers, and every process reaches those of all workspaces.
#![expect(
    clippy::disallowed_methods,
    reason = "these rows are no records, and the queue is one for all workspaces"
)]

use kernel::{Result, time::Instant};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::{
    Database, Unit,
    admission::Asking,
    entity::queued_job::{ActiveModel, Column, Entity, Model},
    lane::orm,
};

/// How far a job has come, in rows of its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Rows read.
    pub read: i64,
    /// Records created.
    pub created: i64,
    /// Records updated.
    pub updated: i64,
    /// Records left as they were.
    pub unchanged: i64,
    /// Rows rejected.
    pub rejected: i64,
    /// Errors kept.
    pub errors: i64,
}

/// A job in the hands of whoever works on it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its workspace.
    pub workspace: Uuid,
    /// The job.
    pub job: Uuid,
    /// Who asked for it.
    pub user: Uuid,
    /// Under which key.
    pub credential: Uuid,
    /// What proves that it is in these hands.
    pub lease: Uuid,
    /// How often it was begun since it last came forward.
    pub attempts: i64,
    /// How far it has come.
    pub progress: Progress,
}

impl Model {
    fn progress(&self) -> Progress {
        Progress {
            read: self.rows_read,
            created: self.rows_created,
            updated: self.rows_updated,
            unchanged: self.rows_unchanged,
            rejected: self.rows_rejected,
            errors: self.errors_kept,
        }
    }
}

impl Database {
    /// Takes the job that waits longest and that nobody works on, under a new lease.
    pub async fn claim_job(&self, lease: Uuid, now: Instant, until: Instant) -> Result<Option<Claim>> {
        let mut lane = self.reader(Uuid::nil()).await?;
        let waiting = Entity::find().filter(free(now)).order_by_asc(Column::QueuedAt);
        let waiting = waiting.one(&lane.orm()).await.map_err(orm::error)?;
        drop(lane);
        let Some(job) = waiting else { return Ok(None) };

        let attempts = job.attempts.saturating_add(1);
        let taken = ActiveModel {
            lease: Set(Some(lease)),
            locked_until: Set(Some(until.0)),
            attempts: Set(attempts),
            ..ActiveModel::default()
        };
        let own =
            Condition::all().add(Column::WorkspaceId.eq(job.workspace_id)).add(Column::JobId.eq(job.job_id));
        let mut lane = self.writers.lane(Asking::of(Uuid::nil(), None, true), false).await?;
        let update = Entity::update_many().set(taken).filter(own).filter(free(now));
        // Another process may have been quicker.
        if update.exec(&lane.orm()).await.map_err(orm::error)?.rows_affected != 1 {
            return Ok(None);
        }
        let progress = job.progress();
        let Model { workspace_id, job_id, user_id, credential_id, .. } = job;
        Ok(Some(Claim {
            workspace: workspace_id,
            job: job_id,
            user: user_id,
            credential: credential_id,
            lease,
            attempts,
            progress,
        }))
    }

    /// Gives a job back, to be taken by anybody after this instant. Where it is `forgiven`, the attempt is not
    /// counted.
    pub async fn release_job(&self, claim: &Claim, after: Instant, forgiven: bool) -> Result<()> {
        let mut given =
            ActiveModel { lease: Set(None), locked_until: Set(Some(after.0)), ..ActiveModel::default() };
        if forgiven {
            given.attempts = Set(claim.attempts.saturating_sub(1));
        }
        let mut lane = self.writers.lane(Asking::of(Uuid::nil(), None, true), false).await?;
        let update = Entity::update_many().set(given).filter(held(claim));
        update.exec(&lane.orm()).await.map(drop).map_err(orm::error)
    }
}

impl Unit {
    /// Puts a new job into the queue.
    pub async fn enqueue_job(&mut self, job: Uuid, credential: Uuid) -> Result<()> {
        let job = Model {
            workspace_id: self.actor().workspace,
            job_id: job,
            user_id: self.actor().user,
            credential_id: credential,
            queued_at: self.now().0,
            lease: None,
            locked_until: None,
            attempts: 0,
            rows_read: 0,
            rows_created: 0,
            rows_updated: 0,
            rows_unchanged: 0,
            rows_rejected: 0,
            errors_kept: 0,
        };
        let insert = Entity::insert(job.into_active_model());
        insert.exec_without_returning(&self.lane().await?.orm()).await.map(drop).map_err(orm::error)
    }

    /// Writes down how far the job has come and keeps its lease; false where it is no longer in these hands.
    pub async fn advance_job(&mut self, claim: &Claim, progress: Progress, until: Instant) -> Result<bool> {
        let Progress { read, created, updated, unchanged, rejected, errors } = progress;
        let advanced = ActiveModel {
            locked_until: Set(Some(until.0)),
            attempts: Set(0),
            rows_read: Set(read),
            rows_created: Set(created),
            rows_updated: Set(updated),
            rows_unchanged: Set(unchanged),
            rows_rejected: Set(rejected),
            errors_kept: Set(errors),
            ..ActiveModel::default()
        };
        let update = Entity::update_many().set(advanced).filter(held(claim));
        let done = update.exec(&self.lane().await?.orm()).await.map_err(orm::error)?;
        Ok(done.rows_affected == 1)
    }

    /// Takes a job out of the queue: out of the hands of whoever holds the claim or, without one, of anybody.
    /// Gives how far it had come, or nothing where it was not there.
    pub async fn dequeue_job(&mut self, job: Uuid, claim: Option<&Claim>) -> Result<Option<Progress>> {
        let own =
            Condition::all().add(Column::WorkspaceId.eq(self.actor().workspace)).add(Column::JobId.eq(job));
        let found =
            Entity::find().filter(own).filter(claim.map_or_else(Condition::all, held)).lock_exclusive();
        let Some(found) = found.one(&self.lane().await?.orm()).await.map_err(orm::error)? else {
            return Ok(None);
        };
        let delete = Entity::delete_by_id((found.workspace_id, found.job_id));
        delete.exec(&self.lane().await?.orm()).await.map_err(orm::error)?;
        Ok(Some(found.progress()))
    }
}

/// Jobs that nobody works on: never begun, given back, or left behind.
fn free(now: Instant) -> Condition {
    Condition::any().add(Column::LockedUntil.is_null()).add(Column::LockedUntil.lte(now.0))
}

fn held(claim: &Claim) -> Condition {
    let own = Condition::all().add(Column::WorkspaceId.eq(claim.workspace)).add(Column::JobId.eq(claim.job));
    own.add(Column::Lease.eq(claim.lease))
}
