//! How much one socket may say: a token bucket in fixed point, so that a slow drip is not lost to rounding.

use std::time::Instant;

use super::Options;

/// A socket's bucket. Full at first.
#[derive(Debug)]
pub(super) struct Allowance {
    /// Thousandths of a unit.
    left: u64,
    filled: Instant,
}

impl Allowance {
    pub(super) fn full(options: &Options, now: Instant) -> Allowance {
        Allowance { left: u64::from(options.burst) * 1000, filled: now }
    }

    /// Takes `units`, if they are there.
    pub(super) fn take(&mut self, units: usize, options: &Options, now: Instant) -> bool {
        let elapsed = u64::try_from(now.saturating_duration_since(self.filled).as_millis()).unwrap_or(u64::MAX);
        let dripped = elapsed.saturating_mul(u64::from(options.rate));
        if dripped > 0 {
            self.left = self.left.saturating_add(dripped).min(u64::from(options.burst) * 1000);
            self.filled = now;
        }
        match self.left.checked_sub(units as u64 * 1000) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_allowed_once_and_then_the_rate_holds() {
        let (options, start) = (Options { rate: 10, burst: 3, ..Options::default() }, Instant::now());
        let mut allowance = Allowance::full(&options, start);
        assert!(allowance.take(3, &options, start));
        assert!(!allowance.take(1, &options, start + Duration::from_millis(99)));
        assert!(allowance.take(1, &options, start + Duration::from_millis(100)));
        assert!(!allowance.take(4, &options, start + Duration::from_secs(3600)), "never more than a burst");
    }

    #[test]
    fn asking_often_does_not_starve_the_bucket() {
        let (options, start) = (Options { rate: 1, burst: 1, ..Options::default() }, Instant::now());
        let mut allowance = Allowance::full(&options, start);
        assert!(allowance.take(1, &options, start));
        let granted =
            (1..=3000u64).filter(|ms| allowance.take(1, &options, start + Duration::from_millis(*ms))).count();
        assert_eq!(granted, 3);
    }
}
