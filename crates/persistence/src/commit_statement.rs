//! The statement that ends a transaction on PostgreSQL, in one round trip: it inserts the rows that are still
//! unwritten, then takes the numbers of the events, then inserts the events. The row that numbers a workspace's events
//! is held until the commit is on disk, so nothing that can be done before may be done under it; where nothing was
//! written before, the statement is the whole transaction.

use std::sync::{Arc, LazyLock};

use kernel::{Error, Result};
use quick_cache::{Equivalent, sync::Cache};
use sea_orm::sea_query::{Value as Bound, Values};
use sea_query_sqlx::SqlxValues;
use uuid::Uuid;

use crate::bulk::Rows;

/// More parameters than this are better sent as arrays, table by table.
const MAX_PARAMETERS: usize = 250;
/// The number of texts that are cached.
const MAX_CACHED: usize = 500;

/// The cache of texts: they depend on the tables and the numbers of rows alone.
static TEXTS: LazyLock<Cache<Vec<Insert>, Arc<str>>> = LazyLock::new(|| Cache::new(MAX_CACHED));

/// An insert of some rows into a table; the last one of a statement has the events, with or without an epoch.
#[derive(PartialEq, Eq, Hash)]
struct Insert {
    table: String,
    columns: Arc<[String]>,
    rows: usize,
    epoch: bool,
}

/// An [`Insert`] that borrows; both have the same hash.
#[derive(Hash)]
struct InsertRef<'a> {
    table: &'a str,
    columns: &'a Arc<[String]>,
    rows: usize,
    epoch: bool,
}

impl<'a> InsertRef<'a> {
    fn of(rows: &'a Rows, epoch: bool) -> Self {
        Self { table: rows.table(), columns: rows.columns(), rows: rows.len(), epoch }
    }

    fn owned(&self) -> Insert {
        let Self { table, columns, rows, epoch } = *self;
        Insert { table: table.to_owned(), columns: Arc::clone(columns), rows, epoch }
    }

    fn is(&self, key: &Insert) -> bool {
        self.table == key.table
            && self.columns == &key.columns
            && (self.rows, self.epoch) == (key.rows, key.epoch)
    }
}

/// The key of a statement's text in the cache.
#[derive(Hash)]
struct StatementKey<'a>(Vec<InsertRef<'a>>);

impl Equivalent<Vec<Insert>> for StatementKey<'_> {
    fn equivalent(&self, key: &Vec<Insert>) -> bool {
        self.0.len() == key.len() && self.0.iter().zip(key).all(|(insert, key)| insert.is(key))
    }
}

/// Whether one statement can take all unwritten rows and the events.
pub(crate) fn fits(rows: &[Rows], events: usize, event_width: usize) -> bool {
    let parameters: usize = rows.iter().map(|rows| rows.values().count()).sum();
    parameters.saturating_add(events.saturating_mul(event_width)) <= MAX_PARAMETERS
}

/// Inserts the rows and the events, whose numbers so far count from one: the statement and its parameters.
///
/// Writers of one workspace queue for the number in the order of arrival, instead of waking each other; and
/// without a number, which is refused where the epoch has passed, an event cannot be written, so that
/// everything is undone. No event is earlier than the one before it, whatever the clocks say.
pub(crate) fn commit_statement(
    workspace: Uuid,
    now: Bound,
    epoch: Option<i64>,
    mut rows: Vec<Rows>,
    events: Rows,
) -> Result<(Arc<str>, SqlxValues)> {
    let count = i64::try_from(events.len()).map_err(|error| Error::internal(error))?;
    rows.push(events);
    let with_epoch = epoch.is_some();
    let key = StatementKey(rows.iter().map(|rows| InsertRef::of(rows, with_epoch)).collect());
    let text = match TEXTS.get(&key) {
        Some(text) => text,
        None => {
            let text: Arc<str> = text(&rows, with_epoch).into();
            TEXTS.insert(key.0.iter().map(InsertRef::owned).collect(), Arc::clone(&text));
            text
        }
    };
    let mut values = vec![queue_of(workspace).into(), count.into(), workspace.into(), now];
    values.extend(epoch.map(Bound::from));
    values.extend(rows.into_iter().flat_map(Rows::into_values));
    Ok((text, SqlxValues(Values(values))))
}

/// The text; its parameters are the queue, the count, the workspace, the instant, the epoch, and then the rows'
/// values.
fn text(rows: &[Rows], epoch: bool) -> String {
    let (mut sql, mut written) = (String::from("WITH "), String::from("0"));
    let mut place = if epoch { 5 } else { 4 };
    let Some((events, rows)) = rows.split_last() else { return sql };
    for (index, rows) in rows.iter().enumerate() {
        sql.push_str(&format!("w{index} AS ("));
        insert(&mut sql, &mut place, rows, |_, value| value);
        sql.push_str(" RETURNING 1), ");
        written.push_str(&format!(" + (SELECT count(*) FROM w{index})"));
    }
    sql.push_str(&format!(
        "turn AS MATERIALIZED (SELECT pg_advisory_xact_lock($1) FROM \
         (SELECT {written} AS rows OFFSET 0) AS written WHERE rows >= 0), \
         taken AS (INSERT INTO counters (workspace_id, name, value, at) SELECT $3, 'seq', $2, $4 FROM turn \
         ON CONFLICT (workspace_id, name) DO UPDATE SET value = counters.value + EXCLUDED.value, \
         at = greatest(counters.at, EXCLUDED.at)"
    ));
    if epoch {
        // The counter is locked by now, so that a transaction that revoked the credential before has committed.
        sql.push_str(" WHERE kith_epoch($3) = $5");
    }
    sql.push_str(" RETURNING value, at) ");
    insert(&mut sql, &mut place, events, |column, value| match column {
        // Relative to the last number, as the number itself.
        "seq" | "cause_seq" => format!("(SELECT value FROM taken) - $2 + {value}"),
        "occurred_at" => format!("greatest({value}, (SELECT at FROM taken))"),
        _ => value,
    });
    sql.push_str(" RETURNING seq");
    sql
}

/// `INSERT INTO … VALUES …`; `stored` makes the expression of a column's value.
fn insert(sql: &mut String, place: &mut usize, rows: &Rows, stored: impl Fn(&str, String) -> String) {
    sql.push_str(&rows.head());
    for row in 0..rows.len() {
        sql.push_str(if row == 0 { " VALUES (" } else { ", (" });
        for (index, column) in rows.columns().iter().enumerate() {
            *place += 1;
            let comma = if index == 0 { "" } else { ", " };
            sql.push_str(comma);
            sql.push_str(&stored(column, format!("${place}")));
        }
        sql.push(')');
    }
}

/// The queue in which writers of a workspace wait for its numbers.
fn queue_of(workspace: Uuid) -> i64 {
    let (high, low) = workspace.as_u64_pair();
    (high ^ low).cast_signed()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn rows(count: i64) -> Rows {
        let mut rows = Rows::new("cars", ["seq", "name"].map(str::to_owned).into());
        (0..count).for_each(|seq| rows.push([seq.into(), Bound::String(None)]));
        rows
    }

    fn written(cars: i64, events: i64, epoch: Option<i64>) -> (Arc<str>, usize) {
        let (text, values) =
            commit_statement(Uuid::nil(), 0.into(), epoch, vec![rows(cars)], rows(events)).unwrap();
        (text, values.0.iter().count())
    }

    #[test]
    fn a_text_is_written_once_and_has_a_place_for_every_value() {
        let (text, values) = written(1, 2, Some(7));
        assert_eq!(values, 5 + 2 + 4);
        assert!(text.contains(&format!("${values}")) && !text.contains(&format!("${}", values + 1)));
        assert!(Arc::ptr_eq(&text, &written(1, 2, Some(8)).0), "it is kept");
        for other in [written(2, 2, Some(7)), written(1, 1, Some(7)), written(1, 2, None)] {
            assert_ne!(text, other.0);
        }
    }
}
