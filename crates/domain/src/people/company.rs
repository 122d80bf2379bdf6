//! Companies: the organisations the workspace deals with.

use kernel::{
    field::{List, Member, Preset},
    money::Money,
    object::Object,
    text::Comparison,
    value::Ref,
};
use serde_json::Value as Json;

use super::address;
use crate::{formats, platform::user::User};

kernel::object_type!(Company, "company");

const DOMAIN: Member<String> = Member::text("domain", 253, "An internet domain, in lower case.")
    .required()
    .compared(Comparison::Address)
    .form(formats::DOMAIN);
static DOMAIN_LIST: List = List::plain("Domain", "company_domains", &[DOMAIN.def]);
static ADDRESS_LIST: List =
    List::of("Address", "company_addresses", address::MEMBERS).key(address::KEY).primary("primary");

pub const NAME: Field<String> = Field::text("name", 200, "The company's name.").required();
pub const DOMAINS: Field<Json> =
    Field::list("domains", &DOMAIN_LIST, "The company's internet domains, in lower case: `example.com`.");
pub const INDUSTRY: Field<String> = Field::text("industry", 200, "The company's industry.");
pub const FOUNDED_YEAR: Field<i64> =
    Field::integer("foundedYear", 1, 9999, "The year the company was founded.");
pub const EMPLOYEE_COUNT: Field<i64> =
    Field::integer("employeeCount", 0, 100_000_000, "The number of people who work for the company.");
pub const ANNUAL_REVENUE: Field<Money> =
    Field::money("annualRevenue", "The company's annual revenue; only some roles may read it.").sensitive();
pub const PHONE: Field<String> = Field::text("phone", 50, "The company's phone number as it was given.");
pub const WEBSITE: Field<String> =
    Field::text("website", 2_000, "The company's website: a URL that begins with `https://` or `http://`.")
        .compared(Comparison::IgnoringCase)
        .form(formats::WEBSITE);
pub const ADDRESSES: Field<Json> = Field::list("addresses", &ADDRESS_LIST, "The company's postal addresses.");
pub const COUNTRY: Field<String> =
    Field::text("country", 2, "The country the company is served in, by ISO 3166-1 alpha-2.")
        .form(formats::COUNTRY);
pub const PARENT: Field<Ref<Company>> = Field::reference("parentId", "The parent company.")
    .hierarchy()
    .inverse("subsidiaries", "The company's subsidiaries.");
pub const OWNER: Field<Ref<User>> = Field::reference(
    "ownerId",
    "The company's owner: the user responsible for it. Default: the acting user.",
)
.preset(Preset::Actor)
.inverse("companies", "The companies the user owns.");

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
