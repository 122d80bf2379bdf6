//! Tables: what the registry stores is stored as it expects, and no key lets one workspace reach into another.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{
    field::Kind,
    object::{Attribute, Object},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement};

use crate::support::{Backend, Stage, on_both};

/// The one table that belongs to no workspace: it remembers the steps of the schema.
const HISTORY: &str = "seaql_migrations";
/// The rows that the server works on for all workspaces at once, which tell nothing but ids and numbers.
const OPEN: &[&str] = &["access_epochs", "file_uploads", "job_queue", "job_turns"];

on_both! {
    async fn everything_has_its_place(stage) {
        let store = Store::of(stage).await;
        for object in stage.server.kith.registry().objects() {
            let columns = store.columns(&object.table).await;
            let mut expected =
                Expected { at: object.table.clone(), columns: &columns, backend: stage.database.backend };
            expected.has("workspace_id", Kind::Id, true);
            for attribute in &object.attributes {
                expected.stores(attribute);
            }
            for attribute in object.attributes.iter().filter(|attribute| attribute.filter) {
                let Some(list) = attribute.list() else { continue };
                let columns = store.columns(list.table).await;
                let mut expected =
                    Expected { at: list.table.to_owned(), columns: &columns, ..expected.clone() };
                for name in ["workspace_id", "record_id"] {
                    expected.has(name, Kind::Id, true);
                }
                expected.has("position", Kind::Integer(0, 0), true);
                if list.shared {
                    expected.has("object", Kind::Text(0), true);
                }
                attribute.members.iter().for_each(|member| expected.stores(member));
            }
        }
    }
}

on_both! {
    async fn every_key_begins_with_the_workspace(stage) {
        let store = Store::of(stage).await;
        let tables = store.tables().await;
        let stored: BTreeSet<_> = stage
            .server
            .kith
            .registry()
            .objects()
            .iter()
            .map(|object: &std::sync::Arc<Object>| object.table.clone())
            .collect();
        assert!(stored.is_subset(&tables.iter().cloned().collect()));
        for table in tables {
            let key = store.primary_key(&table).await;
            assert_eq!(key.first().map(String::as_str), Some("workspace_id"), "{table}: {key:?}");
            for (from, to) in store.foreign_keys(&table).await {
                let place = from.iter().position(|column| column == "workspace_id");
                assert!(
                    place.is_some() && place == to.iter().position(|column| column == "workspace_id"),
                    "{table}: {from:?} → {to:?}"
                );
            }
        }
    }
}

on_both! {
    async fn lists_have_their_indexes(stage) {
        let store = Store::of(stage).await;
        for object in stage.server.kith.registry().objects() {
            let indexes = store.indexes(&object.table).await;
            for fields in &object.indexed {
                let fields = fields.iter().filter_map(|field| object.at(*field)).map(Attribute::compared);
                let columns = ["workspace_id"].into_iter().chain(fields).chain(["created_at", "id"]);
                let columns = columns.collect::<Vec<_>>().join(",");
                assert!(indexes.contains(&columns), "{} has no index ({columns}): {indexes:?}", object.table);
            }
        }
    }
}

on_both! {
    async fn what_is_unique_is_known_and_held(stage) {
        let store = Store::of(stage).await;
        for object in stage.server.kith.registry().objects() {
            let column = |field: &usize| object.at(*field).unwrap().compared().to_owned();
            let sorted = |columns: Vec<String>| {
                let mut columns = columns;
                columns.sort_unstable();
                columns.join(",")
            };
            let own = object.attributes.iter().filter(|attribute| attribute.unique);
            let own = own.map(|attribute| vec![attribute.compared().to_owned()]);
            let together = object.together.iter().map(|rule| rule.fields.iter().map(column).collect());
            let one = object.only_one.iter().map(|rule| rule.within.iter().map(column).collect());
            let known: BTreeSet<_> = own.chain(together).chain(one).map(sorted).collect();
            // The id is one in every table, by its key or beside it.
            let held = store.unique_indexes(&object.table).await.into_iter().map(sorted);
            let held: BTreeSet<_> = held.filter(|columns| columns != "id").collect();
            assert_eq!(held, known, "{}", object.table);
        }
    }
}

on_both! {
    async fn references_are_connected(stage) {
        // Events are not: every write adds one. Nor is who changed a record: users are kept for ever.
        let free = |object: &Object, attribute: &Attribute| {
            object.name == "event" || matches!(attribute.name, "createdById" | "updatedById")
        };
        let store = Store::of(stage).await;
        let registry = stage.server.kith.registry();
        for object in registry.objects() {
            let keys: BTreeSet<_> =
                store.foreign_keys(&object.table).await.into_iter().flat_map(|(from, _)| from).collect();
            let connected = |attribute: &&Attribute| attribute.target().is_some() && !free(object, attribute);
            for attribute in object.attributes.iter().filter(connected) {
                assert!(keys.contains(&attribute.column), "{}.{}", object.table, attribute.column);
            }
        }
    }
}

#[tokio::test]
async fn every_table_has_its_wall() {
    let stage = Stage::new(Backend::Postgres).await;
    let store = Store::of(&stage).await;
    for table in store.tables().await {
        let wall = "SELECT relrowsecurity, (SELECT string_agg(qual || ' / ' || with_check, '; ') FROM pg_policies \
                    WHERE tablename = relname), (SELECT count(*) FROM pg_policies WHERE tablename = relname), \
                    pg_get_userbyid(relowner) FROM pg_class WHERE relname = $1 AND relkind = 'r'";
        let row = store.one(wall, &table).await;
        assert!(row.try_get_by_index::<bool>(0).unwrap(), "{table} has no row-level security");
        let (policy, count): (String, i64) =
            (row.try_get_by_index(1).unwrap(), row.try_get_by_index(2).unwrap());
        let is_open = OPEN.contains(&table.as_str());
        let here = "kith.workspace";
        assert!(
            count == 1 && policy.matches(here).count() == if is_open { 0 } else { 2 },
            "{table}: {count} {policy}"
        );
        assert_ne!(
            row.try_get_by_index::<String>(3).unwrap(),
            "kith_app",
            "{table} belongs to the server's role"
        );
    }
    drop(store);
    stage.end().await;
}

/// What keeps a table of PostgreSQL from being distributed by workspace, in words.
const UNDISTRIBUTABLE: &str = "
    SELECT relname || '.workspace_id may be null' FROM tables WHERE NOT EXISTS (SELECT FROM pg_attribute
        WHERE attrelid = tables.oid AND attname = 'workspace_id' AND attnotnull)
    UNION ALL
    SELECT indexrelid::regclass || ' is unique beyond the workspace' FROM pg_index JOIN tables ON oid = indrelid
        WHERE indisunique AND NOT EXISTS (SELECT FROM pg_attribute
            WHERE attrelid = indexrelid AND attname = 'workspace_id' AND attnum <= indnkeyatts)
    UNION ALL
    SELECT relname || ' has the foreign key ' || conname || ' beyond the workspace'
        FROM pg_constraint JOIN tables ON tables.oid = conrelid
        WHERE contype = 'f' AND NOT EXISTS (SELECT FROM unnest(conkey, confkey) AS pair(own, other)
            JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = own AND a.attname = 'workspace_id'
            JOIN pg_attribute AS b ON b.attrelid = confrelid AND b.attnum = other AND b.attname = 'workspace_id')
    UNION ALL
    SELECT relname || ' has the trigger ' || tgname FROM pg_trigger JOIN tables ON tables.oid = tgrelid
        WHERE NOT tgisinternal
    UNION ALL
    SELECT relname || '.' || attname || ' has a default that is no constant'
        FROM pg_attrdef JOIN tables ON tables.oid = adrelid JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
        WHERE pg_get_expr(adbin, adrelid) LIKE '%(%'
    UNION ALL
    SELECT relname || '.' || attname || ' is numbered by a sequence'
        FROM pg_attribute JOIN tables ON tables.oid = attrelid WHERE attidentity <> ''
    UNION ALL
    SELECT relname || ' has a policy with a subquery' FROM pg_policy JOIN tables ON tables.oid = polrelid
        WHERE pg_get_expr(polqual, polrelid) ~* 'select' OR pg_get_expr(polwithcheck, polrelid) ~* 'select'";

#[tokio::test]
async fn tables_can_be_distributed_by_workspace() {
    let stage = Stage::new(Backend::Postgres).await;
    let store = Store::of(&stage).await;
    let tables = "WITH tables AS (SELECT oid, relname FROM pg_class
        WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname <> $1)";
    let faults = format!("{tables} {UNDISTRIBUTABLE}");
    let faults = store.all("", &faults, HISTORY).await;
    let faults: Vec<String> = faults.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    drop(store);
    stage.end().await;
}

/// A column as the database tells of it.
struct Column {
    kind: String,
    required: bool,
}

/// The columns that a table is expected to have.
#[derive(Clone)]
struct Expected<'a> {
    at: String,
    columns: &'a BTreeMap<String, Column>,
    backend: Backend,
}

impl Expected<'_> {
    /// The columns of a field.
    fn stores(&mut self, attribute: &Attribute) {
        // A list is required of its record as a whole, and kept as nothing where it is empty.
        self.has(&attribute.column, attribute.kind, attribute.required);
        if let Some(folded) = attribute.folded() {
            self.has(folded, Kind::Text(0), attribute.required);
        }
        if let Some(of_object) = attribute.of_object() {
            self.has(of_object, Kind::Text(0), attribute.required);
        }
        if let Some(currency) = attribute.currency() {
            let column = self.column(currency);
            assert!(
                matches!(column.kind.as_str(), "text" | "character"),
                "{}.{currency}: {}",
                self.at,
                column.kind
            );
        }
    }

    fn has(&self, name: &str, kind: Kind, required: bool) {
        let column = self.column(name);
        let of = type_of(kind, self.backend);
        assert_eq!(column.kind, of, "{}.{name}", self.at);
        assert_eq!(column.required, required, "{}.{name}: whether it is never null", self.at);
    }

    fn column(&self, name: &str) -> &Column {
        self.columns.get(name).unwrap_or_else(|| panic!("{} has no column {name}", self.at))
    }
}

fn type_of(kind: Kind, backend: Backend) -> &'static str {
    let (sqlite, postgres) = match kind {
        Kind::Id | Kind::Reference(_) | Kind::AnyReference => ("uuid_blob", "uuid"),
        Kind::Text(_) | Kind::Choice(_) | Kind::List(_) | Kind::Document => ("text", "text"),
        Kind::Integer(..) | Kind::Decimal | Kind::Money => ("integer", "bigint"),
        Kind::Boolean => ("boolean", "boolean"),
        Kind::Date => ("text", "date"),
        Kind::Instant => ("integer", "timestamp with time zone"),
    };
    if backend == Backend::Sqlite { sqlite } else { postgres }
}

/// The database behind a stage, looked at with the rights of its owner.
struct Store {
    backend: Backend,
    connection: DatabaseConnection,
}

impl Store {
    async fn of(stage: &Stage) -> Self {
        Self { backend: stage.database.backend, connection: stage.database.connect().await }
    }

    async fn all(&self, sqlite: &str, postgres: &str, about: &str) -> Vec<QueryResult> {
        let sql = if self.backend == Backend::Sqlite { sqlite } else { postgres };
        let values = if sql.contains("$1") { vec![about.into()] } else { Vec::new() };
        let statement = Statement::from_sql_and_values(self.connection.get_database_backend(), sql, values);
        self.connection.query_all_raw(statement).await.unwrap()
    }

    async fn one(&self, sql: &str, about: &str) -> QueryResult {
        self.all(sql, sql, about).await.remove(0)
    }

    /// Every table but the one of the steps.
    async fn tables(&self) -> Vec<String> {
        let sqlite = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let postgres = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
        let rows = self.all(sqlite, postgres, "").await;
        let mut tables: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        tables.retain(|table| table != HISTORY);
        assert!(tables.len() > 20, "{tables:?}");
        tables
    }

    async fn columns(&self, table: &str) -> BTreeMap<String, Column> {
        let sqlite = "SELECT name, type, \"notnull\" <> 0 FROM pragma_table_info($1)";
        let postgres = "SELECT column_name::text, data_type::text, is_nullable = 'NO' FROM information_schema.columns \
                        WHERE table_schema = 'public' AND table_name = $1";
        let rows = self.all(sqlite, postgres, table).await;
        let column = |row: &QueryResult| {
            let kind = row.try_get_by_index::<String>(1).unwrap().to_lowercase();
            (row.try_get_by_index(0).unwrap(), Column { kind, required: row.try_get_by_index(2).unwrap() })
        };
        rows.iter().map(column).collect()
    }

    async fn primary_key(&self, table: &str) -> Vec<String> {
        let sqlite = "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk";
        let postgres = "SELECT attname::text FROM pg_index JOIN unnest(indkey) WITH ORDINALITY AS k(n, place) ON true \
                        JOIN pg_attribute ON attrelid = indrelid AND attnum = n \
                        WHERE indisprimary AND indrelid = $1::regclass ORDER BY place";
        let rows = self.all(sqlite, postgres, table).await;
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// The columns of each index that is unique, beside the workspace and the primary key.
    async fn unique_indexes(&self, table: &str) -> Vec<Vec<String>> {
        let sqlite = "SELECT (SELECT group_concat(name) FROM pragma_index_info(l.name)) FROM pragma_index_list($1) AS l \
                      WHERE \"unique\" AND origin <> 'pk'";
        let postgres = "SELECT (SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = indexrelid)::text \
                        FROM pg_index WHERE indisunique AND NOT indisprimary AND indrelid = $1::regclass";
        let rows = self.all(sqlite, postgres, table).await;
        let columns = |row: &QueryResult| {
            let columns: String = row.try_get_by_index(0).unwrap();
            columns.split(',').filter(|column| *column != "workspace_id").map(str::to_owned).collect()
        };
        rows.iter().map(columns).collect()
    }

    /// The indexes of a table, each as its columns.
    async fn indexes(&self, table: &str) -> BTreeSet<String> {
        let sqlite = "SELECT (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(l.name) \
                      ORDER BY seqno)) FROM pragma_index_list($1) AS l";
        let postgres = "SELECT (SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute \
                        WHERE attrelid = indexrelid)::text FROM pg_index WHERE indrelid = $1::regclass";
        let rows = self.all(sqlite, postgres, table).await;
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// The columns of each foreign key and those that they refer to.
    async fn foreign_keys(&self, table: &str) -> Vec<(Vec<String>, Vec<String>)> {
        let sqlite = "SELECT id, \"from\", \"to\" FROM pragma_foreign_key_list($1) ORDER BY id, seq";
        let postgres = "SELECT c.oid::bigint, f.attname::text, t.attname::text FROM pg_constraint c \
                        JOIN unnest(conkey, confkey) WITH ORDINALITY AS k(f, t, place) ON true \
                        JOIN pg_attribute f ON f.attrelid = conrelid AND f.attnum = k.f \
                        JOIN pg_attribute t ON t.attrelid = confrelid AND t.attnum = k.t \
                        WHERE contype = 'f' AND conrelid = $1::regclass ORDER BY c.oid, place";
        let mut keys: BTreeMap<i64, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for row in self.all(sqlite, postgres, table).await {
            let (from, to) = keys.entry(row.try_get_by_index(0).unwrap()).or_default();
            from.push(row.try_get_by_index(1).unwrap());
            to.push(row.try_get_by_index(2).unwrap());
        }
        keys.into_values().collect()
    }
}
