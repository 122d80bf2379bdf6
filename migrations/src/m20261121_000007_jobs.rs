//! The queue of jobs: which wait, which are worked on, until when, and how far they have come.

use crate::{column::*, step::Tables, table::*};

pub fn step() -> Tables {
    Tables { name: "m20261121_000007_jobs", tables, connections: &[], after: &[] }
}

fn tables() -> Vec<Table> {
    let count = |name| integer(name).required();
    vec![
        keyed(
            "job_queue",
            ["job_id"],
            [
                reference("job_id", "jobs").required(),
                id("user_id").required(),
                id("credential_id").required(),
                // Microseconds since 1970, as everything here is an id or a number.
                integer("queued_at").required(),
                id("lease"),
                integer("locked_until"),
                count("attempts"),
                count("rows_read"),
                count("rows_created"),
                count("rows_updated"),
                count("rows_unchanged"),
                count("rows_rejected"),
                count("errors_kept"),
            ],
        )
        .small()
        .open(),
    ]
}
