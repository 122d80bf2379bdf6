//! The floor on SQLite: a loop over prepared statements in this process, with as many threads as there would
//! be connections. Every column of every row is read.

use std::{
    hint::black_box,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{CachedStatement, Connection, OpenFlags, Params, params, types::ValueRef};

use super::Floor;
use crate::{
    Outcome,
    data::{Dice, Kind, id, uuid},
    failed,
    measured::Pace,
    scene::Scene,
    seed::Workspace,
};

/// What the loop does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loop {
    /// Reads a contact.
    Contact,
    /// Reads a page of contacts.
    List {
        /// Whether it is far down the list.
        deep: bool,
    },
    /// Reads companies, their contacts and their deals.
    Tree,
    /// Writes a contact and its event.
    Create,
}

/// One thread's part.
struct Hand<'a> {
    scene: &'a Scene,
    floor: &'a Floor,
    workspace: &'a Workspace,
    dice: Dice,
    next: u64,
}

/// Runs the floor with so many threads for so long, in these workspaces.
pub fn run(
    scene: &Scene,
    floor: &Floor,
    workspaces: &[Workspace],
    threads: u32,
    seconds: u32,
) -> Outcome<Pace> {
    let file = scene.database.strip_prefix("sqlite:").ok_or_else(|| failed("that is no SQLite"))?;
    let writer = Mutex::new(open(Path::new(file), false)?);
    let base = scene.next_base();
    let begun = Instant::now();
    let end = begun + Duration::from_secs(u64::from(seconds));
    let results: Vec<Outcome<Vec<f64>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..u64::from(threads))
            .zip(workspaces.iter().cycle())
            .map(|(n, workspace)| {
                let next = base + n * 1_000_000;
                let mut hand = Hand { scene, floor, workspace, dice: Dice::new(200, n), next };
                let writer = &writer;
                scope.spawn(move || hand.work(Path::new(file), writer, end))
            })
            .collect();
        let ended = |thread: std::thread::ScopedJoinHandle<'_, Outcome<Vec<f64>>>| thread.join();
        threads
            .into_iter()
            .map(|thread| ended(thread).unwrap_or_else(|_| Err(failed("a thread broke"))))
            .collect()
    });
    let took = begun.elapsed().as_secs_f64();
    let times = results.into_iter().collect::<Outcome<Vec<_>>>()?.concat();
    Ok(Pace::of(times.len() as f64, took, times))
}

fn open(file: &Path, read_only: bool) -> Outcome<Connection> {
    let flags = match read_only {
        true => OpenFlags::SQLITE_OPEN_READ_ONLY,
        false => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA busy_timeout = 30000; PRAGMA foreign_keys = ON")?;
    Ok(connection)
}

impl Hand<'_> {
    /// Works until the time is over, and gives the time of each piece of work, in milliseconds.
    fn work(&mut self, file: &Path, writer: &Mutex<Connection>, end: Instant) -> Outcome<Vec<f64>> {
        let reader = open(file, true)?;
        let mut times = Vec::new();
        while Instant::now() < end {
            let begun = Instant::now();
            match self.floor.sqlite {
                Loop::Contact => self.contact(&reader)?,
                Loop::List { deep } => self.list(&reader, deep)?,
                Loop::Tree => self.tree(&reader)?,
                Loop::Create => self.create(&writer.lock().unwrap_or_else(PoisonError::into_inner))?,
            }
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        Ok(times)
    }

    fn contact(&mut self, reader: &Connection) -> Outcome {
        let columns = self.floor.columns;
        let sql = format!(
            "SELECT {columns} FROM contacts WHERE workspace_id = ? AND id = ? AND deleted_at IS NULL"
        );
        let contact = id(Kind::Contact, self.dice.below(self.scene.world.contacts));
        match read(&mut reader.prepare_cached(&sql)?, params![bytes(self.workspace.id), bytes(contact)])?
            .len()
        {
            1 => Ok(()),
            _ => Err(failed("a contact is missing")),
        }
    }

    fn list(&self, reader: &Connection, deep: bool) -> Outcome {
        let beyond = if deep { "AND (created_at, id) < (?2, ?3)" } else { "AND ?2 = ?2 AND ?3 = ?3" };
        let sql = format!(
            "SELECT {} FROM contacts WHERE workspace_id = ?1 AND country_folded = 'de' AND lifecycle = 'CUSTOMER'
             AND deleted_at IS NULL {beyond} ORDER BY created_at DESC, id DESC LIMIT 51",
            self.floor.columns
        );
        let deep = &self.scene.deep;
        let place = params![bytes(self.workspace.id), deep.at, bytes(deep.id)];
        read(&mut reader.prepare_cached(&sql)?, place).map(drop)
    }

    fn tree(&mut self, reader: &Connection) -> Outcome {
        let (from, to) = self.scene.tree_range();
        let at = from + self.dice.below(u64::try_from(to - from)?) as i64;
        let workspace = bytes(self.workspace.id);
        let mut companies = reader.prepare_cached(
            "SELECT id, name, country, employee_count FROM companies
             WHERE workspace_id = ? AND created_at < ? AND deleted_at IS NULL
             ORDER BY created_at DESC, id DESC LIMIT 20",
        )?;
        let mut contacts = reader.prepare_cached(
            "SELECT id, full_name, job_title, lifecycle FROM contacts
             WHERE workspace_id = ?1 AND deleted_at IS NULL AND id IN (SELECT contact_id FROM affiliations
                 WHERE workspace_id = ?1 AND company_id = ?2 AND deleted_at IS NULL)
             ORDER BY created_at DESC, id DESC LIMIT 5",
        )?;
        let mut deals = reader.prepare_cached(
            "SELECT id, name, status, amount, amount_currency FROM deals
             WHERE workspace_id = ? AND contact_id = ? AND deleted_at IS NULL
             ORDER BY created_at DESC, id DESC LIMIT 3",
        )?;
        for company in read(&mut companies, params![workspace, at])? {
            for contact in read(&mut contacts, params![workspace, company])? {
                read(&mut deals, params![workspace, contact])?;
            }
        }
        Ok(())
    }

    fn create(&mut self, writer: &Connection) -> Outcome {
        self.next += 1;
        let n = self.next;
        let (workspace, owner) = (bytes(self.workspace.id), bytes(self.workspace.owner));
        let contact = bytes(0x018f_0000_0000_7000_8000_0000_0000_0000 | u128::from(n));
        let now = 1_795_301_168_073_000_i64;
        let email = format!("ada.{n}@bench.example");
        let emails = format!("[{{\"address\":\"{email}\",\"primary\":true,\"type\":\"WORK\"}}]");
        let record = format!("contact_{}", uuid(u128::from(n)));
        writer.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        writer
            .prepare_cached(
                "INSERT INTO contacts (workspace_id, id, given_name, given_name_folded, family_name,
                 family_name_folded, full_name, full_name_folded, emails, lifecycle, country, country_folded,
                 owner_id, version, created_at, updated_at, created_by_id, updated_by_id)
                 VALUES (?1, ?2, 'Ada', 'ada', ?3, ?4, ?5, ?6, ?7, 'LEAD', 'DE', 'de', ?8, 1, ?9, ?9, ?8, ?8)",
            )?
            .execute(params![
                workspace,
                contact,
                format!("Bench {n}"),
                format!("bench {n}"),
                format!("Ada Bench {n}"),
                format!("ada bench {n}"),
                emails,
                owner,
                now
            ])?;
        writer
            .prepare_cached(
                "INSERT INTO contact_emails (workspace_id, record_id, position, address, address_folded, type,
                 \"primary\") VALUES (?1, ?2, 0, ?3, ?3, 'WORK', 1)",
            )?
            .execute(params![workspace, contact, email])?;
        let seq: i64 = writer
            .prepare_cached(
                "INSERT INTO counters (workspace_id, name, value, at) VALUES (?1, 'seq', 1, ?2)
                 ON CONFLICT (workspace_id, name) DO UPDATE SET value = counters.value + 1,
                 at = max(counters.at, excluded.at) RETURNING value",
            )?
            .query_row(params![workspace, now], |row| row.get(0))?;
        writer
            .prepare_cached(
                "INSERT INTO events (workspace_id, seq, id, type_folded, type, object, object_folded, record_id,
                 record_id_folded, op, version, occurred_at, actor_id, origin, request_id, request_id_folded,
                 owner_id, owner_before_id, credential_id, cause_seq, depth, data, changed_fields, changes)
                 VALUES (?1, ?2, ?3, 'contact.created', 'contact.created', 'contact', 'contact', ?4, ?4, 'CREATE',
                 1, ?5, ?6, 'API', ?4, ?4, ?6, NULL, ?6, NULL, 0, ?7, '[]', '{}')",
            )?
            .execute(params![workspace, seq, contact, record, now, owner, data(n, &emails)])?;
        writer.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

/// The record as an event keeps it.
fn data(n: u64, emails: &str) -> String {
    format!(
        "{{\"updatedAt\":\"2026-11-26T20:45:53.628Z\",\"givenName\":\"Ada\",\"familyName\":\"Bench {n}\",\
         \"fullName\":\"Ada Bench {n}\",\"emails\":{emails},\"lifecycle\":\"LEAD\",\"country\":\"DE\",\
         \"ownerId\":\"user_01hw000000e008003g00000000\"}}"
    )
}

fn bytes(id: u128) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

/// Reads all columns of all rows, and gives the first column of each, which is the id.
fn read(statement: &mut CachedStatement<'_>, place: impl Params) -> Outcome<Vec<Vec<u8>>> {
    let width = statement.column_count();
    let mut rows = statement.query(place)?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        for column in 0..width {
            black_box(row.get_ref(column)?);
        }
        if let ValueRef::Blob(id) = row.get_ref(0)? {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}
