//! The access matrix: what each role may do with which records and fields of each object. It is compiled from the
//! roles, written down in `golden/access.txt` and compared, so that a change of access is read before it is made; the
//! other tests hold the server to the file.

use std::{collections::HashMap, fmt::Write, fs, sync::LazyLock};

use kernel::{
    access::ObjectAccess,
    field::Writing,
    object::{Action, Attribute, Object},
};

use super::Rows;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/access.txt");
const HEAD: &str = "\
# What each role may do: with which records (all, own, matching a predicate, none), by which operations, with which
# fields.
# Compiled from the roles and compared by a test. KITH_WRITE_GOLDEN=1 tests/run access_matrix writes it anew.
";

/// The records and operations of each role and object.
type Matrix = HashMap<(String, String), (Rows, Vec<String>)>;

/// The matrix as the file has it.
static MATRIX: LazyLock<Matrix> = LazyLock::new(|| {
    let text = fs::read_to_string(FILE).unwrap();
    let mut matrix = HashMap::new();
    let mut object = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(line) = line.strip_prefix("  ") else {
            object = line.to_owned();
            continue;
        };
        let words: Vec<_> = line.split(" | ").next().unwrap().split_whitespace().map(str::to_owned).collect();
        let rows = match words[1].as_str() {
            "all" => Rows::All,
            "own" => Rows::Own,
            "none" => Rows::None,
            // The lines of its fields.
            _ => continue,
        };
        matrix.insert((words[0].clone(), object.clone()), (rows, words[2..].to_vec()));
    }
    matrix
});

/// With which records a role may do something, by the file.
pub fn may(role: &str, object: &Object, operation: &str) -> Rows {
    let (rows, operations) = &MATRIX[&(role.to_owned(), object.name.to_owned())];
    if operations.iter().any(|name| name == operation) { *rows } else { Rows::None }
}

#[test]
fn the_access_matrix_is_as_written_down() {
    let matrix = matrix();
    if std::env::var("KITH_WRITE_GOLDEN").is_ok() {
        return fs::write(FILE, matrix).unwrap();
    }
    let written = fs::read_to_string(FILE).unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (written, compiled) = (lines(&written), lines(&matrix));
    let differing: Vec<_> = written
        .iter()
        .filter(|line| !compiled.contains(line))
        .map(|line| format!("- {line}"))
        .chain(compiled.iter().filter(|line| !written.contains(line)).map(|line| format!("+ {line}")))
        .collect();
    assert_eq!(written, compiled, "access has changed:\n{}", differing.join("\n"));
}

fn matrix() -> String {
    let registry = app::registry();
    let policy = app::policy(&registry);
    let mut text = HEAD.to_owned();
    for (place, object) in registry.objects().iter().enumerate() {
        writeln!(text, "\n{}", object.name).unwrap();
        let fields = &object.attributes;
        writeln!(text, "  reads  {}", names(fields, |_| true)).unwrap();
        writeln!(text, "  writes {}", names(fields, |field| is_input(object, field))).unwrap();
        for access in policy.roles() {
            let role = access.role().name;
            writeln!(text, "  {role:9} {}", line(object, &access.objects()[place])).unwrap();
        }
    }
    text
}

/// Whether a standard operation takes the field.
fn is_input(object: &Object, field: &Attribute) -> bool {
    match field.writing {
        Writing::Free => object.allows(Action::Create) || object.allows(Action::Update),
        Writing::Once | Writing::ByCommand => object.allows(Action::Create),
        Writing::Computed => false,
    }
}

fn names(fields: &[Attribute], which: impl Fn(&Attribute) -> bool) -> String {
    let names: Vec<_> = fields.iter().filter(|field| which(field)).map(|field| field.name).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
}

/// What a role may do with the records of an object.
pub fn line(object: &Object, access: &ObjectAccess) -> String {
    let allowed = Action::ALL.iter().filter(|action| object.allows(**action) && access.allows(**action));
    let mut operations: Vec<_> = allowed.map(|action| action.as_str().to_ascii_lowercase()).collect();
    operations.extend(access.commands().iter().map(|command| command.name.to_owned()));
    if operations.is_empty() {
        return "none".to_owned();
    }
    let rows = access.rows().as_str().to_ascii_lowercase();
    let mut line = format!("{rows:4} {}", operations.join(" "));
    let hidden = names(&object.attributes, |field| !access.may_read(field));
    let locked = names(&object.attributes, |field| {
        access.may_read(field) && is_input(object, field) && !access.may_write(field)
    });
    if let kernel::role::Rows::Matching(predicate) = access.rows() {
        write!(line, " | only records with {predicate}").unwrap();
    }
    for (what, fields) in [("neither reads nor writes", hidden), ("does not write", locked)] {
        if fields != "nothing" {
            write!(line, " | {what} {fields}").unwrap();
        }
    }
    line
}

/// The operation of a role that an action stands for.
pub fn operation(action: Action) -> &'static str {
    match action {
        Action::Read => "read",
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    }
}

#[test]
fn the_access_matrix_tells_the_kinds_of_records() {
    let registry = app::registry();
    let deal = registry.object("deal").unwrap();
    assert_eq!(may("AGENT", deal, "moveDeal"), Rows::Own);
    assert_eq!(may("READ_ONLY", deal, "moveDeal"), Rows::None);
    assert_eq!(may("OWNER", deal, "update"), Rows::All);
}
