//! The records that a dry run would have created so far: later rows may be about them or refer to them.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use kernel::{Value, system, text::fold};
use serde_json::Value as Json;

use super::{
    draft::{Draft, LookupKey},
    shape::ReferenceBy,
    target::Target,
};

/// The most keys that are remembered; rows about records beyond them count as new.
const MAX_REMEMBERED: usize = 2_000_000;

/// The keys of records that would be there by now, as hashes, for there may be very many.
#[derive(Debug, Default)]
pub(super) struct DryRun {
    keys: HashSet<u64>,
}

impl DryRun {
    /// Remembers the record that a row would have created.
    pub fn remember(&mut self, target: &Target, draft: &Draft) {
        let mut keys: Vec<_> =
            target.match_keys(draft).into_iter().map(|key| hashed("match", &key)).collect();
        for reference in target.mapping.references() {
            if !target.is_own(&reference.object) {
                continue;
            }
            match &reference.by {
                ReferenceBy::Field(name) => {
                    let value = draft
                        .input
                        .get(name)
                        .map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
                    keys.extend(
                        value.map(|value| referred(target, &LookupKey::Field { name: name.clone(), value })),
                    );
                }
                ReferenceBy::System(system) => {
                    let refs = draft.input.get(system::EXTERNAL_REFS.def.name).and_then(Json::as_array);
                    let text = |item: &Json, name: &str| {
                        item.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
                    };
                    let refs = refs.into_iter().flatten().filter(|item| text(item, "system") == *system);
                    keys.extend(refs.map(|item| {
                        referred(
                            target,
                            &LookupKey::External { system: system.clone(), id: text(item, "id") },
                        )
                    }));
                }
            }
        }
        if self.keys.len() < MAX_REMEMBERED {
            self.keys.extend(keys);
        }
    }

    /// Whether a record with one of these match keys would be there.
    pub fn has_matching(&self, match_keys: &[String]) -> bool {
        match_keys.iter().any(|key| self.keys.contains(&hashed("match", key)))
    }

    /// Whether a record to refer to would be there.
    pub fn has_referenced(&self, target: &Target, key: &LookupKey) -> bool {
        self.keys.contains(&referred(target, key))
    }
}

fn referred(target: &Target, key: &LookupKey) -> u64 {
    match key {
        LookupKey::Field { name, value } => {
            let value = Value::Text(value.clone());
            match target.object().attribute(name).map(|attribute| attribute.sort_key(&value)) {
                Some(Value::Text(value)) => hashed(name, &value),
                _ => hashed(name, ""),
            }
        }
        LookupKey::External { system, id } => hashed(&format!("in {}", fold(system)), id),
    }
}

fn hashed(space: &str, key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (space, key).hash(&mut hasher);
    hasher.finish()
}
