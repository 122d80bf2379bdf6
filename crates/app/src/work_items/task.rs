//! `completeTask`.

use domain::work::task::{self, TaskStatus};
use kernel::{Code, Error, Record, Result};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    command::{Command, Produced, Spec, record},
    work::Work,
};

/// The input of `completeTask`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompleteTask {}

impl Command for CompleteTask {
    const SPEC: Spec = Spec::new(
        "task",
        "completeTask",
        "complete",
        "Marks the task as done.",
        &[record("task", "task", "The task.")],
    );
    type On = Record;

    async fn run(self, work: &mut Work, before: Record) -> Result<Produced> {
        if matches!(before.get(task::STATUS), Some(TaskStatus::Done | TaskStatus::Cancelled)) {
            return Err(Error::new(Code::IllegalState, "the task is done or cancelled already"));
        }
        let done = work.change(before, |task| task.set(task::STATUS, TaskStatus::Done));
        Ok(vec![(&done.await?).into()])
    }
}
