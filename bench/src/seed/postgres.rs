//! Filling a PostgreSQL database through `psql`: COPY without the checks of references, the indexes afterwards.

use std::{
    io::{BufWriter, Write},
    process::{Command, Stdio},
};

use super::{Seed, crowd};
use crate::{
    Outcome,
    data::{Row, TABLES, Table, World, uuid},
    failed,
    tool::output,
};

/// A PostgreSQL server and a superuser of it.
#[derive(Clone, Debug)]
pub struct Server {
    /// The URL of its database `postgres`.
    pub root: String,
}

/// A `psql` that stops at the first error and prints nothing but rows.
fn psql(url: &str) -> Command {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]);
    psql
}

impl Server {
    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        let base = self.root.rsplit_once('/').map_or(self.root.as_str(), |(base, _)| base);
        format!("{base}/{database}")
    }

    /// What the database of the seed or of a run is called.
    pub fn database(&self, part: &str, scale: f64) -> String {
        format!("kith_bench_{part}_{scale}").replace('.', "_")
    }

    /// Runs a statement and gives what it prints.
    pub fn ask(&self, database: &str, sql: &str) -> Outcome<String> {
        Ok(output(psql(&self.url(database)).args(["-c", sql]))?.trim().to_owned())
    }

    /// The process that all processes of the server come from. The server runs on this machine.
    pub fn postmaster(&self) -> Outcome<u32> {
        Ok(self.ask("postgres", "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")?.parse()?)
    }

    /// Whether there is such a database.
    pub fn has(&self, database: &str) -> bool {
        self.ask("postgres", &format!("SELECT 1 FROM pg_database WHERE datname = '{database}'"))
            .is_ok_and(|found| found == "1")
    }

    /// Takes a database away, whoever is connected to it.
    pub fn remove(&self, database: &str) -> Outcome {
        self.ask("postgres", &format!("DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)")).map(drop)
    }

    /// Makes a database anew, empty or as a copy.
    pub fn create(&self, database: &str, template: Option<&str>) -> Outcome {
        let template =
            template.map(|name| format!(" TEMPLATE \"{name}\" STRATEGY file_copy")).unwrap_or_default();
        self.remove(database)?;
        self.ask("postgres", &format!("CREATE DATABASE \"{database}\"{template}")).map(drop)
    }

    /// Fills the tables that Kith has made.
    pub fn fill(&self, database: &str, seed: &Seed) -> Outcome {
        let names: Vec<_> = TABLES.iter().map(|table| format!("'{}'", table.name)).collect();
        let indexes = format!(
            "FROM pg_indexes WHERE schemaname = 'public' AND tablename IN ({}) AND indexname NOT LIKE '%_pkey'",
            names.join(", ")
        );
        let made = self.ask(database, &format!("SELECT indexdef || ';' {indexes}"))?;
        let dropped = self.ask(database, &format!("SELECT format('DROP INDEX %I;', indexname) {indexes}"))?;
        self.ask(database, &dropped)?;
        let small = crowd::world(seed.original()?);
        for table in &TABLES {
            self.copy(database, table, &seed.world)?;
            if crowd::fills(table.name) {
                self.copy(database, table, &small)?;
            }
        }
        self.multiply(database, seed)?;
        self.ask(database, &format!("SET maintenance_work_mem = '1GB'; {made}"))?;
        self.ask(database, "VACUUM (FREEZE, ANALYZE)")?;
        self.ask(database, "CHECKPOINT").map(drop)
    }

    /// Copies the small workspace.
    fn multiply(&self, database: &str, seed: &Seed) -> Outcome {
        let columns = self.ask(
            database,
            "SELECT table_name, string_agg(column_name, ' ' ORDER BY ordinal_position) \
             FROM information_schema.columns WHERE table_schema = 'public' \
             GROUP BY table_name HAVING bool_or(column_name = 'workspace_id')",
        )?;
        let copies: Vec<_> =
            seed.copies().iter().map(|copy| format!("('{}'::uuid)", uuid(copy.id))).collect();
        let mut script = format!(
            "SET session_replication_role = replica; CREATE TEMP TABLE copies (id uuid); \
             INSERT INTO copies VALUES {};",
            copies.join(", ")
        );
        let original = format!("'{}'::uuid", uuid(seed.original()?.id));
        for (table, columns) in columns.lines().filter_map(|line| line.split_once('|')) {
            let columns: Vec<_> = columns.split(' ').map(str::to_owned).collect();
            script += &crowd::statement(table, &columns, &original);
        }
        self.ask(database, &script).map(drop)
    }

    fn copy(&self, database: &str, table: &Table, world: &World) -> Outcome {
        let columns: Vec<_> = table.columns.split_whitespace().map(|name| format!("\"{name}\"")).collect();
        let copy = format!("COPY \"{}\" ({}) FROM STDIN", table.name, columns.join(", "));
        let mut psql = psql(&self.url(database));
        psql.args(["-c", "SET session_replication_role = replica", "-c", &copy]);
        let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        let mut input =
            BufWriter::with_capacity(1 << 20, psql.stdin.take().ok_or_else(|| failed("no input"))?);
        let mut line = String::new();
        let written = (table.fill)(world, &mut |row: &Row| {
            line.clear();
            row.copy_line(&mut line);
            Ok(input.write_all(line.as_bytes())?)
        });
        let written = written.and_then(|()| Ok(input.flush()?));
        drop(input);
        if !psql.wait()?.success() {
            return Err(failed(format!("psql could not fill {}", table.name)));
        }
        written
    }
}
