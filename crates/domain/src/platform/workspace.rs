//! The workspace: the tenant, whose settings apply where a record says nothing else.

use kernel::{
    change::Change,
    field::Field,
    object::{Action, Object},
};

use crate::{formats, rules};

/// Its name.
pub const NAME: Field<String> = Field::text("name", 200, "The workspace's name.").required();
/// Its time zone.
pub const TIME_ZONE: Field<String> = Field::text(
    "timeZone",
    64,
    "The IANA time zone in which the workspace's days begin and end; UTC where nothing was said.",
);
/// Its currency.
pub const DEFAULT_CURRENCY: Field<String> =
    Field::text("defaultCurrency", 3, "The currency the workspace usually sells in, by ISO 4217.");
/// Its country.
pub const DEFAULT_COUNTRY: Field<String> =
    Field::text("defaultCountry", 2, "The country the workspace usually sells in, by ISO 3166-1 alpha-2.");
/// Its language.
pub const LOCALE: Field<String> =
    Field::text("locale", 35, "The language and region of the workspace, as a BCP 47 tag: `de-AT`.");

/// The object.
pub fn workspace() -> Object {
    Object::plain("workspace", "workspaces", "The organisation whose records these are, and its settings.")
        .fields(&[NAME.def, TIME_ZONE.def, DEFAULT_CURRENCY.def, DEFAULT_COUNTRY.def, LOCALE.def])
        .governs_access()
        .only(&[Action::Read, Action::Update])
        .rule(settings)
}

fn settings(change: &mut Change<'_>) {
    change.set_default(TIME_ZONE, "UTC".to_owned());
    rules::form(change, TIME_ZONE, formats::TIME_ZONE);
    rules::form(change, DEFAULT_CURRENCY, formats::CURRENCY);
    rules::form(change, DEFAULT_COUNTRY, formats::COUNTRY);
    rules::form(change, LOCALE, formats::LANGUAGE);
}

#[cfg(test)]
mod tests {
    use kernel::Code;

    use super::*;
    use crate::testing::{Trial, With, record};

    #[test]
    fn settings_have_their_forms() {
        let plain = Trial::create(record(workspace(), 1)).run();
        plain.refuses(&[]);
        assert_eq!(plain.get(TIME_ZONE).as_deref(), Some("UTC"));

        let wrong = record(workspace(), 1)
            .with(TIME_ZONE, "Berlin".to_owned())
            .with(DEFAULT_CURRENCY, "eur".to_owned())
            .with(DEFAULT_COUNTRY, "Germany".to_owned())
            .with(LOCALE, "de_DE".to_owned());
        Trial::create(wrong).run().refuses(&[
            (Code::WrongType, "/timeZone"),
            (Code::WrongType, "/defaultCurrency"),
            (Code::WrongType, "/defaultCountry"),
            (Code::WrongType, "/locale"),
        ]);
    }
}
