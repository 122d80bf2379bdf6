//! People and the organisations they belong to.

use crate::{
    column::*,
    step::Tables,
    table::{Table, items, subject},
};

pub fn step() -> Tables {
    Tables { name: "m20261121_000002_people", tables, connections: &[], after: &[] }
}

fn tables() -> Vec<Table> {
    vec![
        subject(
            "contacts",
            [
                text("given_name"),
                text("family_name"),
                text("full_name"),
                json("emails"),
                json("phones"),
                json("addresses"),
                text("job_title"),
                date("birthday"),
                text("language"),
                text("time_zone"),
                choice("preferred_channel"),
                choice("lifecycle").required(),
                choice("lead_status"),
                text("source"),
                integer("score"),
                text("country"),
                reference("converted_deal_id", "deals").later(),
                reference("owner_id", "users"),
            ],
        )
        .newest_first(),
        items(
            "contact_emails",
            "contacts",
            [text("address").required(), choice("type").required(), boolean("primary").required()],
        )
        .index(["address_folded", "record_id"]),
        items(
            "contact_phones",
            "contacts",
            [
                text("number").required(),
                choice("type").required(),
                text("country"),
                boolean("primary").required(),
            ],
        )
        .index(["number_folded", "record_id"]),
        items("contact_addresses", "contacts", ADDRESS),
        subject(
            "companies",
            [
                text("name").required(),
                json("domains"),
                text("industry"),
                integer("founded_year"),
                integer("employee_count"),
                money("annual_revenue"),
                text("phone"),
                text("website"),
                json("addresses"),
                text("country"),
                reference("parent_id", "companies"),
                reference("owner_id", "users"),
            ],
        )
        .newest_first(),
        items("company_domains", "companies", [text("domain").required()])
            .index(["domain_folded", "record_id"]),
        items("company_addresses", "companies", ADDRESS),
        subject(
            "affiliations",
            [
                reference("contact_id", "contacts").required(),
                reference("company_id", "companies").required(),
                text("role"),
                date("from"),
                date("to"),
                boolean("primary").required(),
            ],
        ),
    ]
}

const ADDRESS: [Column; 7] = [
    choice("type").required(),
    text("street"),
    text("postal_code"),
    text("city"),
    text("region"),
    text("country"),
    boolean("primary").required(),
];
