//! How much somebody may do: a token bucket in fixed point, so that a slow drip is not lost to rounding. One for what a
//! socket says, and two for who comes from one network.

use std::time::{Duration, Instant};

/// A limit: so many units at once, and so many a minute over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) burst: u32,
    pub(super) per_minute: u32,
}

/// A bucket. Full at first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// In [`UNIT`]ths.
    left: u64,
    filled: Instant,
}

/// One a minute drips one of these parts in each millisecond.
const UNIT: u64 = 60_000;

impl Rate {
    fn full(self) -> u64 {
        u64::from(self.burst) * UNIT
    }
}

impl Allowance {
    pub(super) fn full(rate: Rate, now: Instant) -> Allowance {
        Allowance { left: rate.full(), filled: now }
    }

    /// Takes `units`, or says how long it will be until they are there.
    pub(super) fn take(&mut self, units: usize, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.fill(rate, now);
        let wanted = units as u64 * UNIT;
        match self.left.checked_sub(wanted) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Duration::from_millis((wanted - self.left).div_ceil(u64::from(rate.per_minute.max(1))))),
        }
    }

    /// Takes `units`, or all there are.
    pub(super) fn take_what_is_left_of(&mut self, units: usize, rate: Rate, now: Instant) {
        self.fill(rate, now);
        self.left = self.left.saturating_sub(units as u64 * UNIT);
    }

    /// Whether nothing is missing: it may be forgotten, and a new one is the same.
    pub(super) fn is_full(&mut self, rate: Rate, now: Instant) -> bool {
        self.fill(rate, now);
        self.left == rate.full()
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let elapsed = u64::try_from(now.saturating_duration_since(self.filled).as_millis()).unwrap_or(u64::MAX);
        let dripped = elapsed.saturating_mul(u64::from(rate.per_minute));
        if dripped > 0 {
            self.left = self.left.saturating_add(dripped).min(rate.full());
            self.filled = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_once_and_then_the_rate_holds() {
        let (rate, start) = (Rate { per_minute: 600, burst: 3 }, Instant::now());
        let mut allowance = Allowance::full(rate, start);
        assert!(allowance.take(3, rate, start).is_ok());
        assert_eq!(allowance.take(1, rate, start + Duration::from_millis(99)), Err(Duration::from_millis(1)));
        assert!(allowance.take(1, rate, start + Duration::from_millis(100)).is_ok());
        assert!(allowance.take(4, rate, start + Duration::from_secs(3600)).is_err(), "never more than a burst");
    }

    #[test]
    fn asking_often_does_not_starve_the_bucket() {
        let (rate, start) = (Rate { per_minute: 60, burst: 1 }, Instant::now());
        let mut allowance = Allowance::full(rate, start);
        assert!(allowance.take(1, rate, start).is_ok());
        let granted =
            (1..=3000u64).filter(|ms| allowance.take(1, rate, start + Duration::from_millis(*ms)).is_ok()).count();
        assert_eq!(granted, 3);
    }
}
