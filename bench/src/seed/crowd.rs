//! A thousand small workspaces, for requests that change the workspace each time. One is made by Kith and filled; the
//! others are copies of it under other ids: a key is proved by its secret alone, which they share.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

use super::{MORE_WORKSPACES, Workspace};
use crate::{
    Outcome,
    data::{Kind, World, id},
    failed,
};

/// The places of the small workspaces among all; the first of them is the one that is copied.
pub const CROWD: Range<usize> = MORE_WORKSPACES + 1..MORE_WORKSPACES + 1_001;
/// The tables of a small workspace that are filled.
const FILLED: [&str; 6] =
    ["users", "contacts", "contact_emails", "contact_phones", "contact_addresses", "external_refs"];
/// What the ids of copies begin at.
const FIRST: u64 = 1_000;
/// The prefix of every key.
const PREFIX: &str = "kith_";

/// Whether a table of a small workspace is filled.
pub fn fills(table: &str) -> bool {
    FILLED.contains(&table)
}

/// The data of the workspace that is copied.
pub fn world(original: &Workspace) -> World {
    World::new(original.id, 0.0)
}

/// The copies of a workspace.
pub fn copies(original: &Workspace) -> Outcome<Vec<Workspace>> {
    let parts = original.key.strip_prefix(PREFIX).and_then(|text| BASE64.decode(text).ok());
    let key = parts.filter(|parts| parts.len() > 16).ok_or_else(|| failed("that is no key"))?;
    let copy = |number: u64| {
        let id = id(Kind::Setup, number);
        let mut key = key.clone();
        key.splice(..16, id.to_be_bytes());
        Workspace { id, owner: original.owner, key: format!("{PREFIX}{}", BASE64.encode(key)) }
    };
    Ok((FIRST..).take(CROWD.len() - 1).map(copy).collect())
}

/// The statement that copies what a workspace has in a table; the ids of the copies are in `copies`.
pub fn statement(table: &str, columns: &[String], original: &str) -> String {
    // A workspace's own record has the workspace's id.
    let is_id = |name: &str| name == "workspace_id" || (table == "workspaces" && name == "id");
    let quoted = |name: &String| format!("\"{name}\"");
    let taken = |name: &String| if is_id(name) { "c.id".to_owned() } else { format!("t.{}", quoted(name)) };
    let names: Vec<_> = columns.iter().map(quoted).collect();
    let values: Vec<_> = columns.iter().map(taken).collect();
    format!(
        "INSERT INTO \"{table}\" ({}) SELECT {} FROM copies AS c CROSS JOIN \"{table}\" AS t \
         WHERE t.workspace_id = {original} ORDER BY c.id;",
        names.join(", "),
        values.join(", ")
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_copy_has_a_key_of_its_own() {
        let parts = [1_u128.to_be_bytes(), 2_u128.to_be_bytes(), [3; 16], [4; 16]].concat();
        let key = format!("{PREFIX}{}", BASE64.encode(&parts));
        let copies = copies(&Workspace { id: 1, owner: 5, key }).unwrap();
        assert_eq!(copies.len() + 1, CROWD.len());
        let copy = copies.first().unwrap();
        let bytes = BASE64.decode(copy.key.strip_prefix(PREFIX).unwrap()).unwrap();
        assert_eq!((bytes.get(..16), bytes.get(16..)), (Some(&copy.id.to_be_bytes()[..]), parts.get(16..)));
    }

    #[test]
    fn only_the_workspace_changes() {
        let columns = ["workspace_id", "id", "name"].map(str::to_owned);
        let tags = statement("tags", &columns, "$1");
        assert!(tags.contains("SELECT c.id, t.\"id\", t.\"name\" FROM"), "{tags}");
        assert!(statement("workspaces", &columns, "$1").contains("SELECT c.id, c.id, t.\"name\""));
    }
}
