//! Companies: the organisations the workspace deals with.

use kernel::{
    field::{Field, List, Preset},
    money::Money,
    object::Object,
    text::Comparison,
};
use serde_json::Value as Json;
use uuid::Uuid;

use super::address;
use crate::formats;

const DOMAIN: Field<String> = Field::text("domain", 253, "An internet domain, in lower case.")
    .required()
    .compared(Comparison::Address)
    .form(formats::DOMAIN);
static DOMAIN_LIST: List = List::plain("Domain", "company_domains", &[DOMAIN.def]);
static ADDRESS_LIST: List =
    List::of("Address", "company_addresses", address::MEMBERS).key(address::KEY).primary("primary");

/// Its name.
pub const NAME: Field<String> = Field::text("name", 200, "The company's name.").required();
/// Its domains.
pub const DOMAINS: Field<Json> =
    Field::list("domains", &DOMAIN_LIST, "The company's internet domains, in lower case: `example.com`.");
/// What it does.
pub const INDUSTRY: Field<String> = Field::text("industry", 200, "What the company does.");
/// How old it is.
pub const FOUNDED_YEAR: Field<i64> =
    Field::integer("foundedYear", 1, 9999, "The year the company was founded.");
/// How many work there.
pub const EMPLOYEE_COUNT: Field<i64> =
    Field::integer("employeeCount", 0, 100_000_000, "How many people work for the company.");
/// What it turns over.
pub const ANNUAL_REVENUE: Field<Money> =
    Field::money("annualRevenue", "What the company turns over in a year; not shown to every role.")
        .sensitive();
/// Where to call.
pub const PHONE: Field<String> = Field::text("phone", 50, "The company's phone number as it was given.");
/// Where to look.
pub const WEBSITE: Field<String> =
    Field::text("website", 2_000, "The company's web address, with `https://`.")
        .compared(Comparison::IgnoringCase)
        .form(formats::WEBSITE);
/// Where to go.
pub const ADDRESSES: Field<Json> = Field::list("addresses", &ADDRESS_LIST, "The company's postal addresses.");
/// Where it is served.
pub const COUNTRY: Field<String> =
    Field::text("country", 2, "The country the company is served in, by ISO 3166-1 alpha-2.")
        .form(formats::COUNTRY);
/// The company it belongs to.
pub const PARENT: Field<Uuid> = Field::reference("parentId", "company", "The company this one belongs to.")
    .hierarchy()
    .inverse("subsidiaries", "The companies that belong to this one.");
/// Whose company it is.
pub const OWNER: Field<Uuid> = Field::reference("ownerId", "user", "The user who takes care of the company.")
    .preset(Preset::Actor)
    .inverse("companies", "The companies the user takes care of.");

/// The object.
pub fn company() -> Object {
    Object::new("company", "companies", "An organisation the workspace deals with.")
        .fields(&[
            NAME.def,
            DOMAINS.def,
            INDUSTRY.def,
            FOUNDED_YEAR.def,
            EMPLOYEE_COUNT.def,
            ANNUAL_REVENUE.def,
        ])
        .fields(&[PHONE.def, WEBSITE.def, ADDRESSES.def, COUNTRY.def, PARENT.def, OWNER.def])
        .indexed_by(&[])
        .owned_by(OWNER)
}
