//! Tickets: customers' requests for help.

use kernel::{Code, change::Change, choices, field::Preset, object::Object, time::Instant, value::Ref};

use crate::{
    people::{company::Company, contact::Contact},
    platform::user::User,
    priority::Priority,
};

kernel::object_type!(Ticket, "ticket");

choices! {
    /// The status of a ticket.
    pub TicketStatus {
        /// New: nobody has looked at the ticket yet.
        New = "NEW",
        /// Open: somebody is working on it.
        Open = "OPEN",
        /// Pending: waiting for the requester.
        Pending = "PENDING",
        /// On hold: waiting for somebody else.
        OnHold = "ON_HOLD",
        /// Solved; can be reopened.
        Solved = "SOLVED",
        /// Closed: solved for good.
        Closed = "CLOSED",
    }
}

choices! {
    /// The channel a ticket came in by.
    pub TicketChannel {
        /// E-mail.
        Email = "EMAIL",
        /// Phone call.
        Phone = "PHONE",
        /// Chat.
        Chat = "CHAT",
        /// Social network.
        Social = "SOCIAL",
        /// Web form.
        Web = "WEB",
        /// Text message (SMS).
        Sms = "SMS",
        /// Visit in person.
        Visit = "VISIT",
        /// Any other channel.
        Other = "OTHER",
    }
}

pub const NUMBER: Field<i64> =
    Field::serial("number", "The ticket number, counted from 1 in each workspace.");
pub const SUBJECT: Field<String> = Field::text("subject", 500, "The ticket's subject line.").required();
pub const DESCRIPTION: Field<String> =
    Field::text("description", 100_000, "The description of what the requester asks for.").opaque();
pub const STATUS: Field<TicketStatus> = Field::choice(
    "status",
    "The ticket's status. From `NEW` it can become any other; from `OPEN`, `PENDING` and `ON_HOLD` each of these or `SOLVED`; from `SOLVED` `OPEN` or `CLOSED`; `CLOSED` is final. Default: `NEW`.",
)
.required()
.preset(Preset::Choice("NEW"));
pub const PRIORITY: Field<Priority> = Field::choice("priority", "The ticket's priority. Default: `MEDIUM`.")
    .required()
    .preset(Preset::Choice("MEDIUM"));
pub const CHANNEL: Field<TicketChannel> = Field::choice("channel", "The channel the ticket came in by.");
pub const CATEGORY: Field<String> = Field::text("category", 200, "The category of the request.");
pub const REQUESTER: Field<Ref<Contact>> =
    Field::reference("requesterId", "The requester: the contact who asks for help.")
        .inverse("tickets", "The tickets the contact requested.");
pub const COMPANY: Field<Ref<Company>> =
    Field::reference("companyId", "The company on whose behalf the requester asks.")
        .inverse("tickets", "The company's tickets.");
pub const ASSIGNEE: Field<Ref<User>> = Field::reference(
    "assigneeId",
    "The assignee: the user responsible for the ticket. Default: the acting user.",
)
.preset(Preset::Actor)
.inverse("tickets", "The tickets assigned to the user.");
pub const RESOLUTION: Field<String> =
    Field::text("resolution", 100_000, "The resolution: what solved the ticket.").opaque();
pub const SATISFACTION: Field<i64> = Field::integer(
    "satisfaction",
    1,
    5,
    "The customer satisfaction score (CSAT), from 1 (very dissatisfied) to 5 (very satisfied).",
);
pub const SOLVED_AT: Field<Instant> =
    Field::instant("solvedAt", "The time the ticket was solved; null while it is not.").computed();
pub const CLOSED_AT: Field<Instant> =
    Field::instant("closedAt", "The time the ticket was closed; null while it is not.").computed();

pub fn ticket() -> Object {
    Object::new("ticket", "tickets", "A ticket: a customer's request for help.")
        .fields(&[
            NUMBER.def,
            SUBJECT.def,
            DESCRIPTION.def,
            STATUS.def,
            PRIORITY.def,
            CHANNEL.def,
            CATEGORY.def,
        ])
        .fields(&[REQUESTER.def, COMPANY.def, ASSIGNEE.def, RESOLUTION.def, SATISFACTION.def])
        .fields(&[SOLVED_AT.def, CLOSED_AT.def])
        .owned_by(ASSIGNEE)
        .rule(steps)
        .rule(times)
}

impl TicketStatus {
    /// Whether an existing ticket may go from here to there.
    fn leads_to(self, next: Self) -> bool {
        use TicketStatus::{Closed, New, OnHold, Open, Pending, Solved};
        match self {
            New => true,
            Open | Pending | OnHold => matches!(next, Open | Pending | OnHold | Solved),
            Solved => matches!(next, Open | Closed),
            Closed => false,
        }
    }
}

fn steps(change: &mut Change<'_, Ticket>) {
    let (Some(from), Some(to)) = (change.before(STATUS), change.get(STATUS)) else { return };
    if from != to && !from.leads_to(to) {
        change.refuse(STATUS, Code::IllegalState, "the ticket cannot go from its status to this one");
    }
}

fn times(change: &mut Change<'_, Ticket>) {
    use TicketStatus::{Closed, Solved};
    let (now, status) = (change.now, change.get(STATUS));
    let mut keep = |field: Field<Instant>, is_so: bool| match is_so {
        true => change.set_default(field, now),
        false => change.set(field, None::<Instant>),
    };
    keep(SOLVED_AT, matches!(status, Some(Solved | Closed)));
    keep(CLOSED_AT, status == Some(Closed));
}

#[cfg(test)]
mod tests {
    use TicketStatus::{Closed, New, OnHold, Open, Pending, Solved};

    use super::*;
    use crate::testing::{NOW, Trial, With, record};

    const ALL: [TicketStatus; 6] = [New, Open, Pending, OnHold, Solved, Closed];

    #[test]
    fn tickets_go_step_by_step() {
        for from in ALL {
            let legal: &[TicketStatus] = match from {
                New => &ALL,
                Open | Pending | OnHold => &[Open, Pending, OnHold, Solved],
                Solved => &[Open, Solved, Closed],
                Closed => &[Closed],
            };
            for to in ALL {
                let before = record(ticket(), 1).with(STATUS, from);
                let outcome = Trial::update(before.clone(), before.with(STATUS, to)).run();
                assert_eq!(outcome.refusals.is_empty(), legal.contains(&to), "{from:?} → {to:?}");
            }
        }
        let before = record(ticket(), 1).with(STATUS, Closed);
        let reopened = before.clone().with(STATUS, Open);
        Trial::update(before, reopened).run().refuses(&[(Code::IllegalState, "/status")]);
    }

    #[test]
    fn a_ticket_may_arrive_in_any_state() {
        for status in ALL {
            Trial::create(record(ticket(), 1).with(STATUS, status)).run().refuses(&[]);
        }
        let closed = Trial::create(record(ticket(), 1).with(STATUS, Closed)).run();
        assert_eq!((closed.get(SOLVED_AT), closed.get(CLOSED_AT)), (Some(NOW), Some(NOW)));
    }

    #[test]
    fn times_follow_the_status() {
        let solved = record(ticket(), 1).with(STATUS, Solved).with(SOLVED_AT, Instant(1_000));
        let closed = Trial::update(solved.clone(), solved.clone().with(STATUS, Closed)).run();
        assert_eq!((closed.get(SOLVED_AT), closed.get(CLOSED_AT)), (Some(Instant(1_000)), Some(NOW)));
        let reopened = Trial::update(solved.clone(), solved.with(STATUS, Open)).run();
        assert_eq!((reopened.get(SOLVED_AT), reopened.get(CLOSED_AT)), (None, None));
    }
}
