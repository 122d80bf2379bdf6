//! Whom to speak to.

use crate::{
    column::*,
    step::Tables,
    table::{Table, object},
};

pub fn step() -> Tables {
    Tables { name: "m20261121_000006_marketing", tables, connections: &[], after: &[] }
}

fn tables() -> Vec<Table> {
    vec![
        object(
            "segments",
            [
                text("name").required(),
                long_text("description"),
                choice("object").required(),
                json("where").required(),
            ],
        )
        .unique(["name_folded"]),
    ]
}
