//! Operations that were validated and answered by plans before: who sends the same text again is spared the
//! guard, the parser and the validation.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use quick_cache::{Equivalent, Weighter, sync::Cache};

use super::operation::ParsedOperation;

/// How many operations are kept at most.
const MAX_OPERATIONS: u64 = 1_024;
/// How many bytes they take up at most, as far as their texts tell. It is shared out among the parts of the
/// store, and what does not fit into its part is not kept.
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// What a word of a text comes to at most when it is parsed: most of all a selection with one of its own.
const BYTES_OF_A_WORD: u64 = 640;

/// The prepared operations of a schema. Any number of new ones leaves those in place that are asked for again.
pub struct Prepared {
    kept: Cache<Key, Known, Weight>,
    answered: AtomicU64,
}

impl Default for Prepared {
    fn default() -> Self {
        let operations = usize::try_from(MAX_OPERATIONS).unwrap_or(usize::MAX);
        Self { kept: Cache::with_weighter(operations, MAX_BYTES, Weight), answered: AtomicU64::default() }
    }
}

impl Prepared {
    /// The operation of a text, if it is prepared.
    pub fn find(&self, text: &str, name: Option<&str>) -> Option<Arc<ParsedOperation>> {
        self.kept.get(&Asked { text, name }).map(|known| known.operation)
    }

    /// Keeps an operation that was valid, and was answered by plans alone.
    pub fn keep(&self, text: String, operation: &Arc<ParsedOperation>) {
        let weight = weight(&text);
        let known = Known { operation: Arc::clone(operation), weight };
        self.kept.insert(Key { text, name: operation.name.clone() }, known);
    }

    /// Counts an answer that a prepared operation gave.
    pub fn count(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

/// A prepared operation.
#[derive(Clone)]
struct Known {
    operation: Arc<ParsedOperation>,
    weight: u64,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    text: String,
    name: Option<String>,
}

/// A key that is not owned; it hashes like one that is.
#[derive(Hash)]
struct Asked<'a> {
    text: &'a str,
    name: Option<&'a str>,
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.text == key.text && self.name == key.name.as_deref()
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Known> for Weight {
    fn weight(&self, _: &Key, known: &Known) -> u64 {
        known.weight
    }
}

/// The bytes of an operation, but never less than its share, so that their sum bounds the number as well.
fn weight(text: &str) -> u64 {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let words = u64::try_from(words.count()).unwrap_or(u64::MAX);
    words.saturating_mul(BYTES_OF_A_WORD).max(MAX_BYTES / MAX_OPERATIONS)
}

#[cfg(test)]
mod tests;
