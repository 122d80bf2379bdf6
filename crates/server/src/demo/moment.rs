//! Days relative to the present one, so that the demo is always of today: `today-14`, `today+3 09:30`.

use chrono::{Days, NaiveDate, NaiveTime};
use kernel::time::Instant;

/// A day, or an instant of a day, in UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    Day(NaiveDate),
    Instant(Instant),
}

/// Reads one of those; none where the text is something else.
pub(super) fn read(text: &str, today: NaiveDate) -> Option<Moment> {
    let rest = text.strip_prefix("today")?;
    let (offset, time) = rest.split_once(' ').map_or((rest, None), |(offset, time)| (offset, Some(time)));
    let offset: i64 = if offset.is_empty() { 0 } else { offset.parse().ok()? };
    let distance = Days::new(offset.unsigned_abs());
    let day = if offset < 0 { today.checked_sub_days(distance) } else { today.checked_add_days(distance) }?;
    match time {
        None => Some(Moment::Day(day)),
        Some(time) => {
            let time = NaiveTime::parse_from_str(time, "%H:%M").ok()?;
            Some(Moment::Instant(day.and_time(time).and_utc().into()))
        }
    }
}

impl Moment {
    /// As clients spell it.
    pub fn text(self) -> String {
        match self {
            Self::Day(day) => day.to_string(),
            Self::Instant(at) => at.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn days_are_counted_from_today() {
        let today = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let read = |text: &str| super::read(text, today).map(Moment::text);
        assert_eq!(read("today").as_deref(), Some("2026-03-01"));
        assert_eq!(read("today-1").as_deref(), Some("2026-02-28"));
        assert_eq!(read("today+31").as_deref(), Some("2026-04-01"));
        assert_eq!(read("today-1 09:30").as_deref(), Some("2026-02-28T09:30:00.000Z"));
        for text in ["", "tomorrow", "today is fine", "todays", "today-1 25:00", "today-x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
