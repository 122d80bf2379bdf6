//! Dependency arrows: each crate uses only what the table in `ARCHITECTURE.md` lets it use.

use std::{collections::BTreeMap, fs};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// What the table says of one crate: all, or some of the others.
#[derive(Debug, PartialEq)]
enum Allowed {
    All,
    Only(Vec<String>),
}

#[test]
fn arrows_point_down_only() {
    let metadata = MetadataCommand::new().no_deps().other_options(["--offline".to_owned()]).exec().unwrap();
    let arrows = arrows(&metadata);
    let table = fs::read_to_string(metadata.workspace_root.join("ARCHITECTURE.md")).unwrap();
    let crates: Vec<&str> = arrows.keys().map(String::as_str).collect();
    let allowed = allowed(&table, &crates);
    assert_eq!(
        allowed.keys().collect::<Vec<_>>(),
        arrows.keys().collect::<Vec<_>>(),
        "the table names every crate"
    );
    for (from, used) in &arrows {
        for to in used {
            let is_allowed = match &allowed[from] {
                Allowed::All => true,
                Allowed::Only(names) => names.contains(to),
            };
            assert!(is_allowed, "{from} uses {to}, which ARCHITECTURE.md does not allow");
        }
    }
}

#[test]
fn the_table_is_read_as_it_is_meant() {
    let table = "| crate | in one sentence | may use |\n|---|---|---|\n| `crates/kernel` | Words, for `app` too. | – |\n\
                 | `crates/app` | The door. | kernel |\n| `crates/server` | The binary. | all |\n| `x` | `y` | z |\n";
    let allowed = allowed(table, &["app", "kernel", "server"]);
    assert_eq!(allowed["kernel"], Allowed::Only(Vec::new()));
    assert_eq!(allowed["app"], Allowed::Only(vec!["kernel".to_owned()]));
    assert_eq!(allowed["server"], Allowed::All);
    assert_eq!(allowed.len(), 3);
}

/// The crates by their folders' names, each with those of the workspace that it uses when it is built.
fn arrows(metadata: &Metadata) -> BTreeMap<String, Vec<String>> {
    let folder = |path: &cargo_metadata::camino::Utf8Path| path.file_name().unwrap_or_default().to_owned();
    let mut arrows = BTreeMap::new();
    for package in &metadata.packages {
        let normal =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        let used = normal.filter_map(|dependency| dependency.path.as_deref()).map(folder).collect();
        arrows.insert(folder(package.manifest_path.parent().unwrap()), used);
    }
    arrows
}

/// The rows of the table: the crate in the first column, and the crates that the last column names.
fn allowed(table: &str, crates: &[&str]) -> BTreeMap<String, Allowed> {
    let mut allowed = BTreeMap::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", name, _, may_use, ""] = cells.as_slice() else { continue };
        let name = name.trim_matches('`').trim_start_matches("crates/").trim_end_matches('/');
        if !crates.contains(&name) {
            continue;
        }
        let words = may_use.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let named: Vec<_> = words.clone().filter(|word| crates.contains(word)).map(str::to_owned).collect();
        let all = words.into_iter().any(|word| word == "all");
        allowed.insert(name.to_owned(), if all { Allowed::All } else { Allowed::Only(named) });
    }
    allowed
}
