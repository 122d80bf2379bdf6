//! Dates and instants, from the spelling of a file to the spelling of the API.

use chrono::format::{Item, Numeric, Parsed, StrftimeItems, parse};
use chrono::{
    DateTime, Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, Offset, SecondsFormat, TimeZone,
    Utc,
};
use chrono_tz::Tz;
use std::fmt::Write;

/// Years the API can write as four digits.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;

/// The default for the first of the hundred years that two digits stand for.
const PIVOT: i32 = 1970;

/// The years that two digits stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Century {
    /// The hundred years from this one on.
    From(i32),
    /// The last such years in which the day was not after this one.
    Until(NaiveDate),
}

/// A strftime pattern that gives a date.
#[derive(Debug, Clone)]
pub(super) struct DatePattern {
    pattern: String,
    century: Century,
    /// Whether the mapping says which years are meant.
    is_said: bool,
}

impl DatePattern {
    pub fn new(pattern: String, pivot: Option<i32>) -> Result<Self, String> {
        let sample = sample(&pattern)?;
        if NaiveDate::parse_from_str(&sample, &pattern).is_err() {
            return Err("the pattern does not tell a whole date".to_owned());
        }
        let century = Century::From(pivot.unwrap_or(PIVOT));
        Ok(Self { pattern, century, is_said: pivot.is_some() })
    }

    /// Years of two digits are those that have passed, unless the mapping says which are meant.
    pub fn look_back(&mut self, today: NaiveDate) {
        if !self.is_said {
            self.century = Century::Until(today);
        }
    }

    /// The date as `YYYY-MM-DD`.
    pub fn read(&self, text: &str) -> Option<String> {
        let from = |first: i32| parsed(text, &self.pattern, first)?.to_naive_date().ok();
        let date = match self.century {
            Century::From(first) => from(first)?,
            Century::Until(today) => {
                let first = today.year().saturating_sub(99);
                let last = from(first).filter(|date| *date <= today || !has_short_year(&self.pattern));
                last.or_else(|| from(first.saturating_sub(100)))?
            }
        };
        YEARS.contains(&date.year()).then(|| date.format("%Y-%m-%d").to_string())
    }

    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}

/// Reads the text; years of two digits are among the hundred from the first one on.
fn parsed(text: &str, pattern: &str, first: i32) -> Option<Parsed> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, StrftimeItems::new(pattern)).ok()?;
    if let (Some(short), None, None) = (parsed.year_mod_100(), parsed.year(), parsed.year_div_100()) {
        let year = first.saturating_add(short.saturating_sub(first).rem_euclid(100));
        parsed.set_year_div_100(i64::from(year.div_euclid(100))).ok()?;
    }
    Some(parsed)
}

/// Whether a pattern tells years by two digits alone.
pub(super) fn has_short_year(pattern: &str) -> bool {
    let tells = |wanted: &[Numeric]| {
        let mut items = StrftimeItems::new(pattern);
        items.any(|item| matches!(item, Item::Numeric(numeric, _) if wanted.contains(&numeric)))
    };
    tells(&[Numeric::YearMod100]) && !tells(&[Numeric::Year, Numeric::YearDiv100])
}

/// In which zone an instant is meant.
#[derive(Debug, Clone, Copy)]
enum Zone {
    /// The text tells it.
    Own,
    Offset(FixedOffset),
    Named(Tz),
}

/// Why a text gives no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoInstant {
    /// It is not written as the pattern says.
    Unreadable,
    /// The zone's clock was put forward over it.
    LeftOut(Tz),
    /// The zone's clock was put back over it.
    Twice(Tz),
}

/// A strftime pattern that gives an instant, with the zone it is meant in unless it tells its own.
#[derive(Debug, Clone)]
pub(super) struct InstantPattern {
    pattern: String,
    zone: Zone,
    pivot: i32,
}

impl InstantPattern {
    pub fn new(pattern: String, zone: Option<&str>, pivot: Option<i32>) -> Result<Self, String> {
        let pivot = pivot.unwrap_or(PIVOT);
        let sample = sample(&pattern)?;
        if DateTime::parse_from_str(&sample, &pattern).is_ok() {
            return match zone {
                None => Ok(Self { pattern, zone: Zone::Own, pivot }),
                Some(_) => Err("the pattern tells the zone itself, so leave `zone` out".to_owned()),
            };
        }
        if NaiveDateTime::parse_from_str(&sample, &pattern).is_err() {
            return Err("the pattern does not tell a whole date and time".to_owned());
        }
        let zone = match zone {
            None | Some("UTC") => Zone::Offset(Utc.fix()),
            Some(name) => match (name.parse::<Tz>(), name.parse::<FixedOffset>()) {
                (Ok(zone), _) => Zone::Named(zone),
                (_, Ok(offset)) => Zone::Offset(offset),
                _ => {
                    return Err(
                        "`zone` is an IANA zone like “Europe/Berlin” or an offset like “+02:00”".to_owned()
                    );
                }
            },
        };
        Ok(Self { pattern, zone, pivot })
    }

    /// The instant in UTC with milliseconds, as RFC 3339.
    pub fn read(&self, text: &str) -> Result<String, NoInstant> {
        let parsed = parsed(text, &self.pattern, self.pivot).ok_or(NoInstant::Unreadable)?;
        let local = || parsed.to_naive_datetime_with_offset(0).map_err(|_| NoInstant::Unreadable);
        let instant = match self.zone {
            Zone::Own => parsed.to_datetime().map_err(|_| NoInstant::Unreadable)?.to_utc(),
            Zone::Offset(offset) => {
                offset.from_local_datetime(&local()?).single().ok_or(NoInstant::Unreadable)?.to_utc()
            }
            Zone::Named(zone) => match zone.from_local_datetime(&local()?) {
                LocalResult::Single(instant) => instant.to_utc(),
                LocalResult::None => return Err(NoInstant::LeftOut(zone)),
                LocalResult::Ambiguous(..) => return Err(NoInstant::Twice(zone)),
            },
        };
        let is_shown = YEARS.contains(&instant.year());
        is_shown.then(|| instant.to_rfc3339_opts(SecondsFormat::Millis, true)).ok_or(NoInstant::Unreadable)
    }

    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}

/// A known instant in the pattern: reading it back shows, before any row, whether the pattern tells enough.
fn sample(pattern: &str) -> Result<String, String> {
    if StrftimeItems::new(pattern).any(|item| item == Item::Error) {
        return Err("the pattern is not a strftime pattern".to_owned());
    }
    let mut text = String::new();
    match write!(text, "{}", DateTime::UNIX_EPOCH.fixed_offset().format(pattern)) {
        Ok(()) => Ok(text),
        Err(_) => Err("the pattern is not a strftime pattern".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{DatePattern, InstantPattern, NoInstant};
    use chrono::NaiveDate;
    use chrono_tz::Europe::Berlin;

    #[test]
    fn dates() {
        let american = DatePattern::new("%m/%d/%Y".to_owned(), None).unwrap();
        assert_eq!(american.read("3/1/2017").as_deref(), Some("2017-03-01"));
        assert_eq!(american.read("13/1/2017"), None);
        assert_eq!(american.read("2/29/2017"), None);
        assert_eq!(american.read("3/1/20177"), None);
        assert_eq!(american.read("3/1/2017 10:00"), None);
        let timed = DatePattern::new("%Y-%m-%d %H:%M:%S".to_owned(), None).unwrap();
        assert_eq!(timed.read("2017-03-01 23:59:59").as_deref(), Some("2017-03-01"));
    }

    #[test]
    fn years_of_two_digits() {
        let short = |pivot| DatePattern::new("%d.%m.%y".to_owned(), pivot).unwrap();
        let read = |pattern: &DatePattern, text| pattern.read(text).unwrap_or_default();
        assert_eq!(read(&short(None), "31.12.69"), "2069-12-31");
        assert_eq!(read(&short(None), "01.01.70"), "1970-01-01");
        assert_eq!(read(&short(Some(1931)), "01.01.30"), "2030-01-01");
        assert_eq!(read(&short(Some(1931)), "01.01.31"), "1931-01-01");
        let mut past = short(None);
        past.look_back(NaiveDate::from_ymd_opt(2026, 11, 26).unwrap());
        let days = ["10.12.55", "26.11.26", "27.11.26", "29.02.24", "01.01.27"].map(|text| read(&past, text));
        assert_eq!(days, ["1955-12-10", "2026-11-26", "1926-11-27", "2024-02-29", "1927-01-01"]);
        let mut whole = DatePattern::new("%d.%m.%Y".to_owned(), None).unwrap();
        whole.look_back(NaiveDate::from_ymd_opt(2026, 11, 26).unwrap());
        assert_eq!(read(&whole, "01.01.2999"), "2999-01-01");
        let mut said = short(Some(2000));
        said.look_back(NaiveDate::from_ymd_opt(2026, 11, 26).unwrap());
        assert_eq!(read(&said, "10.12.55"), "2055-12-10");
    }

    #[test]
    fn instants() {
        let plain = "%Y-%m-%d %H:%M:%S".to_owned();
        let utc = InstantPattern::new(plain.clone(), None, None).unwrap();
        assert_eq!(utc.read("2023-06-01 12:15:36").as_deref(), Ok("2023-06-01T12:15:36.000Z"));
        assert_eq!(utc.read("2023-06-01"), Err(NoInstant::Unreadable));
        let east = InstantPattern::new(plain.clone(), Some("+02:00"), None).unwrap();
        assert_eq!(east.read("2023-06-01 00:30:00").as_deref(), Ok("2023-05-31T22:30:00.000Z"));
        let own = InstantPattern::new("%Y-%m-%dT%H:%M:%S%.f%:z".to_owned(), None, None).unwrap();
        assert_eq!(own.read("2023-06-01T00:30:00.25-05:00").as_deref(), Ok("2023-06-01T05:30:00.250Z"));
        let minutes = InstantPattern::new("%d.%m.%y %H:%M".to_owned(), Some("UTC"), None).unwrap();
        assert_eq!(minutes.read("01.06.23 07:05").as_deref(), Ok("2023-06-01T07:05:00.000Z"));
        let local = InstantPattern::new(plain, Some("Europe/Berlin"), None).unwrap();
        assert_eq!(local.read("2026-07-01 12:00:00").as_deref(), Ok("2026-07-01T10:00:00.000Z"));
        assert_eq!(local.read("2026-03-29 02:30:00"), Err(NoInstant::LeftOut(Berlin)));
        assert_eq!(local.read("2026-10-25 02:30:00"), Err(NoInstant::Twice(Berlin)));
        let unix = InstantPattern::new("%s".to_owned(), None, None).unwrap();
        assert_eq!(unix.read("1685577600").as_deref(), Ok("2023-06-01T00:00:00.000Z"));
    }

    #[test]
    fn patterns_that_cannot_work_are_refused_at_once() {
        for pattern in ["", "%Q", "%", "%Y-%m", "%H:%M"] {
            assert!(DatePattern::new(pattern.to_owned(), None).is_err(), "{pattern}");
        }
        for pattern in ["%Q", "%Y-%m-%d", "%H:%M", "%Y-%m-%d %I:%M"] {
            assert!(InstantPattern::new(pattern.to_owned(), None, None).is_err(), "{pattern}");
        }
        assert!(InstantPattern::new("%F %T".to_owned(), Some("Berlin"), None).is_err());
        assert!(InstantPattern::new("%F %T%:z".to_owned(), Some("UTC"), None).is_err());
    }
}
