//! The platform: workspaces, who works in them, the log, jobs, files, and what the engine keeps for itself.

use crate::{column::*, step::Tables, table::*};

pub fn step() -> Tables {
    Tables { name: "m20261121_000001_platform", tables, connections: &[], after: &[] }
}

fn tables() -> Vec<Table> {
    vec![
        object(
            "workspaces",
            [
                text("name").required(),
                text("time_zone"),
                text("default_currency"),
                text("default_country"),
                text("locale"),
            ],
        )
        .check("workspace_id = id"),
        object("teams", [text("name").required(), reference("parent_id", "teams")]).unique(["name_folded"]),
        object(
            "users",
            [
                text("name").required(),
                text("email"),
                text("job_title"),
                reference("manager_id", "users"),
                reference("team_id", "teams"),
                boolean("active").required(),
            ],
        )
        .unique(["email_folded"]),
        object("memberships", [reference("user_id", "users").required(), choice("role").required()]),
        object(
            "api_keys",
            [
                text("name").required(),
                reference("user_id", "users").required(),
                choice("role").required(),
                text("hint"),
                instant("expires_at"),
                instant("revoked_at"),
            ],
        ),
        // Every write adds one, so users are not connected.
        log(
            "events",
            [
                integer("seq").required(),
                text("type").required(),
                text("object").required(),
                text("record_id").required(),
                choice("op").required(),
                integer("version").required(),
                instant("occurred_at").required(),
                id("actor_id"),
                choice("origin").required(),
                text("request_id").required(),
                id("owner_id"),
                json("changed_fields").required(),
                json("changes").required(),
                json("sensitive_changes"),
            ],
        )
        .ordered_by("seq")
        .index(["record_id_folded", "seq"]),
        object(
            "jobs",
            [
                choice("kind").required(),
                choice("state").required(),
                json("request").required(),
                integer("rows_read").required(),
                integer("rows_created").required(),
                integer("rows_updated").required(),
                integer("rows_unchanged").required(),
                integer("rows_rejected").required(),
                long_text("detail"),
                instant("started_at"),
                instant("finished_at"),
                reference("owner_id", "users"),
            ],
        ),
        log(
            "job_errors",
            [
                reference("job_id", "jobs").required(),
                integer("row"),
                text("column"),
                text("code"),
                long_text("message"),
            ],
        ),
        object(
            "files",
            [
                text("name").required(),
                text("media_type"),
                integer("size"),
                text("sha256"),
                reference("owner_id", "users"),
            ],
        ),
        object("tags", [text("name").required(), text("color")]).unique(["name_folded"]),
        shared_items("record_tags", [reference("tag_id", "tags").required()]).index([
            "object",
            "tag_id",
            "record_id",
        ]),
        shared_items("external_refs", [text("system").required(), text("id").required()]).unique([
            "object",
            "system_folded",
            "id_folded",
        ]),
        keyed("counters", ["name"], [word("name").required(), integer("value").required()]).small(),
        keyed("workspace_secrets", ["name"], [word("name").required(), word("value").required()]).small(),
        keyed("api_key_secrets", ["api_key_id"], [id("api_key_id").required(), word("hash").required()])
            .small(),
        keyed(
            "file_chunks",
            ["file_id", "position"],
            [id("file_id").required(), integer("position").required(), bytes("bytes").required()],
        ),
    ]
}
