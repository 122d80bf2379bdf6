//! The queue of jobs. A runner of a job holds its lease, and proves it in every transaction that it writes: a runner
//! whose lease has gone to another, or whose job was cancelled, writes nothing. What a job does is none of the queue's
//! business: it knows its kind by name, and takes only jobs of the kinds that it is asked for.
//!
//! The rows are ids and numbers, and every process reaches those of all workspaces.
#![expect(
    clippy::disallowed_methods,
    reason = "these rows are no records, and the queue is one for all workspaces"
)]

use kernel::{Code, Error, Result, time::Instant};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::{Alias, Expr, ExprTrait, Func, JoinType, OnConflict, Order, Query},
};
use uuid::Uuid;

use crate::{
    Database, Transaction,
    entity::{
        job_turn,
        queued_job::{ActiveModel, Column, Entity, Model},
    },
    pool::orm,
    sql::column,
};

/// The most jobs of a workspace that may be queued or running.
pub const MAX_QUEUED: u64 = 100;
/// The queue, and its alias where one of its jobs is chosen.
const TABLE: &str = "job_queue";
const JOB: &str = "job";

/// A job's progress, in rows: of a file, or of what else it works through.
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

/// A job that a runner has claimed.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its workspace.
    pub workspace: Uuid,
    /// The job.
    pub job: Uuid,
    /// The name of its kind.
    pub kind: String,
    /// The user who started it.
    pub user: Uuid,
    /// The key under which it was started.
    pub credential: Uuid,
    /// The lease that proves the claim.
    pub lease: Uuid,
    /// The number of attempts since its last progress.
    pub attempts: i64,
    /// Its progress.
    pub progress: Progress,
    /// The state from which it goes on, in JSON.
    pub checkpoint: Option<String>,
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
    /// Claims a free job of these kinds under a new lease: of the workspace with the fewest running jobs, among those of the one
    /// served longest ago, and there the job that has waited longest.
    pub async fn claim_job(
        &self,
        kinds: &[&str],
        lease: Uuid,
        now: Instant,
        until: Instant,
    ) -> Result<Option<Claim>> {
        while let Some((workspace, job)) = self.next_job(kinds, now).await? {
            let taken = ActiveModel {
                lease: Set(Some(lease)),
                locked_until: Set(Some(until.0)),
                ..ActiveModel::default()
            };
            let own = Condition::all().add(Column::WorkspaceId.eq(workspace)).add(Column::JobId.eq(job));
            let mut connection = self.writer(Uuid::nil()).await?;
            let attempts = Expr::col(Column::Attempts).add(1);
            let update = Entity::update_many().set(taken).col_expr(Column::Attempts, attempts);
            let update = update.filter(own.clone()).filter(free(TABLE, now)).exec(&connection.orm()).await;
            // Another process may have claimed it meanwhile.
            if update.map_err(orm::error)?.rows_affected != 1 {
                continue;
            }
            let turn = job_turn::ActiveModel { workspace_id: Set(workspace), served_at: Set(now.0) };
            let mut served = OnConflict::column(job_turn::Column::WorkspaceId);
            served.update_column(job_turn::Column::ServedAt);
            let turn = job_turn::Entity::insert(turn).on_conflict(served);
            turn.exec_without_returning(&connection.orm()).await.map_err(orm::error)?;
            // Only now its progress is certain: the runner before may have made its last step until the lease was
            // taken.
            let job = Entity::find().filter(own).filter(Column::Lease.eq(lease));
            let job = job.one(&connection.orm()).await.map_err(orm::error)?;
            return Ok(job.map(|job| Claim {
                workspace,
                job: job.job_id,
                kind: job.kind.clone(),
                user: job.user_id,
                credential: job.credential_id,
                lease,
                attempts: job.attempts,
                progress: job.progress(),
                checkpoint: job.checkpoint,
            }));
        }
        Ok(None)
    }

    async fn next_job(&self, kinds: &[&str], now: Instant) -> Result<Option<(Uuid, Uuid)>> {
        let mut select = Query::select();
        select.expr(column(JOB, "workspace_id")).expr(column(JOB, "job_id"));
        select.from_as(Entity, Alias::new(JOB));
        let same = column("turn", "workspace_id").eq(column(JOB, "workspace_id"));
        select.join_as(JoinType::LeftJoin, job_turn::Entity, Alias::new("turn"), same);
        select.cond_where(free(JOB, now)).and_where(of_kinds(kinds));
        select.order_by_expr(running(column(JOB, "workspace_id"), now), Order::Asc);
        let served = Func::coalesce([column("turn", "served_at"), Expr::value(0_i64)]);
        select.order_by_expr(served.into(), Order::Asc);
        select.order_by((Alias::new(JOB), Column::QueuedAt), Order::Asc).limit(1);
        let mut connection = self.reader(Uuid::nil()).await?;
        let rows = connection.rows(&select).await?;
        rows.first().map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
    }

    /// Whether a job of these kinds waits of a workspace that has fewer running than the claim's.
    pub async fn should_yield(&self, kinds: &[&str], claim: &Claim, now: Instant) -> Result<bool> {
        let mut select = Query::select();
        select.expr(Expr::cust("1")).from_as(Entity, Alias::new(JOB)).cond_where(free(JOB, now)).limit(1);
        select.and_where(of_kinds(kinds));
        let own = running(Expr::value(claim.workspace), now);
        select.and_where(running(column(JOB, "workspace_id"), now).lt(own));
        let mut connection = self.reader(Uuid::nil()).await?;
        Ok(!connection.rows(&select).await?.is_empty())
    }

    /// Releases a job, to be claimed again after this instant. If `forgiven`, the attempt does not count.
    pub async fn release_job(&self, claim: &Claim, after: Instant, forgiven: bool) -> Result<()> {
        let mut given =
            ActiveModel { lease: Set(None), locked_until: Set(Some(after.0)), ..ActiveModel::default() };
        if forgiven {
            given.attempts = Set(claim.attempts.saturating_sub(1));
        }
        let mut connection = self.writer(Uuid::nil()).await?;
        let update = Entity::update_many().set(given).filter(held(claim));
        update.exec(&connection.orm()).await.map(drop).map_err(orm::error)
    }
}

impl Transaction {
    /// Enqueues a new job, unless the workspace has too many.
    pub async fn enqueue_job(&mut self, job: Uuid, kind: &str, credential: Uuid) -> Result<()> {
        let own = Entity::find().filter(Column::WorkspaceId.eq(self.actor().workspace));
        if own.count(&self.connection().await?.orm()).await.map_err(orm::error)? >= MAX_QUEUED {
            let detail = format!(
                "{MAX_QUEUED} jobs of the workspace wait or are at work; try again when one has ended"
            );
            return Err(Error::new(Code::IllegalState, detail));
        }
        let job = Model {
            workspace_id: self.actor().workspace,
            job_id: job,
            kind: kind.to_owned(),
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
            checkpoint: None,
        };
        let insert = Entity::insert(job.into_active_model());
        insert.exec_without_returning(&self.connection().await?.orm()).await.map(drop).map_err(orm::error)
    }

    /// Writes the job's progress and where it goes on, and renews its lease; false if the claim is lost.
    pub async fn advance_job(
        &mut self,
        claim: &Claim,
        progress: Progress,
        checkpoint: Option<String>,
        until: Instant,
    ) -> Result<bool> {
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
            checkpoint: Set(checkpoint),
            ..ActiveModel::default()
        };
        let update = Entity::update_many().set(advanced).filter(held(claim));
        let done = update.exec(&self.connection().await?.orm()).await.map_err(orm::error)?;
        Ok(done.rows_affected == 1)
    }

    /// Removes a job from the queue, only under the claim if there is one. Returns its progress; none if it was not
    /// there.
    pub async fn dequeue_job(&mut self, job: Uuid, claim: Option<&Claim>) -> Result<Option<Progress>> {
        let own =
            Condition::all().add(Column::WorkspaceId.eq(self.actor().workspace)).add(Column::JobId.eq(job));
        let found =
            Entity::find().filter(own).filter(claim.map_or_else(Condition::all, held)).lock_exclusive();
        let Some(found) = found.one(&self.connection().await?.orm()).await.map_err(orm::error)? else {
            return Ok(None);
        };
        let delete = Entity::delete_by_id((found.workspace_id, found.job_id));
        delete.exec(&self.connection().await?.orm()).await.map_err(orm::error)?;
        Ok(Some(found.progress()))
    }
}

/// The condition of free jobs: never begun, released, or with an expired lease.
fn free(alias: &str, now: Instant) -> Condition {
    let until = || column(alias, "locked_until");
    Condition::any().add(until().is_null()).add(until().lte(now.0))
}

/// The condition of jobs of these kinds.
fn of_kinds(kinds: &[&str]) -> Expr {
    column(JOB, "kind").is_in(kinds.iter().copied())
}

/// The number of the workspace's running jobs.
fn running(workspace: Expr, now: Instant) -> Expr {
    let mut select = Query::select();
    select.expr(Expr::cust("count(*)")).from_as(Entity, Alias::new("running"));
    select.and_where(column("running", "workspace_id").eq(workspace));
    select.and_where(column("running", "locked_until").gt(now.0));
    select.and_where(column("running", "lease").is_not_null());
    Expr::SubQuery(None, Box::new(select.into()))
}

fn held(claim: &Claim) -> Condition {
    let own = Condition::all().add(Column::WorkspaceId.eq(claim.workspace)).add(Column::JobId.eq(claim.job));
    own.add(Column::Lease.eq(claim.lease))
}
