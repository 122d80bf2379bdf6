//! Fields in their objects: what a definition comes to, how it is stored and compared.

use std::{ops::Deref, sync::Arc};

use serde_json::Value as Json;

use super::ItemChanges;
use crate::{
    field::{FieldDef, Kind, List, Writing},
    items,
    text::{json_key, snake},
    value::Value,
};

/// Texts that may have more characters than this are long.
const LONG: u32 = 4_000;

/// A field in its object: its definition and how it is stored.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The field.
    pub def: FieldDef,
    /// Its place in the object and in its records.
    pub index: usize,
    /// Its name as JSON text with the colon: `"name":`.
    pub key: Arc<str>,
    /// Its column.
    pub column: String,
    folded: Option<String>,
    currency: Option<String>,
    of_object: Option<String>,
    refers_to: Option<String>,
    item_changes: Option<ItemChanges>,
    /// The members of the list's items; empty for other kinds.
    pub members: Vec<Attribute>,
}

impl Attribute {
    pub(super) fn new(index: usize, def: &FieldDef) -> Self {
        let members = match def.kind {
            Kind::List(list) => list.members.iter().enumerate().map(|(i, def)| Self::new(i, def)).collect(),
            _ => Vec::new(),
        };
        let column = snake(def.name);
        let is_folded = matches!(def.kind, Kind::Text(_)) && (def.filter || def.sort || def.unique);
        let folded = is_folded.then(|| format!("{column}_folded"));
        let currency = matches!(def.kind, Kind::Money).then(|| format!("{column}_currency"));
        let of_object = matches!(def.kind, Kind::AnyReference).then(|| format!("{column}_object"));
        let refers_to = match def.kind {
            Kind::Reference(object) => Some(snake(object)),
            _ => None,
        };
        let item_changes = match def.kind {
            Kind::List(list) if def.writing == Writing::Free && (list.plain || !list.key.is_empty()) => {
                Some(ItemChanges::of(def.name))
            }
            _ => None,
        };
        let key = json_key(def.name);
        Self { def: *def, index, key, column, folded, currency, of_object, refers_to, item_changes, members }
    }

    /// The value by which it is compared and ordered: a text in its form.
    pub fn sort_key(&self, value: &Value) -> Value {
        match (self.kind, value) {
            (Kind::Text(_), Value::Text(text)) => Value::Text(self.comparison.form(text).into_owned()),
            (_, other) => other.clone(),
        }
    }

    /// The values that no two records may share: one of a unique field, or one for each item of a list.
    pub fn unique_keys(&self, value: &Value) -> Vec<Vec<Value>> {
        match self.list() {
            None if self.unique && !value.is_null() => vec![vec![self.sort_key(value)]],
            Some(list) if list.unique => self.item_keys(value),
            _ => Vec::new(),
        }
    }

    /// The keys of a list's items.
    pub fn item_keys(&self, value: &Value) -> Vec<Vec<Value>> {
        let part = |part: Option<String>| part.map_or(Value::Null, Value::Text);
        let key = |item: &Json| items::key(self, item).into_iter().map(part).collect();
        items::of(value).iter().map(key).collect()
    }

    /// The members of a change that change single items, where it is a list whose items can be told apart.
    pub fn item_changes(&self) -> Option<&ItemChanges> {
        self.item_changes.as_ref()
    }

    /// The members by which the items of the list are told apart.
    pub fn key_members(&self) -> impl Iterator<Item = &Attribute> {
        let list = self.list();
        let is_key = move |name: &str| list.is_some_and(|list| list.plain || list.key.contains(&name));
        self.members.iter().filter(move |member| is_key(member.name))
    }

    /// Whether it is a text that is kept once more in the form by which it is compared and ordered.
    pub fn is_folded(&self) -> bool {
        self.folded.is_some()
    }

    /// The column that holds that form.
    pub fn folded(&self) -> Option<&str> {
        self.folded.as_deref()
    }

    /// The column by which it is compared and ordered.
    pub fn compared(&self) -> &str {
        self.folded().unwrap_or(&self.column)
    }

    /// The column that holds the currency of an amount.
    pub fn currency(&self) -> Option<&str> {
        self.currency.as_deref()
    }

    /// The column that holds the prefix of the ids of the object that a reference to any object refers to.
    pub fn of_object(&self) -> Option<&str> {
        self.of_object.as_deref()
    }

    /// Whether it is a long text that lists are not asked about: they show it where it is asked for by name.
    pub fn is_long(&self) -> bool {
        matches!(self.kind, Kind::Text(max) if max > LONG) && !self.filter && !self.sort
    }

    /// The columns it is stored in.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let main = std::iter::once(self.column.as_str());
        main.chain(self.folded()).chain(self.currency()).chain(self.of_object())
    }

    /// The prefix of the ids of the object it refers to.
    pub fn refers_to(&self) -> Option<&str> {
        self.refers_to.as_deref()
    }

    /// The field as if it referred to a record of that object: an own id compared as what it is.
    pub fn referring_to(&self, object: &'static str) -> Self {
        let mut referring = self.clone();
        referring.def.kind = Kind::Reference(object);
        referring.refers_to = Some(snake(object));
        referring
    }

    /// The list, if it is one.
    pub fn list(&self) -> Option<&'static List> {
        match self.kind {
            Kind::List(list) => Some(list),
            _ => None,
        }
    }

    /// The object that a reference refers to.
    pub fn target(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Reference(object) => Some(object),
            _ => None,
        }
    }

    /// The link that follows the reference: `companyId` → `company`, `tagIds` → `tags`.
    pub fn link_name(&self) -> Option<String> {
        match self.kind {
            Kind::Reference(_) => self.name.strip_suffix("Id").map(str::to_owned),
            Kind::List(list) if list.plain && self.members.first()?.target().is_some() => {
                self.name.strip_suffix("Ids").map(|stem| format!("{stem}s"))
            }
            _ => None,
        }
    }
}

impl Deref for Attribute {
    type Target = FieldDef;
    fn deref(&self) -> &FieldDef {
        &self.def
    }
}

/// The values of a key as texts, as the database gives them back.
pub fn key_texts(key: &[Value]) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    key.iter().map(text).collect()
}
