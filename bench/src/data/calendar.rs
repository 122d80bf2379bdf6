//! Days and instants as text.

/// Microseconds in a day.
pub const DAY: i64 = 86_400_000_000;

/// Year, month and day of a day counted from 1970-01-01, by the proleptic Gregorian calendar.
fn civil(day: i64) -> (i64, i64, i64) {
    // Years begin in March, so that the leap day is their last.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_month)
}

/// `YYYY-MM-DD`.
pub fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Microseconds since 1970 as an instant in UTC with milliseconds.
pub fn rfc3339(micros: i64) -> String {
    let day = date(micros.div_euclid(DAY));
    let millis = micros.rem_euclid(DAY) / 1_000;
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{day}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

/// Reads what [`rfc3339`] writes.
pub fn micros(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (shifted, place) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * place + 2) / 5 + day - 1;
    let leaps = shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400);
    let days = 365 * shifted + leaps + of_year - 719_468;
    let seconds = part(11, 13)? * 3_600 + part(14, 16)? * 60 + part(17, 19)?;
    Some(days * DAY + seconds * 1_000_000 + part(20, 23)? * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(19_782), "2024-02-29");
        assert_eq!(rfc3339(1_795_301_168_073_000), "2026-11-21T22:46:08.073Z");
        assert_eq!(micros("2026-11-21T22:46:08.073Z"), Some(1_795_301_168_073_000));
        assert_eq!(micros("2024-02-29T00:00:00.000Z"), Some(19_782 * DAY));
    }
}
