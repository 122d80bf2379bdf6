//! What happened and what is to be done.

use crate::{
    column::*,
    step::Tables,
    table::{Table, items, object, subject},
};

pub fn step() -> Tables {
    Tables { name: "m20261121_000005_work", tables, connections: &[], after: &[] }
}

fn tables() -> Vec<Table> {
    vec![
        object(
            "activities",
            [
                json("external_refs"),
                choice("type").required(),
                choice("direction"),
                text("channel"),
                instant("occurred_at").required(),
                text("subject"),
                long_text("body"),
                json("subjects").required(),
                integer("duration_seconds"),
                reference("owner_id", "users"),
            ],
        )
        .newest_first(),
        // The records may be of any object, so they are not connected.
        items("activity_subjects", "activities", [id("subject_id").required()])
            .index(["subject_id", "record_id"]),
        subject(
            "tasks",
            [
                text("title").required(),
                long_text("description"),
                instant("due_at"),
                instant("remind_at"),
                choice("status").required(),
                choice("priority").required(),
                instant("completed_at"),
                reference("contact_id", "contacts"),
                reference("deal_id", "deals"),
                reference("ticket_id", "tickets"),
                reference("assignee_id", "users"),
            ],
        )
        .newest_first(),
    ]
}
