//! Lists in an input: whole ones, and items that are added and removed.

use std::{borrow::Cow, collections::HashSet};

use serde_json::{Map, Value as Json};

use super::{Purpose, required, value};
use crate::{
    error::{Code, Violation},
    field::{Kind, List, Preset},
    id::TypeId,
    items::{self, Added},
    object::Attribute,
    permit::Permit,
    text::snake,
    value::Value,
};

/// Reads items that are added to a list, or the keys of those that are removed.
pub(super) fn item_change(
    permit: &Permit,
    attribute: &Attribute,
    adds: bool,
    json: &Json,
    pointer: &str,
) -> Result<items::ListChange, Vec<Violation>> {
    let fail = |code, detail: String| vec![Violation::new(code, pointer, detail)];
    permit.writable(attribute.name).map_err(|error| fail(error.code, error.detail))?;
    let mut change = items::ListChange { field: attribute.index, ..items::ListChange::default() };
    let Some(list) = attribute.list().filter(|_| !json.is_null()) else { return Ok(change) };
    if adds {
        return additions(attribute, Purpose::Update, json, pointer);
    }
    let members: Vec<_> = attribute.key_members().map(Cow::Borrowed).map(formless).collect();
    let (mut keys, mut violations) = (Vec::new(), Vec::new());
    for (index, json) in array(attribute, list, json, pointer)?.iter().enumerate() {
        match item(list, &members, json, &format!("{pointer}/{index}")) {
            Ok(item) => keys.push(items::key(attribute, &item)),
            Err(found) => violations.extend(found),
        }
    }
    change.remove = keys;
    if violations.is_empty() { Ok(change) } else { Err(violations) }
}

/// Reads items that are added to a list.
pub fn additions(
    attribute: &Attribute,
    purpose: Purpose,
    json: &Json,
    pointer: &str,
) -> Result<items::ListChange, Vec<Violation>> {
    let mut change = items::ListChange { field: attribute.index, ..items::ListChange::default() };
    let Some(list) = attribute.list() else { return Ok(change) };
    let read = read_items(attribute, list, purpose, json, pointer)?;
    let names = |json: &Json| {
        let names = list.members.iter().map(|member| member.name);
        names.filter(|name| json.get(name).is_some()).collect()
    };
    change.add = read
        .into_iter()
        .map(|(place, item)| Added { item, given: json.get(place).map(names).unwrap_or_default() })
        .collect();
    Ok(change)
}

/// An item stored before its member had a form may lack the form, and can be removed.
fn formless(member: Cow<'_, Attribute>) -> Cow<'_, Attribute> {
    if member.form.is_none() {
        return member;
    }
    let mut member = member.into_owned();
    member.def.form = None;
    Cow::Owned(member)
}

fn array<'j>(
    attribute: &Attribute,
    list: &List,
    json: &'j Json,
    pointer: &str,
) -> Result<&'j [Json], Vec<Violation>> {
    let fail = |code, detail: String| vec![Violation::new(code, pointer, detail)];
    let Json::Array(items) = json else {
        return Err(fail(Code::WrongType, format!("{}: a list is expected", attribute.name)));
    };
    if items.len() > list.max {
        return Err(fail(Code::OutOfRange, format!("{} may have {} items", attribute.name, list.max)));
    }
    Ok(items)
}

/// Reads the items of a list, of which no two have the same key, with their places in the input.
pub(super) fn read_items(
    attribute: &Attribute,
    list: &List,
    purpose: Purpose,
    json: &Json,
    pointer: &str,
) -> Result<Vec<(usize, Json)>, Vec<Violation>> {
    let members: Vec<_> = attribute.members.iter().map(Cow::Borrowed).collect();
    let (mut read, mut keys, mut violations) = (Vec::new(), HashSet::new(), Vec::new());
    let has_keys = list.plain || !list.key.is_empty();
    let mut is_new = |item: &Json| !has_keys || keys.insert(items::key(attribute, item));
    for (index, json) in array(attribute, list, json, pointer)?.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        match item(list, &members, json, &pointer) {
            Ok(item) if is_new(&item) => read.push((index, item)),
            Ok(_) if purpose == Purpose::Import => {}
            Ok(_) => {
                violations.push(Violation::new(Code::NotUnique, pointer, "an item before it is the same"))
            }
            Err(found) => violations.extend(found),
        }
    }
    violations.extend(one_primary(list, &read, pointer));
    if violations.is_empty() { Ok(read) } else { Err(violations) }
}

/// Reads an item of these members.
fn item(
    list: &List,
    members: &[Cow<'_, Attribute>],
    json: &Json,
    pointer: &str,
) -> Result<Json, Vec<Violation>> {
    let scalar = |member: &Attribute, json: &Json, pointer: &str| match value(member, json) {
        Ok(value) => Ok(show(member, value, json)),
        Err((code, detail)) => Err(Violation::new(code, pointer, detail)),
    };
    if let (true, Some(member)) = (list.plain, members.first()) {
        return match scalar(member, json, pointer) {
            Ok(Json::Null) => Err(vec![required(pointer, member.name)]),
            shown => shown.map_err(|violation| vec![violation]),
        };
    }
    let Json::Object(given) = json else {
        return Err(vec![Violation::new(Code::WrongType, pointer, "an object is expected")]);
    };
    let (mut item, mut violations) = (Map::new(), Vec::new());
    for name in given.keys() {
        if !members.iter().any(|member| member.name == name) {
            let detail = format!("{name} has no place in an item of {}", list.name);
            violations.push(Violation::new(Code::UnknownField, format!("{pointer}/{name}"), detail));
        }
    }
    for member in members {
        let pointer = format!("{pointer}/{}", member.name);
        match (given.get(member.name), member.preset) {
            (Some(json), _) if !json.is_null() => match scalar(member, json, &pointer) {
                Ok(Json::Null) if member.required => violations.push(required(&pointer, member.name)),
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
        (Kind::Text(_), Value::Text(text)) => text.into(),
        (_, Value::Null) => Json::Null,
        _ => json.clone(),
    }
}

/// Two primary items are one too many.
fn one_primary(list: &List, items: &[(usize, Json)], pointer: &str) -> Option<Violation> {
    let primary = list.primary?;
    let chosen = items.iter().filter(|(_, item)| item.get(primary) == Some(&Json::Bool(true))).count();
    (chosen > 1).then(|| Violation::new(Code::Invalid, pointer, format!("only one item may be {primary}")))
}
