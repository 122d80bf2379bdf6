//! Help for customers.

use crate::{
    column::*,
    step::Tables,
    table::{Table, subject},
};

pub fn step() -> Tables {
    Tables { name: "m20261121_000004_service", tables, connections: &[], after: &[] }
}

fn tables() -> Vec<Table> {
    vec![
        subject(
            "tickets",
            [
                integer("number"),
                text("subject").required(),
                long_text("description"),
                choice("status").required(),
                choice("priority").required(),
                choice("channel"),
                text("category"),
                reference("requester_id", "contacts"),
                reference("company_id", "companies"),
                reference("assignee_id", "users"),
                long_text("resolution"),
                integer("satisfaction"),
                instant("solved_at"),
                instant("closed_at"),
            ],
        )
        .unique(["number"])
        .newest_first(),
    ]
}
