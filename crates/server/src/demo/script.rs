//! The script of the demo's workspace: files of records as clients would send them, and a
//! history of commands.
//!
//! `$at` tells when, `$key` gives a record a name by which others refer to it: `@name`. Days are relative to
//! the present one, as [`super::moment`] reads them.

use chrono::NaiveDate;
use kernel::time::Instant;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::moment::{self, Moment};
use crate::failure::{Failure, Outcome};

/// The records, each object after those it refers to.
const RECORDS: [(&str, &str); 16] = [
    ("team", include_str!("teams.json")),
    ("user", include_str!("users.json")),
    ("membership", include_str!("memberships.json")),
    ("pipeline", include_str!("pipelines.json")),
    ("stage", include_str!("stages.json")),
    ("tag", include_str!("tags.json")),
    ("product", include_str!("products.json")),
    ("company", include_str!("companies.json")),
    ("contact", include_str!("contacts.json")),
    ("affiliation", include_str!("affiliations.json")),
    ("deal", include_str!("deals.json")),
    ("lineItem", include_str!("line_items.json")),
    ("ticket", include_str!("tickets.json")),
    ("task", include_str!("tasks.json")),
    ("activity", include_str!("activities.json")),
    ("segment", include_str!("segments.json")),
];
const HISTORY: &str = include_str!("history.json");

/// A step of the script.
pub(super) struct Step {
    pub at: Instant,
    pub deed: Deed,
    pub input: Map<String, Json>,
}

/// The action of a step.
pub(super) enum Deed {
    /// A record is created, and known by this name.
    Create { object: &'static str, key: Option<String> },
    /// A command is given on the record of this name.
    Command { name: String, on: String },
}

#[derive(Deserialize)]
struct NewRecord {
    #[serde(rename = "$at")]
    at: String,
    #[serde(rename = "$key")]
    key: Option<String>,
    #[serde(flatten)]
    input: Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryEntry {
    #[serde(rename = "$at")]
    at: String,
    command: String,
    on: String,
    input: Map<String, Json>,
}

/// All that happens, in its order.
pub(super) fn steps(today: NaiveDate) -> Outcome<Vec<Step>> {
    let mut steps = Vec::new();
    for (object, text) in RECORDS {
        let records: Vec<NewRecord> = serde_json::from_str(text)?;
        for NewRecord { at, key, input } in records {
            steps.push(Step { at: instant(&at, today)?, deed: Deed::Create { object, key }, input });
        }
    }
    let history: Vec<HistoryEntry> = serde_json::from_str(HISTORY)?;
    for HistoryEntry { at, command: name, on, input } in history {
        steps.push(Step { at: instant(&at, today)?, deed: Deed::Command { name, on }, input });
    }
    // Of what happens at the same time, the files' order stays.
    steps.sort_by_key(|step| step.at);
    Ok(steps)
}

fn instant(text: &str, today: NaiveDate) -> Outcome<Instant> {
    match moment::read(text, today) {
        Some(Moment::Instant(at)) => Ok(at),
        _ => Err(Failure::new(format!("{text} is no instant"))),
    }
}
