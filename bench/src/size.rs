//! What contacts take on disk, table by table: some are made over REST, with an e-mail address, a phone number and the id
//! of another system, and the tables are measured before and after.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::{
    Outcome, drive, failed,
    http::Request,
    scene::Scene,
    seed::{self, Engine},
};

/// Over how many connections they are made.
const CONNECTIONS: u32 = 16;
/// In which of the workspaces: one that no other workload writes to alone.
const WORKSPACE: usize = 2;

/// What a contact takes.
pub struct Sizes {
    /// How many contacts were made.
    pub contacts: f64,
    /// The bytes of each table and of its indexes, for one contact.
    pub tables: Vec<(String, f64, f64)>,
}

/// The bytes of each table and of its indexes.
type Tables = BTreeMap<String, (f64, f64)>;

/// Makes contacts for so many seconds, and measures what they take.
pub fn run(
    scene: &Scene,
    engine: Engine,
    postgres: &seed::Server,
    address: &str,
    seconds: u32,
) -> Outcome<Sizes> {
    let contact = json!({
        "givenName": "Ada",
        "familyName": "Size {n}",
        "emails": [{ "address": "ada.{n}@size.example" }],
        "phones": [{ "number": "+49 171 1234567" }],
        "externalRefs": [{ "system": "legacy", "id": "C-{n}" }],
        "country": "DE",
        "lifecycle": "LEAD",
    });
    let key = scene.among(WORKSPACE..WORKSPACE + 1).first().map(|workspace| workspace.key.as_str());
    let request = Request::post("/v1/contacts", key.unwrap_or_default(), &contact);
    let file = scene.directory.join("requests-size.txt");
    drive::write(&file, &[request])?;
    let measure = || match engine {
        Engine::Postgres => of_postgres(postgres, &scene.database),
        Engine::Sqlite => of_sqlite(&scene.database),
    };
    let before = measure()?;
    let contacts = drive::drive(&file, address, CONNECTIONS, seconds, "size-")?.requests;
    let grown = measure()?.into_iter().map(|(table, (data, indexes))| {
        let (had, indexed) = before.get(&table).copied().unwrap_or_default();
        (table, (data - had) / contacts, (indexes - indexed) / contacts)
    });
    let mut tables: Vec<_> = grown.filter(|(_, data, indexes)| data + indexes >= 1.0).collect();
    tables.sort_by(|(_, a, b), (_, c, d)| (c + d).total_cmp(&(a + b)));
    Ok(Sizes { contacts, tables })
}

fn of_postgres(server: &seed::Server, url: &str) -> Outcome<Tables> {
    let database = url.rsplit_once('/').map_or(url, |(_, name)| name);
    let told = server.ask(
        database,
        "SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class \
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    )?;
    let row = |line: &str| {
        let mut cells = line.split('|');
        let (name, data, indexes) = (cells.next()?, cells.next()?, cells.next()?);
        Some((name.to_owned(), (data.parse().ok()?, indexes.parse().ok()?)))
    };
    told.lines().map(|line| row(line).ok_or_else(|| failed(format!("psql told {line}")))).collect()
}

fn of_sqlite(url: &str) -> Outcome<Tables> {
    let file = url.strip_prefix("sqlite:").ok_or_else(|| failed("that is no SQLite"))?;
    let database = Connection::open_with_flags(Path::new(file), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut sizes = database.prepare(
        "SELECT m.tbl_name, sum(s.pgsize) FILTER (WHERE m.type = 'table'), \
         sum(s.pgsize) FILTER (WHERE m.type = 'index') \
         FROM dbstat AS s JOIN sqlite_schema AS m ON m.name = s.name WHERE s.aggregate = TRUE GROUP BY m.tbl_name",
    )?;
    let bytes = |bytes: Option<i64>| bytes.unwrap_or_default() as f64;
    let rows = sizes.query_map([], |row| Ok((row.get(0)?, (bytes(row.get(1)?), bytes(row.get(2)?)))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
