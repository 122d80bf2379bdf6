//! What is measured, and what is made of it.

/// How many requests were answered, and how fast.
#[derive(Clone, Copy, Default, Debug)]
pub struct Pace {
    /// How many requests.
    pub requests: f64,
    /// In how many seconds.
    pub seconds: f64,
    /// The median time of an answer, in milliseconds.
    pub p50: f64,
    /// The time that one answer in a hundred takes longer than, in milliseconds.
    pub p99: f64,
}

impl Pace {
    /// From the times of answers, in milliseconds.
    pub fn of(requests: f64, seconds: f64, mut times: Vec<f64>) -> Self {
        times.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
        Self { requests, seconds, p50: at(0.5), p99: at(0.99) }
    }
}

/// The pace, and the seconds of processor time it took.
#[derive(Clone, Copy, Default, Debug)]
pub struct Measured {
    /// The pace.
    pub pace: Pace,
    /// Of whoever asks the database: the server, or the floor's client.
    pub asker: f64,
    /// Of the database; nothing where it is part of the asker.
    pub database: f64,
}

impl Measured {
    /// Requests in a second.
    pub fn rate(&self) -> f64 {
        self.pace.requests / self.pace.seconds
    }

    /// The asker's CPU seconds for a thousand requests.
    pub fn asker(&self) -> f64 {
        self.asker / self.pace.requests * 1e3
    }

    /// The database's CPU seconds for a thousand requests.
    pub fn database(&self) -> f64 {
        self.database / self.pace.requests * 1e3
    }

    /// Both together.
    pub fn total(&self) -> f64 {
        self.asker() + self.database()
    }
}

/// The middle one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or_default();
    match values.len() % 2 {
        0 => (upper + values.get(middle.wrapping_sub(1)).copied().unwrap_or_default()) / 2.0,
        _ => upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0].into_iter()), 2.5);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
