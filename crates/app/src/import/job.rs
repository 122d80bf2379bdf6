//! The job that imports a stored file: it reads the file from the database, and writes its progress and the errors with
//! every batch.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use domain::platform::{
    file::{self, File},
    job_error::{self, JobError},
};
use kernel::{
    Code, Error, Of, Result, actor::Actor, change::NewRecord, id::TypeId, object::Action, value::Choice,
};
use persistence::queue::Progress;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::{
    mapping::Mapping,
    run::{self, Counts, Import, Observer, Rejection},
    source::Format,
    target::Target,
};
use crate::{
    Kith,
    job::{Interruption, JobRun, JobType},
    unit_of_work::{UnitOfWork, values_of},
};

/// The most errors kept of a job.
const MAX_ERRORS: i64 = 10_000;

/// The job that imports a stored file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportFile {
    /// The name of the rows' object.
    pub object: String,
    /// The file.
    pub file_id: String,
    /// Its format.
    pub format: Format,
    /// The mapping, as it was sent.
    pub mapping: Json,
    /// Whether nothing is to be written.
    pub dry_run: bool,
}

impl JobType for ImportFile {
    const KIND: Choice =
        Choice { name: "IMPORT", doc: "Import: creates or updates a record for each row of a file." };
    /// It skips as many rows as were read.
    type Checkpoint = ();
    type Output = ();

    async fn run(self, run: JobRun<'_, Self>) -> Result<(), Interruption> {
        let (kith, actor) = (run.kith(), run.actor().clone());
        let mapping = Mapping::from_value(self.mapping)
            .map_err(|error| Error::new(Code::Invalid, error.to_string()))?;
        let target = Target::new(kith, &actor, &self.object, mapping, "/mapping")?;
        let unreadable = || Error::internal("the job's request cannot be read");
        let file = TypeId::parse_as("file", &self.file_id).ok_or_else(unreadable)?;
        let gone = |error: Error| match error.code {
            Code::NotFound => Error::new(Code::NotFound, "the file is no longer there"),
            _ => error,
        };
        let file: Of<File> = Of::new(kith.record(&actor, "file", file).await.map_err(gone)?)?;
        let import = Import {
            target,
            content: Box::new(Pieces::of(kith, &actor, &file)),
            format: self.format,
            dry_run: self.dry_run,
            counts: counts(&run.progress),
        };
        let mut observer = JobObserver { run, interruption: None };
        run::run(kith, &actor, import, &mut observer).await?;
        observer.interruption.map_or(Ok(()), Err)
    }
}

/// Saves the job's progress and the rows' errors with every batch.
struct JobObserver<'a> {
    run: JobRun<'a, ImportFile>,
    interruption: Option<Interruption>,
}

impl JobObserver<'_> {
    /// Breaks the import off where the job is interrupted.
    fn flow(&mut self, outcome: Result<(), Interruption>) -> Result<ControlFlow<()>> {
        match outcome {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(Interruption::Failed(error)) => Err(error),
            Err(interruption) => {
                self.interruption = Some(interruption);
                Ok(ControlFlow::Break(()))
            }
        }
    }
}

impl Observer for JobObserver<'_> {
    async fn before_commit(
        &mut self,
        work: &mut UnitOfWork,
        counts: &Counts,
        rejections: &[Rejection],
    ) -> Result<ControlFlow<()>> {
        let kept_before = self.run.saved_progress().errors;
        let room = usize::try_from(MAX_ERRORS.saturating_sub(kept_before)).unwrap_or_default();
        let kept = rejections.get(..rejections.len().min(room)).unwrap_or_default();
        if !kept.is_empty() {
            keep_errors(work, self.run.id(), kept).await?;
        }
        self.run.progress = progress(counts, kept_before.saturating_add(number(kept.len() as u64)));
        // The job's own row is locked before its row in the queue, as when it is cancelled.
        let saved = self.run.save(work).await;
        self.flow(saved)
    }

    async fn committed(&mut self, _: &Counts, _: &[Rejection]) -> Result<ControlFlow<()>> {
        let goes_on = self.run.committed().await;
        self.flow(goes_on)
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
