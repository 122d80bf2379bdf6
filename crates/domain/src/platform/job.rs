//! Jobs: long work that goes on after the request that asked for it.

use kernel::{
    choices,
    field::Preset,
    object::{Action, Object},
    time::Instant,
    value::{Choice, Ref},
};
use serde_json::Value as Json;

use super::user::User;

kernel::object_type!(Job, "job");

choices! {
    /// The state of a job.
    pub JobState {
        /// Waiting in the queue.
        Queued = "QUEUED",
        /// Running.
        Running = "RUNNING",
        /// Finished; single rows may have been rejected.
        Succeeded = "SUCCEEDED",
        /// Stopped by a failure; `detail` says which.
        Failed = "FAILED",
        /// Cancelled.
        Cancelled = "CANCELLED",
    }
}

const fn count(name: &'static str, doc: &'static str) -> Field<i64> {
    Field::integer(name, 0, i64::MAX, doc).required().computed().preset(Preset::Integer(0)).unlogged()
}

/// The kind, whose values are the names of the registered jobs.
const fn kind(kinds: &'static [Choice]) -> Field<String> {
    Field::one_of("kind", kinds, "The job's kind.").required().computed()
}

pub const KIND: Field<String> = kind(&[]);
pub const STATE: Field<JobState> = Field::choice("state", "The job's state.").required().computed();
pub const REQUEST: Field<Json> =
    Field::document("request", "The request that started the job.").required().computed();
pub const ROWS_READ: Field<i64> = count("rowsRead", "The number of rows read so far.");
pub const ROWS_CREATED: Field<i64> = count("rowsCreated", "The number of rows that created a record.");
pub const ROWS_UPDATED: Field<i64> = count("rowsUpdated", "The number of rows that updated a record.");
pub const ROWS_UNCHANGED: Field<i64> =
    count("rowsUnchanged", "The number of rows whose record had these values already.");
pub const ROWS_REJECTED: Field<i64> =
    count("rowsRejected", "The number of rejected rows; `errors` says why.");
pub const RESULT: Field<Json> = Field::document(
    "result",
    "The job's result, once it has succeeded: its members depend on the kind. An import has none but the counts.",
)
.computed();
pub const DETAIL: Field<String> =
    Field::text("detail", 2_000, "The reason of the failure, for people.").computed().opaque();
pub const STARTED_AT: Field<Instant> =
    Field::instant("startedAt", "The time the job began to run.").computed();
pub const FINISHED_AT: Field<Instant> =
    Field::instant("finishedAt", "The time the job finished, failed or was cancelled.").computed();
pub const OWNER: Field<Ref<User>> =
    Field::reference("ownerId", "The job's owner: the user who started it.").computed();

pub fn job(kinds: &'static [Choice]) -> Object {
    Object::plain("job", "jobs", "A job: long-running work that goes on after the request that started it.")
        .fields(&[kind(kinds).def, STATE.def, REQUEST.def])
        .fields(&[ROWS_READ.def, ROWS_CREATED.def, ROWS_UPDATED.def, ROWS_UNCHANGED.def, ROWS_REJECTED.def])
        .fields(&[RESULT.def, DETAIL.def, STARTED_AT.def, FINISHED_AT.def, OWNER.def])
        .owned_by(OWNER)
        .only(&[Action::Read])
}
