//! Job errors: what was wrong with single rows of a job.

use kernel::{
    object::{Action, Object},
    value::Ref,
};

use super::job::Job;

kernel::object_type!(JobError, "jobError");

pub const JOB: Field<Ref<Job>> = Field::reference("jobId", "The job.")
    .required()
    .computed()
    .inverse("errors", "The errors of single rows.");
pub const ROW: Field<i64> =
    Field::integer("row", 0, i64::MAX, "The number of the row, counted from 1 without the header.")
        .computed();
pub const COLUMN: Field<String> =
    Field::text("column", 255, "The column of the file; null where the error concerns the whole row.")
        .computed();
pub const CODE: Field<String> = Field::text("code", 64, "The error's code, which is stable.").computed();
pub const MESSAGE: Field<String> =
    Field::text("message", 2_000, "The error's message, for people.").computed().opaque();

pub fn job_error() -> Object {
    Object::log("jobError", "jobErrors", "An error in a row of a job.")
        .fields(&[JOB.def, ROW.def, COLUMN.def, CODE.def, MESSAGE.def])
        .owned_through(JOB)
        .unlogged()
        .only(&[Action::Read])
}
