//! Decimals as their digits, so that no amount ever passes through a float.

use std::fmt;

/// Leaves room in an `i128` for a scale of eight digits.
const MAX_DIGITS: usize = 30;

/// `units` divided by ten to the power of `places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    units: i128,
    places: usize,
}

impl Decimal {
    /// Reads `-12.50`: an optional sign, digits, at most one point with digits after it.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        let digits = [whole, fraction].concat();
        if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let units: i128 = digits.parse().ok()?;
        Some(Self { units: if negative { units.checked_neg()? } else { units }, places: fraction.len() })
    }

    /// The exact product without trailing zeros; `None` when it is too large.
    pub fn times(self, factor: Self) -> Option<Self> {
        let units = self.units.checked_mul(factor.units)?;
        let places = self.places.checked_add(factor.places)?;
        Some(Self { units, places }.shortest())
    }

    /// The number as an integer; `None` when it has a fraction or is out of range.
    pub fn integer(self) -> Option<i64> {
        let Self { units, places } = self.shortest();
        if places == 0 { i64::try_from(units).ok() } else { None }
    }

    pub fn is_zero(self) -> bool {
        self.units == 0
    }

    fn shortest(self) -> Self {
        let Self { mut units, mut places } = self;
        while places > 0 && units % 10 == 0 {
            units /= 10;
            places -= 1;
        }
        Self { units, places }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = self.places.saturating_add(1));
        match digits.split_at_checked(digits.len().saturating_sub(self.places)) {
            Some((whole, fraction)) if !fraction.is_empty() => write!(formatter, "{sign}{whole}.{fraction}"),
            _ => write!(formatter, "{sign}{digits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Decimal;

    fn same(text: &str) -> String {
        Decimal::parse(text).unwrap().to_string()
    }

    fn scaled(text: &str, factor: &str) -> String {
        Decimal::parse(text).unwrap().times(Decimal::parse(factor).unwrap()).unwrap().to_string()
    }

    #[test]
    fn digits_stay_as_written() {
        for text in ["0", "1054", "1054.00", "-0.05", "99999999999999.9999"] {
            assert_eq!(same(text), text);
        }
        assert_eq!(same("+007"), "7");
        assert_eq!(same(".5"), "0.5");
        assert_eq!(same("-0.00"), "0.00");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "-", ".", "5.", "1e3", "1,000", "0x10", "1.2.3", " 1", "--1", "NaN", "٣"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse(&"9".repeat(31)), None);
    }

    #[test]
    fn products_are_exact() {
        assert_eq!(scaled("1100.04", "1000000"), "1100040000");
        assert_eq!(scaled("4.54", "1000000"), "4540000");
        assert_eq!(scaled("1050", "0.01"), "10.5");
        assert_eq!(scaled("-0.3", "-1"), "0.3");
        assert_eq!(scaled("0.000", "5"), "0");
        let most = Decimal::parse(&"9".repeat(30)).unwrap();
        assert_eq!(most.times(most), None);
    }

    #[test]
    fn integers_have_no_fraction() {
        assert_eq!(Decimal::parse("3.0").unwrap().integer(), Some(3));
        assert_eq!(Decimal::parse("3.5").unwrap().integer(), None);
        assert_eq!(Decimal::parse("-9223372036854775808").unwrap().integer(), Some(i64::MIN));
        assert_eq!(Decimal::parse("9223372036854775808").unwrap().integer(), None);
    }
}
