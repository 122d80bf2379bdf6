//! Tasks: work to be done, with assignee and due time.

use kernel::{change::Change, choices, field::Preset, object::Object, time::Instant, value::Ref};

use crate::{
    people::contact::Contact, platform::user::User, priority::Priority, rules, sales::deal::Deal,
    service::ticket::Ticket,
};

kernel::object_type!(Task, "task");

choices! {
    /// The status of a task.
    pub TaskStatus {
        /// Open: not begun.
        Open = "OPEN",
        /// In progress.
        InProgress = "IN_PROGRESS",
        /// Done.
        Done = "DONE",
        /// Cancelled: no longer to be done.
        Cancelled = "CANCELLED",
    }
}

pub const TITLE: Field<String> = Field::text("title", 500, "The task's title.").required();
pub const DESCRIPTION: Field<String> =
    Field::text("description", 100_000, "The task's description.").opaque();
pub const DUE_AT: Field<Instant> = Field::instant("dueAt", "The time the task is due.");
pub const REMIND_AT: Field<Instant> =
    Field::instant("remindAt", "The time to remind the assignee; not after `dueAt`.");
pub const STATUS: Field<TaskStatus> =
    Field::choice("status", "The task's status. Default: `OPEN`.").required().preset(Preset::Choice("OPEN"));
pub const PRIORITY: Field<Priority> = Field::choice("priority", "The task's priority. Default: `MEDIUM`.")
    .required()
    .preset(Preset::Choice("MEDIUM"));
pub const COMPLETED_AT: Field<Instant> =
    Field::instant("completedAt", "The time the task was done; null while it is not.").computed();
pub const CONTACT: Field<Ref<Contact>> = Field::reference("contactId", "The contact the task concerns.")
    .inverse("tasks", "The tasks that concern the contact.");
pub const DEAL: Field<Ref<Deal>> = Field::reference("dealId", "The deal the task concerns.")
    .inverse("tasks", "The tasks that concern the deal.");
pub const TICKET: Field<Ref<Ticket>> = Field::reference("ticketId", "The ticket the task concerns.")
    .inverse("tasks", "The tasks that concern the ticket.");
pub const ASSIGNEE: Field<Ref<User>> =
    Field::reference("assigneeId", "The assignee: the user who is to do the task. Default: the acting user.")
        .preset(Preset::Actor)
        .inverse("tasks", "The tasks assigned to the user.");

pub fn task() -> Object {
    Object::new("task", "tasks", "A task: something to be done.")
        .fields(&[TITLE.def, DESCRIPTION.def, DUE_AT.def, REMIND_AT.def, STATUS.def, PRIORITY.def])
        .fields(&[COMPLETED_AT.def, CONTACT.def, DEAL.def, TICKET.def, ASSIGNEE.def])
        .owned_by(ASSIGNEE)
        .rule(reminder)
        .rule(completion)
}

fn reminder(change: &mut Change<'_, Task>) {
    rules::in_order(change, REMIND_AT, DUE_AT);
}

fn completion(change: &mut Change<'_, Task>) {
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
