//! Time zones as tables: the offsets that a zone has had and will have, so that a database without time zones finds the
//! same local day as one with other rules than ours.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use chrono::{DateTime, Offset as _, TimeZone};
use chrono_tz::Tz;

/// An offset from UTC, in seconds, from an instant on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offset {
    /// The first second in UTC, since 1970, that has it.
    pub from: i64,
    /// What is added to UTC.
    pub seconds: i32,
}

const DAY: i64 = 86_400;
/// The years between which zones have changed their offsets, as far as anyone has laid down.
const CHANGES: std::ops::Range<i64> = -150 * 365 * DAY..140 * 366 * DAY;
/// The second day of the year 1 and the last one of the year 9999: beyond, a local day might have no date.
const DATES: std::ops::Range<i64> = -62_135_596_800 + DAY..253_402_300_800 - DAY;

type Tables = HashMap<Tz, Arc<[Offset]>>;
static TABLES: LazyLock<Mutex<Tables>> = LazyLock::new(Mutex::default);

/// The offsets of a zone from the beginning of the calendar on, in order; never none. The first and the last day of the
/// calendar are UTC's.
pub fn offsets(zone: Tz) -> Arc<[Offset]> {
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(tables.entry(zone).or_insert_with(|| table(zone).into()))
}

fn table(zone: Tz) -> Vec<Offset> {
    let mut table = vec![Offset { from: i64::MIN, seconds: 0 }];
    let mut seconds = offset(zone, CHANGES.start);
    table.push(Offset { from: DATES.start, seconds });
    // No zone changes its offset forth and back within a day.
    let mut day = CHANGES.start;
    while day < CHANGES.end {
        let next = day + DAY;
        let after = offset(zone, next);
        if after != seconds {
            table.push(Offset { from: first_with(zone, after, day, next), seconds: after });
            seconds = after;
        }
        day = next;
    }
    table.push(Offset { from: DATES.end, seconds: 0 });
    table.dedup_by_key(|offset| offset.seconds);
    table
}

/// The first second with an offset that the one at `last` has and the one at `before` has not.
fn first_with(zone: Tz, seconds: i32, mut before: i64, mut last: i64) -> i64 {
    while last - before > 1 {
        let middle = before + (last - before) / 2;
        if offset(zone, middle) == seconds { last = middle } else { before = middle }
    }
    last
}

fn offset(zone: Tz, at: i64) -> i32 {
    let at = DateTime::from_timestamp(at, 0).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&at).fix().local_minus_utc()
}

#[cfg(test)]
mod tests {
    use chrono_tz::TZ_VARIANTS;

    use super::*;

    fn at(table: &[Offset], at: i64) -> i32 {
        table.iter().rev().find(|offset| offset.from <= at).map_or(0, |offset| offset.seconds)
    }

    #[test]
    fn tables_have_the_offsets_of_their_zones() {
        for zone in
            TZ_VARIANTS.iter().step_by(40).chain(&[chrono_tz::Africa::Casablanca, chrono_tz::Pacific::Apia])
        {
            let table = table(*zone);
            assert!(table.is_sorted_by_key(|offset| offset.from), "{zone}");
            // A prime number of seconds, so that all times of day are met.
            let mut second = DATES.start;
            while second < DATES.end {
                assert_eq!(at(&table, second), offset(*zone, second), "{zone} {second}");
                second += 29_986_577;
            }
            let around = table.iter().flat_map(|change| [change.from.saturating_sub(1), change.from]);
            for second in around.filter(|second| DATES.contains(second)) {
                assert_eq!(at(&table, second), offset(*zone, second), "{zone} {second}");
            }
        }
        assert_eq!(table(Tz::UTC).as_slice(), [Offset { from: i64::MIN, seconds: 0 }]);
    }
}
