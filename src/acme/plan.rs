//! When one certificate is ordered, renewed, or tried again. Pure: it is told the time, the dice and what happened, and
//! answers what comes next; a test lets three months pass in one line.

use std::time::Duration;

use super::Challenge;
use super::failure::{Failure, Fault};

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Order a certificate, or go on with the order under way, and prove the subject by this challenge.
    Order(Challenge),
    /// Ask when the authority wants the certificate renewed (RFC 9773).
    AskWindow,
    /// Nothing, for so long.
    Wait(Duration),
}

/// From when until when a certificate is good, as time since 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) begins: Duration,
    pub(super) ends: Duration,
}

/// The authority's suggestion (RFC 9773, 4.2), times since 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) start: Duration,
    pub(super) end: Duration,
    /// When to ask again.
    pub(super) ask_again: Duration,
}

/// Failures in a row, and until when they make us wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) count: u32,
    pub(super) until: Duration,
    pub(super) limited: bool,
}

/// One certificate's plan.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The ways the subject can be proved, the preferred one first; never empty.
    challenges: Vec<Challenge>,
    held: Option<Held>,
    trouble: Option<Trouble>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    validity: Validity,
    /// What the authority suggested, and the moment drawn from it.
    suggested: Option<(Window, Duration)>,
    ask_at: Duration,
    /// Drawn when the certificate came: 0 to 1.
    jitter: f64,
    /// Not renewed before, whatever the authority suggests.
    rests_until: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// When the authority did not answer, or not in a way that makes sense (RFC 9773, 4.3.3 names six hours).
const ASK_AFTER_SILENCE: Duration = Duration::from_secs(6 * 60 * 60);

/// A restart may be somebody who has just mended it, or a container that is restarted in a circle: a wait that was kept
/// goes on, but no longer than this, which is the pace of five attempts an hour.
const MOST_AFTER_RESTART: Duration = Duration::from_secs(12 * 60);

impl Plan {
    /// A plan that begins with what is kept of an earlier run.
    pub(super) fn new(challenges: Vec<Challenge>, trouble: Option<Trouble>, now: Duration) -> Plan {
        let trouble = trouble.map(|trouble| match trouble.limited {
            true => trouble,
            false => Trouble { until: trouble.until.min(now + MOST_AFTER_RESTART), ..trouble },
        });
        Plan { challenges, held: None, trouble }
    }

    /// There is a certificate; `dice` from 0 to 1.
    pub(super) fn hold(&mut self, validity: Validity, dice: f64) {
        let (ask_at, rests_until) = (Duration::ZERO, Duration::ZERO);
        self.held = Some(Held { validity, suggested: None, ask_at, jitter: dice, rests_until });
    }

    /// A certificate was issued: troubles are over. It is left alone for an hour: an authority whose windows always lie
    /// in the past would have us order for ever.
    pub(super) fn issued(&mut self, validity: Validity, now: Duration, dice: f64) {
        self.hold(validity, dice);
        self.trouble = None;
        let rest = HOUR.min(validity.ends.saturating_sub(now) / 2);
        self.held.iter_mut().for_each(|held| held.rests_until = now + rest);
    }

    /// The certificate has ended.
    pub(super) fn lose(&mut self) {
        self.held = None;
    }

    /// An attempt failed. The wait grows with each failure in a row, up to a quarter more by `dice` so that servers that
    /// lost the same authority do not come back at the same moment.
    pub(super) fn failed(&mut self, failure: &Failure, now: Duration, dice: f64) {
        let count = self.trouble.as_ref().map_or(0, |trouble| trouble.count) + 1;
        let wait = failure.patience(count).mul_f64(1.0 + dice / 4.0);
        self.trouble = Some(Trouble { count, until: now + wait, limited: failure.fault == Fault::RateLimited });
    }

    /// Somebody says that things have changed: the next attempt is due, unless the authority itself has set a time.
    pub(super) fn nudge(&mut self) {
        self.trouble = self.trouble.take().filter(|trouble| trouble.limited);
    }

    /// The authority's answer to [`Next::AskWindow`]; `None`: it has none, or none that makes sense.
    pub(super) fn window(&mut self, window: Option<Window>, now: Duration, dice: f64) {
        let Some(held) = &mut self.held else { return };
        // RFC 9773, 4.2: an end that equals or precedes the start counts as no answer.
        let Some(window) = window.filter(|window| window.start < window.end) else {
            held.ask_at = now + ASK_AFTER_SILENCE;
            return;
        };
        held.ask_at = now + window.ask_again.clamp(MINUTE, 24 * HOUR);
        // A window that has not moved keeps its drawn moment: drawing again and again would only ever make it earlier.
        let unmoved = |(old, _): (Window, Duration)| (old.start, old.end) == (window.start, window.end);
        if !held.suggested.is_some_and(unmoved) {
            held.suggested = Some((window, window.start + (window.end - window.start).mul_f64(dice)));
        }
    }

    /// What to do now.
    pub(super) fn next(&self, now: Duration) -> Next {
        let due = self.held.map_or(Duration::ZERO, Held::renews);
        let waits = self.trouble.as_ref().map_or(Duration::ZERO, |trouble| trouble.until);
        if now >= due {
            return if now >= waits { Next::Order(self.challenge()) } else { Next::Wait(waits - now) };
        }
        match self.held {
            Some(held) if now < held.ask_at => Next::Wait(held.ask_at.min(due) - now),
            _ => Next::AskWindow,
        }
    }

    /// When the certificate is to be renewed.
    pub(super) fn renews(&self) -> Option<Duration> {
        self.held.map(Held::renews)
    }

    pub(super) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// The preferred one, and after each failure the next: what is closed to one may be open to the other.
    pub(super) fn challenge(&self) -> Challenge {
        let failures = self.trouble.as_ref().map_or(0, |trouble| trouble.count) as usize;
        self.challenges[failures % self.challenges.len()]
    }
}

impl Held {
    /// In the authority's window; without one at half of the life and a little later. Never in the last tenth of the
    /// life, whatever was suggested: that is kept for trouble.
    fn renews(self) -> Duration {
        let Validity { begins, ends } = self.validity;
        let life = ends.saturating_sub(begins);
        let half = begins + life.mul_f64(0.5 + self.jitter / 20.0);
        let wanted = self.suggested.map_or(half, |(_, drawn)| drawn).min(begins + life.mul_f64(0.9));
        wanted.max(self.rests_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const START: Duration = Duration::from_secs(1_800_000_000);

    fn plan() -> Plan {
        Plan::new(vec![Challenge::TlsAlpn01], None, START)
    }

    fn days(first: Duration, days: u32) -> Validity {
        Validity { begins: first, ends: first + days * DAY }
    }

    /// Asks for windows that do not exist until something else comes up; the time when it does.
    fn until_order(plan: &mut Plan, mut now: Duration) -> Duration {
        for _ in 0..10_000 {
            match plan.next(now) {
                Next::Order(_) => return now,
                Next::AskWindow => plan.window(None, now, 0.5),
                Next::Wait(wait) => now += wait,
            }
        }
        panic!("nothing is ordered");
    }

    #[test]
    fn without_a_certificate_one_is_ordered_at_once() {
        assert_eq!(plan().next(START), Next::Order(Challenge::TlsAlpn01));
    }

    #[test]
    fn without_a_window_it_is_renewed_soon_after_half_of_its_life() {
        for (life, dice) in [(90, 0.0), (90, 1.0), (6, 0.0), (6, 1.0)] {
            let mut plan = plan();
            plan.issued(days(START, life), START, dice);
            let after = until_order(&mut plan, START) - START;
            let life = DAY * life;
            assert!(after >= life / 2 && after <= life.mul_f64(0.551), "{after:?} of {life:?}");
        }
    }

    #[test]
    fn the_authoritys_window_comes_before_our_own_rule_and_is_drawn_from_once() {
        let mut plan = plan();
        plan.issued(days(START, 90), START, 0.0);
        let window = Window { start: START + 60 * DAY, end: START + 62 * DAY, ask_again: 6 * HOUR };
        assert_eq!(plan.next(START), Next::AskWindow);
        plan.window(Some(window), START, 0.5);
        assert_eq!(plan.renews(), Some(START + 61 * DAY));
        assert_eq!(plan.next(START), Next::Wait(6 * HOUR));
        assert_eq!(plan.next(START + 6 * HOUR), Next::AskWindow);
        plan.window(Some(window), START + 6 * HOUR, 0.0);
        assert_eq!(plan.renews(), Some(START + 61 * DAY), "an unmoved window keeps its moment");
    }

    #[test]
    fn a_window_that_moved_into_the_past_means_now() {
        let mut plan = plan();
        plan.issued(days(START, 90), START, 0.0);
        let past = Window { start: START - 2 * DAY, end: START - DAY, ask_again: HOUR };
        plan.window(Some(past), START + DAY, 0.5);
        assert_eq!(plan.next(START + DAY), Next::Order(Challenge::TlsAlpn01));
    }

    #[test]
    fn windows_that_always_lie_in_the_past_do_not_order_in_a_circle() {
        let mut plan = plan();
        plan.issued(days(START, 90), START, 0.0);
        plan.window(Some(Window { start: START - DAY, end: START - HOUR, ask_again: 6 * HOUR }), START, 0.5);
        assert_eq!(plan.next(START), Next::Wait(HOUR));
    }

    #[test]
    fn mad_windows_do_no_harm() {
        let mut plan = plan();
        plan.issued(days(START, 90), START, 0.0);
        let backwards = Window { start: START + 3 * DAY, end: START + 2 * DAY, ask_again: Duration::ZERO };
        plan.window(Some(backwards), START, 0.5);
        assert_eq!(plan.renews(), Some(START + 45 * DAY));
        assert_eq!(plan.next(START), Next::Wait(ASK_AFTER_SILENCE));
        let too_late = Window { start: START + 900 * DAY, end: START + 901 * DAY, ask_again: Duration::MAX / 2 };
        plan.window(Some(too_late), START, 0.5);
        assert_eq!(plan.renews(), Some(START + 81 * DAY));
        assert_eq!(plan.next(START), Next::Wait(24 * HOUR));
    }

    #[test]
    fn failures_in_a_row_wait_longer_and_a_success_forgets_them() {
        let (mut plan, failure) = (plan(), Failure::new(Fault::Connection, ""));
        let mut waits = Vec::new();
        for _ in 0..3 {
            plan.failed(&failure, START, 0.0);
            let Next::Wait(wait) = plan.next(START) else { panic!("it does not wait") };
            waits.push(wait);
        }
        assert_eq!(waits, [5 * MINUTE, 10 * MINUTE, 20 * MINUTE]);
        plan.issued(days(START, 90), START, 0.0);
        assert!(plan.trouble().is_none());
    }

    #[test]
    fn a_failed_renewal_is_tried_again_many_times_before_the_end() {
        let mut plan = plan();
        plan.issued(days(START, 6), START, 0.0);
        let (failure, mut now, mut tries) = (Failure::new(Fault::Connection, ""), START, 0);
        while now < START + 6 * DAY {
            now = until_order(&mut plan, now);
            plan.failed(&failure, now, 1.0);
            tries += 1;
        }
        assert!(tries >= 10, "{tries}");
        assert!(plan.renews().is_some(), "the certificate in use stays");
    }

    #[test]
    fn after_a_failure_the_other_challenge_has_its_turn() {
        let mut plan = Plan::new(vec![Challenge::TlsAlpn01, Challenge::Http01], None, START);
        plan.failed(&Failure::new(Fault::Connection, ""), START, 0.0);
        assert_eq!(plan.next(START + DAY), Next::Order(Challenge::Http01));
    }

    #[test]
    fn a_restart_shortens_a_long_wait_but_no_limit_of_the_authority() {
        let kept = |limited| Some(Trouble { count: 9, until: START + DAY, limited });
        assert_eq!(Plan::new(vec![Challenge::Http01], kept(false), START).next(START), Next::Wait(12 * MINUTE));
        let mut limited = Plan::new(vec![Challenge::Http01], kept(true), START);
        limited.nudge();
        assert_eq!(limited.next(START), Next::Wait(DAY));
    }

    #[test]
    fn whoever_mended_it_need_not_wait() {
        let mut plan = plan();
        plan.failed(&Failure::new(Fault::Connection, ""), START, 0.0);
        plan.nudge();
        assert_eq!(plan.next(START), Next::Order(Challenge::TlsAlpn01));
    }
}
