//! The last statement of a unit of work on PostgreSQL, in one round trip: what is still to be inserted, then the
//! numbers of the events, then the events. The row that numbers a workspace's events is held until the commit is
//! on disk, so nothing that can be done before may be done under it; where nothing was written before, the
//! statement is the whole transaction.

use kernel::{Error, Result};
use sea_orm::sea_query::{Value as Bound, Values};
use sea_query_sqlx::SqlxValues;
use uuid::Uuid;

use crate::bulk::Rows;

/// More parameters than this are better sent as arrays, table by table.
const MAX_PARAMETERS: usize = 250;

/// A statement while it is written.
#[derive(Default)]
pub(crate) struct Last {
    sql: String,
    values: Vec<Bound>,
}

/// Whether so few rows are left that one statement can take them all.
pub(crate) fn suffices(rows: &[Rows], events: usize, event_width: usize) -> bool {
    let parameters: usize = rows.iter().map(|rows| rows.values().count()).sum();
    parameters.saturating_add(events.saturating_mul(event_width)) <= MAX_PARAMETERS
}

impl Last {
    /// Inserts the rows and the events, whose numbers so far count from one.
    ///
    /// Writers of one workspace queue for the number in the order of asking, instead of waking each other; and
    /// without a number, which is refused where the epoch has passed, an event cannot be written, so that
    /// everything is undone.
    pub fn new(workspace: Uuid, epoch: Option<i64>, rows: &[Rows], events: &Rows) -> Result<Self> {
        let mut last = Self::default();
        let mut written = "0".to_owned();
        for (index, rows) in rows.iter().enumerate() {
            last.sql.push_str(if index == 0 { "WITH " } else { ", " });
            last.sql.push_str(&format!("w{index} AS ("));
            last.insert(rows, |_| String::new());
            last.sql.push_str(" RETURNING 1)");
            written.push_str(&format!(" + (SELECT count(*) FROM w{index})"));
        }
        let count = i64::try_from(events.len()).map_err(Error::internal)?;
        let (queue, count) = (last.bind(queue_of(workspace).into()), last.bind(count.into()));
        let workspace = last.bind(workspace.into());
        last.sql.push_str(if rows.is_empty() { "WITH " } else { ", " });
        last.sql.push_str(&format!(
            "turn AS MATERIALIZED (SELECT pg_advisory_xact_lock({queue}) FROM \
             (SELECT {written} AS rows OFFSET 0) AS written WHERE rows >= 0), \
             taken AS (INSERT INTO counters (workspace_id, name, value) SELECT {workspace}, 'seq', {count} FROM turn \
             ON CONFLICT (workspace_id, name) DO UPDATE SET value = counters.value + EXCLUDED.value"
        ));
        if let Some(epoch) = epoch {
            let epoch = last.bind(epoch.into());
            last.sql.push_str(&format!(
                " WHERE (SELECT epoch FROM access_epochs WHERE workspace_id = {workspace}) = {epoch}"
            ));
        }
        last.sql.push_str(" RETURNING value) ");
        last.insert(events, |column| match column {
            "seq" => format!("(SELECT value FROM taken) - {count} + "),
            _ => String::new(),
        });
        last.sql.push_str(" RETURNING seq");
        Ok(last)
    }

    /// The statement and its parameters.
    pub fn built(self) -> (String, SqlxValues) {
        (self.sql, SqlxValues(Values(self.values)))
    }

    /// `INSERT INTO … VALUES …`; what stands before the parameters of a column is told by its name.
    fn insert(&mut self, rows: &Rows, before: impl Fn(&str) -> String) {
        self.sql.push_str(&rows.head());
        for (index, row) in rows.iter().enumerate() {
            self.sql.push_str(if index == 0 { " VALUES (" } else { ", (" });
            for (index, (column, value)) in rows.columns().iter().zip(row).enumerate() {
                let place = self.bind(value.clone());
                let comma = if index == 0 { "" } else { ", " };
                self.sql.extend([comma, &before(column), &place]);
            }
            self.sql.push(')');
        }
    }

    fn bind(&mut self, value: Bound) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
}

/// The queue in which writers of a workspace wait for its numbers.
fn queue_of(workspace: Uuid) -> i64 {
    let (high, low) = workspace.as_u64_pair();
    (high ^ low).cast_signed()
}
