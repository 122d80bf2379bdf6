//! `contactOverview`: a customer's whole picture.

use crate::view::declaration::{View, panel};

/// A contact and what is most worth knowing around it.
pub const OVERVIEW: View = View {
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
};
