//! The periods of the calendar in SQL. The rules of time zones are the kernel's in both databases: a zone comes as the
//! offsets that it has had and will have.

use chrono::DateTime;
use kernel::{
    field::Kind,
    plan::Period,
    zone::{Offset, offsets},
};

use crate::dialect::Dialect;

const MICROSECONDS: i64 = 1_000_000;
/// The seconds from the beginning of the year 1 to that of 1970.
const YEAR_1: i64 = 62_135_596_800;

/// The first day of the period in which the date or instant in a column lies, as SQL text.
pub(super) fn first_day(
    dialect: Dialect,
    column: &str,
    kind: Kind,
    period: Period,
    zone: chrono_tz::Tz,
) -> String {
    let is_instant = matches!(kind, Kind::Instant);
    let offset = || offset(dialect, column, &offsets(zone));
    match dialect {
        Dialect::Postgres => {
            let local = match is_instant {
                true => format!("({column} AT TIME ZONE 'UTC' + {} * interval '1 second')", offset()),
                false => format!("CAST({column} AS timestamp)"),
            };
            match unit(period) {
                Some(unit) => format!("CAST(date_trunc('{unit}', {local}) AS date)"),
                None => format!("CAST({local} AS date)"),
            }
        }
        Dialect::Sqlite => {
            let day = match is_instant {
                // Division rounds down what is not negative.
                true => format!(
                    "date(({column} + {YEAR_1} * {MICROSECONDS}) / {MICROSECONDS} - {YEAR_1} + {}, 'unixepoch')",
                    offset()
                ),
                false => column.to_owned(),
            };
            match period {
                Period::Day => day,
                Period::Week => format!("date({day}, '-6 days', 'weekday 1')"),
                Period::Month => format!("substr({day}, 1, 8) || '01'"),
                Period::Quarter => format!(
                    "substr({day}, 1, 5) || \
                     substr('010101040404070707101010', 2 * CAST(substr({day}, 6, 2) AS integer) - 1, 2) || '-01'"
                ),
                Period::Year => format!("substr({day}, 1, 4) || '-01-01'"),
            }
        }
    }
}

/// PostgreSQL's name of a period that is more than a day.
fn unit(period: Period) -> Option<&'static str> {
    match period {
        Period::Day => None,
        Period::Week => Some("week"),
        Period::Month => Some("month"),
        Period::Quarter => Some("quarter"),
        Period::Year => Some("year"),
    }
}

/// The offset that a zone has at the instant in a column: a search by halves.
fn offset(dialect: Dialect, column: &str, table: &[Offset]) -> String {
    let (earlier, later) = table.split_at(table.len() / 2);
    match (earlier, later) {
        ([_, ..], [first, ..]) => format!(
            "CASE WHEN {column} < {} THEN {} ELSE {} END",
            instant(dialect, first.from),
            offset(dialect, column, earlier),
            offset(dialect, column, later)
        ),
        ([], later) => later.first().map_or(0, |only| only.seconds).to_string(),
        (earlier, []) => earlier.first().map_or(0, |only| only.seconds).to_string(),
    }
}

fn instant(dialect: Dialect, seconds: i64) -> String {
    match dialect {
        Dialect::Sqlite => seconds.saturating_mul(MICROSECONDS).to_string(),
        Dialect::Postgres => {
            let at = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
            format!("TIMESTAMPTZ '{}'", at.format("%Y-%m-%d %H:%M:%S+00"))
        }
    }
}
