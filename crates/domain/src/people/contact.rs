//! Contacts: the people the workspace deals with, from the first sign of interest on.

use chrono::NaiveDate;
use kernel::{
    Code,
    change::Change,
    choices,
    field::{Field, List, Preset},
    object::Object,
    text::Comparison,
};
use serde_json::Value as Json;
use uuid::Uuid;

use super::address;
use crate::formats;

choices! {
    /// What an e-mail address is used for.
    pub EmailType {
        /// At work.
        Work = "WORK",
        /// In private.
        Home = "HOME",
        /// Anything else.
        Other = "OTHER",
    }
}

choices! {
    /// What a phone number is used for.
    pub PhoneType {
        /// At work.
        Work = "WORK",
        /// At home.
        Home = "HOME",
        /// On the way.
        Mobile = "MOBILE",
        /// For facsimiles.
        Fax = "FAX",
        /// Anything else.
        Other = "OTHER",
    }
}

choices! {
    /// How a contact wants to be reached.
    pub ContactPreferredChannel {
        /// By e-mail.
        Email = "EMAIL",
        /// By phone.
        Phone = "PHONE",
        /// By text message.
        Sms = "SMS",
        /// In a chat.
        Chat = "CHAT",
        /// Over a social network.
        Social = "SOCIAL",
        /// By letter.
        Post = "POST",
    }
}

choices! {
    /// How close a contact is to the workspace.
    pub ContactLifecycle {
        /// Wants to hear news.
        Subscriber = "SUBSCRIBER",
        /// Has shown interest.
        Lead = "LEAD",
        /// Has been found promising by marketing.
        Mql = "MQL",
        /// Has been found promising by sales.
        Sql = "SQL",
        /// Is part of a possible sale.
        Opportunity = "OPPORTUNITY",
        /// Has bought.
        Customer = "CUSTOMER",
        /// Recommends the workspace to others.
        Evangelist = "EVANGELIST",
        /// Was a customer once.
        Former = "FORMER",
        /// Stands in another relation: a supplier, a journalist.
        Other = "OTHER",
    }
}

choices! {
    /// How far the work on a lead has come.
    pub ContactLeadStatus {
        /// Nobody has looked at it yet.
        New = "NEW",
        /// Somebody tries to get in touch.
        Working = "WORKING",
        /// Is interested, but not now.
        Nurturing = "NURTURING",
        /// Is worth a deal.
        Qualified = "QUALIFIED",
        /// Is not worth further work.
        Disqualified = "DISQUALIFIED",
        /// Has become a deal.
        Converted = "CONVERTED",
    }
}

/// An e-mail address.
pub const EMAIL_ADDRESS: Field<String> =
    Field::text("address", 320, "The e-mail address; its domain is kept in lower case.")
        .required()
        .compared(Comparison::Address)
        .form(formats::EMAIL)
        .personal();
const EMAIL_TYPE: Field<EmailType> =
    Field::choice("type", "What the address is used for.").required().preset(Preset::Choice("WORK"));
const EMAIL_PRIMARY: Field<bool> = Field::boolean(
    "primary",
    "Whether this is the address to write to first; exactly one is, the first unless another says so.",
)
.required()
.preset(Preset::Boolean(false));
static EMAIL_LIST: List =
    List::of("Email", "contact_emails", &[EMAIL_ADDRESS.def, EMAIL_TYPE.def, EMAIL_PRIMARY.def])
        .key(&["address"])
        .primary("primary");

/// A phone number.
pub const PHONE_NUMBER: Field<String> =
    Field::text("number", 50, "The phone number as it was given.").required().personal();
const PHONE_TYPE: Field<PhoneType> =
    Field::choice("type", "What the number is used for.").required().preset(Preset::Choice("WORK"));
const PHONE_COUNTRY: Field<String> =
    Field::text("country", 2, "The country whose number it is, by ISO 3166-1 alpha-2.")
        .form(formats::COUNTRY);
const PHONE_PRIMARY: Field<bool> = Field::boolean(
    "primary",
    "Whether this is the number to call first; exactly one is, the first unless another says so.",
)
.required()
.preset(Preset::Boolean(false));
static PHONE_LIST: List = List::of(
    "Phone",
    "contact_phones",
    &[PHONE_NUMBER.def, PHONE_TYPE.def, PHONE_COUNTRY.def, PHONE_PRIMARY.def],
)
.key(&["number"])
.primary("primary");

static ADDRESS_LIST: List =
    List::of("Address", "contact_addresses", address::MEMBERS).key(address::KEY).primary("primary");

/// The first name.
pub const GIVEN_NAME: Field<String> = Field::text("givenName", 200, "The given name.").personal();
/// The last name.
pub const FAMILY_NAME: Field<String> = Field::text("familyName", 200, "The family name.").personal();
/// Both names.
pub const FULL_NAME: Field<String> = Field::text(
    "fullName",
    401,
    "Given and family name; the first e-mail address where the contact has neither.",
)
.personal()
.computed();
/// Where to write to.
pub const EMAILS: Field<Json> =
    Field::list("emails", &EMAIL_LIST, "The contact's e-mail addresses.").personal();
/// Where to call.
pub const PHONES: Field<Json> = Field::list("phones", &PHONE_LIST, "The contact's phone numbers.").personal();
/// Where to go.
pub const ADDRESSES: Field<Json> =
    Field::list("addresses", &ADDRESS_LIST, "The contact's postal addresses.").personal();
/// Their position.
pub const JOB_TITLE: Field<String> = Field::text("jobTitle", 200, "The contact's position.").personal();
/// When they were born.
pub const BIRTHDAY: Field<NaiveDate> =
    Field::date("birthday", "The day the contact was born, not in the future.").past().personal();
/// What they speak.
pub const LANGUAGE: Field<String> =
    Field::text("language", 35, "The language to address the contact in, as a BCP 47 tag.")
        .form(formats::LANGUAGE);
/// When it is day where they are.
pub const TIME_ZONE: Field<String> =
    Field::text("timeZone", 64, "The contact's IANA time zone.").form(formats::TIME_ZONE);
/// How they want to be reached.
pub const PREFERRED_CHANNEL: Field<ContactPreferredChannel> =
    Field::choice("preferredChannel", "How the contact wants to be reached.");
/// How close they are.
pub const LIFECYCLE: Field<ContactLifecycle> =
    Field::choice("lifecycle", "How close the contact is to the workspace.")
        .required()
        .preset(Preset::Choice("LEAD"));
/// How far the work on the lead has come.
pub const LEAD_STATUS: Field<ContactLeadStatus> = Field::choice(
    "leadStatus",
    "How far the work on the lead has come; null where the contact is not worked as a lead.",
);
/// Where they came from.
pub const SOURCE: Field<String> =
    Field::text("source", 200, "Where the contact came from: a campaign, a fair, a form.");
/// How promising they are.
pub const SCORE: Field<i64> = Field::integer(
    "score",
    0,
    100,
    "How promising the contact is, from 0 to 100; null while nobody has rated it.",
)
.computed();
/// Where they are served.
pub const COUNTRY: Field<String> =
    Field::text("country", 2, "The country the contact is served in, by ISO 3166-1 alpha-2.")
        .form(formats::COUNTRY);
/// What became of the lead.
pub const CONVERTED_DEAL: Field<Uuid> =
    Field::reference("convertedDealId", "deal", "The deal that the lead was converted to.").computed();
/// Whose contact it is.
pub const OWNER: Field<Uuid> = Field::reference("ownerId", "user", "The user who takes care of the contact.")
    .preset(Preset::Actor)
    .inverse("contacts", "The contacts the user takes care of.");

/// The object.
pub fn contact() -> Object {
    Object::new("contact", "contacts", "A person the workspace deals with.")
        .fields(&[GIVEN_NAME.def, FAMILY_NAME.def, FULL_NAME.def, EMAILS.def, PHONES.def, ADDRESSES.def])
        .fields(&[JOB_TITLE.def, BIRTHDAY.def, LANGUAGE.def, TIME_ZONE.def, PREFERRED_CHANNEL.def])
        .fields(&[
            LIFECYCLE.def,
            LEAD_STATUS.def,
            SOURCE.def,
            SCORE.def,
            COUNTRY.def,
            CONVERTED_DEAL.def,
            OWNER.def,
        ])
        .indexed_by(&[])
        .indexed_by(&[COUNTRY.def, LIFECYCLE.def])
        .owned_by(OWNER)
        .rule(full_name)
}

fn full_name(change: &mut Change<'_>) {
    let names: Vec<String> =
        [GIVEN_NAME, FAMILY_NAME].into_iter().filter_map(|field| change.get(field)).collect();
    let full_name = match names.is_empty() {
        false => Some(names.join(" ")),
        true => first_email(change),
    };
    let is_misread = [GIVEN_NAME, FAMILY_NAME].into_iter().any(|field| change.is_misread(field));
    if full_name.is_none() && !is_misread && !change.is_misread(EMAILS) {
        let detail = "a contact needs a given name, a family name or an e-mail address";
        change.refuse(GIVEN_NAME, Code::Required, detail);
    }
    change.set(FULL_NAME, full_name);
}

fn first_email(change: &Change<'_>) -> Option<String> {
    let emails = change.get(EMAILS)?;
    let address = emails.get(0)?.get(EMAIL_ADDRESS.def.name)?;
    address.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Trial, With, record};

    #[test]
    fn a_contact_is_called_by_names_or_address() {
        let full_name = |given: Option<&str>, family: Option<&str>, emails: Option<Json>| {
            let contact = record(contact(), 1)
                .with(GIVEN_NAME, given.map(str::to_owned))
                .with(FAMILY_NAME, family.map(str::to_owned))
                .with(EMAILS, emails);
            let outcome = Trial::create(contact).run();
            let refusals = outcome.refusals.clone();
            (outcome.get(FULL_NAME), refusals)
        };
        let address = || Some(json!([{ "address": "ada@example.com" }, { "address": "ada@example.org" }]));
        let called = |name: &str| (Some(name.to_owned()), Vec::new());
        assert_eq!(full_name(Some("Ada"), Some("Lovelace"), address()), called("Ada Lovelace"));
        assert_eq!(full_name(None, Some("Lovelace"), None), called("Lovelace"));
        assert_eq!(full_name(None, None, address()), called("ada@example.com"));
        let nameless = (None, vec![(Code::Required, "/givenName".to_owned())]);
        assert_eq!(full_name(None, None, None), nameless);
        assert_eq!(full_name(None, None, Some(json!([]))), nameless);
    }

    #[test]
    fn a_new_name_is_a_new_full_name() {
        let before =
            record(contact(), 1).with(GIVEN_NAME, "Ada".to_owned()).with(FULL_NAME, "Ada".to_owned());
        let after = before.clone().with(FAMILY_NAME, "King".to_owned());
        assert_eq!(Trial::update(before, after).run().get(FULL_NAME).as_deref(), Some("Ada King"));
    }
}
