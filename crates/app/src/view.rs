//! Named reads that are more than a list: a customer's whole picture, the members of a segment.

use kernel::{
    Code, Record, Result,
    actor::Actor,
    plan::{Plan, parse_sort},
    predicate::Parser,
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{Kith, listing, marketing};

/// A record and what is most worth knowing around it, in one request.
#[derive(Debug)]
pub struct View {
    /// Its name: `contactOverview`.
    pub name: &'static str,
    /// The object whose record it is about.
    pub object: &'static str,
    /// The last part of its path: `overview`.
    pub path: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
    /// The panels beside the record.
    pub panels: &'static [Panel],
}

/// The first records behind a link.
#[derive(Debug)]
pub struct Panel {
    /// Its name.
    pub name: &'static str,
    /// The link.
    pub link: &'static str,
    /// The filter, as a predicate.
    pub predicate: &'static str,
    /// The order.
    pub sort: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
}

/// The number of records in a panel.
pub const PANEL: u32 = 20;

const fn panel(
    name: &'static str,
    link: &'static str,
    predicate: &'static str,
    sort: &'static str,
    doc: &'static str,
) -> Panel {
    Panel { name, link, predicate, sort, doc }
}

/// Every view.
pub const VIEWS: &[View] = &[View {
    name: "contactOverview",
    object: "contact",
    path: "overview",
    doc: "A customer's overview in one request: each panel has at most 20 records.",
    panels: &[
        panel("companies", "companies", "{}", "name", "The companies the contact belongs to."),
        panel(
            "openDeals",
            "deals",
            r#"{"status":{"eq":"OPEN"}}"#,
            "-createdAt",
            "The open deals with the contact.",
        ),
        panel(
            "openTickets",
            "tickets",
            r#"{"status":{"notIn":["SOLVED","CLOSED"]}}"#,
            "-createdAt",
            "The contact's tickets that are neither solved nor closed.",
        ),
        panel(
            "openTasks",
            "tasks",
            r#"{"status":{"in":["OPEN","IN_PROGRESS"]}}"#,
            "dueAt",
            "The open tasks of the contact, by their due date.",
        ),
        panel("timeline", "activities", "{}", "-occurredAt", "The contact's activities, the latest first."),
        panel("tags", "tags", "{}", "name", "The contact's tags."),
    ],
}];

/// A list of records that another record stands for.
pub struct Collection {
    /// Its name: `segmentMembers`.
    pub name: &'static str,
    /// The object whose record stands for it.
    pub object: &'static str,
    /// The last part of its path: `members`.
    pub path: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
    /// The objects whose records may be in it.
    pub of: &'static [&'static str],
    /// Resolves its members.
    pub resolve: fn(&Record) -> Result<Members>,
}

/// The members of a collection.
pub struct Members {
    /// Their object.
    pub object: &'static str,
    /// The predicate that holds for them.
    pub predicate: Json,
}

/// Every collection.
pub const COLLECTIONS: &[Collection] = &[marketing::segment::MEMBERS];

impl Kith {
    /// The plan of a panel, below the plan of its record; the caller adds the columns it wants.
    pub fn panel(&self, actor: &Actor, parent: &Plan, panel: &Panel) -> Result<(usize, Plan)> {
        let (place, _) = parent.object().link(panel.link).ok_or(Code::UnknownField)?;
        let mut plan = Plan::new(parent.permit.follow(place)?);
        let json: Json =
            serde_json::from_str(panel.predicate).map_err(|error| kernel::Error::internal(error))?;
        let now = self.context().clock.now();
        plan.predicate = Parser::new(actor.zone, now).parse(&plan.permit, &json, "")?;
        let order = parse_sort(&plan.permit, panel.sort)?;
        plan.order_by(order);
        plan.page.limit = PANEL;
        listing::fingerprint(&mut plan, &json, panel.name);
        Ok((place, plan))
    }

    /// Resolves the members of a collection.
    pub async fn members(&self, actor: &Actor, collection: &Collection, id: Uuid) -> Result<Members> {
        let record = self.record(actor, collection.object, id).await?;
        (collection.resolve)(&record)
    }
}
