//! Affiliations: contacts in companies, with role and period.

use chrono::NaiveDate;
use kernel::{change::Change, field::Preset, object::Object, reference::OnDelete, value::Ref};

use super::{company::Company, contact::Contact};
use crate::rules;

kernel::object_type!(Affiliation, "affiliation");

pub const CONTACT: Field<Ref<Contact>> = Field::reference("contactId", "The contact.")
    .required()
    .immutable()
    .on_delete(OnDelete::Cascade)
    .inverse("affiliations", "The contact's affiliations with companies.");
pub const COMPANY: Field<Ref<Company>> = Field::reference("companyId", "The company.")
    .required()
    .immutable()
    .on_delete(OnDelete::Cascade)
    .inverse("affiliations", "The company's affiliations with contacts.");
pub const ROLE: Field<String> = Field::text("role", 200, "The contact's role in the company.");
pub const FROM: Field<NaiveDate> =
    Field::date("from", "The first day of the affiliation; null where it is not known.");
pub const TO: Field<NaiveDate> =
    Field::date("to", "The last day of the affiliation, not before `from`; null while it lasts.");
pub const PRIMARY: Field<bool> = Field::boolean(
    "primary",
    "Whether this is the contact's primary affiliation; marking one unmarks the previous one. Default: `false`.",
)
.required()
.preset(Preset::Boolean(false));

pub fn affiliation() -> Object {
    Object::new(
        "affiliation",
        "affiliations",
        "A contact's affiliation with a company: role and period. A contact has at most one with a company at a time.",
    )
    .fields(&[CONTACT.def, COMPANY.def, ROLE.def, FROM.def, TO.def, PRIMARY.def])
    .owned_through(CONTACT)
    .at_most_one_within(PRIMARY, CONTACT)
    .unique_together_during(&[CONTACT.def, COMPANY.def], FROM, TO)
    .bridge(COMPANY, "contacts", CONTACT, "The contacts affiliated with the company.")
    .bridge(CONTACT, "companies", COMPANY, "The companies the contact is affiliated with.")
    .rule(period)
}

fn period(change: &mut Change<'_, Affiliation>) {
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
