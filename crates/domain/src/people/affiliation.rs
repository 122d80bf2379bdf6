//! Affiliations: who belongs to which company, as what, and when.

use chrono::NaiveDate;
use kernel::{
    change::Change,
    field::{Field, Preset},
    object::Object,
};
use uuid::Uuid;

use crate::rules;

/// The person.
pub const CONTACT: Field<Uuid> = Field::reference("contactId", "contact", "The contact.")
    .required()
    .immutable()
    .inverse("affiliations", "How the contact belongs to companies.");
/// The organisation.
pub const COMPANY: Field<Uuid> = Field::reference("companyId", "company", "The company.")
    .required()
    .immutable()
    .inverse("affiliations", "How contacts belong to the company.");
/// As what.
pub const ROLE: Field<String> = Field::text("role", 200, "What the contact is in the company.");
/// Since when.
pub const FROM: Field<NaiveDate> = Field::date("from", "The first day; null where it is not known.");
/// Until when.
pub const TO: Field<NaiveDate> = Field::date("to", "The last day; null while it lasts.");
/// Whether it is the contact's main one.
pub const PRIMARY: Field<bool> = Field::boolean(
    "primary",
    "Whether this is the company the contact mainly belongs to; marking one unmarks the one that was.",
)
.required()
.preset(Preset::Boolean(false));

/// The object.
pub fn affiliation() -> Object {
    Object::new(
        "affiliation",
        "affiliations",
        "That a contact belongs to a company, as what and when: at one time once at most.",
    )
    .fields(&[CONTACT.def, COMPANY.def, ROLE.def, FROM.def, TO.def, PRIMARY.def])
    .owned_through(CONTACT)
    .at_most_one_within(PRIMARY, CONTACT)
    .unique_together_during(&[CONTACT.def, COMPANY.def], FROM, TO)
    .bridge(COMPANY, "contacts", CONTACT, "The contacts who belong to the company.")
    .bridge(CONTACT, "companies", COMPANY, "The companies the contact belongs to.")
    .rule(period)
}

fn period(change: &mut Change<'_>) {
    rules::in_order(change, FROM, TO);
}

#[cfg(test)]
mod tests {
    use kernel::Code;

    use super::*;
    use crate::testing::{Trial, With, record};

    #[test]
    fn an_affiliation_does_not_end_before_it_begins() {
        let period = |from: &str, to: &str| {
            let affiliation =
                record(affiliation(), 1).with(FROM, from.parse().ok()).with(TO, to.parse().ok());
            Trial::create(affiliation).run()
        };
        period("2026-01-01", "2026-01-01").refuses(&[]);
        period("2026-01-01", "").refuses(&[]);
        period("2026-01-02", "2026-01-01").refuses(&[(Code::OutOfRange, "/from")]);
    }
}
