//! `completeTask`.

use domain::activities::task::{self, Task, TaskStatus};
use kernel::{Code, Error, Of, Result};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    command::{Command, Produced, Spec, record},
    unit_of_work::UnitOfWork,
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
    type On = Of<Task>;

    async fn run(self, work: &mut UnitOfWork, before: Of<Task>) -> Result<Produced> {
        if matches!(before.get(task::STATUS), Some(TaskStatus::Done | TaskStatus::Cancelled)) {
            return Err(Error::new(Code::IllegalState, "the task is done or cancelled already"));
        }
        let done = work.change(before, |task| task.set(task::STATUS, TaskStatus::Done));
        Ok(vec![done.await?.into()])
    }
}
