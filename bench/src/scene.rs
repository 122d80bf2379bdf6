//! What a workload needs to know: the database and what is in it, where the server is, and the place far down
//! a list where a page begins.

use std::{
    ops::Range,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::Value as Json;

use crate::{
    Outcome,
    data::World,
    failed,
    seed::{Seed, Workspace},
};

/// A page far down the list.
#[derive(Clone, Default, Debug)]
pub struct Deep {
    /// Which page it is.
    pub page: u64,
    /// The cursor before it over REST.
    pub rest: String,
    /// The cursor before it over GraphQL.
    pub graphql: String,
    /// When the last record before it was created.
    pub at: i64,
    /// The last record before it.
    pub id: u128,
}

/// What is known.
pub struct Scene {
    /// What the database is filled with.
    pub world: World,
    /// The workspace with the data, then those without, then the small ones.
    pub workspaces: Vec<Workspace>,
    /// The URL of the database.
    pub database: String,
    /// Where files may be written.
    pub directory: PathBuf,
    /// The page far down.
    pub deep: Deep,
    /// How often new records have been numbered.
    bases: AtomicU64,
}

impl Scene {
    /// The scene over a copy of a seed.
    pub fn new(seed: &Seed, database: String, directory: PathBuf) -> Self {
        Self {
            world: seed.world.clone(),
            workspaces: seed.workspaces.clone(),
            database,
            directory,
            deep: Deep::default(),
            bases: AtomicU64::new(0),
        }
    }

    /// The workspace with the data.
    pub fn main(&self) -> Outcome<&Workspace> {
        self.workspaces.first().ok_or_else(|| failed("there is no workspace"))
    }

    /// Some of the workspaces.
    pub fn among(&self, range: Range<usize>) -> &[Workspace] {
        self.workspaces.get(range).unwrap_or_default()
    }

    /// A number from which records can be numbered that are in no other's way.
    pub fn next_base(&self) -> u64 {
        110_000_000_000 + 100_000_000 * self.bases.fetch_add(1, Ordering::Relaxed)
    }

    /// Between which instants the lists of companies begin, in microseconds.
    pub fn tree_range(&self) -> (i64, i64) {
        (self.world.instant(20), self.world.instant(100))
    }
}

/// A member of a JSON value, by its pointer.
pub fn text<'j>(json: &'j Json, pointer: &str) -> Outcome<&'j str> {
    let found = json.pointer(pointer).and_then(Json::as_str);
    found.ok_or_else(|| failed(format!("the answer has no {pointer}: {json}")))
}

/// How many items a JSON list has.
pub fn count(json: &Json, pointer: &str) -> usize {
    json.pointer(pointer).and_then(Json::as_array).map_or(0, Vec::len)
}
