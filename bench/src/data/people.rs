//! Users, companies, contacts, and who belongs where.

use super::{
    Sink, Table,
    dice::Dice,
    row::{Row, fold},
    texts::{CITY, COMPANY, COUNTRY, FAMILY, FORM, GIVEN, POSITION, SOURCE, STREET, TRADE},
    world::{Kind, World, id},
};
use crate::Outcome;

/// The country that most contacts have.
pub const TOP_COUNTRY: &str = "DE";
/// The lifecycle that most contacts have.
pub const TOP_LIFECYCLE: &str = "CUSTOMER";
const LIFECYCLE: [&str; 9] =
    [TOP_LIFECYCLE, "LEAD", "SUBSCRIBER", "MQL", "SQL", "OPPORTUNITY", "FORMER", "EVANGELIST", "OTHER"];

pub(super) const USERS: Table = Table {
    name: "users",
    columns: "workspace_id id name name_folded email email_folded job_title job_title_folded manager_id team_id \
              active version created_at updated_at created_by_id updated_by_id deleted_at",
    fill: |world, sink| {
        (0..world.users).try_for_each(|n| {
            let mut dice = Dice::new(70, n);
            let name = format!("{} {}", dice.pick(&GIVEN), dice.pick(&FAMILY));
            let row = Row::of(&[world.workspace, id(Kind::User, n)]).text(name);
            let row = row.text(format!("user{n}@kith.example")).text("Account Manager".to_owned());
            let created = world.created(0, 1, &mut dice);
            sink(&row.nulls(2).boolean(true).stamps(world, created, &mut dice))
        })
    },
};

fn domain(company: u64) -> String {
    let mut dice = Dice::new(21, company);
    format!("{}-{}{company}.example", dice.pick(&COMPANY), dice.pick(&TRADE)).to_lowercase()
}

/// A postal address, as JSON and as the row that indexes it.
struct Address {
    kind: &'static str,
    street: String,
    postal_code: String,
    city: &'static str,
    country: &'static str,
}

impl Address {
    fn roll(kind: &'static str, country: &'static str, dice: &mut Dice) -> Self {
        let street = format!("{} {}", dice.pick(&STREET), 1 + dice.below(200));
        let postal_code = format!("{:05}", 10_000 + dice.below(89_999));
        Self { kind, street, postal_code, city: dice.pick(&CITY), country }
    }

    fn json(&self) -> String {
        let Self { kind, street, postal_code, city, country } = self;
        format!(
            "[{{\"city\":\"{city}\",\"country\":\"{country}\",\"postalCode\":\"{postal_code}\",\"primary\":true,\
             \"region\":null,\"street\":\"{street}\",\"type\":\"{kind}\"}}]"
        )
    }

    fn row(&self, world: &World, record: u128) -> Row {
        let row = Row::of(&[world.workspace, record]).integer(0).word(self.kind).text(self.street.clone());
        let row = row.text(self.postal_code.clone()).text(self.city.to_owned()).text(None);
        row.text(self.country.to_owned()).boolean(true)
    }
}

const ADDRESS_COLUMNS: &str = "workspace_id record_id position type street street_folded postal_code \
    postal_code_folded city city_folded region region_folded country country_folded primary";

struct Company {
    id: u128,
    country: &'static str,
    address: Address,
    dice: Dice,
}

impl Company {
    fn new(n: u64) -> Self {
        let mut dice = Dice::new(20, n);
        let country = dice.pick_early(&COUNTRY);
        let address = Address::roll("HEADQUARTERS", country, &mut dice);
        Self { id: id(Kind::Company, n), country, address, dice }
    }
}

pub(super) const COMPANIES: Table = Table {
    name: "companies",
    columns: "workspace_id id name name_folded domains industry industry_folded founded_year employee_count \
              annual_revenue annual_revenue_currency phone phone_folded website website_folded addresses country \
              country_folded parent_id owner_id external_refs tag_ids version created_at updated_at created_by_id \
              updated_by_id deleted_at",
    fill: |world, sink| {
        (0..world.companies).try_for_each(|n| {
            let Company { id: own, country, address, mut dice } = Company::new(n);
            let trade = dice.pick(&TRADE);
            let name = format!("{} {trade} {n} {}", dice.pick(&COMPANY), dice.pick(&FORM));
            let size = 1 + dice.skewed(5_000) as i64;
            let parent = (n > 100 && dice.percent(5)).then(|| id(Kind::Company, dice.below(100)));
            let row = Row::of(&[world.workspace, own]).text(name).word(format!("[\"{}\"]", domain(n)));
            let row = row.text(trade.to_owned()).integer(1_950 + dice.below(75) as i64).integer(size);
            let row = row.integer(size * 12_500_000).word("EUR");
            let row = row.text(format!("+49 30 {}", 100_000 + dice.below(900_000)));
            let row =
                row.text(format!("https://{}", domain(n))).word(address.json()).text(country.to_owned());
            let row = row.maybe_id(parent).id(world.user(&mut dice)).nulls(2);
            let created = world.created(n, world.companies, &mut dice);
            sink(&row.stamps(world, created, &mut dice))
        })
    },
};

pub(super) const COMPANY_DOMAINS: Table = Table {
    name: "company_domains",
    columns: "workspace_id record_id position domain domain_folded",
    fill: |world, sink| {
        (0..world.companies).try_for_each(|n| {
            sink(&Row::of(&[world.workspace, id(Kind::Company, n)]).integer(0).text(domain(n)))
        })
    },
};

pub(super) const COMPANY_ADDRESSES: Table = Table {
    name: "company_addresses",
    columns: ADDRESS_COLUMNS,
    fill: |world, sink| {
        (0..world.companies).try_for_each(|n| {
            let company = Company::new(n);
            sink(&company.address.row(world, company.id))
        })
    },
};

/// One of so many contacts comes from another system.
pub const REFERENCE_EVERY: u64 = 4;
/// What that system is called.
const REFERENCE_SYSTEM: &str = "legacy";

/// A contact.
pub struct Contact {
    /// Its id.
    pub id: u128,
    /// Its given name.
    pub given: &'static str,
    /// Its family name.
    pub family: &'static str,
    /// Its addresses, the first one to be used first.
    pub emails: Vec<String>,
    phone: Option<String>,
    address: Option<Address>,
    country: &'static str,
    company: Option<u64>,
    /// What it is called in the system that the workspace had before.
    pub reference: Option<String>,
    dice: Dice,
}

impl Contact {
    /// The n-th contact.
    pub fn new(world: &World, n: u64) -> Self {
        let mut dice = Dice::new(10, n);
        let (given, family) = (dice.pick(&GIVEN), dice.pick(&FAMILY));
        let country = dice.pick_early(&COUNTRY);
        let company = dice.skewed(world.companies);
        let company = dice.percent(92).then_some(company);
        let host = company.map_or_else(|| "mail.example".to_owned(), domain);
        // Only what is allowed in an address.
        let name = fold(&format!("{given}.{family}")).replace(|c: char| !c.is_ascii(), "x");
        let mut emails = vec![format!("{name}.{n}@{host}")];
        if dice.percent(15) {
            emails.push(format!("{name}.{n}@home.example"));
        }
        let phone = dice.percent(60).then(|| format!("+49 171 {}", 1_000_000 + dice.below(9_000_000)));
        let address = dice.percent(30).then(|| Address::roll("WORK", country, &mut dice));
        let reference = n.is_multiple_of(REFERENCE_EVERY).then(|| format!("C-{n}"));
        Self {
            id: id(Kind::Contact, n),
            given,
            family,
            emails,
            phone,
            address,
            country,
            company,
            reference,
            dice,
        }
    }

    /// The company it mainly belongs to.
    pub fn company_id(&self) -> Option<u128> {
        self.company.map(|company| id(Kind::Company, company))
    }

    fn emails(&self) -> String {
        let item = |(place, address): (usize, &String)| {
            let (primary, kind) = email_use(place);
            format!("{{\"address\":\"{address}\",\"primary\":{primary},\"type\":\"{kind}\"}}")
        };
        let items: Vec<_> = self.emails.iter().enumerate().map(item).collect();
        format!("[{}]", items.join(","))
    }

    fn phones(&self) -> Option<String> {
        let country = self.country;
        self.phone.as_ref().map(|number| {
            format!(
                "[{{\"country\":\"{country}\",\"number\":\"{number}\",\"primary\":true,\"type\":\"MOBILE\"}}]"
            )
        })
    }
}

fn email_use(place: usize) -> (bool, &'static str) {
    if place == 0 { (true, "WORK") } else { (false, "HOME") }
}

fn contacts(world: &World, mut each: impl FnMut(u64, Contact) -> Outcome) -> Outcome {
    (0..world.contacts).try_for_each(|n| each(n, Contact::new(world, n)))
}

pub(super) const CONTACTS: Table = Table {
    name: "contacts",
    columns: "workspace_id id given_name given_name_folded family_name family_name_folded full_name \
              full_name_folded emails phones addresses job_title job_title_folded birthday language \
              language_folded time_zone time_zone_folded preferred_channel lifecycle lead_status source \
              source_folded score country country_folded converted_deal_id owner_id external_refs tag_ids version \
              created_at updated_at created_by_id updated_by_id deleted_at",
    fill: |world, sink| contacts(world, |n, contact| sink(&contact_row(world, n, contact))),
};

fn contact_row(world: &World, n: u64, contact: Contact) -> Row {
    let Contact { given, family, country, .. } = contact;
    let (emails, phones) = (contact.emails(), contact.phones());
    let addresses = contact.address.as_ref().map(Address::json);
    let reference = |id| format!("[{{\"id\":\"{id}\",\"system\":\"{REFERENCE_SYSTEM}\"}}]");
    let references = contact.reference.as_ref().map(reference);
    let mut dice = contact.dice;
    let row = Row::of(&[world.workspace, contact.id]).text(given.to_owned()).text(family.to_owned());
    let row = row.text(format!("{given} {family}"));
    let row = row.word(emails).maybe_word(phones).maybe_word(addresses);
    let row = row.text(dice.pick(&POSITION).to_owned());
    let birthday = dice.percent(40).then(|| -3_000 + dice.below(14_000) as i64);
    let row = row.date(birthday).text(dice.pick(&["de", "en", "fr"]).to_owned());
    let row = row.text(dice.pick(&["Europe/Berlin", "Europe/Paris", "America/New_York"]).to_owned());
    let channel = dice.percent(50).then(|| dice.pick(&["EMAIL", "PHONE", "CHAT"]));
    let row = row.maybe_word(channel).word(dice.pick_early(&LIFECYCLE));
    let status = dice.percent(30).then(|| dice.pick(&["NEW", "WORKING", "NURTURING", "QUALIFIED"]));
    let row = row.maybe_word(status).text(dice.pick(&SOURCE).to_owned()).nulls(1);
    let row = row.text(country.to_owned()).nulls(1).id(world.user(&mut dice));
    let row = row.maybe_word(references).nulls(1);
    let created = world.created(n, world.contacts, &mut dice);
    row.stamps(world, created, &mut dice)
}

pub(super) const CONTACT_EMAILS: Table = Table {
    name: "contact_emails",
    columns: "workspace_id record_id position address address_folded type primary",
    fill: |world, sink| {
        contacts(world, |_, contact| {
            contact.emails.iter().enumerate().try_for_each(|(place, address)| {
                let (primary, kind) = email_use(place);
                let row = Row::of(&[world.workspace, contact.id]).integer(place as i64);
                sink(&row.text(address.clone()).word(kind).boolean(primary))
            })
        })
    },
};

pub(super) const CONTACT_PHONES: Table = Table {
    name: "contact_phones",
    columns: "workspace_id record_id position number number_folded type country country_folded primary",
    fill: |world, sink| {
        contacts(world, |_, contact| match contact.phone {
            Some(number) => {
                let row = Row::of(&[world.workspace, contact.id]).integer(0).text(number).word("MOBILE");
                sink(&row.text(contact.country.to_owned()).boolean(true))
            }
            None => Ok(()),
        })
    },
};

pub(super) const CONTACT_ADDRESSES: Table = Table {
    name: "contact_addresses",
    columns: ADDRESS_COLUMNS,
    fill: |world, sink| {
        contacts(world, |_, contact| match contact.address {
            Some(address) => sink(&address.row(world, contact.id)),
            None => Ok(()),
        })
    },
};

pub(super) const EXTERNAL_REFS: Table = Table {
    name: "external_refs",
    columns: "workspace_id record_id position object system system_folded id id_folded",
    fill: |world, sink| {
        contacts(world, |_, contact| match contact.reference {
            Some(reference) => {
                let row = Row::of(&[world.workspace, contact.id]).integer(0).word("contact");
                // The id is compared as it is.
                sink(&row.text(REFERENCE_SYSTEM.to_owned()).word(reference.clone()).word(reference))
            }
            None => Ok(()),
        })
    },
};

pub(super) const AFFILIATIONS: Table = Table {
    name: "affiliations",
    columns: "workspace_id id contact_id company_id role role_folded from to primary external_refs tag_ids \
              version created_at updated_at created_by_id updated_by_id deleted_at",
    fill: affiliations,
};

/// The main company of a contact under the contact's number, a second one beyond all contacts' numbers.
fn affiliations(world: &World, sink: Sink<'_>) -> Outcome {
    let mut put = |n: u64, contact: u128, company: u64, primary: bool| {
        let mut dice = Dice::new(60, n);
        let row = Row::of(&[world.workspace, id(Kind::Affiliation, n), contact, id(Kind::Company, company)]);
        let row = row.text(dice.pick(&POSITION).to_owned()).date(Some(14_000 + dice.below(5_000) as i64));
        let created = world.created(n % world.contacts, world.contacts, &mut dice);
        sink(&row.date(None).boolean(primary).nulls(2).stamps(world, created, &mut dice))
    };
    contacts(world, |n, contact| match contact.company {
        Some(company) => put(n, contact.id, company, true),
        None => Ok(()),
    })?;
    (0..world.contacts).filter(|n| n % 12 == 5).try_for_each(|n| {
        let company = Dice::new(61, n).skewed(world.companies);
        // Nobody belongs to a company twice at a time.
        let is_main = Contact::new(world, n).company == Some(company);
        let company = if is_main { (company + 1) % world.companies } else { company };
        put(world.contacts + n, id(Kind::Contact, n), company, false)
    })
}
