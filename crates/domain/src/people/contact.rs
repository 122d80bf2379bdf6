//! Contacts: the people the workspace deals with, from the first sign of interest on.

use chrono::NaiveDate;
use kernel::{
    Code,
    change::Change,
    choices,
    field::{List, Member, Preset},
    object::Object,
    text::Comparison,
    value::Ref,
};
use serde_json::Value as Json;

use super::address;
use crate::{formats, platform::user::User, sales::deal::Deal};

kernel::object_type!(Contact, "contact");

choices! {
    /// The use of an e-mail address.
    pub EmailType {
        /// Work address.
        Work = "WORK",
        /// Private address.
        Home = "HOME",
        /// Any other use.
        Other = "OTHER",
    }
}

choices! {
    /// The use of a phone number.
    pub PhoneType {
        /// Work number.
        Work = "WORK",
        /// Private number.
        Home = "HOME",
        /// Mobile number.
        Mobile = "MOBILE",
        /// Fax number.
        Fax = "FAX",
        /// Any other use.
        Other = "OTHER",
    }
}

choices! {
    /// The channel a contact prefers.
    pub ContactPreferredChannel {
        /// E-mail.
        Email = "EMAIL",
        /// Phone call.
        Phone = "PHONE",
        /// Text message (SMS).
        Sms = "SMS",
        /// Chat.
        Chat = "CHAT",
        /// Social network.
        Social = "SOCIAL",
        /// Postal mail.
        Post = "POST",
    }
}

choices! {
    /// The lifecycle stage of a contact.
    pub ContactLifecycle {
        /// Subscriber: wants to receive news.
        Subscriber = "SUBSCRIBER",
        /// Lead: has shown interest.
        Lead = "LEAD",
        /// Marketing-qualified lead: found promising by marketing.
        Mql = "MQL",
        /// Sales-qualified lead: found promising by sales.
        Sql = "SQL",
        /// Opportunity: takes part in a possible sale.
        Opportunity = "OPPORTUNITY",
        /// Customer: has bought.
        Customer = "CUSTOMER",
        /// Evangelist: recommends the workspace to others.
        Evangelist = "EVANGELIST",
        /// Former customer.
        Former = "FORMER",
        /// Any other relation, such as a supplier or a journalist.
        Other = "OTHER",
    }
}

choices! {
    /// The status of the work on a lead.
    pub ContactLeadStatus {
        /// New: nobody has looked at the lead yet.
        New = "NEW",
        /// Working: somebody is trying to get in touch.
        Working = "WORKING",
        /// Nurturing: interested, but not ready to buy.
        Nurturing = "NURTURING",
        /// Qualified: worth a deal.
        Qualified = "QUALIFIED",
        /// Disqualified: not worth further work.
        Disqualified = "DISQUALIFIED",
        /// Converted to a deal.
        Converted = "CONVERTED",
    }
}

pub const EMAIL_ADDRESS: Member<String> =
    Member::text("address", 320, "The e-mail address; its domain is kept in lower case.")
        .required()
        .compared(Comparison::Address)
        .form(formats::EMAIL)
        .personal();
const EMAIL_TYPE: Member<EmailType> = Member::choice("type", "The use of the address. Default: `WORK`.")
    .required()
    .preset(Preset::Choice("WORK"));
const EMAIL_PRIMARY: Member<bool> = Member::boolean(
    "primary",
    "Whether this is the primary address; exactly one is. Default: `true` for the first where none is marked, else `false`.",
)
.required()
.preset(Preset::Boolean(false));
static EMAIL_LIST: List =
    List::of("Email", "contact_emails", &[EMAIL_ADDRESS.def, EMAIL_TYPE.def, EMAIL_PRIMARY.def])
        .key(&["address"])
        .primary("primary");

pub const PHONE_NUMBER: Member<String> =
    Member::text("number", 50, "The phone number as it was given.").required().personal();
const PHONE_TYPE: Member<PhoneType> = Member::choice("type", "The use of the number. Default: `WORK`.")
    .required()
    .preset(Preset::Choice("WORK"));
const PHONE_COUNTRY: Member<String> =
    Member::text("country", 2, "The number's country, by ISO 3166-1 alpha-2.").form(formats::COUNTRY);
const PHONE_PRIMARY: Member<bool> = Member::boolean(
    "primary",
    "Whether this is the primary number; exactly one is. Default: `true` for the first where none is marked, else `false`.",
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

pub const GIVEN_NAME: Field<String> = Field::text("givenName", 200, "The given name.").personal();
pub const FAMILY_NAME: Field<String> = Field::text("familyName", 200, "The family name.").personal();
pub const FULL_NAME: Field<String> = Field::text(
    "fullName",
    401,
    "The given and family name, or the first e-mail address where the contact has neither.",
)
.personal()
.computed();
pub const EMAILS: Field<Json> =
    Field::list("emails", &EMAIL_LIST, "The contact's e-mail addresses.").personal();
pub const PHONES: Field<Json> = Field::list("phones", &PHONE_LIST, "The contact's phone numbers.").personal();
pub const ADDRESSES: Field<Json> =
    Field::list("addresses", &ADDRESS_LIST, "The contact's postal addresses.").personal();
pub const JOB_TITLE: Field<String> = Field::text("jobTitle", 200, "The contact's job title.").personal();
pub const BIRTHDAY: Field<NaiveDate> =
    Field::date("birthday", "The date of birth, not in the future.").past().personal();
pub const LANGUAGE: Field<String> =
    Field::text("language", 35, "The language to address the contact in, as a BCP 47 tag: `de-AT`.")
        .form(formats::LANGUAGE);
pub const TIME_ZONE: Field<String> =
    Field::text("timeZone", 64, "The contact's IANA time zone: `Europe/Berlin`.").form(formats::TIME_ZONE);
pub const PREFERRED_CHANNEL: Field<ContactPreferredChannel> =
    Field::choice("preferredChannel", "The channel the contact prefers.");
pub const LIFECYCLE: Field<ContactLifecycle> =
    Field::choice("lifecycle", "The contact's lifecycle stage. Default: `LEAD`.")
        .required()
        .preset(Preset::Choice("LEAD"));
pub const LEAD_STATUS: Field<ContactLeadStatus> = Field::choice(
    "leadStatus",
    "The status of the work on the lead; null where the contact is not worked as a lead.",
);
pub const SOURCE: Field<String> =
    Field::text("source", 200, "The lead source: the campaign, trade fair or form the contact came from.");
pub const SCORE: Field<i64> =
    Field::integer("score", 0, 100, "The lead score, from 0 to 100; null while the contact has none.")
        .computed();
pub const COUNTRY: Field<String> =
    Field::text("country", 2, "The country the contact is served in, by ISO 3166-1 alpha-2.")
        .form(formats::COUNTRY);
pub const CONVERTED_DEAL: Field<Ref<Deal>> =
    Field::reference("convertedDealId", "The deal that the lead was converted to.").computed();
pub const OWNER: Field<Ref<User>> = Field::reference(
    "ownerId",
    "The contact's owner: the user responsible for it. Default: the acting user.",
)
.preset(Preset::Actor)
.inverse("contacts", "The contacts the user owns.");

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

fn full_name(change: &mut Change<'_, Contact>) {
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

fn first_email(change: &Change<'_, Contact>) -> Option<String> {
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
