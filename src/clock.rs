//! Both clocks at once: the pure rooms need monotonic time for timers and unix time for expiries that other machines
//! read, and they must never fetch either themselves.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One reading of both clocks, taken together by a shell and handed down to the pure rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For timers: never jumps.
    pub monotonic: Instant,
    /// Time since 1970-01-01 UTC, for credentials and certificates: may jump when the machine's clock is set.
    pub unix: Duration,
}

impl Now {
    /// Reads both clocks. Only shells call this.
    pub fn read() -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { monotonic: Instant::now(), unix }
    }

    /// The same reading `span` later: a test lets an hour pass in one line.
    pub fn after(self, span: Duration) -> Now {
        Now { monotonic: self.monotonic + span, unix: self.unix + span }
    }
}
