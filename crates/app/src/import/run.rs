//! Runs an import: batch after batch, each in one unit of work. A batch that the database refuses is written row by
//! row, so that a bad row never rejects another; a dry run rolls every unit of work back.

use std::{collections::BTreeMap, future::Future, io::Read, ops::ControlFlow, time::Duration};

use kernel::{
    Code, Error, Result,
    actor::{Actor, Origin},
};
use serde::Serialize;
use tokio::time::sleep;

use super::{
    batch::{Batch, Outcome},
    dry_run::DryRun,
    fault::RowError,
    feed::{FileRow, feed},
    growth::Growth,
    lookup::Lookups,
    mapping::Mapping,
    source::Format,
    target::Target,
};
use crate::{Kith, auth::MAX_ATTEMPTS, unit_of_work::UnitOfWork};

/// The pauses before each retry.
const PAUSES: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(300), Duration::from_secs(2)];
/// The most different problems in a report.
const MAX_PROBLEMS: usize = 100;

/// An import to run.
pub struct Import {
    /// The target of the rows.
    pub target: Target,
    /// The file.
    pub content: Box<dyn Read + Send>,
    /// The file's format.
    pub format: Format,
    /// Whether nothing is to be written.
    pub dry_run: bool,
    /// The progress of earlier attempts.
    pub counts: Counts,
}

/// The numbers of rows by outcome: `rows_read` is the sum of the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Rows read.
    pub rows_read: u64,
    /// Rows that became new records.
    pub rows_created: u64,
    /// Rows that changed a record.
    pub rows_updated: u64,
    /// Rows whose record has these values already.
    pub rows_unchanged: u64,
    /// Rows with errors.
    pub rows_rejected: u64,
}

/// A row that was rejected.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Rejection {
    /// The row's number, from 1, the header not counted.
    pub row: u64,
    /// The error.
    #[serde(flatten)]
    pub error: RowError,
}

/// The result of an import.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The numbers of rows by outcome.
    #[serde(flatten)]
    pub counts: Counts,
    /// Whether all rows were read; false if it was stopped.
    pub complete: bool,
    /// The problems, the same one once.
    pub problems: Vec<Problem>,
}

/// A problem of some rows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The column; none for the whole row.
    pub column: Option<String>,
    /// The stable code.
    pub code: &'static str,
    /// The number of rows, as far as different problems are told apart.
    pub rows: u64,
    /// The message about the first of them.
    pub message: String,
    /// The first row.
    pub first_row: u64,
}

/// An observer of an import, which may stop it.
pub trait Observer: Send {
    /// Called in the rows' unit of work before its commit: what is written here is committed with them. A break rolls
    /// the unit of work back.
    fn before_commit(
        &mut self,
        work: &mut UnitOfWork,
        counts: &Counts,
        rejections: &[Rejection],
    ) -> impl Future<Output = Result<ControlFlow<()>>> + Send;

    /// Called after the commit of the rows.
    fn committed(
        &mut self,
        counts: &Counts,
        rejections: &[Rejection],
    ) -> impl Future<Output = Result<ControlFlow<()>>> + Send;
}

impl Counts {
    fn count(&mut self, outcome: &Outcome) {
        let place = match outcome {
            Outcome::Created => &mut self.rows_created,
            Outcome::Updated => &mut self.rows_updated,
            Outcome::Unchanged => &mut self.rows_unchanged,
            Outcome::Rejected(_) => &mut self.rows_rejected,
        };
        *place = place.saturating_add(1);
        self.rows_read = self.rows_read.saturating_add(1);
    }
}

/// Runs an import for an actor.
pub async fn run<W: Observer>(
    kith: &Kith,
    actor: &Actor,
    import: Import,
    observer: &mut W,
) -> Result<Report> {
    let Import { target, content, format, dry_run, counts } = import;
    let mapping: Mapping = target.mapping.clone();
    let mut batches = feed(content, format, mapping, counts.rows_read);
    let mut run = ImportRun {
        kith,
        actor: Actor { origin: Origin::Import, ..actor.clone() },
        target,
        lookups: Lookups::default(),
        dry_run: dry_run.then(DryRun::default),
        growth: Growth::after(counts.rows_read),
        counts,
        problems: Problems::default(),
        observer,
    };
    let complete = loop {
        let ended = || Error::internal("the file's reader ended by itself");
        let rows = batches.recv().await.ok_or_else(ended)??;
        if rows.is_empty() {
            break true;
        }
        if run.batch(&rows).await? == ControlFlow::Break(()) {
            break false;
        }
        run.growth.refresh(kith).await;
    };
    if complete {
        run.growth.end(kith).await;
    }
    Ok(Report { counts: run.counts, complete, problems: run.problems.0.into_values().collect() })
}

struct ImportRun<'a, W> {
    kith: &'a Kith,
    actor: Actor,
    target: Target,
    lookups: Lookups,
    dry_run: Option<DryRun>,
    growth: Growth,
    counts: Counts,
    problems: Problems,
    observer: &'a mut W,
}

impl<W: Observer> ImportRun<'_, W> {
    async fn batch(&mut self, rows: &[FileRow]) -> Result<ControlFlow<()>> {
        let refused = match self.attempt(rows, None).await {
            Ok(Attempt::Done(flow)) => return Ok(flow),
            Ok(Attempt::Refused(error)) => error,
            // Row by row each statement has less to do.
            Err(error) if error.code == Code::Timeout && rows.len() > 1 => error,
            Err(error) => return Err(error),
        };
        tracing::debug!(error = %refused, "a batch is written row by row");
        let mut broken = 0_usize;
        for row in rows {
            let row = std::slice::from_ref(row);
            let flow = match self.attempt(row, None).await? {
                Attempt::Done(flow) => flow,
                Attempt::Refused(error) => {
                    if error.code == Code::Internal {
                        broken = broken.saturating_add(1);
                        tracing::error!(%error, cause = ?error.cause, "a row could not be written");
                    }
                    match self.attempt(row, Some(error)).await? {
                        Attempt::Done(flow) => flow,
                        Attempt::Refused(error) => return Err(error),
                    }
                }
            };
            if flow == ControlFlow::Break(()) {
                return Ok(ControlFlow::Break(()));
            }
        }
        // If not one of many can be written, it is not the rows' fault.
        if broken == rows.len() && broken > 1 { Err(refused) } else { Ok(ControlFlow::Continue(())) }
    }

    /// Retries where the database could not serve: two writers may have waited for each other. After a timeout over
    /// many rows, they are tried one by one; after one over a single row, it is not the row's fault.
    async fn attempt(&mut self, rows: &[FileRow], refusal: Option<Error>) -> Result<Attempt> {
        let is_transient = |error: &Error| match error.code {
            Code::Overloaded | Code::StorageFull | Code::Unavailable => true,
            Code::Timeout => rows.len() == 1,
            _ => false,
        };
        for pause in PAUSES {
            match self.attempt_authenticated(rows, refusal.clone()).await? {
                Attempt::Refused(error) if is_transient(&error) => sleep(pause).await,
                done => return Ok(done),
            }
        }
        match self.attempt_authenticated(rows, refusal).await? {
            Attempt::Refused(error) if is_transient(&error) => Err(error),
            done => Ok(done),
        }
    }

    /// One attempt under a valid key: the key is looked up again if the workspace's access has changed.
    async fn attempt_authenticated(&mut self, rows: &[FileRow], refusal: Option<Error>) -> Result<Attempt> {
        for _ in 0..MAX_ATTEMPTS {
            match self.attempt_once(rows, refusal.clone()).await {
                Ok(Attempt::Refused(error)) | Err(error) if error.code == Code::Unauthenticated => {
                    self.actor = self.kith.reauthenticated_actor(&self.actor).await?;
                    self.target = self.target.of(self.kith, &self.actor)?;
                }
                done => return done,
            }
        }
        Err(Code::Unavailable.into())
    }

    /// Writes rows, or the rejection of rows, in one unit of work.
    async fn attempt_once(&mut self, rows: &[FileRow], refusal: Option<Error>) -> Result<Attempt> {
        let mut work = UnitOfWork::begin(self.kith, &self.actor).await?;
        let written = match refusal {
            None => {
                let (target, lookups, dry_run) = (&self.target, &mut self.lookups, self.dry_run.as_ref());
                Batch { work: &mut work, target, lookups, dry_run }.write(rows).await
            }
            Some(error) => Ok(rows.iter().map(|row| refused(row, &error)).collect()),
        };
        let outcomes = match written {
            Ok(outcomes) => outcomes,
            Err(error) => {
                // If the connection is lost, nothing was written either.
                let _ = work.transaction.rollback().await;
                return Ok(Attempt::Refused(error));
            }
        };
        if self.dry_run.is_some() {
            work.transaction.rollback().await?;
            work = UnitOfWork::begin(self.kith, &self.actor).await?;
        }
        let mut counts = self.counts;
        let mut rejections = Vec::new();
        for (row, outcome) in rows.iter().zip(&outcomes) {
            counts.count(outcome);
            if let Outcome::Rejected(errors) = outcome {
                let rejection = |error: &RowError| Rejection { row: row.number, error: error.clone() };
                rejections.extend(errors.iter().map(rejection));
            }
        }
        match self.observer.before_commit(&mut work, &counts, &rejections).await {
            Ok(ControlFlow::Continue(())) => {}
            stopped => {
                work.transaction.rollback().await?;
                return stopped.map(Attempt::Done);
            }
        }
        self.growth.add(&work.transaction);
        match work.commit().await {
            Ok(()) => {}
            // Whether the rows are kept is unknown here, so they are not written again.
            Err(error) if error.code == Code::Unavailable => return Err(error),
            Err(error) => return Ok(Attempt::Refused(error)),
        }
        self.counts = counts;
        rejections.iter().for_each(|rejection| self.problems.add(rejection));
        if let Some(dry_run) = &mut self.dry_run {
            for (row, outcome) in rows.iter().zip(&outcomes) {
                if let (Ok(draft), Outcome::Created) = (&row.draft, outcome) {
                    dry_run.remember(&self.target, draft);
                }
            }
        }
        self.observer.committed(&self.counts, &rejections).await.map(Attempt::Done)
    }
}

/// The outcome of an attempt.
enum Attempt {
    Done(ControlFlow<()>),
    Refused(Error),
}

/// The row errors of a batch that the database rejected.
fn refused(row: &FileRow, error: &Error) -> Outcome {
    Outcome::Rejected(match &row.draft {
        Ok(draft) => draft.errors(error.clone()),
        Err(errors) => errors.clone(),
    })
}

/// Problems by column and code.
#[derive(Default)]
struct Problems(BTreeMap<(Option<String>, &'static str), Problem>);

impl Problems {
    fn add(&mut self, rejection: &Rejection) {
        let Rejection { row, error: RowError { column, code, message } } = rejection;
        let key = (column.clone(), *code);
        if self.0.len() >= MAX_PROBLEMS && !self.0.contains_key(&key) {
            return;
        }
        let new =
            || Problem { column: column.clone(), code, rows: 0, message: message.clone(), first_row: *row };
        let problem = self.0.entry(key).or_insert_with(new);
        problem.rows = problem.rows.saturating_add(1);
    }
}
