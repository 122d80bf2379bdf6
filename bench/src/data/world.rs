//! How much there is, whose it is, and how records are numbered.

use super::{
    calendar::DAY,
    dice::Dice,
    row::{Cell, Row},
};

/// 2022-01-01 and how long records came in since then.
const BEGINNING: i64 = 18_993 * DAY;
const SPAN: i64 = 4 * 365 * DAY;
/// Records are entered up to so long after their number says.
const DISORDER: u64 = 60 * 86_400_000;

/// What is to be made.
#[derive(Clone, Debug)]
pub struct World {
    /// The workspace.
    pub workspace: u128,
    /// How many contacts.
    pub contacts: u64,
    /// How many companies.
    pub companies: u64,
    /// How many deals.
    pub deals: u64,
    /// How many activities.
    pub activities: u64,
    /// How many tasks.
    pub tasks: u64,
    /// How many users, besides the owner.
    pub users: u64,
}

/// The kinds of records, each with the first digit of its numbers.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Contact = 1,
    Company,
    Deal,
    Activity,
    Task,
    Affiliation,
    User,
    StageChange,
    Setup,
}

impl World {
    /// A workspace's data in a size of which 1 is the full one.
    pub fn new(workspace: u128, scale: f64) -> Self {
        let count = |full: f64| ((full * scale) as u64).max(100);
        Self {
            workspace,
            contacts: count(1e6),
            companies: count(1e5),
            deals: count(5e5),
            activities: count(850e3),
            tasks: count(150e3),
            users: 40,
        }
    }

    /// One of the users; some own much more than others.
    pub fn user(&self, dice: &mut Dice) -> u128 {
        id(Kind::User, dice.skewed(self.users))
    }

    /// The instant after so many hundredths of the time in which records came in.
    pub fn instant(&self, percent: i64) -> i64 {
        BEGINNING + SPAN / 100 * percent
    }

    /// When a record was created: later ones have higher numbers, by and large.
    pub fn created(&self, number: u64, of: u64, dice: &mut Dice) -> i64 {
        let span = i128::from(SPAN) * i128::from(number) / i128::from(of.max(1));
        let late = dice.below(DISORDER) as i64 * 1_000;
        let at = BEGINNING + i64::try_from(span).unwrap_or_default() + late;
        at - at % 1_000
    }
}

/// The UUID of the n-th record of a kind: `018f0000-0000-7000-8000-` and twelve *decimal* digits, so that a
/// statement can make it from a number.
pub fn id(kind: Kind, number: u64) -> u128 {
    let mut rest = kind as u64 * 100_000_000_000 + number;
    let mut low = 0_u128;
    for place in 0..12 {
        low |= u128::from(rest % 10) << (4 * place);
        rest /= 10;
    }
    0x018f_0000_0000_7000_8000_0000_0000_0000 | low
}

/// A UUID as text.
pub fn uuid(id: u128) -> String {
    let hex = format!("{id:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A UUID as Kith shows it: the kind of the record and 26 digits in base 32.
pub fn type_id(prefix: &str, id: u128) -> String {
    let digit = |place: u32| ALPHABET.get((id >> (5 * place) & 31) as usize).copied().unwrap_or(b'0');
    let digits: String = (0..26).rev().map(|place| char::from(digit(place))).collect();
    format!("{prefix}_{digits}")
}

/// The UUID of what Kith shows.
pub fn uuid_of(type_id: &str) -> Option<u128> {
    let (_, digits) = type_id.rsplit_once('_')?;
    digits.bytes().try_fold(0_u128, |id, byte| {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        Some(id << 5 | digit as u128)
    })
}

impl Row {
    /// What Kith notes about every record: version, when and by whom it was created and changed, and that it
    /// is not deleted.
    pub fn stamps(mut self, world: &World, created: i64, dice: &mut Dice) -> Self {
        let changes = if dice.percent(70) { 0 } else { 1 + dice.below(5) as i64 };
        let later = changes * (dice.below(30 * 86_400_000) as i64) * 1_000;
        let (creator, changer) = (world.user(dice), world.user(dice));
        let changer = if changes == 0 { creator } else { changer };
        self.cells.extend([
            Cell::Integer(1 + changes),
            Cell::Instant(created),
            Cell::Instant(created + later),
            Cell::Id(creator),
            Cell::Id(changer),
            Cell::Null,
        ]);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_decimal_digits() {
        assert_eq!(uuid(id(Kind::Contact, 42)), "018f0000-0000-7000-8000-100000000042");
        assert_eq!(uuid(id(Kind::Setup, 999)), "018f0000-0000-7000-8000-900000000999");
    }

    #[test]
    fn type_ids_are_read_as_they_are_shown() {
        let text = type_id("contact", id(Kind::Contact, 7));
        assert_eq!(uuid_of(&text), Some(id(Kind::Contact, 7)));
        assert_eq!(uuid_of("contact_01kamf0q00fay8vvr14d2pf2db").map(|id| id >> 124), Some(0));
    }
}
