//! Runs an import: batch after batch, each in one unit of work. A batch that the database refuses is written row by
//! row, so that one row never costs another its place; a dry run undoes every unit.

use std::{collections::BTreeMap, future::Future, io::Read, time::Duration};

use kernel::{
    Code, Error, Result,
    actor::{Actor, Origin},
};
use serde::Serialize;
use tokio::time::sleep;

use super::{
    batch::{Batch, Outcome},
    fault::RowError,
    feed::{Line, feed},
    growth::Growth,
    lookup::Lookups,
    mapping::Mapping,
    rehearsal::Rehearsal,
    source::Format,
    target::Target,
};
use crate::{Kith, auth::LOOKS, unit_of_work::UnitOfWork};

/// How long to wait before another attempt.
const PAUSES: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(300), Duration::from_secs(2)];
/// How many different problems a report tells apart.
const MAX_PROBLEMS: usize = 100;

/// What is imported, and how.
pub struct Import {
    /// Where the rows go.
    pub target: Target,
    /// The file.
    pub content: Box<dyn Read + Send>,
    /// How it is written.
    pub format: Format,
    /// Whether nothing is to be kept.
    pub dry_run: bool,
    /// How far an earlier attempt has come.
    pub counts: Counts,
}

/// What became of the rows: `read` is the sum of the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Rows read.
    pub rows_read: u64,
    /// Rows that became new records.
    pub rows_created: u64,
    /// Rows that changed a record.
    pub rows_updated: u64,
    /// Rows that found their record as it should be.
    pub rows_unchanged: u64,
    /// Rows with errors.
    pub rows_rejected: u64,
}

/// A row that was rejected.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Rejection {
    /// Which row, from 1, the header not counted.
    pub row: u64,
    /// What is wrong with it.
    #[serde(flatten)]
    pub error: RowError,
}

/// What an import has come to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What became of the rows.
    #[serde(flatten)]
    pub counts: Counts,
    /// Whether all rows were read; not where somebody stopped it.
    pub complete: bool,
    /// What was wrong, the same once.
    pub problems: Vec<Problem>,
}

/// What was wrong with some rows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The column; none where the whole row is meant.
    pub column: Option<String>,
    /// What is wrong, as a stable word.
    pub code: &'static str,
    /// With how many rows, as far as different problems are told apart.
    pub rows: u64,
    /// What was said about the first of them.
    pub message: String,
    /// The first of them.
    pub first_row: u64,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Go {
    /// On.
    On,
    /// No further.
    Stop,
}

/// Who follows an import.
pub trait Watch: Send {
    /// Told in the unit of work of the rows, before it is committed: what is written here is kept together with
    /// them. Stopping here undoes the unit.
    fn keep(
        &mut self,
        work: &mut UnitOfWork,
        counts: &Counts,
        rejections: &[Rejection],
    ) -> impl Future<Output = Result<Go>> + Send;

    /// Told when the rows are kept.
    fn kept(&mut self, counts: &Counts, rejections: &[Rejection]) -> impl Future<Output = Result<Go>> + Send;
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

/// Runs an import for somebody.
pub async fn run<W: Watch>(kith: &Kith, actor: &Actor, import: Import, watch: &mut W) -> Result<Report> {
    let Import { target, content, format, dry_run, counts } = import;
    let mapping: Mapping = target.mapping.clone();
    let mut batches = feed(content, format, mapping, counts.rows_read);
    let mut run = Run {
        kith,
        actor: Actor { origin: Origin::Import, ..actor.clone() },
        target,
        lookups: Lookups::default(),
        rehearsal: dry_run.then(Rehearsal::default),
        growth: Growth::after(counts.rows_read),
        counts,
        problems: Problems::default(),
        watch,
    };
    let complete = loop {
        let ended = || Error::internal("the file's reader ended by itself");
        let lines = batches.recv().await.ok_or_else(ended)??;
        if lines.is_empty() {
            break true;
        }
        if run.batch(&lines).await? == Go::Stop {
            break false;
        }
        run.growth.refresh(kith).await;
    };
    if complete {
        run.growth.end(kith).await;
    }
    Ok(Report { counts: run.counts, complete, problems: run.problems.0.into_values().collect() })
}

struct Run<'a, W> {
    kith: &'a Kith,
    actor: Actor,
    target: Target,
    lookups: Lookups,
    rehearsal: Option<Rehearsal>,
    growth: Growth,
    counts: Counts,
    problems: Problems,
    watch: &'a mut W,
}

impl<W: Watch> Run<'_, W> {
    async fn batch(&mut self, lines: &[Line]) -> Result<Go> {
        let refused = match self.attempt(lines, None).await {
            Ok(Attempt::Done(go)) => return Ok(go),
            Ok(Attempt::Refused(error)) => error,
            // Row by row each statement has less to do.
            Err(error) if error.code == Code::Timeout && lines.len() > 1 => error,
            Err(error) => return Err(error),
        };
        tracing::debug!(error = %refused, "a batch is written row by row");
        let mut broken = 0_usize;
        for line in lines {
            let line = std::slice::from_ref(line);
            let go = match self.attempt(line, None).await? {
                Attempt::Done(go) => go,
                Attempt::Refused(error) => {
                    if error.code == Code::Internal {
                        broken = broken.saturating_add(1);
                        tracing::error!(%error, cause = ?error.cause, "a row could not be written");
                    }
                    match self.attempt(line, Some(error)).await? {
                        Attempt::Done(go) => go,
                        Attempt::Refused(error) => return Err(error),
                    }
                }
            };
            if go == Go::Stop {
                return Ok(Go::Stop);
            }
        }
        // Where not one of many can be written, it is not the rows.
        if broken == lines.len() && broken > 1 { Err(refused) } else { Ok(Go::On) }
    }

    /// Tries more than once where the store could not serve: two writers may have waited for each other. Where it
    /// took too long over many rows, they are tried one by one; over one row, it is not the row's fault.
    async fn attempt(&mut self, lines: &[Line], refusal: Option<Error>) -> Result<Attempt> {
        let is_passing = |error: &Error| match error.code {
            Code::Overloaded | Code::StorageFull | Code::Unavailable => true,
            Code::Timeout => lines.len() == 1,
            _ => false,
        };
        for pause in PAUSES {
            match self.attempt_authenticated(lines, refusal.clone()).await? {
                Attempt::Refused(error) if is_passing(&error) => sleep(pause).await,
                done => return Ok(done),
            }
        }
        match self.attempt_authenticated(lines, refusal).await? {
            Attempt::Refused(error) if is_passing(&error) => Err(error),
            done => Ok(done),
        }
    }

    /// A unit of work under a key that is good: it is looked at again where the workspace's access has changed.
    async fn attempt_authenticated(&mut self, lines: &[Line], refusal: Option<Error>) -> Result<Attempt> {
        for _ in 0..LOOKS {
            match self.attempt_once(lines, refusal.clone()).await {
                Ok(Attempt::Refused(error)) | Err(error) if error.code == Code::Unauthenticated => {
                    self.actor = self.kith.looked_up_again(&self.actor).await?;
                    self.target = self.target.of(self.kith, &self.actor)?;
                }
                done => return done,
            }
        }
        Err(Code::Unavailable.into())
    }

    /// Writes rows, or the refusal of rows, in one unit of work.
    async fn attempt_once(&mut self, lines: &[Line], refusal: Option<Error>) -> Result<Attempt> {
        let mut work = UnitOfWork::begin(self.kith, &self.actor).await?;
        let written = match refusal {
            None => {
                let (target, lookups, rehearsal) = (&self.target, &mut self.lookups, self.rehearsal.as_ref());
                Batch { work: &mut work, target, lookups, rehearsal }.write(lines).await
            }
            Some(error) => Ok(lines.iter().map(|line| refused(line, &error)).collect()),
        };
        let outcomes = match written {
            Ok(outcomes) => outcomes,
            Err(error) => {
                // Where the connection is lost, nothing was written either.
                let _ = work.transaction.rollback().await;
                return Ok(Attempt::Refused(error));
            }
        };
        if self.rehearsal.is_some() {
            work.transaction.rollback().await?;
            work = UnitOfWork::begin(self.kith, &self.actor).await?;
        }
        let mut counts = self.counts;
        let mut rejections = Vec::new();
        for (line, outcome) in lines.iter().zip(&outcomes) {
            counts.count(outcome);
            if let Outcome::Rejected(errors) = outcome {
                let rejection = |error: &RowError| Rejection { row: line.number, error: error.clone() };
                rejections.extend(errors.iter().map(rejection));
            }
        }
        match self.watch.keep(&mut work, &counts, &rejections).await {
            Ok(Go::On) => {}
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
        if let Some(rehearsal) = &mut self.rehearsal {
            for (line, outcome) in lines.iter().zip(&outcomes) {
                if let (Ok(draft), Outcome::Created) = (&line.draft, outcome) {
                    rehearsal.remember(&self.target, draft);
                }
            }
        }
        self.watch.kept(&self.counts, &rejections).await.map(Attempt::Done)
    }
}

/// What became of a unit of work.
enum Attempt {
    Done(Go),
    Refused(Error),
}

/// What a row is told that the database refused.
fn refused(line: &Line, error: &Error) -> Outcome {
    Outcome::Rejected(match &line.draft {
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
