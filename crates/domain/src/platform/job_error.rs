//! Job errors: what was wrong with single rows of a job.

use kernel::{
    field::Field,
    object::{Action, Object},
};
use uuid::Uuid;

/// The job.
pub const JOB: Field<Uuid> = Field::reference("jobId", "job", "The job.")
    .required()
    .computed()
    .inverse("errors", "What was wrong with single rows of the job.");
/// Which row.
pub const ROW: Field<i64> =
    Field::integer("row", 0, i64::MAX, "The number of the row, counted from 1 without the header.")
        .computed();
/// Which column.
pub const COLUMN: Field<String> =
    Field::text("column", 255, "The column of the file; null where the whole row is meant.").computed();
/// What is wrong, as a word.
pub const CODE: Field<String> = Field::text("code", 64, "What is wrong, as a stable word.").computed();
/// What is wrong, for people.
pub const MESSAGE: Field<String> =
    Field::text("message", 2_000, "What is wrong, for people.").computed().opaque();

/// The object.
pub fn job_error() -> Object {
    Object::log("jobError", "jobErrors", "What was wrong with a row of a job.")
        .fields(&[JOB.def, ROW.def, COLUMN.def, CODE.def, MESSAGE.def])
        .owned_through(JOB)
        .only(&[Action::Read])
}
