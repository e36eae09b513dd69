//! When a worker rests between two wakes. Packets that come fast but one by one would each cost a wake of their own;
//! a rest far too short to be noticed lets them gather, so that they are read in one call and leave in fuller runs.
//! Network cards do the same with their interrupts. A worker that is behind finds full batches anyway and never rests;
//! packets that the kernel hands over coalesced do not count, since they are together already.

use std::time::{Duration, Instant};

/// How long packets may gather. A frame of video is spread over milliseconds; a fifth of that again is nothing.
pub(super) const REST: Duration = Duration::from_micros(50);

/// Arrivals a second from which resting pays: below, hardly two packets would meet in one rest.
const FAST: u32 = 80_000;

/// The time over which arrivals are counted, so that a single burst is passed on at once.
const WINDOW: Duration = Duration::from_millis(1);

/// See the module's text.
#[derive(Debug)]
pub(super) struct Pace {
    since: Instant,
    arrivals: u32,
    fast: bool,
}

impl Pace {
    /// Nothing has arrived by `now`.
    pub(super) fn new(now: Instant) -> Pace {
        Pace { since: now, arrivals: 0, fast: false }
    }

    /// Counts the packets that a wake at `now` has read one by one.
    pub(super) fn count(&mut self, lone: usize, now: Instant) {
        self.arrivals += lone as u32;
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= WINDOW {
            self.fast = f64::from(self.arrivals) > f64::from(FAST) * elapsed.as_secs_f64();
            (self.since, self.arrivals) = (now, 0);
        }
    }

    /// Whether packets have been coming fast lately.
    pub(super) fn is_fast(&self) -> bool {
        self.fast
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a worker rests after `seconds` of `rate` packets a second that come `together` at a time.
    fn rests(pace: &mut Pace, now: &mut Instant, rate: u32, together: u32) -> bool {
        for _ in 0..rate / 10 / together {
            *now += Duration::from_secs(1) * together / rate;
            pace.count(together as usize, *now);
        }
        pace.is_fast()
    }

    #[test]
    fn a_worker_rests_only_while_packets_come_fast() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(!rests(&mut pace, &mut now, 40_000, 1));
        assert!(rests(&mut pace, &mut now, 200_000, 2));
        assert!(!rests(&mut pace, &mut now, 1_000, 1));
    }

    #[test]
    fn a_single_burst_is_passed_on_at_once() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.count(32, start + Duration::from_millis(20));
        pace.count(32, start + Duration::from_micros(20_010));
        assert!(!pace.is_fast());
    }
}
