//! Postal addresses, as contacts and companies have them.

use kernel::{
    choices,
    field::{Field, FieldDef, Preset},
};

use crate::formats;

choices! {
    /// What an address is used for.
    pub AddressType {
        /// Where somebody works.
        Work = "WORK",
        /// Where somebody lives.
        Home = "HOME",
        /// Where an organisation has its seat.
        Headquarters = "HEADQUARTERS",
        /// Where invoices go.
        Billing = "BILLING",
        /// Where goods go.
        Shipping = "SHIPPING",
        /// Anything else.
        Other = "OTHER",
    }
}

/// What it is used for.
pub const TYPE: Field<AddressType> =
    Field::choice("type", "What the address is used for.").required().preset(Preset::Choice("WORK"));
/// Street and number.
pub const STREET: Field<String> =
    Field::text("street", 500, "Street, number and whatever else stands above the city.").personal();
/// Postal code.
pub const POSTAL_CODE: Field<String> = Field::text("postalCode", 20, "The postal code.").personal();
/// City.
pub const CITY: Field<String> = Field::text("city", 200, "The city, town or village.").personal();
/// Region.
pub const REGION: Field<String> = Field::text("region", 200, "The state, province or region.").personal();
/// Country.
pub const COUNTRY: Field<String> =
    Field::text("country", 2, "The country, by ISO 3166-1 alpha-2.").form(formats::COUNTRY);
/// Whether it is the first choice.
pub const PRIMARY: Field<bool> = Field::boolean(
    "primary",
    "Whether this is the address to use first; exactly one is, the first unless another says so.",
)
.required()
.preset(Preset::Boolean(false));

/// By what an address is told from others.
pub const KEY: &[&str] = &["type", "street", "postalCode", "city", "region", "country"];

/// What an address has.
pub const MEMBERS: &[FieldDef] =
    &[TYPE.def, STREET.def, POSTAL_CODE.def, CITY.def, REGION.def, COUNTRY.def, PRIMARY.def];
