//! Tasks: what somebody is to do.

use kernel::{
    change::Change,
    choices,
    field::{Field, Preset},
    object::Object,
    time::Instant,
};
use uuid::Uuid;

use crate::{priority::Priority, rules};

choices! {
    /// How far a task has come.
    pub TaskStatus {
        /// Nobody has begun it.
        Open = "OPEN",
        /// Somebody is at it.
        InProgress = "IN_PROGRESS",
        /// It is done.
        Done = "DONE",
        /// It need not be done any more.
        Cancelled = "CANCELLED",
    }
}

/// What is to be done.
pub const TITLE: Field<String> = Field::text("title", 500, "What is to be done, in a line.").required();
/// What there is to know.
pub const DESCRIPTION: Field<String> =
    Field::text("description", 100_000, "What there is to know about it.").opaque();
/// Until when.
pub const DUE_AT: Field<Instant> = Field::instant("dueAt", "Until when the task is to be done.");
/// When to be told.
pub const REMIND_AT: Field<Instant> =
    Field::instant("remindAt", "When the assignee is to be reminded; not after `dueAt`.");
/// How far it has come.
pub const STATUS: Field<TaskStatus> =
    Field::choice("status", "How far the task has come.").required().preset(Preset::Choice("OPEN"));
/// How pressing it is.
pub const PRIORITY: Field<Priority> =
    Field::choice("priority", "How pressing the task is.").required().preset(Preset::Choice("MEDIUM"));
/// When it was done.
pub const COMPLETED_AT: Field<Instant> =
    Field::instant("completedAt", "When the task was done; null while it is not.").computed();
/// Whom it concerns.
pub const CONTACT: Field<Uuid> = Field::reference("contactId", "contact", "The contact the task concerns.")
    .inverse("tasks", "The tasks that concern the contact.");
/// Which deal it concerns.
pub const DEAL: Field<Uuid> = Field::reference("dealId", "deal", "The deal the task concerns.")
    .inverse("tasks", "The tasks that concern the deal.");
/// Which ticket it concerns.
pub const TICKET: Field<Uuid> = Field::reference("ticketId", "ticket", "The ticket the task concerns.")
    .inverse("tasks", "The tasks that concern the ticket.");
/// Who is to do it.
pub const ASSIGNEE: Field<Uuid> = Field::reference("assigneeId", "user", "The user who is to do it.")
    .preset(Preset::Actor)
    .inverse("tasks", "The tasks the user is to do.");

/// The object.
pub fn task() -> Object {
    Object::new("task", "tasks", "Something that is to be done.")
        .fields(&[TITLE.def, DESCRIPTION.def, DUE_AT.def, REMIND_AT.def, STATUS.def, PRIORITY.def])
        .fields(&[COMPLETED_AT.def, CONTACT.def, DEAL.def, TICKET.def, ASSIGNEE.def])
        .owned_by(ASSIGNEE)
        .rule(reminder)
        .rule(completion)
}

fn reminder(change: &mut Change<'_>) {
    rules::in_order(change, REMIND_AT, DUE_AT);
}

fn completion(change: &mut Change<'_>) {
    match change.get(STATUS) {
        Some(TaskStatus::Done) => change.set_default(COMPLETED_AT, change.now),
        _ => change.set(COMPLETED_AT, None::<Instant>),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Code;

    use super::*;
    use crate::testing::{NOW, Trial, With, record};

    #[test]
    fn a_task_is_completed_once() {
        let open = record(task(), 1).with(STATUS, TaskStatus::Open);
        let done = Trial::update(open.clone(), open.clone().with(STATUS, TaskStatus::Done)).run();
        assert_eq!(done.get(COMPLETED_AT), Some(NOW));

        let earlier = open.clone().with(STATUS, TaskStatus::Done).with(COMPLETED_AT, Instant(1_000));
        let renamed = earlier.clone().with(TITLE, "Call back".to_owned());
        assert_eq!(Trial::update(earlier.clone(), renamed).run().get(COMPLETED_AT), Some(Instant(1_000)));

        let reopened = earlier.clone().with(STATUS, TaskStatus::InProgress);
        assert_eq!(Trial::update(earlier, reopened).run().get(COMPLETED_AT), None);
    }

    #[test]
    fn a_reminder_comes_before_the_end() {
        let late = record(task(), 1).with(DUE_AT, Instant(1_000)).with(REMIND_AT, Instant(2_000));
        Trial::create(late).run().refuses(&[(Code::OutOfRange, "/remindAt")]);
        Trial::create(record(task(), 1).with(REMIND_AT, Instant(2_000))).run().refuses(&[]);
    }
}
