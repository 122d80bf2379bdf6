//! Finds the records that rows are about.

use std::collections::HashMap;

use kernel::{
    Record, Result, Value,
    input::{self, Purpose},
    items,
    object::{Object, key_texts},
    text::fold,
};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{draft::Draft, lookup::matching, target::Target};
use crate::unit_of_work::{UnitOfWork, Values};

/// So many keys are looked for by one statement.
const AT_ONCE: usize = 1_000;

/// A record that a row is about, with its values where the row may change it.
#[derive(Clone, Debug)]
pub(super) struct Existing {
    pub id: Uuid,
    pub record: Option<Record>,
}

/// The records that are there already, by their keys in the form in which they are compared.
#[derive(Debug, Default)]
pub(super) struct Recognised(HashMap<Vec<String>, Vec<Existing>>);

impl Recognised {
    /// The records with one of these keys.
    pub fn with(&self, keys: &[Vec<Value>]) -> Vec<&Existing> {
        let mut found: Vec<_> = keys.iter().filter_map(|key| self.0.get(&key_texts(key))).flatten().collect();
        found.sort_unstable_by_key(|existing| existing.id);
        found.dedup_by_key(|existing| existing.id);
        found
    }
}

impl Target {
    /// What tells, before anything is looked up, that two rows are about the same record.
    pub(super) fn match_keys(&self, draft: &Draft) -> Vec<String> {
        let Some(attribute) = self.match_field() else { return Vec::new() };
        let json = draft.input.get(attribute.name).unwrap_or(&Json::Null);
        // What cannot be read is told when the row is written.
        match (json, attribute.list()) {
            (Json::Null, _) => {
                let at = format!("/{}", attribute.name);
                let lookups = draft.lookups.iter().filter(|lookup| lookup.pointer == at);
                lookups.map(|lookup| fold(&lookup.key.to_string()).into_owned()).collect()
            }
            (json, Some(_)) => {
                let added = input::additions(attribute, Purpose::Import, json, "").unwrap_or_default().add;
                added.iter().map(|added| format!("{:?}", items::key(attribute, &added.item))).collect()
            }
            (json, None) => {
                let value = input::value(attribute, json).ok();
                value.map(|value| format!("{:?}", attribute.sort_key(&value))).into_iter().collect()
            }
        }
    }

    /// The keys by which the record of a row is recognised.
    pub(super) fn keys(&self, values: &Values) -> Vec<Vec<Value>> {
        let Some(attribute) = self.match_field() else { return Vec::new() };
        let value = values.iter().find(|(field, _)| *field == attribute.index);
        match (attribute.list(), value) {
            (_, None | Some((_, Value::Null))) => Vec::new(),
            (Some(_), Some((_, value))) => attribute.item_keys(value),
            (None, Some((_, value))) => vec![vec![attribute.sort_key(value)]],
        }
    }

    /// The records that have these keys and that the permit reaches; those that may be changed are kept from other
    /// writers.
    pub(super) async fn recognised(&self, work: &mut UnitOfWork, keys: &[Vec<Value>]) -> Result<Recognised> {
        let Some(attribute) = self.match_field().filter(|_| !keys.is_empty()) else {
            return Ok(Recognised::default());
        };
        let permit = &self.existing;
        let mut found: Vec<(Vec<String>, Uuid)> = Vec::new();
        match attribute.list() {
            Some(_) => {
                for keys in keys.chunks(AT_ONCE) {
                    found.extend(work.transaction.taken(permit, attribute, keys).await?);
                }
            }
            None => {
                let values: Vec<_> = keys.iter().flatten().cloned().collect();
                let rows = matching(work, permit, attribute.index, &values).await?;
                found.extend(
                    rows.into_iter().map(|(id, value)| (key_texts(&[attribute.sort_key(&value)]), id)),
                );
            }
        }
        let mut ids: Vec<_> = found.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut reached: HashMap<Uuid, Option<Record>> = HashMap::new();
        if self.keeps() {
            let ids: Vec<_> = ids.into_iter().map(Value::Id).collect();
            reached.extend(
                matching(work, permit, Object::ID, &ids).await?.into_iter().map(|(id, _)| (id, None)),
            );
        } else {
            for ids in ids.chunks(AT_ONCE) {
                let records = work.transaction.lock(permit, ids).await?;
                reached.extend(records.into_iter().map(|record| (record.id(), Some(record))));
            }
        }
        let mut recognised = Recognised::default();
        for (key, id) in found {
            if let Some(record) = reached.get(&id) {
                recognised.0.entry(key).or_default().push(Existing { id, record: record.clone() });
            }
        }
        Ok(recognised)
    }
}
