//! The items of lists inside records: how they are told apart, and how single ones are changed.

use serde_json::Value as Json;

use crate::{
    error::{Code, Violation},
    field::{Kind, List},
    object::Attribute,
    value::Value,
};

/// The key of an item within its list: the parts in the form in which they are compared.
pub type Key = Vec<Option<String>>;

/// The items of a list.
pub fn of(value: &Value) -> Vec<Json> {
    match value.as_document() {
        Some(Json::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// A list of these items, of which the first is primary where none says so; where there are none, there is no value.
pub fn list(list: &List, mut items: Vec<Json>) -> Value {
    let is_primary =
        |item: &Json| list.primary.is_some_and(|primary| item.get(primary) == Some(&Json::Bool(true)));
    let chosen = items.iter().any(is_primary);
    match (items.first_mut(), list.primary) {
        (None, _) => return Value::Null,
        (Some(first), Some(primary)) if !chosen => set(first, primary, Json::Bool(true)),
        _ => {}
    }
    Value::document(&Json::Array(items))
}

/// The key of an item.
pub fn key(attribute: &Attribute, item: &Json) -> Key {
    let part = |member: &Attribute| {
        let json = if item.is_object() { item.get(member.name).unwrap_or(&Json::Null) } else { item };
        match (json, member.kind) {
            (Json::Null, _) => None,
            (Json::String(text), Kind::Text(_)) => Some(member.comparison.form(text).into_owned()),
            (Json::String(text), _) => Some(text.clone()),
            (other, _) => Some(other.to_string()),
        }
    };
    attribute.key_members().map(part).collect()
}

/// An item to be added, or to be changed where the list has one of its key.
#[derive(Clone, PartialEq, Debug)]
pub struct Added {
    /// The whole item, as a new one is.
    pub item: Json,
    /// The members that were given.
    pub given: Vec<&'static str>,
}

/// A change of single items of one list: first some are removed, then others added.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListChange {
    /// The list's place in the object.
    pub field: usize,
    /// The items that are added or changed.
    pub add: Vec<Added>,
    /// The keys of those that are removed; one that is not there need not be.
    pub remove: Vec<Key>,
}

impl ListChange {
    /// The list after the change.
    pub fn apply(&self, attribute: &Attribute, before: &Value) -> Result<Value, Violation> {
        let Some(of_list) = attribute.list() else { return Ok(before.clone()) };
        let mut items: Vec<(Key, Json)> =
            of(before).into_iter().map(|item| (key(attribute, &item), item)).collect();
        items.retain(|(key, _)| !self.remove.contains(key));
        for Added { item, given } in &self.add {
            if let Some(primary) =
                of_list.primary.filter(|primary| item.get(primary) == Some(&Json::Bool(true)))
            {
                items.iter_mut().for_each(|(_, other)| set(other, primary, Json::Bool(false)));
            }
            let key = key(attribute, item);
            match items.iter_mut().find(|(other, _)| *other == key) {
                Some((_, there)) => {
                    let names = given.iter().filter(|name| !of_list.key.contains(name));
                    names.for_each(|name| set(there, name, item.get(name).cloned().unwrap_or_default()));
                }
                None => items.push((key, item.clone())),
            }
        }
        if items.len() > of_list.max {
            let place = attribute.item_changes().map_or(attribute.name, |changes| &changes.add);
            let detail = format!("{} may have {} items", attribute.name, of_list.max);
            return Err(Violation::new(Code::OutOfRange, format!("/{place}"), detail));
        }
        Ok(list(of_list, items.into_iter().map(|(_, item)| item).collect()))
    }
}

fn set(item: &mut Json, name: &str, value: Json) {
    if let Some(place) = item.get_mut(name) {
        *place = value;
    }
}
