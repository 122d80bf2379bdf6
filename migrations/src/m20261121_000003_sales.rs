//! Possible sales.

use crate::{
    column::*,
    step::Tables,
    table::{Table, items, log, object, subject},
};

pub fn step() -> Tables {
    let connections = &[("contacts", "converted_deal_id", "deals")];
    Tables { name: "m20261121_000003_sales", tables, connections, after: &[] }
}

fn tables() -> Vec<Table> {
    vec![
        object("pipelines", [text("name").required(), boolean("is_default").required()])
            .unique(["name_folded"]),
        object(
            "stages",
            [
                reference("pipeline_id", "pipelines").required(),
                text("name").required(),
                integer("position").required(),
                choice("kind").required(),
                integer("probability").required(),
                json("required_fields"),
                json("allowed_move_ids"),
                integer("rot_days"),
            ],
        )
        .unique(["pipeline_id", "name_folded"]),
        items("stage_required_fields", "stages", [text("field").required()]),
        items("stage_allowed_moves", "stages", [reference("stage_id", "stages").required()])
            .index(["stage_id", "record_id"]),
        subject(
            "deals",
            [
                text("name").required(),
                money("amount"),
                reference("pipeline_id", "pipelines"),
                reference("stage_id", "stages").required(),
                choice("status"),
                integer("probability"),
                date("start_date"),
                date("close_date"),
                instant("closed_at"),
                instant("stage_entered_at"),
                text("lost_reason"),
                choice("forecast_category").required(),
                reference("company_id", "companies"),
                reference("contact_id", "contacts"),
                reference("owner_id", "users"),
            ],
        )
        .newest_first(),
        log(
            "stage_changes",
            [
                reference("deal_id", "deals").required(),
                reference("from_stage_id", "stages"),
                reference("to_stage_id", "stages").required(),
                instant("changed_at").required(),
                reference("changed_by_id", "users"),
                integer("seconds_in_previous"),
            ],
        ),
        subject(
            "products",
            [
                text("name").required(),
                text("sku"),
                text("family"),
                long_text("description"),
                money("unit_price"),
                boolean("active").required(),
            ],
        )
        .unique(["name_folded"])
        .unique(["sku_folded"]),
        subject(
            "line_items",
            [
                reference("deal_id", "deals").required(),
                reference("product_id", "products"),
                text("name"),
                integer("quantity").required(),
                money("unit_price"),
                integer("discount_percent").required(),
                money("total"),
            ],
        ),
    ]
}
