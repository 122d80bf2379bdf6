//! What clients send, as values: strict, all that is wrong at once, nothing cut or coerced.

use serde_json::{Map, Value as Json};

use crate::{
    error::{Code, Violation},
    field::{Kind, List, Preset, Writing},
    id::TypeId,
    money::{Money, parse_decimal},
    object::{Attribute, Object},
    permit::Permit,
    text::snake,
    time::{Instant, parse_date},
    value::{Decimal, Value},
};

/// What the input is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A new record.
    Create,
    /// A change of a record by JSON Merge Patch (RFC 7396): absent keeps, null clears.
    Update,
}

/// What is wrong with a value.
type Fault = (Code, String);

/// Reads the members of an input: the place of each field and its value.
pub fn members(
    permit: &Permit,
    purpose: Purpose,
    json: &Map<String, Json>,
) -> Result<Vec<(usize, Value)>, Vec<Violation>> {
    let (mut values, mut violations) = (Vec::with_capacity(json.len()), Vec::new());
    for (name, json) in json {
        match member(permit, purpose, name, json) {
            Ok(value) => values.push(value),
            Err(found) => violations.extend(found),
        }
    }
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
    let attribute = permit.readable(name).map_err(|error| fail(error.code, error.detail))?;
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
        Kind::List(list) => items(attribute, list, json, &pointer)?,
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

/// What a new record has where its input says nothing.
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
        Kind::Text(max) => {
            let text = json.as_str().ok_or_else(|| wrong("text"))?;
            if text.contains('\0') {
                return Err((Code::Malformed, "U+0000 is not allowed".to_owned()));
            }
            if text.chars().count() > max as usize {
                return Err((Code::OutOfRange, format!("{} may have {max} characters", attribute.name)));
            }
            Ok(Value::Text(text.to_owned()))
        }
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
            let expected = "an RFC 3339 instant with at most milliseconds (\"2026-01-31T12:00:00Z\")";
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

/// Reads a list; an empty one is null.
fn items(attribute: &Attribute, list: &List, json: &Json, pointer: &str) -> Result<Value, Vec<Violation>> {
    let fail = |code, detail: String| vec![Violation::new(code, pointer, detail)];
    let Json::Array(items) = json else {
        return Err(fail(Code::WrongType, format!("{}: a list is expected", attribute.name)));
    };
    if items.len() > list.max {
        return Err(fail(Code::OutOfRange, format!("{} may have {} items", attribute.name, list.max)));
    }
    let (mut read, mut violations) = (Vec::with_capacity(items.len()), Vec::new());
    for (index, json) in items.iter().enumerate() {
        match item(attribute, list, json, &format!("{pointer}/{index}")) {
            Ok(item) => read.push(item),
            Err(found) => violations.extend(found),
        }
    }
    if let Some(primary) = list.primary {
        violations.extend(choose_primary(&mut read, primary, pointer));
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    Ok(if read.is_empty() { Value::Null } else { Value::document(&Json::Array(read)) })
}

fn item(attribute: &Attribute, list: &List, json: &Json, pointer: &str) -> Result<Json, Vec<Violation>> {
    let scalar = |member: &Attribute, json: &Json, pointer: &str| match value(member, json) {
        Ok(value) => Ok(show(member, value, json)),
        Err((code, detail)) => Err(Violation::new(code, pointer, detail)),
    };
    if let (true, Some(member)) = (list.plain, attribute.members.first()) {
        return scalar(member, json, pointer).map_err(|violation| vec![violation]);
    }
    let Json::Object(given) = json else {
        return Err(vec![Violation::new(Code::WrongType, pointer, "an object is expected")]);
    };
    let (mut item, mut violations) = (Map::new(), Vec::new());
    for name in given.keys() {
        if !attribute.members.iter().any(|member| member.name == name) {
            let detail = format!("{} has no member {name}", list.name);
            violations.push(Violation::new(Code::UnknownField, format!("{pointer}/{name}"), detail));
        }
    }
    for member in &attribute.members {
        let pointer = format!("{pointer}/{}", member.name);
        match (given.get(member.name), member.preset) {
            (Some(json), _) if !json.is_null() => match scalar(member, json, &pointer) {
                Ok(value) => drop(item.insert(member.name.to_owned(), value)),
                Err(violation) => violations.push(violation),
            },
            (_, Some(Preset::Choice(name))) => drop(item.insert(member.name.to_owned(), name.into())),
            (_, Some(Preset::Boolean(value))) => drop(item.insert(member.name.to_owned(), value.into())),
            _ if member.required => violations.push(required(&pointer, member.name)),
            _ => drop(item.insert(member.name.to_owned(), Json::Null)),
        }
    }
    if violations.is_empty() { Ok(Json::Object(item)) } else { Err(violations) }
}

/// The canonical spelling of a member of an item.
fn show(member: &Attribute, value: Value, json: &Json) -> Json {
    match (member.kind, value) {
        (Kind::Reference(object), Value::Id(uuid)) => {
            TypeId { prefix: &snake(object), uuid }.to_string().into()
        }
        (_, Value::Instant(at)) => at.to_string().into(),
        _ => json.clone(),
    }
}

/// Makes the first item primary where none is; two are one too many.
fn choose_primary(items: &mut [Json], member: &str, pointer: &str) -> Option<Violation> {
    let chosen = items.iter().filter(|item| item.get(member) == Some(&Json::Bool(true))).count();
    for (index, item) in items.iter_mut().enumerate() {
        if let Some(place) = item.get_mut(member)
            && (place.is_null() || chosen == 0)
        {
            *place = Json::Bool(chosen == 0 && index == 0);
        }
    }
    (chosen > 1).then(|| Violation::new(Code::Invalid, pointer, format!("only one item may be {member}")))
}
