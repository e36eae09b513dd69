//! When a thread of the runtime rests before it waits for something to happen. Messages that come fast but one by one would each
//! wake it from sleep, which costs as much as the message; a rest too short to be noticed lets them gather. Network cards do the
//! same with their interrupts. A thread with work to do never waits, so it never rests; the relay's UDP workers are not threads
//! of the runtime and keep a pace of their own.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use crate::relay;

/// By so much a signal may be late on a server so busy: it travels for tens of milliseconds anyway.
const REST: Duration = Duration::from_millis(2);

/// By so much a packet of media may be late, where the same thread serves streams of the relay.
const SHORT_REST: Duration = Duration::from_micros(500);

/// Waits a second from which resting pays.
const FAST: f64 = 1000.0;

/// The part of its time that a thread must rest for to go on with it: where there is something to gather, it rests, works and
/// rests again; where there is nothing, it waits for longer than it rests.
const WORTH: f64 = 0.5;

/// The time over which waits are counted, so that a single burst is served at once.
const WINDOW: Duration = Duration::from_millis(50);

/// How often a thread has waited lately.
#[derive(Clone, Copy, Debug)]
struct Pace {
    since: Instant,
    waits: u32,
    /// How many turns streams of the relay had had on this thread by then.
    turns: u64,
    /// How long the thread rests before each wait.
    rest: Option<Duration>,
}

/// To be called by each thread of the runtime just before it waits.
pub(super) fn before_waiting() {
    thread_local!(static PACE: Cell<Pace> = Cell::new(Pace::new(Instant::now())));
    let pace = PACE.get().waits(Instant::now(), relay::turns_of_streams());
    PACE.set(pace);
    if let Some(rest) = pace.rest {
        thread::sleep(rest);
    }
}

impl Pace {
    fn new(now: Instant) -> Pace {
        Pace { since: now, waits: 0, turns: 0, rest: None }
    }

    /// It waits at `now`, once more, after so many `turns` of streams of the relay.
    fn waits(self, now: Instant, turns: u64) -> Pace {
        let (waits, elapsed) = (self.waits + 1, now.saturating_duration_since(self.since));
        if elapsed < WINDOW {
            return Pace { waits, ..self };
        }
        let goes_on = self.rest.is_some_and(|rest| (rest * waits).as_secs_f64() > WORTH * elapsed.as_secs_f64());
        let begins = f64::from(waits) > FAST * elapsed.as_secs_f64();
        let rest = if turns == self.turns { REST } else { SHORT_REST };
        Pace { since: now, waits: 0, turns, rest: (goes_on || begins).then_some(rest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a thread rests after a second in which it waited so often, and streams of the relay had `turns` each time.
    fn rests_after(pace: &mut Pace, now: &mut Instant, waits: u32, turns: u64) -> Option<Duration> {
        for wait in 0..waits {
            *now += Duration::from_secs(1) / waits;
            *pace = pace.waits(*now, u64::from(wait) * turns);
        }
        pace.rest
    }

    #[test]
    fn a_quiet_server_answers_at_once_and_a_busy_one_rests_until_it_is_quiet_again() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(rests_after(&mut pace, &mut now, 800, 0), None);
        assert_eq!(rests_after(&mut pace, &mut now, 5000, 0), Some(REST));
        assert_eq!(
            rests_after(&mut pace, &mut now, 400, 0),
            Some(REST),
            "so often a resting thread waits under the same load"
        );
        assert_eq!(rests_after(&mut pace, &mut now, 200, 0), None);
        assert_eq!(rests_after(&mut pace, &mut now, 400, 0), None);
    }

    #[test]
    fn a_thread_that_serves_streams_of_the_relay_rests_for_a_shorter_time() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(rests_after(&mut pace, &mut now, 5000, 1), Some(SHORT_REST));
        assert_eq!(rests_after(&mut pace, &mut now, 1600, 1), Some(SHORT_REST), "as often as one that rests can");
        assert_eq!(rests_after(&mut pace, &mut now, 800, 1), None);
    }

    #[test]
    fn a_single_burst_is_served_without_a_rest() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(rests_after(&mut pace, &mut now, 20, 0), None);
        for _ in 0..30 {
            now += Duration::from_micros(100);
            pace = pace.waits(now, 0);
            assert_eq!(pace.rest, None);
        }
    }
}
