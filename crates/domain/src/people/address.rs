//! Postal addresses, as contacts and companies have them.

use kernel::{
    choices,
    field::{FieldDef, Member, Preset},
};

use crate::formats;

choices! {
    /// The use of a postal address.
    pub AddressType {
        /// Work address.
        Work = "WORK",
        /// Home address.
        Home = "HOME",
        /// Headquarters.
        Headquarters = "HEADQUARTERS",
        /// Billing address.
        Billing = "BILLING",
        /// Shipping address.
        Shipping = "SHIPPING",
        /// Any other use.
        Other = "OTHER",
    }
}

pub const TYPE: Member<AddressType> = Member::choice("type", "The use of the address. Default: `WORK`.")
    .required()
    .preset(Preset::Choice("WORK"));
pub const STREET: Member<String> =
    Member::text("street", 500, "The street and number, with all other lines above the city.").personal();
pub const POSTAL_CODE: Member<String> = Member::text("postalCode", 20, "The postal code.").personal();
pub const CITY: Member<String> = Member::text("city", 200, "The city, town or village.").personal();
pub const REGION: Member<String> = Member::text("region", 200, "The state, province or region.").personal();
pub const COUNTRY: Member<String> =
    Member::text("country", 2, "The country, by ISO 3166-1 alpha-2.").form(formats::COUNTRY);
pub const PRIMARY: Member<bool> = Member::boolean(
    "primary",
    "Whether this is the primary address; exactly one is. Default: `true` for the first where none is marked, else `false`.",
)
.required()
.preset(Preset::Boolean(false));

/// The members by which an address is told from the record's others.
pub const KEY: &[&str] = &["type", "street", "postalCode", "city", "region", "country"];

/// The members of an address.
pub const MEMBERS: &[FieldDef] =
    &[TYPE.def, STREET.def, POSTAL_CODE.def, CITY.def, REGION.def, COUNTRY.def, PRIMARY.def];
