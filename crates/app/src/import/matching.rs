//! Finds the existing records that rows match.

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

use super::{draft::Draft, lookup::with_values, target::Target};
use crate::unit_of_work::{UnitOfWork, Values};

/// The number of keys looked up by one statement.
const AT_ONCE: usize = 1_000;

/// An existing record that a row matches, with its values if the row may change it.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub id: Uuid,
    pub record: Option<Record>,
}

/// The existing records by their keys, in the form in which they are compared.
#[derive(Debug, Default)]
pub(super) struct Matches(HashMap<Vec<String>, Vec<Match>>);

impl Matches {
    /// The records with one of these keys.
    pub fn with(&self, keys: &[Vec<Value>]) -> Vec<&Match> {
        let mut found: Vec<_> = keys.iter().filter_map(|key| self.0.get(&key_texts(key))).flatten().collect();
        found.sort_unstable_by_key(|existing| existing.id);
        found.dedup_by_key(|existing| existing.id);
        found
    }
}

impl Target {
    /// The keys that show, before anything is looked up, that two rows are about the same record.
    pub(super) fn match_keys(&self, draft: &Draft) -> Vec<String> {
        let Some(attribute) = self.match_field() else { return Vec::new() };
        let json = draft.input.get(attribute.name).unwrap_or(&Json::Null);
        // A value that cannot be read is reported when the row is written.
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

    /// The keys by which a row matches a record.
    pub(super) fn keys(&self, values: &Values) -> Vec<Vec<Value>> {
        let Some(attribute) = self.match_field() else { return Vec::new() };
        let value = values.iter().find(|(field, _)| *field == attribute.index);
        match (attribute.list(), value) {
            (_, None | Some((_, Value::Null))) => Vec::new(),
            (Some(_), Some((_, value))) => attribute.item_keys(value),
            (None, Some((_, value))) => vec![vec![attribute.sort_key(value)]],
        }
    }

    /// The records with these keys that the permit reaches; those that may be changed are locked.
    pub(super) async fn find_matches(&self, work: &mut UnitOfWork, keys: &[Vec<Value>]) -> Result<Matches> {
        let Some(attribute) = self.match_field().filter(|_| !keys.is_empty()) else {
            return Ok(Matches::default());
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
                let rows = with_values(work, permit, attribute.index, &values).await?;
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
                with_values(work, permit, Object::ID, &ids).await?.into_iter().map(|(id, _)| (id, None)),
            );
        } else {
            for ids in ids.chunks(AT_ONCE) {
                let records = work.transaction.lock(permit, ids).await?;
                reached.extend(records.into_iter().map(|record| (record.id(), Some(record))));
            }
        }
        let mut matches = Matches::default();
        for (key, id) in found {
            if let Some(record) = reached.get(&id) {
                matches.0.entry(key).or_default().push(Match { id, record: record.clone() });
            }
        }
        Ok(matches)
    }
}
