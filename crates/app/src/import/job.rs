//! The job that imports a stored file: it reads the file from the database, and writes its progress and the errors with
//! every batch.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use domain::platform::{
    file::{self, File},
    job::{self, Job},
    job_error::{self, JobError},
};
use kernel::{
    Code, Error, Of, Result, actor::Actor, change::NewRecord, id::TypeId, object::Action, time::Instant,
};
use persistence::queue::{Claim, Progress};
use serde_json::Value as Json;
use tokio::{runtime::Handle, sync::watch};
use uuid::Uuid;

use super::{
    mapping::Mapping,
    run::{Counts, Import, Observer, Rejection, run},
    source::Format,
    target::Target,
};
use crate::{
    Kith,
    platform::job::{lease_end, show_progress},
    unit_of_work::{UnitOfWork, values_of},
};

/// The most errors kept of a job.
const MAX_ERRORS: i64 = 10_000;
/// The interval at which the job's record shows its progress, and jobs of other workspaces may get their turn.
const PROGRESS_MICROS: i64 = 2_000_000;
/// A turn lasts at least this many times as long as it took to skip the rows that were done before.
const WORTH: i64 = 4;

/// Why an import ended.
pub(crate) enum End {
    /// All rows are read.
    Complete,
    /// The server stops, or it is the turn of another workspace: the job continues later.
    Left,
    /// The job was cancelled, or another runner has its lease.
    Lost,
}

/// Runs the import of a job, from where it stands.
pub(crate) async fn import(
    kith: &Kith,
    actor: &Actor,
    keeper: &Actor,
    claim: &mut Claim,
    record: &Of<Job>,
    stopping: watch::Receiver<bool>,
) -> Result<End> {
    let request = record.get(job::REQUEST).unwrap_or_default();
    let text = |name: &str| request.get(name).and_then(Json::as_str).unwrap_or_default();
    let unreadable = || Error::internal("the job's request cannot be read");
    let mapping = request.get("mapping").cloned().unwrap_or_default();
    let mapping =
        Mapping::from_value(mapping).map_err(|error| Error::new(Code::Invalid, error.to_string()))?;
    let target = Target::new(kith, actor, text("object"), mapping, "/mapping")?;
    let file = TypeId::parse_as("file", text("fileId")).ok_or_else(unreadable)?;
    let gone = |error: Error| match error.code {
        Code::NotFound => Error::new(Code::NotFound, "the file is no longer there"),
        _ => error,
    };
    let file: Of<File> = Of::new(kith.record(actor, "file", file).await.map_err(gone)?)?;
    let format = Format::from_name(text("format")).ok_or_else(unreadable)?;
    let import = Import {
        target,
        content: Box::new(Pieces::of(kith, actor, &file)),
        format,
        dry_run: request.get("dryRun").and_then(Json::as_bool).unwrap_or_default(),
        counts: counts(&claim.progress),
    };
    let begun = kith.context().clock.now();
    let (next, end) = (claim.progress, End::Complete);
    let mut observer = JobObserver {
        kith,
        keeper,
        claim,
        job: record.id(),
        stopping,
        next,
        begun,
        ready: None,
        shown: begun,
        end,
    };
    run(kith, actor, import, &mut observer).await?;
    Ok(observer.end)
}

struct JobObserver<'a> {
    kith: &'a Kith,
    keeper: &'a Actor,
    claim: &'a mut Claim,
    job: Uuid,
    stopping: watch::Receiver<bool>,
    /// The job's progress after the current rows.
    next: Progress,
    begun: Instant,
    /// When the rows that were done before were skipped.
    ready: Option<Instant>,
    shown: Instant,
    end: End,
}

impl Observer for JobObserver<'_> {
    async fn before_commit(
        &mut self,
        work: &mut UnitOfWork,
        counts: &Counts,
        rejections: &[Rejection],
    ) -> Result<ControlFlow<()>> {
        let room = usize::try_from(MAX_ERRORS.saturating_sub(self.claim.progress.errors)).unwrap_or_default();
        let kept = rejections.get(..rejections.len().min(room)).unwrap_or_default();
        if !kept.is_empty() {
            keep_errors(work, self.job, kept).await?;
        }
        let errors = self.claim.progress.errors.saturating_add(number(kept.len() as u64));
        let progress = progress(counts, errors);
        // The job's own row is locked before its row in the queue, as when it is cancelled.
        if !work.transaction.advance_job(self.claim, progress, lease_end(work.now())).await? {
            self.end = End::Lost;
            return Ok(ControlFlow::Break(()));
        }
        self.next = progress;
        Ok(ControlFlow::Continue(()))
    }

    async fn committed(&mut self, _: &Counts, _: &[Rejection]) -> Result<ControlFlow<()>> {
        self.claim.progress = self.next;
        // Progress was made.
        self.claim.attempts = 0;
        let now = self.kith.context().clock.now();
        if *self.stopping.borrow() {
            self.end = End::Left;
            return Ok(ControlFlow::Break(()));
        }
        let since = |then: Instant| now.0.saturating_sub(then.0);
        let ready = *self.ready.get_or_insert(now);
        if since(self.shown) < PROGRESS_MICROS {
            return Ok(ControlFlow::Continue(()));
        }
        self.shown = now;
        show_progress(self.kith, self.keeper, self.claim).await?;
        let worth = ready.0.saturating_sub(self.begun.0).saturating_mul(WORTH);
        if since(ready) >= worth && self.kith.database().should_yield(self.claim, now).await? {
            self.end = End::Left;
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    }
}

async fn keep_errors(work: &mut UnitOfWork, job: Uuid, rejections: &[Rejection]) -> Result<()> {
    let permit = work.permit("jobError", Action::Create)?;
    let short = |text: &str, max: usize| text.chars().take(max).collect::<String>();
    let draft = |Rejection { row, error }: &Rejection| {
        let error = NewRecord::<JobError>::new()
            .with(job_error::JOB, job)
            .with(job_error::ROW, number(*row))
            .with(job_error::COLUMN, error.column.as_deref().map(|column| short(column, 255)))
            .with(job_error::CODE, error.code.to_owned())
            .with(job_error::MESSAGE, short(&error.message, 2_000));
        work.draft(permit.object(), values_of(permit.object(), error))
    };
    let drafts = rejections.iter().map(draft).collect();
    for created in work.create_all(&permit, drafts).await? {
        created?;
    }
    Ok(())
}

fn counts(progress: &Progress) -> Counts {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let Progress { read, created, updated, unchanged, rejected, errors: _ } = *progress;
    Counts {
        rows_read: count(read),
        rows_created: count(created),
        rows_updated: count(updated),
        rows_unchanged: count(unchanged),
        rows_rejected: count(rejected),
    }
}

fn progress(counts: &Counts, errors: i64) -> Progress {
    let Counts { rows_read, rows_created, rows_updated, rows_unchanged, rows_rejected } = *counts;
    Progress {
        read: number(rows_read),
        created: number(rows_created),
        updated: number(rows_updated),
        unchanged: number(rows_unchanged),
        rejected: number(rows_rejected),
        errors,
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A stored file, read piece by piece on a thread that may block.
struct Pieces {
    kith: Kith,
    actor: Actor,
    file: Uuid,
    runtime: Handle,
    next: i64,
    piece: io::Cursor<Vec<u8>>,
    left: i64,
}

impl Pieces {
    fn of(kith: &Kith, actor: &Actor, file: &Of<File>) -> Self {
        Self {
            kith: kith.clone(),
            actor: actor.clone(),
            file: file.id(),
            runtime: Handle::current(),
            next: 0,
            piece: io::Cursor::default(),
            left: file.get(file::SIZE).unwrap_or_default(),
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.piece.read(buffer)?;
        if read > 0 || buffer.is_empty() || self.left <= 0 {
            return Ok(read);
        }
        let piece = self.kith.database().piece(&self.actor, self.file, self.next);
        let piece = self.runtime.block_on(piece).map_err(io::Error::other)?;
        let lost = || io::Error::other(Error::internal("a piece of the file is missing"));
        let piece = piece.filter(|piece| !piece.is_empty()).ok_or_else(lost)?;
        self.left = self.left.saturating_sub(number(piece.len() as u64));
        self.next = self.next.saturating_add(1);
        self.piece = io::Cursor::new(piece);
        self.piece.read(buffer)
    }
}
