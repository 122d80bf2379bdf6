//! Sums and averages to the last digit. Neither database adds up whole numbers without a limit and alike, so they add
//! the upper and the lower halves apart ([`crate::sql`]), and here these become one number.

use kernel::{
    Code, Error, Result,
    field::Kind,
    money::Money,
    value::{Cell, Decimal},
};

use crate::dialect::Row;

/// The number of bits of the lower half.
pub(crate) const HALF: u32 = 32;

/// The sum of numbers, decimals or amounts of one currency.
pub(super) fn sum(row: &Row, index: usize, kind: Kind) -> Result<Cell<'_>> {
    match total(row, index)? {
        Some(total) => number(row, index + 2, kind, total),
        None => Ok(Cell::Null),
    }
}

/// Their mean; that of whole numbers is a decimal.
pub(super) fn average(row: &Row, index: usize, kind: Kind) -> Result<Cell<'_>> {
    let Some(total) = total(row, index)? else { return Ok(Cell::Null) };
    let scale = if matches!(kind, Kind::Integer(..)) { Decimal::SCALE } else { 0 };
    let count: i64 = row.get(index + 2)?;
    let mean = divided(total, 10_i128.pow(scale.into()), count.into());
    number(row, index + 3, kind, mean.ok_or_else(too_large)?)
}

fn total(row: &Row, index: usize) -> Result<Option<i128>> {
    let (upper, lower): (Option<i64>, Option<i64>) = (row.get(index)?, row.get(index + 1)?);
    Ok(upper.zip(lower).map(|(upper, lower)| (i128::from(upper) << HALF) + i128::from(lower)))
}

/// `a × b ÷ c`, rounded half away from zero.
fn divided(a: i128, b: i128, c: i128) -> Option<i128> {
    let product = a.checked_mul(b)?;
    let half = if product < 0 { -c / 2 } else { c / 2 };
    product.checked_add(half)?.checked_div(c)
}

fn number(row: &Row, currency: usize, kind: Kind, number: i128) -> Result<Cell<'_>> {
    let number = i64::try_from(number).map_err(|_| too_large())?;
    Ok(match kind {
        Kind::Money => Cell::Money(Money { minor: number, currency: row.currency(currency)? }),
        _ => Cell::Integer(number),
    })
}

fn too_large() -> Error {
    Error::new(Code::OutOfRange, "the sum is larger than any number here: ask for fewer records")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_round_half_away_from_zero() {
        for (a, c, mean) in
            [(1, 2, 1), (-1, 2, -1), (1, 3, 0), (-5, 3, -2), (7, 7, 1), (3, 7, 0), (4, 7, 1), (0, 3, 0)]
        {
            assert_eq!(divided(a, 1, c), Some(mean), "{a}/{c}");
        }
        assert_eq!(divided(1, 10_000, 3), Some(3_333));
        assert_eq!(divided(i128::MAX, 2, 1), None);
    }
}
