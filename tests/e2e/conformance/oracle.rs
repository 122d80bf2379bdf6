//! What predicates and orders mean, told once more and without SQL: over the rows as the door shows them.

use std::cmp::Ordering;

use kernel::{
    field::Kind,
    object::{Attribute, Object},
    text::Comparison,
};
use serde_json::{Map, Value as Json};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_script::{Script, UnicodeScript};

use super::world::World;

/// Letters that have a stroke or are two in one, each with what it is taken for.
const STROKES: &str = "đd ðd ɖd ɗd ħh łl ƚl øo ɵo ŧt ƀb ɓb ȼc ǥg ɨi ɉj ɍr ʉu ɏy ƶz æae œoe þth";

/// What has the same upper case is the same letter: s and ſ, σ and ς, ss and ß.
fn in_one_case(text: &str) -> String {
    text.to_lowercase().to_uppercase().chars().flat_map(char::to_lowercase).collect()
}

/// The text without the accents of Latin, Greek and Cyrillic, without case, compatibility forms and kinds of white
/// space.
pub fn fold(text: &str) -> String {
    use Script::{Common, Cyrillic, Greek, Inherited, Latin};
    let has_accents = |c: char| matches!(c.script(), Latin | Greek | Cyrillic | Common | Inherited);
    let mut bare = String::new();
    let mut letter = 'a';
    for c in text.nfkd() {
        let is_variation = ('\u{fe00}'..='\u{fe0f}').contains(&c) || ('\u{e0100}'..='\u{e01ef}').contains(&c);
        match is_combining_mark(c) {
            true if is_variation || has_accents(letter) && has_accents(c) => continue,
            true => {}
            false => letter = c,
        }
        bare.push(c);
    }
    let stroke = |c: char| STROKES.split(' ').find_map(|pair| pair.strip_prefix(c));
    let plain = in_one_case(&bare).chars().fold(String::new(), |plain, c| match stroke(c) {
        Some(letters) => plain + letters,
        None if c.is_whitespace() => plain + " ",
        None => plain + c.encode_utf8(&mut [0; 4]),
    });
    plain.nfc().collect()
}

/// The text as the field's are compared. The addresses of the tests are spelled in one way but for their case.
fn form(attribute: &Attribute, text: &str) -> String {
    match attribute.comparison {
        Comparison::Folded => fold(text),
        Comparison::IgnoringCase | Comparison::Address => {
            in_one_case(&text.nfc().collect::<String>()).nfc().collect()
        }
        Comparison::Exact => text.to_owned(),
    }
}

/// Whether a predicate holds for a record.
pub fn holds(world: &World<'_>, object: &Object, row: &Json, predicate: &Json) -> bool {
    let each = |parts: &Json| {
        let parts = parts.as_array().unwrap().iter();
        parts.map(|part| holds(world, object, row, part)).collect::<Vec<_>>()
    };
    predicate.as_object().unwrap().iter().all(|(name, asked)| match name.as_str() {
        "and" => each(asked).into_iter().all(|part| part),
        "or" => each(asked).into_iter().any(|part| part),
        "not" => !holds(world, object, row, asked),
        name => match object.attribute(name) {
            Some(attribute) => tests(attribute, &row[name], asked),
            None => linked(world, object, row, name, asked.as_object().unwrap()),
        },
    })
}

fn linked(world: &World<'_>, object: &Object, row: &Json, link: &str, asked: &Map<String, Json>) -> bool {
    let (target, rows) = world.behind(object, row, link);
    if object.link(link).unwrap().1.is_one() {
        return rows.iter().any(|row| holds(world, &target, row, &asked.clone().into()));
    }
    asked.iter().all(|(how, asked)| match how.as_str() {
        "some" => rows.iter().any(|row| holds(world, &target, row, asked)),
        "none" => !rows.iter().any(|row| holds(world, &target, row, asked)),
        "every" => rows.iter().all(|row| holds(world, &target, row, asked)),
        _ => counted(rows.len(), asked),
    })
}

/// Whether all tests of a field hold.
fn tests(attribute: &Attribute, value: &Json, asked: &Json) -> bool {
    let members = asked.as_object().unwrap();
    members.iter().all(|(how, operand)| match attribute.list() {
        Some(list) => {
            let items = value.as_array().unwrap();
            let meets = |item: &Json, asked: &Json| item_holds(attribute, item, asked);
            match how.as_str() {
                "isNull" => items.is_empty() == (*operand == true),
                "count" => counted(items.len(), operand),
                "some" => items.iter().any(|item| meets(item, operand)),
                "none" => !items.iter().any(|item| meets(item, operand)),
                "every" => items.iter().all(|item| meets(item, operand)),
                "containsAny" => has(attribute, items, operand).any(|has| has),
                "containsAll" => has(attribute, items, operand).all(|has| has),
                other => panic!("{} of {}", other, list.name),
            }
        }
        None => test(attribute, value, how, operand),
    })
}

fn item_holds(attribute: &Attribute, item: &Json, asked: &Json) -> bool {
    asked.as_object().unwrap().iter().all(|(name, asked)| match name.as_str() {
        "not" => !item_holds(attribute, item, asked),
        name => {
            let member = attribute.members.iter().find(|member| member.name == name).unwrap();
            tests(member, &item[name], asked)
        }
    })
}

fn has<'a>(
    attribute: &'a Attribute,
    items: &'a [Json],
    operands: &'a Json,
) -> impl Iterator<Item = bool> + 'a {
    let member = &attribute.members[0];
    let operands = operands.as_array().unwrap().iter();
    operands.map(move |operand| items.iter().any(|item| test(member, item, "eq", operand)))
}

fn counted(count: usize, asked: &Json) -> bool {
    let (how, number) = asked.as_object().unwrap().iter().next().unwrap();
    let order = (count as u64).cmp(&number.as_u64().unwrap());
    ordered(how, order)
}

fn ordered(how: &str, order: Ordering) -> bool {
    match how {
        "eq" => order.is_eq(),
        "lt" => order.is_lt(),
        "lte" => order.is_le(),
        "gt" => order.is_gt(),
        "gte" => order.is_ge(),
        other => panic!("{other} is no comparison"),
    }
}

/// One test of one value. A null passes only what asks for it: `isNull`, `ne`, `notIn`.
fn test(attribute: &Attribute, value: &Json, how: &str, operand: &Json) -> bool {
    let each = || operand.as_array().unwrap().iter();
    let folded = |json: &Json| form(attribute, json.as_str().unwrap());
    match how {
        "isNull" => value.is_null() == (*operand == true),
        "ne" => !test(attribute, value, "eq", operand),
        "notIn" => !test(attribute, value, "in", operand),
        _ if value.is_null() => false,
        "in" => each().any(|operand| test(attribute, value, "eq", operand)),
        "between" => {
            ["gte", "lte"].iter().zip(each()).all(|(how, operand)| test(attribute, value, how, operand))
        }
        "contains" => folded(value).contains(&folded(operand)),
        "startsWith" => folded(value).starts_with(&folded(operand)),
        "endsWith" => folded(value).ends_with(&folded(operand)),
        "matches" => {
            let (value, operand) = (folded(value), folded(operand));
            let begins = |word: &str| value.split(' ').any(|other| other.starts_with(word));
            operand.split_whitespace().all(begins)
        }
        how => {
            let same_currency = value["currency"] == operand["currency"];
            same_currency && ordered(how, key(attribute, value).cmp(&key(attribute, operand)))
        }
    }
}

/// What values of a field are compared by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Key {
    /// A number; a decimal or an amount in millionths.
    Number(i128),
    /// A text, in its form.
    Text(String),
    /// Whether it is true.
    Flag(bool),
    /// A currency and an amount of it in millionths.
    Amount(String, i128),
}

fn key(attribute: &Attribute, value: &Json) -> Key {
    match attribute.kind {
        Kind::Boolean => Key::Flag(value.as_bool().unwrap()),
        Kind::Integer(..) => Key::Number(value.as_i64().unwrap().into()),
        Kind::Decimal => Key::Number(digits(value.as_str().unwrap())),
        Kind::Money => Key::Number(digits(value["amount"].as_str().unwrap())),
        Kind::Text(_) => Key::Text(form(attribute, value.as_str().unwrap())),
        _ => Key::Text(instant(value)),
    }
}

/// Decimal text as a whole number of millionths.
fn digits(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<6}").parse().unwrap()
}

/// An instant or a day as it is shown. Relative ones are ages away, where none of the values lie: a hundred years
/// back or forth.
fn instant(value: &Json) -> String {
    match value["relative"].as_str() {
        Some(text) if text.starts_with('-') => "1926".to_owned(),
        Some(_) => "2126".to_owned(),
        None => value.as_str().unwrap().to_owned(),
    }
}

/// The order of two records by these fields, descending ones marked; the id decides between equals.
pub fn order(object: &Object, keys: &[(&str, bool)], one: &Json, other: &Json) -> Ordering {
    let id_descends = keys.last().is_none_or(|(_, descending)| *descending);
    let keys = keys.iter().copied().chain([("id", id_descends)]);
    let orders = keys.map(|(name, descending)| {
        let attribute = object.attribute(name).unwrap();
        let (one, other) = (&one[name], &other[name]);
        match (one.is_null(), other.is_null()) {
            (false, false) => {
                let order = sort_key(attribute, one).cmp(&sort_key(attribute, other));
                if descending { order.reverse() } else { order }
            }
            // What has no value comes last, whichever the direction.
            (one_is_null, other_is_null) => one_is_null.cmp(&other_is_null),
        }
    });
    orders.fold(Ordering::Equal, Ordering::then)
}

/// Amounts are ordered by their currency, then by their number.
pub fn sort_key(attribute: &Attribute, value: &Json) -> Key {
    match attribute.kind {
        Kind::Money => {
            let currency = value["currency"].as_str().unwrap().to_owned();
            Key::Amount(currency, digits(value["amount"].as_str().unwrap()))
        }
        _ => key(attribute, value),
    }
}
