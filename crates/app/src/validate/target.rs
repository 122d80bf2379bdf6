//! The records that a record refers to.

use kernel::{Record, Value, field::Kind, id::TypeId, object::Attribute};
use serde_json::Value as Json;

use super::Key;

/// A record that a field refers to, and where in the field.
pub(super) struct Target {
    pub key: Key,
    pub item: Option<usize>,
    pub member: Option<&'static str>,
}

impl Target {
    pub fn pointer(&self, attribute: &Attribute) -> String {
        let item = self.item.map(|item| format!("/{item}")).unwrap_or_default();
        let member = self.member.map(|member| format!("/{member}")).unwrap_or_default();
        format!("/{}{item}{member}", attribute.name)
    }
}

/// The record that a reference refers to.
pub(super) fn target(attribute: &Attribute, record: &Record) -> Option<Key> {
    match (attribute.kind, record.value(attribute.name)) {
        (Kind::Reference(object), Value::Id(id)) => Some((kernel::text::snake(object), *id)),
        _ => None,
    }
}

/// The records that a field refers to, a list's items one after the other.
pub(super) fn targets(attribute: &Attribute, record: &Record) -> Vec<Target> {
    let Some(list) = attribute.list() else {
        let key = target(attribute, record);
        return key.map(|key| Target { key, item: None, member: None }).into_iter().collect();
    };
    let refers = |member: &&Attribute| matches!(member.kind, Kind::Reference(_) | Kind::AnyReference);
    let members: Vec<_> = attribute.members.iter().filter(refers).collect();
    if members.is_empty() {
        return Vec::new();
    }
    let items = record.value(attribute.name).as_document();
    let items = items.as_ref().and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let mut targets = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        for member in &members {
            let value = if list.plain { Some(item) } else { item.get(member.name) };
            if let Some(TypeId { prefix, uuid }) = value.and_then(Json::as_str).and_then(TypeId::parse) {
                let member = (!list.plain).then_some(member.name);
                targets.push(Target { key: (prefix.to_owned(), uuid), item: Some(place), member });
            }
        }
    }
    targets
}
