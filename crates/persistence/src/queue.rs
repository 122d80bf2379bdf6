//! The queue of jobs. Whoever works on a job holds its lease: what it writes carries the lease in the same
//! transaction, so that nobody whose lease has gone to another, or whose job was cancelled, writes anything.
//!
//! The rows are ids and numbers, and every process reaches those of all workspaces.

use kernel::{Result, time::Instant};
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Order, Query};
use uuid::Uuid;

use crate::{Database, Unit, dialect::Row};

const TABLE: &str = "job_queue";

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

impl Progress {
    fn columns(self) -> [(&'static str, i64); 6] {
        let Self { read, created, updated, unchanged, rejected, errors } = self;
        [
            ("rows_read", read),
            ("rows_created", created),
            ("rows_updated", updated),
            ("rows_unchanged", unchanged),
            ("rows_rejected", rejected),
            ("errors_kept", errors),
        ]
    }

    fn read(row: &Row, first: usize) -> Result<Self> {
        Ok(Self {
            read: row.get(first)?,
            created: row.get(first + 1)?,
            updated: row.get(first + 2)?,
            unchanged: row.get(first + 3)?,
            rejected: row.get(first + 4)?,
            errors: row.get(first + 5)?,
        })
    }
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

impl Database {
    /// Takes the job that waits longest and that nobody works on.
    pub async fn claim_job(&self, lease: Uuid, now: Instant, until: Instant) -> Result<Option<Claim>> {
        let mut select = Query::select();
        select.columns(["workspace_id", "job_id"].map(Alias::new)).from(Alias::new(TABLE));
        let mut lane = self.reader(Uuid::nil()).await?;
        select.cond_where(free(lane.dialect(), now));
        select.order_by(Alias::new("queued_at"), Order::Asc).limit(1);
        let waiting = lane.rows(&select).await?;
        let Some(row) = waiting.first() else { return Ok(None) };
        let (workspace, job): (Uuid, Uuid) = (row.get(0)?, row.get(1)?);
        drop(lane);

        let mut lane = self.writers.lane(Uuid::nil()).await?;
        let mut update = Query::update();
        update.table(Alias::new(TABLE)).value(Alias::new("lease"), lease);
        update.value(Alias::new("locked_until"), Expr::value(lane.dialect().instant(until)));
        update.value(Alias::new("attempts"), Expr::col(Alias::new("attempts")).add(1));
        update.and_where(Expr::col(Alias::new("workspace_id")).eq(workspace));
        update.and_where(Expr::col(Alias::new("job_id")).eq(job)).cond_where(free(lane.dialect(), now));
        let mut columns = vec!["user_id", "credential_id", "attempts"];
        columns.extend(Progress::default().columns().map(|(name, _)| name));
        update.returning(Query::returning().columns(columns.into_iter().map(Alias::new)));
        let claimed = lane.rows(&update).await?;
        let claim = |row: &Row| -> Result<Claim> {
            let (user, credential, attempts) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let progress = Progress::read(row, 3)?;
            Ok(Claim { workspace, job, user, credential, lease, attempts, progress })
        };
        claimed.first().map(claim).transpose()
    }

    /// Gives a job back to be taken by anybody after this instant; one that ended by itself says so by
    /// `forgiven`, and the attempt is not counted.
    pub async fn release_job(&self, claim: &Claim, after: Instant, forgiven: bool) -> Result<()> {
        let mut lane = self.writers.lane(Uuid::nil()).await?;
        let mut update = Query::update();
        update.table(Alias::new(TABLE)).value(Alias::new("lease"), Option::<Uuid>::None);
        update.value(Alias::new("locked_until"), Expr::value(lane.dialect().instant(after)));
        if forgiven {
            update.value(Alias::new("attempts"), claim.attempts.saturating_sub(1));
        }
        update.cond_where(held(claim));
        lane.execute(&update).await.map(drop)
    }
}

impl Unit {
    /// Puts a new job into the queue.
    pub async fn enqueue_job(&mut self, job: Uuid, credential: Uuid) -> Result<()> {
        let mut names = vec!["workspace_id", "job_id", "user_id", "credential_id", "queued_at", "attempts"];
        let now = Expr::value(self.lane().dialect().instant(self.now()));
        let (workspace, user) = (self.actor().workspace, self.actor().user);
        let mut row: Vec<Expr> =
            vec![workspace.into(), job.into(), user.into(), credential.into(), now, 0.into()];
        for (name, value) in Progress::default().columns() {
            names.push(name);
            row.push(value.into());
        }
        let mut insert = Query::insert();
        insert.into_table(Alias::new(TABLE)).columns(names.into_iter().map(Alias::new)).values_panic(row);
        self.lane().execute(&insert).await.map(drop)
    }

    /// Writes down how far the job has come and keeps its lease; false where it is no longer in these hands.
    pub async fn advance_job(&mut self, claim: &Claim, progress: Progress, until: Instant) -> Result<bool> {
        let mut update = Query::update();
        update.table(Alias::new(TABLE)).value(Alias::new("attempts"), 0);
        update.value(Alias::new("locked_until"), Expr::value(self.lane().dialect().instant(until)));
        for (name, value) in progress.columns() {
            update.value(Alias::new(name), value);
        }
        update.cond_where(held(claim));
        Ok(self.lane().execute(&update).await? == 1)
    }

    /// Takes a job out of the queue, in the hands of whoever holds the claim or, without one, in whosever;
    /// gives how far it had come, or nothing where it was not there.
    pub async fn dequeue_job(&mut self, job: Uuid, claim: Option<&Claim>) -> Result<Option<Progress>> {
        let mut delete = Query::delete();
        delete.from_table(Alias::new(TABLE));
        delete.and_where(Expr::col(Alias::new("workspace_id")).eq(self.actor().workspace));
        delete.and_where(Expr::col(Alias::new("job_id")).eq(job));
        if let Some(claim) = claim {
            delete.cond_where(held(claim));
        }
        let columns = Progress::default().columns().map(|(name, _)| Alias::new(name));
        delete.returning(Query::returning().columns(columns));
        self.lane().rows(&delete).await?.first().map(|row| Progress::read(row, 0)).transpose()
    }
}

/// Jobs that nobody works on: never begun, given back, or left behind.
fn free(dialect: crate::dialect::Dialect, now: Instant) -> Condition {
    let locked = || Expr::col(Alias::new("locked_until"));
    Condition::any().add(locked().is_null()).add(locked().lte(Expr::value(dialect.instant(now))))
}

fn held(claim: &Claim) -> Condition {
    let is = |name: &str, id: Uuid| Expr::col(Alias::new(name)).eq(id);
    let key = Condition::all().add(is("workspace_id", claim.workspace)).add(is("job_id", claim.job));
    key.add(is("lease", claim.lease))
}
