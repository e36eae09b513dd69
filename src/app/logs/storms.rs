//! A storm of one event must neither fill a disk nor hide the others: of each place in the code a few lines are written in
//! ten seconds, the rest is counted and told in one. Debug and trace are for who looks for something, and are left alone.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, info, warn};
use tracing_subscriber::layer::{Context, Filter};

/// Lets the first lines of a storm pass.
pub(super) struct Storms;

/// By place in the code, so it does not outgrow the program; one log in a process.
static COUNTS: LazyLock<Mutex<HashMap<Identifier, Storm>>> = LazyLock::new(Mutex::default);

/// What is written of one event in one [`WINDOW`]: everything, while twenty people come or go.
const LINES: u32 = 20;

const WINDOW: Duration = Duration::from_secs(10);

/// One kind of event within one window.
#[derive(Debug)]
struct Storm {
    began: Instant,
    level: Level,
    lines: u32,
    /// Not written, and not told yet.
    left_out: u64,
    /// What the last of those said.
    message: String,
}

impl<S> Filter<S> for Storms {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let level = *event.metadata().level();
        if level > Level::INFO {
            return true;
        }
        let now = Instant::now();
        let mut counts = counts();
        let storm = counts.entry(event.metadata().callsite()).or_insert_with(|| Storm::new(level, now));
        let passes = storm.passes(now);
        if !passes {
            let mut message = Message(std::mem::take(&mut storm.message));
            message.0.clear();
            event.record(&mut message);
            storm.message = message.0;
        }
        passes
    }
}

impl Storm {
    fn new(level: Level, began: Instant) -> Storm {
        Storm { began, level, lines: 0, left_out: 0, message: String::new() }
    }

    /// Whether one more line is written. What was left out is told first, before a window begins anew.
    fn passes(&mut self, now: Instant) -> bool {
        if self.left_out == 0 && now.duration_since(self.began) >= WINDOW {
            *self = Storm::new(self.level, now);
        }
        self.lines += 1;
        let passes = self.lines <= LINES;
        self.left_out += u64::from(!passes);
        passes
    }

    /// What there is to tell of it at the end of its window, or before if it is the end of everything.
    fn told(&mut self, now: Instant, at_once: bool) -> Option<(Level, u64, String)> {
        let over = at_once || now.duration_since(self.began) >= WINDOW;
        let told = (over && self.left_out > 0).then(|| (self.level, self.left_out, std::mem::take(&mut self.message)));
        if told.is_some() {
            *self = Storm::new(self.level, now);
        }
        told
    }
}

/// Tells of storms until `shutdown`, and then of the last ones.
pub(in crate::app) async fn tell_storms(shutdown: CancellationToken) {
    let mut going_on = true;
    while going_on {
        going_on = shutdown.run_until_cancelled(tokio::time::sleep(WINDOW)).await.is_some();
        let now = Instant::now();
        let told: Vec<_> = counts().values_mut().filter_map(|storm| storm.told(now, !going_on)).collect();
        // After the lock: these are events, too.
        for (level, times, message) in told {
            match level {
                Level::INFO => info!(times, "and again: {message}"),
                _ => warn!(times, "and again: {message}"),
            }
        }
    }
}

fn counts() -> MutexGuard<'static, HashMap<Identifier, Storm>> {
    COUNTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes an event's message out of its fields.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_storm_the_first_lines_are_written_and_the_rest_is_counted() {
        let now = Instant::now();
        let mut storm = Storm::new(Level::INFO, now);
        assert_eq!((0..500).filter(|_| storm.passes(now)).count(), LINES as usize);
        assert_eq!(storm.told(now, false), None, "it goes on");
        let over = now + WINDOW;
        assert!(!storm.passes(over), "not before it is told");
        assert_eq!(storm.told(over, false).map(|(_, times, _)| times), Some(500 + 1 - u64::from(LINES)));
        assert!(storm.passes(over), "and then it begins anew");
        assert_eq!(storm.told(over, true), None);
    }

    #[test]
    fn what_comes_now_and_then_is_always_written() {
        let now = Instant::now();
        let mut storm = Storm::new(Level::WARN, now);
        assert!((0..500).all(|second| storm.passes(now + Duration::from_secs(second))));
    }

    #[test]
    fn the_end_leaves_nothing_untold() {
        let now = Instant::now();
        let mut storm = Storm::new(Level::WARN, now);
        assert_eq!((0..=LINES).filter(|_| storm.passes(now)).count(), LINES as usize);
        assert_eq!(storm.told(now, true).map(|(level, times, _)| (level, times)), Some((Level::WARN, 1)));
    }
}
