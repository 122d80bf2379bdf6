//! The workspace: the tenant, whose settings apply where a record says nothing else.

use kernel::{
    change::Change,
    object::{Action, Object},
};

use crate::formats;

kernel::object_type!(Workspace, "workspace");

pub const NAME: Field<String> = Field::text("name", 200, "The workspace's name.").required();
pub const TIME_ZONE: Field<String> = Field::text(
    "timeZone",
    64,
    "The IANA time zone in which the workspace's days begin and end. Default: `UTC`.",
)
.form(formats::TIME_ZONE);
pub const DEFAULT_CURRENCY: Field<String> =
    Field::text("defaultCurrency", 3, "The currency the workspace usually sells in, by ISO 4217.")
        .form(formats::CURRENCY);
pub const DEFAULT_COUNTRY: Field<String> =
    Field::text("defaultCountry", 2, "The country the workspace usually sells in, by ISO 3166-1 alpha-2.")
        .form(formats::COUNTRY);
pub const LOCALE: Field<String> =
    Field::text("locale", 35, "The language and region of the workspace, as a BCP 47 tag: `de-AT`.")
        .form(formats::LANGUAGE);

pub fn workspace() -> Object {
    Object::plain(
        "workspace",
        "workspaces",
        "The workspace: the organisation whose records these are, and its settings.",
    )
    .fields(&[NAME.def, TIME_ZONE.def, DEFAULT_CURRENCY.def, DEFAULT_COUNTRY.def, LOCALE.def])
    .governs_access()
    .only(&[Action::Read, Action::Update])
    .rule(settings)
}

fn settings(change: &mut Change<'_, Workspace>) {
    change.set_default(TIME_ZONE, "UTC".to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Trial, record};

    #[test]
    fn days_begin_in_utc_where_nothing_was_said() {
        let plain = Trial::create(record(workspace(), 1)).run();
        plain.refuses(&[]);
        assert_eq!(plain.get(TIME_ZONE).as_deref(), Some("UTC"));
    }
}
