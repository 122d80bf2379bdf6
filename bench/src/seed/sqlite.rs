//! Filling an SQLite file: everything in one transaction, the indexes afterwards.

use std::path::Path;

use rusqlite::{Connection, ToSql, params_from_iter, types::ToSqlOutput};

use super::{Seed, crowd};
use crate::{
    Outcome,
    data::{Cell, Row, TABLES, Table, World},
};

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::from(rusqlite::types::Null),
            Cell::Id(id) => ToSqlOutput::from(id.to_be_bytes().to_vec()),
            Cell::Text(text) => ToSqlOutput::from(text.as_str()),
            Cell::Integer(number) => ToSqlOutput::from(*number),
            Cell::Boolean(value) => ToSqlOutput::from(*value),
            Cell::Date(day) => ToSqlOutput::from(crate::data::date(*day)),
            Cell::Instant(micros) => ToSqlOutput::from(*micros),
        })
    }
}

/// Fills the tables that Kith has made.
pub fn fill(file: &Path, seed: &Seed) -> Outcome {
    let mut database = Connection::open(file)?;
    database.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;
         PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY; PRAGMA threads = 2;
         CREATE TEMP TABLE shipped AS SELECT * FROM sqlite_stat1",
    )?;
    let transaction = database.transaction()?;
    let (mut indexes, small) = (Vec::new(), crowd::world(seed.original()?));
    for table in &TABLES {
        indexes.extend(drop_indexes(&transaction, table.name)?);
        fill_table(&transaction, table, &seed.world)?;
        if crowd::fills(table.name) {
            fill_table(&transaction, table, &small)?;
        }
    }
    multiply(&transaction, seed)?;
    for index in indexes {
        transaction.execute_batch(&index)?;
    }
    // An index takes its statistics with it. Kith comes with statistics of its own, so ANALYZE would change
    // what is measured.
    transaction.execute_batch("DELETE FROM sqlite_stat1; INSERT INTO sqlite_stat1 SELECT * FROM shipped")?;
    transaction.commit()?;
    database.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
    Ok(())
}

/// Copies the small workspace.
fn multiply(database: &Connection, seed: &Seed) -> Outcome {
    database.execute_batch("CREATE TEMP TABLE copies (id blob)")?;
    let mut insert = database.prepare("INSERT INTO copies VALUES (?)")?;
    for copy in seed.copies() {
        insert.execute([Cell::Id(copy.id)])?;
    }
    let tables = "SELECT m.name, json_group_array(c.name) FROM sqlite_schema AS m, pragma_table_info(m.name) AS c \
        WHERE m.type = 'table' GROUP BY m.name HAVING max(c.name = 'workspace_id')";
    let mut tables = database.prepare(tables)?;
    let tables = tables.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for (table, columns) in tables.collect::<Result<Vec<_>, _>>()? {
        let columns: Vec<String> = serde_json::from_str(&columns)?;
        database.execute(&crowd::statement(&table, &columns, "?"), [Cell::Id(seed.original()?.id)])?;
    }
    Ok(())
}

fn drop_indexes(database: &Connection, table: &str) -> Outcome<Vec<String>> {
    let found =
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL";
    let mut found = database.prepare(found)?;
    let indexes = found.query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let indexes = indexes.collect::<Result<Vec<_>, _>>()?;
    for (name, _) in &indexes {
        database.execute_batch(&format!("DROP INDEX \"{name}\""))?;
    }
    Ok(indexes.into_iter().map(|(_, sql)| sql).collect())
}

fn fill_table(database: &Connection, table: &Table, world: &World) -> Outcome {
    let columns: Vec<_> = table.columns.split_whitespace().map(|name| format!("\"{name}\"")).collect();
    let places = vec!["?"; columns.len()].join(", ");
    let sql = format!("INSERT INTO \"{}\" ({}) VALUES ({places})", table.name, columns.join(", "));
    let mut insert = database.prepare(&sql)?;
    (table.fill)(world, &mut |row: &Row| {
        insert.execute(params_from_iter(&row.cells))?;
        Ok(())
    })
}
