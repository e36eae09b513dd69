//! A token bucket: how many bits may still pass.

use std::time::Instant;

/// Holds up to one second's worth of the rate, so that a key frame passes whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    bits: u64,
    filled: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(rate: u64, now: Instant) -> Bucket {
        Bucket { bits: rate, filled: now }
    }

    /// Takes `bytes` out, if they are there. A rate of 0 is no limit.
    pub(super) fn take(&mut self, bytes: usize, rate: u64, now: Instant) -> bool {
        if rate == 0 {
            return true;
        }
        let elapsed = now.saturating_duration_since(self.filled);
        let earned = (u128::from(rate) * elapsed.as_nanos() / 1_000_000_000) as u64;
        // A fraction of a bit is kept in the clock: nothing earned, nothing moved
        if earned > 0 {
            self.bits = self.bits.saturating_add(earned).min(rate);
            self.filled = now;
        }
        let cost = bytes as u64 * 8;
        let enough = self.bits >= cost;
        self.bits -= if enough { cost } else { 0 };
        enough
    }
}
