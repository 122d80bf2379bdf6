//! Jobs: long work that goes on after the request that asked for it.

use kernel::{
    choices,
    field::{Field, Preset},
    object::{Action, Object},
    time::Instant,
};
use serde_json::Value as Json;
use uuid::Uuid;

choices! {
    /// What a job does.
    pub JobKind {
        /// It reads a file and creates or updates a record for each of its rows.
        Import = "IMPORT",
    }
}

choices! {
    /// How far a job has come.
    pub JobState {
        /// It waits for its turn.
        Queued = "QUEUED",
        /// It is at work.
        Running = "RUNNING",
        /// It has done all its work; single rows may have been rejected.
        Succeeded = "SUCCEEDED",
        /// It had to stop; `detail` says why.
        Failed = "FAILED",
        /// It was told to stop.
        Cancelled = "CANCELLED",
    }
}

const fn count(name: &'static str, doc: &'static str) -> Field<i64> {
    Field::integer(name, 0, i64::MAX, doc).required().computed().preset(Preset::Integer(0))
}

/// What it does.
pub const KIND: Field<JobKind> = Field::choice("kind", "What the job does.").required().computed();
/// How far it has come.
pub const STATE: Field<JobState> = Field::choice("state", "How far the job has come.").required().computed();
/// What was asked for.
pub const REQUEST: Field<Json> =
    Field::document("request", "What the job was asked to do.").required().computed();
/// Rows read.
pub const ROWS_READ: Field<i64> = count("rowsRead", "How many rows have been read so far.");
/// Records created.
pub const ROWS_CREATED: Field<i64> = count("rowsCreated", "How many rows became new records.");
/// Records updated.
pub const ROWS_UPDATED: Field<i64> = count("rowsUpdated", "How many rows changed an existing record.");
/// Records left as they were.
pub const ROWS_UNCHANGED: Field<i64> =
    count("rowsUnchanged", "How many rows found their record as it should be.");
/// Rows with errors.
pub const ROWS_REJECTED: Field<i64> =
    count("rowsRejected", "How many rows were rejected; each has its errors.");
/// Why it failed.
pub const DETAIL: Field<String> =
    Field::text("detail", 2_000, "Why the job failed, for people.").computed().opaque();
/// When it began.
pub const STARTED_AT: Field<Instant> = Field::instant("startedAt", "When the job began its work.").computed();
/// When it ended.
pub const FINISHED_AT: Field<Instant> =
    Field::instant("finishedAt", "When the job ended its work.").computed();
/// Who asked for it.
pub const OWNER: Field<Uuid> =
    Field::reference("ownerId", "user", "The user who asked for the job.").computed();

/// The object.
pub fn job() -> Object {
    Object::plain("job", "jobs", "Long work that goes on after the request that asked for it.")
        .fields(&[KIND.def, STATE.def, REQUEST.def])
        .fields(&[ROWS_READ.def, ROWS_CREATED.def, ROWS_UPDATED.def, ROWS_UNCHANGED.def, ROWS_REJECTED.def])
        .fields(&[DETAIL.def, STARTED_AT.def, FINISHED_AT.def, OWNER.def])
        .owned_by(OWNER)
        .only(&[Action::Read])
}
