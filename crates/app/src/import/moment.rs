//! Dates and instants, from the spelling of a file to the spelling of the API.

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Offset, SecondsFormat, Utc};
use std::fmt::Write;

/// Years the API can write as four digits.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;

/// A strftime pattern that gives a date.
#[derive(Debug, Clone)]
pub(super) struct DatePattern(String);

impl DatePattern {
    pub fn new(pattern: String) -> Result<Self, String> {
        let sample = sample(&pattern)?;
        match NaiveDate::parse_from_str(&sample, &pattern) {
            Ok(_) => Ok(Self(pattern)),
            Err(_) => Err("the pattern does not tell a whole date".to_owned()),
        }
    }

    /// The date as `YYYY-MM-DD`.
    pub fn read(&self, text: &str) -> Option<String> {
        let date = NaiveDate::parse_from_str(text, &self.0).ok()?;
        YEARS.contains(&date.year()).then(|| date.format("%Y-%m-%d").to_string())
    }

    pub fn pattern(&self) -> &str {
        &self.0
    }
}

/// A strftime pattern that gives an instant, with the zone it is meant in unless it tells its own.
#[derive(Debug, Clone)]
pub(super) struct InstantPattern {
    pattern: String,
    zone: Option<FixedOffset>,
}

impl InstantPattern {
    pub fn new(pattern: String, zone: Option<&str>) -> Result<Self, String> {
        let sample = sample(&pattern)?;
        if DateTime::parse_from_str(&sample, &pattern).is_ok() {
            return match zone {
                None => Ok(Self { pattern, zone: None }),
                Some(_) => Err("the pattern tells the zone itself, so leave `zone` out".to_owned()),
            };
        }
        if NaiveDateTime::parse_from_str(&sample, &pattern).is_err() {
            return Err("the pattern does not tell a whole date and time".to_owned());
        }
        let zone = match zone {
            None | Some("UTC") => Utc.fix(),
            Some(offset) => offset
                .parse::<FixedOffset>()
                .map_err(|_| "`zone` is “UTC” or an offset like “+02:00”".to_owned())?,
        };
        Ok(Self { pattern, zone: Some(zone) })
    }

    /// The instant in UTC with milliseconds, as RFC 3339.
    pub fn read(&self, text: &str) -> Option<String> {
        let instant = match self.zone {
            None => DateTime::parse_from_str(text, &self.pattern).ok()?,
            Some(zone) => {
                let local = NaiveDateTime::parse_from_str(text, &self.pattern).ok()?;
                local.and_local_timezone(zone).single()?
            }
        };
        let instant = instant.to_utc();
        YEARS.contains(&instant.year()).then(|| instant.to_rfc3339_opts(SecondsFormat::Millis, true))
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
    use super::{DatePattern, InstantPattern};

    #[test]
    fn dates() {
        let american = DatePattern::new("%m/%d/%Y".to_owned()).unwrap();
        assert_eq!(american.read("3/1/2017").as_deref(), Some("2017-03-01"));
        assert_eq!(american.read("13/1/2017"), None);
        assert_eq!(american.read("2/29/2017"), None);
        assert_eq!(american.read("3/1/20177"), None);
        assert_eq!(american.read("3/1/2017 10:00"), None);
        let timed = DatePattern::new("%Y-%m-%d %H:%M:%S".to_owned()).unwrap();
        assert_eq!(timed.read("2017-03-01 23:59:59").as_deref(), Some("2017-03-01"));
    }

    #[test]
    fn instants() {
        let plain = "%Y-%m-%d %H:%M:%S".to_owned();
        let utc = InstantPattern::new(plain.clone(), None).unwrap();
        assert_eq!(utc.read("2023-06-01 12:15:36").as_deref(), Some("2023-06-01T12:15:36.000Z"));
        assert_eq!(utc.read("2023-06-01"), None);
        let east = InstantPattern::new(plain, Some("+02:00")).unwrap();
        assert_eq!(east.read("2023-06-01 00:30:00").as_deref(), Some("2023-05-31T22:30:00.000Z"));
        let own = InstantPattern::new("%Y-%m-%dT%H:%M:%S%.f%:z".to_owned(), None).unwrap();
        assert_eq!(own.read("2023-06-01T00:30:00.25-05:00").as_deref(), Some("2023-06-01T05:30:00.250Z"));
        let minutes = InstantPattern::new("%d.%m.%y %H:%M".to_owned(), Some("UTC")).unwrap();
        assert_eq!(minutes.read("01.06.23 07:05").as_deref(), Some("2023-06-01T07:05:00.000Z"));
        let unix = InstantPattern::new("%s".to_owned(), None).unwrap();
        assert_eq!(unix.read("1685577600").as_deref(), Some("2023-06-01T00:00:00.000Z"));
    }

    #[test]
    fn patterns_that_cannot_work_are_refused_at_once() {
        for pattern in ["", "%Q", "%", "%Y-%m", "%H:%M"] {
            assert!(DatePattern::new(pattern.to_owned()).is_err(), "{pattern}");
        }
        for pattern in ["%Q", "%Y-%m-%d", "%H:%M", "%Y-%m-%d %I:%M"] {
            assert!(InstantPattern::new(pattern.to_owned(), None).is_err(), "{pattern}");
        }
        assert!(InstantPattern::new("%F %T".to_owned(), Some("Europe/Berlin")).is_err());
        assert!(InstantPattern::new("%F %T%:z".to_owned(), Some("UTC")).is_err());
    }
}
