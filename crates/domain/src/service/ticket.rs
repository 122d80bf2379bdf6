//! Tickets: what customers ask for help with, from the first word to the last.

use kernel::{
    Code,
    change::Change,
    choices,
    field::{Field, Preset},
    object::Object,
    time::Instant,
};
use uuid::Uuid;

use crate::priority::Priority;

choices! {
    /// How far a ticket has come.
    pub TicketStatus {
        /// Nobody has looked at it yet.
        New = "NEW",
        /// Somebody works on it.
        Open = "OPEN",
        /// It waits for the requester.
        Pending = "PENDING",
        /// It waits for somebody else.
        OnHold = "ON_HOLD",
        /// It is solved; the requester may disagree.
        Solved = "SOLVED",
        /// It is solved for good.
        Closed = "CLOSED",
    }
}

choices! {
    /// How a ticket came in.
    pub TicketChannel {
        /// By e-mail.
        Email = "EMAIL",
        /// By phone.
        Phone = "PHONE",
        /// In a chat.
        Chat = "CHAT",
        /// Over a social network.
        Social = "SOCIAL",
        /// Through a form on the web.
        Web = "WEB",
        /// By text message.
        Sms = "SMS",
        /// In person.
        Visit = "VISIT",
        /// In another way.
        Other = "OTHER",
    }
}

/// Its number.
pub const NUMBER: Field<i64> = Field::serial("number", "The ticket's number, by which people speak of it.");
/// What it is about.
pub const SUBJECT: Field<String> =
    Field::text("subject", 500, "What the ticket is about, in a line.").required();
/// What was asked.
pub const DESCRIPTION: Field<String> =
    Field::text("description", 100_000, "What the requester asked for.").opaque();
/// How far it has come.
pub const STATUS: Field<TicketStatus> = Field::choice(
    "status",
    "How far the ticket has come. A new one may go anywhere, one in work becomes solved, a solved one is closed or opened again, and a closed one stays as it is.",
)
.required()
.preset(Preset::Choice("NEW"));
/// How pressing it is.
pub const PRIORITY: Field<Priority> =
    Field::choice("priority", "How pressing the ticket is.").required().preset(Preset::Choice("MEDIUM"));
/// How it came in.
pub const CHANNEL: Field<TicketChannel> = Field::choice("channel", "How the ticket came in.");
/// What kind of thing it is.
pub const CATEGORY: Field<String> = Field::text("category", 200, "What kind of request it is.");
/// Who asks.
pub const REQUESTER: Field<Uuid> =
    Field::reference("requesterId", "contact", "The contact who asks for help.")
        .inverse("tickets", "What the contact asked for help with.");
/// For which company.
pub const COMPANY: Field<Uuid> =
    Field::reference("companyId", "company", "The company the requester asks for.")
        .inverse("tickets", "What was asked for on behalf of the company.");
/// Who helps.
pub const ASSIGNEE: Field<Uuid> = Field::reference("assigneeId", "user", "The user who is to help.")
    .preset(Preset::Actor)
    .inverse("tickets", "The tickets the user is to help with.");
/// What helped.
pub const RESOLUTION: Field<String> = Field::text("resolution", 100_000, "What solved the ticket.").opaque();
/// How content the requester is.
pub const SATISFACTION: Field<i64> =
    Field::integer("satisfaction", 1, 5, "How content the requester is, from 1, not at all, to 5, very.");
/// When it was solved.
pub const SOLVED_AT: Field<Instant> =
    Field::instant("solvedAt", "When the ticket was solved; null while it is not.").computed();
/// When it was closed.
pub const CLOSED_AT: Field<Instant> =
    Field::instant("closedAt", "When the ticket was closed; null while it is not.").computed();

/// The object.
pub fn ticket() -> Object {
    Object::new("ticket", "tickets", "Something a customer asks for help with.")
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

fn steps(change: &mut Change<'_>) {
    let (Some(from), Some(to)) = (change.before(STATUS), change.get(STATUS)) else { return };
    if from != to && !from.leads_to(to) {
        change.refuse(STATUS, Code::IllegalState, "the ticket cannot go from its status to this one");
    }
}

fn times(change: &mut Change<'_>) {
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
