//! Chance that always falls the same way: what a record is like follows from its kind and number alone.

/// A source of numbers for one record.
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The dice of one record, or of one matter of it.
    pub fn new(matter: u64, number: u64) -> Self {
        let mut dice = Self { state: matter.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ number };
        dice.next();
        dice
    }

    /// The next number (SplitMix64).
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of the numbers below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// At least 0 and less than 1.
    pub fn unit(&mut self) -> f64 {
        self.below(1 << 53) as f64 / (1_u64 << 53) as f64
    }

    /// One of these, each as likely as the others.
    pub fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let place = self.below(choices.len() as u64);
        choices.get(place as usize).copied().unwrap_or_default()
    }

    /// One of these: the first twice as likely as the second, three times as likely as the third, and so on.
    pub fn pick_early<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let weight = |place: usize| 1.0 / (place as f64 + 1.0);
        let mut rest = self.unit() * (0..choices.len()).map(weight).sum::<f64>();
        for (place, choice) in choices.iter().enumerate() {
            rest -= weight(place);
            if rest < 0.0 {
                return *choice;
            }
        }
        choices.last().copied().unwrap_or_default()
    }

    /// A number below this one: few come very often, most hardly ever; which ones, is scattered.
    pub fn skewed(&mut self, end: u64) -> u64 {
        let unit = self.unit();
        let rank = (end as f64 * unit * unit * unit.sqrt()) as u64;
        scatter(rank.min(end.saturating_sub(1)), end)
    }
}

/// Puts the numbers below the end into another order.
fn scatter(number: u64, end: u64) -> u64 {
    // A prime beyond every size of data, so that no two numbers meet.
    const STRIDE: u64 = 1_000_000_007;
    (number * STRIDE + end / 3) % end.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scattering_keeps_every_number() {
        let mut seen: Vec<_> = (0..1_000).map(|number| scatter(number, 1_000)).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn the_busiest_are_much_busier_than_the_others() {
        let mut counts = vec![0_u32; 1_000];
        let mut dice = Dice::new(1, 1);
        for _ in 0..100_000 {
            if let Some(count) = counts.get_mut(dice.skewed(1_000) as usize) {
                *count += 1;
            }
        }
        counts.sort_unstable();
        assert!(counts.last() > Some(&4_000), "{counts:?}");
        assert!(counts.get(500) < Some(&100), "{counts:?}");
    }
}
