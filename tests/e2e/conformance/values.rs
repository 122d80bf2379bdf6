//! Values by kind: some plain, some at the limits, some that are alike but for case, accents or currency.

use kernel::{field::Kind, object::Attribute};
use serde_json::{Value as Json, json};

const TEXTS: [&str; 8] = [
    "Ångström & Söhne",
    "angstrom & SOHNE",
    "100 % _sure_",
    "O'Brien \"Q\" \\ !bang",
    "😀 ﬁne\u{a0}İstanbul",
    "ΟΔΟΣ Ζωή 漢字",
    "x",
    "ボテル नमस्ते łø",
];
const INSTANTS: [&str; 6] = [
    "2024-02-29T12:00:00.000Z",
    "2024-02-29T12:00:00.001Z",
    "1969-12-31T23:59:59.999Z",
    "2031-01-01T00:00:00.000Z",
    "0001-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
];
const DATES: [&str; 6] = ["2024-02-29", "1815-12-10", "2031-01-01", "2024-03-01", "0001-01-01", "9999-12-31"];
const MONEY: [(&str, &str); 9] = [
    ("1234.50", "EUR"),
    ("1234.50", "USD"),
    ("-0.05", "EUR"),
    ("0.00", "EUR"),
    ("1234", "JPY"),
    ("1234.500", "KWD"),
    ("1234.51", "EUR"),
    ("12.34", "USD"),
    ("92233720368547758.07", "EUR"),
];
const DECIMALS: [&str; 6] = ["1.5", "0", "99.9999", "12", "0.0001", "-1.5"];

/// How many forms texts are tried in.
pub const FORMS: usize = 10;

/// A text of one of the forms that texts may have to have; one of its own, if it is to be.
pub fn text_of(form: usize, max: u32, chosen: usize, own: Option<usize>) -> String {
    let of = |texts: &[&str]| texts[chosen % texts.len()].to_owned();
    let own_or = own.unwrap_or(chosen % 3);
    match form {
        0 => {
            let suffix = own.map(|own| format!(" {own}")).unwrap_or_default();
            let room = (max as usize).saturating_sub(suffix.len());
            TEXTS[chosen % TEXTS.len()].chars().take(room).chain(suffix.chars()).collect()
        }
        1 => of(&["DE", "AT", "CH"]),
        2 => of(&["EUR", "USD", "JPY"]),
        3 => format!("Ada+{chosen}@x{own_or}.org"),
        4 => format!("münchen{own_or}.de"),
        5 => format!("https://example.com/{own_or}?%_"),
        6 => of(&["Europe/Berlin", "UTC", "America/New_York"]),
        7 => of(&["#00ff7f", "#FFFFFF", "#1a2b3c"]),
        8 => of(&["de-AT", "en", "zh-Hant-TW"]),
        _ => of(&["name", "amount", "closeDate"]),
    }
}

/// A value of a field that is neither text, list, document nor reference.
pub fn scalar(attribute: &Attribute, chosen: usize) -> Json {
    match attribute.kind {
        Kind::Integer(min, max) => {
            let pool = [min, max, min + (max - min) / 2, min + 1, 7.clamp(min, max)];
            pool[chosen % pool.len()].into()
        }
        Kind::Decimal => DECIMALS[chosen % DECIMALS.len()].into(),
        Kind::Boolean => chosen.is_multiple_of(2).into(),
        Kind::Date => DATES[chosen % DATES.len()].into(),
        Kind::Instant => INSTANTS[chosen % INSTANTS.len()].into(),
        Kind::Money => {
            let (amount, currency) = MONEY[chosen % MONEY.len()];
            json!({ "amount": amount, "currency": currency })
        }
        Kind::Choice(choices) => choices[chosen % choices.len()].name.into(),
        _ => panic!("{} is no scalar", attribute.name),
    }
}

/// A document: a predicate where it has to be one.
pub fn document(attribute: &Attribute, chosen: usize) -> Json {
    match attribute.predicate_over {
        Some(_) if chosen.is_multiple_of(2) => json!({ "createdAt": { "isNull": false } }),
        Some(_) => json!({}),
        None => json!({ "a": [1, null, "é"], "b": { "c": true } }),
    }
}
