//! How many people may come in from one network, and how many rooms they may open, over time: whoever fills a server with
//! joins does so slowly. Who comes back to a seat is no newcomer. Memory is bounded, whatever comes.

use std::collections::HashMap;
use std::time::Instant;

use super::Options;
use super::allowance::{Allowance, Rate};
use super::message::Network;
use super::refusal::Refusal;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    networks: HashMap<Network, Counted>,
    /// All networks together that found no place in the table.
    others: Option<Counted>,
}

/// What one network has left.
#[derive(Clone, Copy, Debug)]
struct Counted {
    joins: Allowance,
    rooms: Allowance,
}

/// 5 MB. Only networks that came within the last minute are in the table; beyond, those that come first keep theirs.
const MOST: usize = 50_000;

/// What a wrong password costs, in newcomers.
const A_GUESS: usize = 11;

impl Newcomers {
    /// Somebody comes from `network`.
    pub(super) fn join(&mut self, network: Network, options: &Options, now: Instant) -> Result<(), Refusal> {
        if options.joins_per_minute == 0 {
            return Ok(());
        }
        let taken = self.of(network, options, now).joins.take(1, joins(options), now);
        taken.map_err(|wait| Refusal::TooManyJoins(seconds(wait)))
    }

    /// Somebody from `network` gave a wrong password: as dear as many newcomers, or a new socket for each try would be a way to
    /// try them all.
    pub(super) fn guess(&mut self, network: Network, options: &Options, now: Instant) {
        if options.joins_per_minute != 0 {
            self.of(network, options, now).joins.take_what_is_left_of(A_GUESS, joins(options), now);
        }
    }

    /// Somebody from `network` opens a room.
    pub(super) fn open(&mut self, network: Network, options: &Options, now: Instant) -> Result<(), Refusal> {
        if options.rooms_per_minute == 0 {
            return Ok(());
        }
        let taken = self.of(network, options, now).rooms.take(1, rooms(options), now);
        taken.map_err(|wait| Refusal::TooManyNewRooms(seconds(wait)))
    }

    /// Forgets those who have their whole allowance again.
    pub(super) fn tidy(&mut self, options: &Options, now: Instant) {
        let is_full = |counted: &mut Counted| {
            counted.joins.is_full(joins(options), now) && counted.rooms.is_full(rooms(options), now)
        };
        self.networks.retain(|_, counted| !is_full(counted));
        self.others = self.others.filter(|counted| !is_full(&mut counted.clone()));
    }

    fn of(&mut self, network: Network, options: &Options, now: Instant) -> &mut Counted {
        let new =
            || Counted { joins: Allowance::full(joins(options), now), rooms: Allowance::full(rooms(options), now) };
        if self.networks.len() >= MOST && !self.networks.contains_key(&network) {
            return self.others.get_or_insert_with(new);
        }
        self.networks.entry(network).or_insert_with(new)
    }
}

/// A minute's worth may come at once: a class, or an office in the morning.
fn joins(options: &Options) -> Rate {
    Rate { burst: options.joins_per_minute, per_minute: options.joins_per_minute }
}

fn rooms(options: &Options) -> Rate {
    Rate { burst: options.rooms_per_minute, per_minute: options.rooms_per_minute }
}

fn seconds(wait: std::time::Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn strangers_in_numbers_share_what_is_left_and_are_forgotten() {
        let (options, now) = (Options { joins_per_minute: 3, ..Options::default() }, Instant::now());
        let mut newcomers = Newcomers::default();
        let come = |newcomers: &mut Newcomers, range: std::ops::Range<u64>, now| {
            range.filter(|network| newcomers.join(Network(*network), &options, now).is_ok()).count()
        };
        assert_eq!(come(&mut newcomers, 0..60_000, now), MOST + 3);
        assert_eq!(newcomers.networks.len(), MOST);
        assert_eq!(come(&mut newcomers, 0..1, now), 1, "who was there before keeps their own");
        newcomers.tidy(&options, now + Duration::from_secs(19));
        assert!(!newcomers.networks.is_empty());
        newcomers.tidy(&options, now + Duration::from_secs(60));
        assert!(newcomers.networks.is_empty() && newcomers.others.is_none());
    }
}
