//! Indexes for the lists that people look at most, in the order in which they look at them.

use crate::step::Tables;

pub fn step() -> Tables {
    let after = &["CREATE INDEX contacts_country_lifecycle_newest_idx ON contacts \
                   (workspace_id, country_folded, lifecycle, created_at, id)"];
    Tables { name: "m20261121_000009_lists", tables: Vec::new, connections: &[], after }
}
