//! The pace of a line: how long it will take to serve those who stand in it.

use std::time::{Duration, Instant};

/// The number of requests whose intervals tell the pace; those of fewer may be the time of a single slow one.
const ENOUGH: u32 = 32;
/// The number of requests over which intervals are averaged.
const OVER: u32 = 16;
/// An interval that is so many times as long as the mean is a pause of the database, and not the line's pace.
const PAUSE: u32 = 8;

/// The mean interval between those who were served from a line, since somebody has waited in it without a break.
#[derive(Default)]
pub(super) struct Pace {
    served: u32,
    mean: Duration,
    last: Option<Instant>,
}

impl Pace {
    /// Notes that somebody is served now.
    pub fn step(&mut self, now: Instant) {
        let Some(last) = self.last.replace(now) else { return };
        let mut interval = now.saturating_duration_since(last);
        if self.served >= ENOUGH {
            interval = interval.min(self.mean.saturating_mul(PAUSE));
        }
        self.served = self.served.saturating_add(1);
        let over = self.served.min(OVER);
        self.mean = (self.mean.saturating_mul(over - 1).saturating_add(interval)) / over;
    }

    /// The time until a line of that length is served; none while the pace is unknown. A line that stands still is not
    /// known to get on before it does.
    pub fn expected_wait(&self, length: usize, now: Instant) -> Option<Duration> {
        let last = self.last.filter(|_| self.served >= ENOUGH)?;
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        Some(self.mean.saturating_mul(length).max(now.saturating_duration_since(last)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const STEP: Duration = Duration::from_millis(1);

    /// The pace of a line from which somebody is served each millisecond, and the instant of the last one.
    fn steady(served: u32) -> (Pace, Instant) {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        for _ in 0..=served {
            now += STEP;
            pace.step(now);
        }
        (pace, now)
    }

    #[test]
    fn a_long_line_takes_its_length_by_its_pace() {
        let (pace, now) = steady(40);
        assert_eq!(pace.expected_wait(300, now), Some(STEP * 300));
        assert_eq!(pace.expected_wait(1, now), Some(STEP));
    }

    #[test]
    fn a_few_requests_do_not_tell_the_pace() {
        let (pace, now) = steady(20);
        assert_eq!(pace.expected_wait(300, now), None);
    }

    #[test]
    fn a_pause_is_waited_for_and_does_not_slow_the_line() {
        let (mut pace, now) = steady(100);
        let after = now + STEP * 300;
        assert_eq!(pace.expected_wait(10, after), Some(STEP * 300));
        pace.step(after);
        assert!(pace.expected_wait(100, after).unwrap() < STEP * 150);
    }
}
