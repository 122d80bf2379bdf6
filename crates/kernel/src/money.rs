//! Money and decimals as whole numbers: what is written is what is stored, to the last digit.

use std::{fmt, str::FromStr};

pub use iso_currency::Currency;
use serde_json::{Value as Json, json};

/// An amount in a currency's minor unit (cents for EUR, yen for JPY).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Money {
    /// The number of minor units.
    pub minor: i64,
    /// The currency by ISO 4217.
    pub currency: Currency,
}

impl Money {
    /// Reads `{"amount":"1234.50","currency":"EUR"}`; none where the amount is no decimal text, has more
    /// decimals than the currency or does not fit.
    pub fn from_json(json: &Json) -> Option<Self> {
        let members = json.as_object()?;
        if members.len() != 2 {
            return None;
        }
        Self::parse(members.get("amount")?.as_str()?, members.get("currency")?.as_str()?)
    }

    /// Reads a decimal amount and a currency code.
    pub fn parse(amount: &str, currency: &str) -> Option<Self> {
        let currency = parse_currency(currency)?;
        Some(Self { minor: parse_decimal(amount, exponent(currency))?, currency })
    }

    /// As clients see it.
    pub fn to_json(self) -> Json {
        json!({ "amount": self.amount(), "currency": self.currency.code() })
    }

    /// The amount in decimal text, with as many decimals as the currency has.
    pub fn amount(self) -> String {
        show_decimal(self.minor, exponent(self.currency), true)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency.code())
    }
}

/// Reads an ISO 4217 code in upper case.
pub fn parse_currency(code: &str) -> Option<Currency> {
    let shaped = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    shaped.then(|| Currency::from_str(code).ok()).flatten()
}

/// The currency's number of decimals; none counts as zero.
pub fn exponent(currency: Currency) -> u8 {
    currency.exponent().and_then(|digits| u8::try_from(digits).ok()).unwrap_or(0)
}

/// Reads a decimal text as a whole number of `10^-scale`; none where it has more decimals or does not fit.
pub fn parse_decimal(text: &str, scale: u8) -> Option<i64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits =
        |part: &str| !part.is_empty() && part.len() <= 40 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let significant = fraction.trim_end_matches('0');
    let missing = usize::from(scale).checked_sub(significant.len())?;
    let value: i64 = format!("{whole}{significant}{}", "0".repeat(missing)).parse().ok()?;
    if text.starts_with('-') { value.checked_neg() } else { Some(value) }
}

/// Shows a whole number of `10^-scale` as decimal text, with all its decimals or only the significant ones.
pub fn show_decimal(value: i64, scale: u8, padded: bool) -> String {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let fraction = if padded { fraction } else { fraction.trim_end_matches('0') };
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// `a × b ÷ 10^scale`, rounded half away from zero as invoices are; none where it does not fit.
pub fn multiply(a: i64, b: i64, scale: u8) -> Option<i64> {
    let unit = 10i128.checked_pow(u32::from(scale))?;
    let product = i128::from(a).checked_mul(i128::from(b))?;
    let half = if product < 0 { -unit / 2 } else { unit / 2 };
    i64::try_from(product.checked_add(half)?.checked_div(unit)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_every_digit() {
        let shown = |amount, currency| Money::parse(amount, currency).map(|money| money.to_string());
        assert_eq!(shown("1234.5", "EUR").as_deref(), Some("1234.50 EUR"));
        assert_eq!(shown("-0.05", "EUR").as_deref(), Some("-0.05 EUR"));
        assert_eq!(shown("12.000", "JPY").as_deref(), Some("12 JPY"));
        assert_eq!(shown("1.234", "KWD").as_deref(), Some("1.234 KWD"));
        assert_eq!(shown("92233720368547758.07", "EUR").as_deref(), Some("92233720368547758.07 EUR"));
        for (amount, currency) in [
            ("1.005", "EUR"),
            ("92233720368547758.08", "EUR"),
            ("1e3", "EUR"),
            ("1,5", "EUR"),
            (".5", "EUR"),
            ("", "EUR"),
            ("1", "eur"),
            ("1", "XYZ"),
        ] {
            assert_eq!(shown(amount, currency), None, "{amount} {currency}");
        }
    }

    #[test]
    fn products_round_half_away_from_zero() {
        assert_eq!(multiply(5, 15_000, 4), Some(8));
        assert_eq!(multiply(-5, 15_000, 4), Some(-8));
        assert_eq!(multiply(i64::MAX, i64::MAX, 4), None);
    }
}
