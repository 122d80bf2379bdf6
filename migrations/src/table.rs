//! The conventions of every table, once: keys that begin with the workspace, connections, indexes, and on
//! PostgreSQL the wall between workspaces.

use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{Column, id, instant, integer, json, reference, word};

/// The PostgreSQL role as which the server runs: it may read and write rows, and owns nothing.
pub const APP_ROLE: &str = "kith_app";

/// The condition of the policies: the row is of the session's workspace. Statements name the workspace too, so that
/// PostgreSQL compares the two once and not with every row. There is no subquery, which Citus would refuse.
pub const HERE: &str = "workspace_id = nullif(current_setting('kith.workspace', true), '')::uuid";

const WORKSPACE: Column = id("workspace_id").required();
const ID: Column = id("id").required();
const RECORD: Column = id("record_id").required();
const POSITION: Column = integer("position").required();
const EXTRAS: [Column; 2] = [json("external_refs"), json("tag_ids")];
// Who changed a record is not connected: users are kept for ever, and every write would pay for the look.
const CHANGES: [Column; 6] = [
    integer("version").required(),
    instant("created_at").required(),
    instant("updated_at").required(),
    id("created_by_id"),
    id("updated_by_id"),
    instant("deleted_at"),
];

/// A table to be made.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    key: Vec<&'static str>,
    columns: Vec<Column>,
    indexes: Vec<Index>,
    check: Option<&'static str>,
    small: bool,
    open: bool,
}

#[derive(Debug)]
struct Index {
    columns: Vec<String>,
    unique: bool,
}

/// The records of an object that is a customer's or a team's matter.
pub fn subject(name: &'static str, columns: impl IntoIterator<Item = Column>) -> Table {
    object(name, columns.into_iter().chain(EXTRAS))
}

/// The records of an object of the platform or of the set-up.
pub fn object(name: &'static str, columns: impl IntoIterator<Item = Column>) -> Table {
    log(name, columns.into_iter().chain(CHANGES))
}

/// Records that are written once.
pub fn log(name: &'static str, columns: impl IntoIterator<Item = Column>) -> Table {
    let table = keyed(name, ["id"], [ID].into_iter().chain(columns));
    let references: Vec<_> = table.references().map(|column| column.name).collect();
    references.into_iter().fold(table, |table, reference| table.index([reference, "id"]))
}

/// The items of a list that the records of one table have.
pub fn items(name: &'static str, owner: &'static str, members: impl IntoIterator<Item = Column>) -> Table {
    let place = [reference("record_id", owner).required(), POSITION];
    keyed(name, ["record_id", "position"], place.into_iter().chain(members)).small()
}

/// The items of a list that the records of several tables have.
pub fn shared_items(name: &'static str, members: impl IntoIterator<Item = Column>) -> Table {
    let place = [word("object").required(), RECORD, POSITION];
    keyed(name, ["object", "record_id", "position"], place.into_iter().chain(members)).small()
}

/// Rows with a key of their own.
pub fn keyed<const N: usize>(
    name: &'static str,
    key: [&'static str; N],
    columns: impl IntoIterator<Item = Column>,
) -> Table {
    let columns = [WORKSPACE].into_iter().chain(columns).collect();
    Table { name, key: key.to_vec(), columns, indexes: Vec::new(), check: None, small: false, open: false }
}

/// Connects two tables of which the second was made by a later step.
pub fn connect(table: &str, column: &str, target: &str, backend: DbBackend) -> Option<String> {
    // SQLite can only connect a table when it makes it, and does so before the other is there.
    let connection = foreign_key(column, target);
    (backend == DbBackend::Postgres).then(|| format!("ALTER TABLE \"{table}\" ADD {connection}"))
}

impl Table {
    /// Adds an index over these columns of a workspace.
    pub fn index<const N: usize>(self, columns: [&'static str; N]) -> Self {
        self.indexed(columns, false)
    }

    /// No two live rows of a workspace have the same values here.
    pub fn unique<const N: usize>(self, columns: [&'static str; N]) -> Self {
        self.indexed(columns, true)
    }

    /// Long lists begin with the newest.
    pub fn newest_first(self) -> Self {
        self.index(["created_at", "id"])
    }

    /// Its rows are kept in the order of another key than the id, which stays unique.
    pub fn ordered_by(self, key: &'static str) -> Self {
        Self { key: vec![key], ..self }.unique(["id"])
    }

    /// This holds for every row.
    pub fn check(self, condition: &'static str) -> Self {
        Self { check: Some(condition), ..self }
    }

    /// Its rows are short and reached by their key: SQLite keeps them in the key's own tree.
    pub fn small(self) -> Self {
        Self { small: true, ..self }
    }

    /// The server works on its rows for every workspace at once; so they hold ids and numbers, nothing told.
    pub fn open(self) -> Self {
        Self { open: true, ..self }
    }

    /// The statements that make it.
    pub fn statements(&self, backend: DbBackend) -> Vec<String> {
        let mut statements = vec![self.create(backend)];
        statements.extend(self.indexes.iter().map(|index| self.create_index(index)));
        if backend == DbBackend::Postgres {
            statements.extend(self.wall());
        }
        statements
    }

    fn indexed<const N: usize>(mut self, columns: [&'static str; N], unique: bool) -> Self {
        self.indexes.push(Index { columns: columns.map(str::to_owned).to_vec(), unique });
        self
    }

    fn references(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.target.is_some())
    }

    fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    fn create(&self, backend: DbBackend) -> String {
        let mut parts: Vec<_> = self.columns.iter().flat_map(|column| column.definitions(backend)).collect();
        parts.push(format!("PRIMARY KEY ({})", in_workspace(&self.key)));
        parts.extend(
            self.references()
                .filter(|column| !column.later || backend == DbBackend::Sqlite)
                .filter_map(|column| Some(foreign_key(column.name, column.target?))),
        );
        parts.extend(self.check.map(|condition| format!("CHECK ({condition})")));
        let own_tree = self.small && backend == DbBackend::Sqlite;
        let storage = if own_tree { " WITHOUT ROWID" } else { "" };
        format!("CREATE TABLE \"{}\" ({}){storage}", self.name, parts.join(", "))
    }

    fn create_index(&self, index: &Index) -> String {
        let Index { columns, unique } = index;
        let kind = if *unique { "UNIQUE INDEX" } else { "INDEX" };
        let live = *unique && self.has("deleted_at");
        let rows = if live { " WHERE deleted_at IS NULL" } else { "" };
        let suffix = if *unique { "key" } else { "idx" };
        let (table, name) = (self.name, columns.join("_"));
        let columns = in_workspace(columns);
        format!("CREATE {kind} \"{table}_{name}_{suffix}\" ON \"{table}\" ({columns}){rows}")
    }

    /// Nobody but the owner reaches another workspace's rows, whatever a statement forgets.
    fn wall(&self) -> [String; 3] {
        let table = self.name;
        let here = if self.open { "true" } else { HERE };
        [
            format!("ALTER TABLE \"{table}\" ENABLE ROW LEVEL SECURITY"),
            format!("CREATE POLICY workspace ON \"{table}\" FOR ALL USING ({here}) WITH CHECK ({here})"),
            format!("GRANT SELECT, INSERT, UPDATE, DELETE ON \"{table}\" TO {APP_ROLE}"),
        ]
    }
}

fn in_workspace(columns: &[impl AsRef<str>]) -> String {
    let quoted = columns.iter().map(|column| format!(", \"{}\"", column.as_ref()));
    format!("\"workspace_id\"{}", quoted.collect::<String>())
}

fn foreign_key(column: &str, target: &str) -> String {
    format!("FOREIGN KEY (\"workspace_id\", \"{column}\") REFERENCES \"{target}\" (\"workspace_id\", \"id\")")
}
