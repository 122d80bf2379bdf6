//! Instants and dates as Kith keeps and shows them, and the clock they come from.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

/// An instant in UTC microseconds since 1970, shown as RFC 3339 with milliseconds and `Z`.
///
/// Kith's own instants are whole milliseconds, so that what a client reads is what it can filter by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant(pub i64);

/// One millisecond in the unit of [`Instant`].
const MILLISECOND: i64 = 1_000;
/// The first and the last instant that RFC 3339 can spell with four digits of year.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

impl Instant {
    /// Reads RFC 3339 with any offset, to the millisecond.
    pub fn parse(text: &str) -> Option<Self> {
        let micros = DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros();
        RANGE.contains(&micros).then(|| Self(micros).truncated())
    }

    /// The whole millisecond at or before the instant.
    pub fn truncated(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(MILLISECOND)))
    }

    /// As chrono's type; the epoch where the number is beyond what chrono can hold.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Instant {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_micros()).truncated()
    }
}

impl Instant {
    /// As it is shown: `2026-01-02T03:04:05.678Z`. Lists are full of instants, and this is what they cost.
    pub fn formatted(self) -> [u8; 24] {
        let (at, mut text) = (self.utc(), *b"0000-00-00T00:00:00.000Z");
        let mut put = |last: usize, width: usize, number: u32| {
            let mut rest = number;
            for place in text.iter_mut().take(last).rev().take(width) {
                *place = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        };
        put(4, 4, at.year().unsigned_abs());
        put(7, 2, at.month());
        put(10, 2, at.day());
        put(13, 2, at.hour());
        put(16, 2, at.minute());
        put(19, 2, at.second());
        put(23, 3, at.timestamp_subsec_millis());
        text
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.formatted()).map_err(|_| fmt::Error)?)
    }
}

/// Reads `YYYY-MM-DD`, years 0001 to 9999.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10 && !text.starts_with("0000");
    if !shaped || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// The clock; tests set it.
pub trait Clock: Send + Sync {
    /// The present instant, in whole milliseconds.
    fn now(&self) -> Instant;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
    fn now(&self) -> Instant {
        Utc::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_and_shown_in_milliseconds() {
        let shown = |text: &str| Instant::parse(text).map(|at| at.to_string());
        assert_eq!(shown("2026-01-02T03:04:05+01:00").as_deref(), Some("2026-01-02T02:04:05.000Z"));
        assert_eq!(shown("1969-12-31T23:59:59.999Z").as_deref(), Some("1969-12-31T23:59:59.999Z"));
        assert_eq!(shown("0001-01-01T00:00:00Z").as_deref(), Some("0001-01-01T00:00:00.000Z"));
        assert_eq!(shown("9999-12-31T23:59:59.1Z").as_deref(), Some("9999-12-31T23:59:59.100Z"));
        assert_eq!(shown("2026-01-02T03:04:05.123999Z").as_deref(), Some("2026-01-02T03:04:05.123Z"));
        assert_eq!(shown("1969-12-31T23:59:59.9999Z").as_deref(), Some("1969-12-31T23:59:59.999Z"));
        assert_eq!(shown("2026-01-02"), None);
    }

    #[test]
    fn dates_have_one_spelling() {
        assert!(parse_date("2024-02-29").is_some());
        for wrong in
            ["2023-02-29", "24-02-29", "2024-2-29", "2024-02-29T00:00:00Z", "+024-02-29", "0000-01-01"]
        {
            assert_eq!(parse_date(wrong), None, "{wrong}");
        }
    }
}
