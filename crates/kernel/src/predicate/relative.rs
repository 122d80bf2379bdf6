//! Relative operands: `{"relative":"-P30D"}`, an ISO 8601 duration from now, in the workspace's zone.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::{GapInfo, Tz};

use crate::time::Instant;

/// A duration by ISO 8601, with calendar and clock parts.
#[derive(Default, Debug, PartialEq)]
struct Duration {
    back: bool,
    months: u32,
    days: u64,
    seconds: i64,
}

/// The instant so far from now: calendar parts in the zone's days, clock parts in elapsed time.
pub fn instant(text: &str, now: Instant, zone: Tz) -> Option<Instant> {
    let duration = parse(text)?;
    let local = now.utc().with_timezone(&zone);
    let day = shift(local.date_naive(), &duration)?;
    let at = resolve(zone, day.and_time(local.time()))?;
    let clock = TimeDelta::try_seconds(duration.seconds)?;
    let moved = if duration.back { at.checked_sub_signed(clock)? } else { at.checked_add_signed(clock)? };
    in_range(moved.to_utc().date_naive())?;
    Some(moved.to_utc().into())
}

/// The day so far from today, which begins and ends in the zone.
pub fn date(text: &str, now: Instant, zone: Tz) -> Option<NaiveDate> {
    let duration = parse(text)?;
    let today = now.utc().with_timezone(&zone).date_naive();
    (duration.seconds == 0).then(|| shift(today, &duration)).flatten()
}

/// The instant at which a day begins in the zone.
pub fn start_of_day(day: NaiveDate, zone: Tz) -> Option<Instant> {
    resolve(zone, day.and_time(NaiveTime::MIN)).map(|at| at.to_utc().into())
}

fn shift(day: NaiveDate, by: &Duration) -> Option<NaiveDate> {
    let (months, days) = (Months::new(by.months), Days::new(by.days));
    let moved = if by.back {
        day.checked_sub_months(months)?.checked_sub_days(days)?
    } else {
        day.checked_add_months(months)?.checked_add_days(days)?
    };
    in_range(moved)
}

/// Dates have years of four digits, from 0001.
fn in_range(day: NaiveDate) -> Option<NaiveDate> {
    (1..=9_999).contains(&day.year()).then_some(day)
}

/// A local time as an instant; where the clock was put forward over it, the instant after the gap.
fn resolve(zone: Tz, local: chrono::NaiveDateTime) -> Option<DateTime<Tz>> {
    zone.from_local_datetime(&local).earliest().or_else(|| GapInfo::new(&local, &zone)?.end)
}

fn parse(text: &str) -> Option<Duration> {
    let (back, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = rest.strip_prefix('P')?;
    let (calendar, clock) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (rest, ""),
    };
    if calendar.is_empty() && clock.is_empty() {
        return None;
    }
    let mut duration = Duration { back, ..Duration::default() };
    for (number, unit) in parts(calendar, "YMWD")? {
        match unit {
            'Y' => duration.months = u32::try_from(number.checked_mul(12)?).ok()?,
            'M' => duration.months = duration.months.checked_add(u32::try_from(number).ok()?)?,
            'W' => duration.days = number.checked_mul(7)?,
            _ => duration.days = duration.days.checked_add(number)?,
        }
    }
    for (number, unit) in parts(clock, "HMS")? {
        let seconds = match unit {
            'H' => 3600,
            'M' => 60,
            _ => 1,
        };
        let part = i64::try_from(number).ok()?.checked_mul(seconds)?;
        duration.seconds = duration.seconds.checked_add(part)?;
    }
    Some(duration)
}

/// The numbers of a part with their units, which stand in this order, each at most once.
fn parts(text: &str, units: &str) -> Option<Vec<(u64, char)>> {
    let mut found = Vec::new();
    let mut digits = String::new();
    let mut left = units;
    for c in text.chars() {
        if c.is_ascii_digit() && digits.len() < 10 {
            digits.push(c);
            continue;
        }
        let at = left.find(c)?;
        left = left.get(at + 1..)?;
        found.push((digits.parse().ok()?, c));
        digits.clear();
    }
    digits.is_empty().then_some(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn calendar_parts_keep_the_local_hour_over_a_change_of_clocks() {
        let zone = chrono_tz::Europe::Berlin;
        let now = at("2026-03-30T10:00:00Z");
        assert_eq!(instant("-P2D", now, zone), Some(at("2026-03-28T11:00:00Z")));
        assert_eq!(instant("-PT48H", now, zone), Some(at("2026-03-28T10:00:00Z")));
        assert_eq!(date("P1M", at("2026-01-31T23:30:00Z"), zone), NaiveDate::from_ymd_opt(2026, 3, 1));
    }

    #[test]
    fn days_begin_in_the_zone() {
        let begin = |date: &str, zone| crate::time::parse_date(date).and_then(|day| start_of_day(day, zone));
        assert_eq!(begin("2026-07-01", chrono_tz::Europe::Berlin), Some(at("2026-06-30T22:00:00Z")));
        // The clock was put forward over midnight.
        assert_eq!(begin("2024-03-31", chrono_tz::Asia::Beirut), Some(at("2024-03-30T22:00:00Z")));
    }

    #[test]
    fn only_durations_are_read() {
        for wrong in
            ["", "P", "-P", "PT", "P1", "P1H", "PT1D", "P1DT", "P1M1Y", "P99999999999D", "30D", "P-1D"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert!(parse("P1Y2M3W4DT5H6M7S").is_some());
        assert_eq!(date("PT5H", at("2026-01-01T00:00:00Z"), chrono_tz::UTC), None);
        assert_eq!(instant("-P9000Y", at("2026-01-01T00:00:00Z"), chrono_tz::UTC), None);
        assert_eq!(date("P9000Y", at("2026-01-01T00:00:00Z"), chrono_tz::UTC), None);
        assert_eq!(instant("P9999999999D", at("2026-01-01T00:00:00Z"), chrono_tz::UTC), None);
    }
}
