//! Input of clients, as values: strict, with all violations at once, nothing cut or coerced.

mod list;

use serde_json::{Map, Value as Json};

use crate::{
    error::{Code, Violation},
    field::{Kind, Preset, Writing},
    id::TypeId,
    items,
    money::{Money, parse_decimal},
    object::{Attribute, Object},
    permit::Permit,
    text::{snake, trim},
    time::{Instant, parse_date},
    value::{Decimal, Value},
};

pub use list::additions;
use list::{item_change, read_items};

/// The purpose of an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A new record.
    Create,
    /// A change of a record by JSON Merge Patch (RFC 7396): absent keeps, null clears.
    Update,
    /// A row of a file, for a new record or one that is there: what it says twice is taken once.
    Import,
}

/// The violation of a value.
type Fault = (Code, String);

/// An input as it was read.
#[derive(Debug, Default)]
pub struct Input {
    /// The place of each field and its value.
    pub values: Vec<(usize, Value)>,
    /// Changes of single items of lists.
    pub items: Vec<items::ListChange>,
    /// The violations of the other members.
    pub violations: Vec<Violation>,
}

impl From<Vec<(usize, Value)>> for Input {
    fn from(values: Vec<(usize, Value)>) -> Self {
        Self { values, ..Self::default() }
    }
}

/// Reads the members of an input as far as they can be read; those of a change may add items to lists and remove some.
pub fn read(permit: &Permit, purpose: Purpose, json: &Map<String, Json>) -> Input {
    let mut input = Input::from(Vec::with_capacity(json.len()));
    for (name, value) in json {
        let list = (purpose == Purpose::Update).then(|| permit.object().item_change(name)).flatten();
        let done = match list {
            Some((attribute, adds)) => input.change_items(permit, attribute, adds, json, (name, value)),
            None => member(permit, purpose, name, value).map(|value| input.values.push(value)),
        };
        if let Err(found) = done {
            input.violations.extend(found);
        }
    }
    input
}

impl Input {
    /// Reads a member that changes single items of a list.
    fn change_items(
        &mut self,
        permit: &Permit,
        attribute: &Attribute,
        adds: bool,
        all: &Map<String, Json>,
        (name, json): (&str, &Json),
    ) -> Result<(), Vec<Violation>> {
        let pointer = format!("/{name}");
        if all.contains_key(attribute.name) {
            let detail = format!("{} is given as a whole, so {name} has no place", attribute.name);
            return Err(vec![Violation::new(Code::Invalid, pointer, detail)]);
        }
        let change = item_change(permit, attribute, adds, json, &pointer)?;
        match self.items.iter_mut().find(|other| other.field == attribute.index) {
            Some(other) => {
                other.add.extend(change.add);
                other.remove.extend(change.remove);
            }
            None => self.items.push(change),
        }
        Ok(())
    }
}

/// Reads the members of an input: the place of each field and its value.
pub fn members(
    permit: &Permit,
    purpose: Purpose,
    json: &Map<String, Json>,
) -> Result<Vec<(usize, Value)>, Vec<Violation>> {
    let Input { values, violations, .. } = read(permit, purpose, json);
    if violations.is_empty() { Ok(values) } else { Err(violations) }
}

fn member(
    permit: &Permit,
    purpose: Purpose,
    name: &str,
    json: &Json,
) -> Result<(usize, Value), Vec<Violation>> {
    let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let fail = |code, detail: String| vec![Violation::new(code, pointer.clone(), detail)];
    let attribute = permit.writable(name).map_err(|error| fail(error.code, error.detail))?;
    match (attribute.writing, purpose) {
        (Writing::Computed, _) => return Err(fail(Code::ReadOnly, format!("{name} is set by Kith"))),
        (Writing::Once, Purpose::Update) => {
            return Err(fail(Code::Immutable, format!("{name} cannot be changed")));
        }
        (Writing::ByCommand, Purpose::Update) => {
            return Err(fail(Code::CommandOnly, format!("{name} is changed by a command of its own")));
        }
        _ => {}
    }
    if json.is_null() {
        return Ok((attribute.index, Value::Null));
    }
    let value = match attribute.kind {
        Kind::List(list) => {
            let items = read_items(attribute, list, purpose, json, &pointer)?;
            items::list(list, items.into_iter().map(|(_, item)| item).collect())
        }
        Kind::Id => {
            let prefix = &permit.object().prefix;
            let id = own_id(json, Some(prefix)).filter(is_time_ordered);
            let detail = || format!("a TypeID {prefix}_… over a UUIDv7 is expected");
            id.ok_or_else(|| fail(Code::WrongType, detail()))?
        }
        _ => value(attribute, json).map_err(|(code, detail)| fail(code, detail))?,
    };
    Ok((attribute.index, value))
}

/// A new record's default for an absent member.
pub fn preset(preset: Preset, actor: uuid::Uuid, now: Instant) -> Value {
    match preset {
        Preset::Choice(name) => Value::Text(name.to_owned()),
        Preset::Boolean(value) => Value::Boolean(value),
        Preset::Integer(value) => Value::Integer(value),
        Preset::Actor => Value::Id(actor),
        Preset::Now => Value::Instant(now),
    }
}

/// The required fields that have no value.
pub fn missing(object: &Object, values: &[Value]) -> Vec<Violation> {
    let fields = object.attributes.iter().zip(values);
    let missing = fields.filter(|(attribute, value)| attribute.required && value.is_null());
    missing.map(|(attribute, _)| required(&format!("/{}", attribute.name), attribute.name)).collect()
}

fn required(pointer: &str, name: &str) -> Violation {
    Violation::new(Code::Required, pointer, format!("{name} is required"))
}

/// Reads one value of a field that is no list.
pub fn value(attribute: &Attribute, json: &Json) -> Result<Value, Fault> {
    let wrong = |expected: &str| (Code::WrongType, format!("{}: {expected} is expected", attribute.name));
    match attribute.kind {
        Kind::Text(max) => text(attribute, max, json.as_str().ok_or_else(|| wrong("text"))?),
        Kind::Integer(min, max) => {
            let number = json.as_i64().ok_or_else(|| wrong("a whole number"))?;
            if !(min..=max).contains(&number) {
                let detail = format!("{} lies between {min} and {max}", attribute.name);
                return Err((Code::OutOfRange, detail));
            }
            Ok(Value::Integer(number))
        }
        Kind::Decimal => {
            let number = json.as_str().and_then(|text| parse_decimal(text, Decimal::SCALE));
            number
                .map(Value::Integer)
                .ok_or_else(|| wrong("decimal text with at most four decimals (\"1.5\")"))
        }
        Kind::Boolean => json.as_bool().map(Value::Boolean).ok_or_else(|| wrong("true or false")),
        Kind::Date => {
            let date = json.as_str().and_then(parse_date);
            date.map(Value::Date).ok_or_else(|| wrong("a date (\"2026-01-31\")"))
        }
        Kind::Instant => {
            let instant = json.as_str().and_then(Instant::parse);
            let expected = "an RFC 3339 instant (\"2026-01-31T12:00:00Z\")";
            instant.map(Value::Instant).ok_or_else(|| wrong(expected))
        }
        Kind::Money => {
            let expected = "{\"amount\":\"1234.50\",\"currency\":\"EUR\"} with the currency's decimals";
            Money::from_json(json).map(Value::Money).ok_or_else(|| wrong(expected))
        }
        Kind::Choice(choices) => {
            let text = json.as_str().ok_or_else(|| wrong("text"))?;
            if choices.iter().any(|choice| choice.name == text) {
                return Ok(Value::Text(text.to_owned()));
            }
            let names: Vec<_> = choices.iter().map(|choice| choice.name).collect();
            Err((Code::UnknownValue, format!("{} is one of {}", attribute.name, names.join(", "))))
        }
        Kind::Id => own_id(json, None).ok_or_else(|| wrong("an id")),
        Kind::Reference(object) => {
            let prefix = snake(object);
            let id = json.as_str().and_then(|text| TypeId::parse_as(&prefix, text));
            id.map(Value::Id).ok_or_else(|| wrong(&format!("an id of a {object} ({prefix}_…)")))
        }
        Kind::AnyReference => {
            let id = json.as_str().and_then(TypeId::parse).map(|id| Value::Text(id.to_string()));
            id.ok_or_else(|| wrong("a record's id (\"contact_…\")"))
        }
        Kind::List(_) => Err(wrong("no list")),
        Kind::Document => Ok(Value::document(json)),
    }
}

/// Reads a text: what cannot be seen at its ends goes, what is blank is no value, and what has a form is spelled so.
fn text(attribute: &Attribute, max: u32, given: &str) -> Result<Value, Fault> {
    if given.contains('\0') {
        return Err((Code::Malformed, "U+0000 is not allowed".to_owned()));
    }
    let text = trim(given);
    // Forms are read of texts of bounded length, and may make them longer.
    let bounded = |text: &str| match text.chars().count() > max as usize {
        true => Err((Code::OutOfRange, format!("{} may have {max} characters", attribute.name))),
        false => Ok(()),
    };
    bounded(text)?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let Some(form) = attribute.form else { return Ok(Value::Text(text.to_owned())) };
    let wrong = || (Code::WrongType, format!("{} must be {}", attribute.name, form.what));
    let text = (form.read)(text).ok_or_else(wrong)?;
    bounded(&text)?;
    Ok(Value::Text(text))
}

/// A value that did not come through [`value`] as it would have come from there.
pub fn checked(attribute: &Attribute, value: &Value) -> Result<Value, Fault> {
    match (attribute.kind, value) {
        (Kind::Text(max), Value::Text(given)) => text(attribute, max, given),
        _ => Ok(value.clone()),
    }
}

/// Reads an id: of one kind, or of any where its record's kind is not known here.
fn own_id(json: &Json, prefix: Option<&str>) -> Option<Value> {
    let text = json.as_str()?;
    let prefix = prefix.or_else(|| TypeId::parse(text).map(|id| id.prefix)).unwrap_or_default();
    TypeId::parse_as(prefix, text).map(Value::Id)
}

/// Lists are ordered by id where nothing else is asked, so ids that clients choose have to begin with time.
fn is_time_ordered(id: &Value) -> bool {
    matches!(id, Value::Id(uuid) if uuid.get_version_num() == 7)
}
