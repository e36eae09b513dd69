//! When a thread of the runtime rests before it waits for something to happen. Messages that come fast but one by one would each
//! wake it from sleep, which costs as much as the message; a rest too short to be noticed lets them gather. Network cards do the
//! same with their interrupts. A thread with work to do never waits, so it never rests; the relay's UDP workers are not threads
//! of the runtime and keep a pace of their own.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// By so much a message may be late: it travels for tens of milliseconds anyway.
const REST: Duration = Duration::from_micros(500);

/// Waits a second from which resting pays. While it rests a thread waits up to 2000 times a second, so it goes on for as long as
/// there is something to gather.
const FAST: f64 = 1000.0;

/// The time over which waits are counted, so that a single burst is served at once.
const WINDOW: Duration = Duration::from_millis(50);

/// How often a thread has waited lately.
#[derive(Clone, Copy, Debug)]
struct Pace {
    since: Instant,
    waits: u32,
    fast: bool,
}

/// To be called by each thread of the runtime just before it waits.
pub(super) fn before_waiting() {
    thread_local!(static PACE: Cell<Pace> = Cell::new(Pace::new(Instant::now())));
    let pace = PACE.get().waits(Instant::now());
    PACE.set(pace);
    if pace.fast {
        thread::sleep(REST);
    }
}

impl Pace {
    fn new(now: Instant) -> Pace {
        Pace { since: now, waits: 0, fast: false }
    }

    /// It waits at `now`, once more.
    fn waits(self, now: Instant) -> Pace {
        let (waits, elapsed) = (self.waits + 1, now.saturating_duration_since(self.since));
        if elapsed < WINDOW {
            return Pace { waits, ..self };
        }
        Pace { since: now, waits: 0, fast: f64::from(waits) > FAST * elapsed.as_secs_f64() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a thread rests after a second in which it waited so often.
    fn rests_after(pace: &mut Pace, now: &mut Instant, waits: u32) -> bool {
        for _ in 0..waits {
            *now += Duration::from_secs(1) / waits;
            *pace = pace.waits(*now);
        }
        pace.fast
    }

    #[test]
    fn a_quiet_server_answers_at_once_and_a_busy_one_rests_until_it_is_quiet_again() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(!rests_after(&mut pace, &mut now, 800));
        assert!(rests_after(&mut pace, &mut now, 5000));
        assert!(rests_after(&mut pace, &mut now, 1600), "so often a resting thread waits under the same load");
        assert!(!rests_after(&mut pace, &mut now, 800));
    }

    #[test]
    fn a_single_burst_is_served_without_a_rest() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(!rests_after(&mut pace, &mut now, 20));
        for _ in 0..30 {
            now += Duration::from_micros(100);
            pace = pace.waits(now);
            assert!(!pace.fast);
        }
    }
}
