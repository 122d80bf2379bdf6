//! The state of each workspace's access: a number that every change of a user, a key or a role raises, so that
//! what was looked up about a credential can be kept for as long as nothing has changed.

use crate::{column::*, step::Tables, table::*};

pub fn step() -> Tables {
    let after = &["INSERT INTO access_epochs (workspace_id, epoch) SELECT id, 0 FROM workspaces"];
    Tables { name: "m20261121_000008_access", tables, connections: &[], after }
}

fn tables() -> Vec<Table> {
    vec![keyed("access_epochs", [], [integer("epoch").required()]).small().open()]
}
