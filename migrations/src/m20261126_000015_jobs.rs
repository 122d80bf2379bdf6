//! Jobs of several kinds: the kind of each job in the queue, by which a server takes those that it can run; where a job
//! goes on; its result.

use crate::step::Tables;

pub fn step() -> Tables {
    Tables { name: "m20261126_000015_jobs", tables: Vec::new, connections: &[], after: COLUMNS }
}

/// Those in the queue are imports, and so is what the previous release enqueues.
const COLUMNS: &[&str] = &[
    "ALTER TABLE job_queue ADD COLUMN kind text NOT NULL DEFAULT 'IMPORT'",
    "ALTER TABLE job_queue ADD COLUMN checkpoint text",
    "ALTER TABLE jobs ADD COLUMN result text",
];
