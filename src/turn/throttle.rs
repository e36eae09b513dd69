//! The bit rate of TCP allocations (RFC 6062). Their bytes never come to the core, and nothing of a stream may be dropped: so
//! whoever carries them asks here first, and waits.

use std::time::Duration;

use super::bucket::{BURST, SharedBucket};
use super::rules::Rules;
use crate::clock::Now;

/// What all TCP peer connections of one allocation share.
#[derive(Debug, Default)]
pub struct Throttle {
    to_peers: SharedBucket,
    to_client: SharedBucket,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to a peer.
    ToPeer,
    /// From a peer to the client.
    ToClient,
}

/// More than this share of a burst is not asked for at once, so that connections take turns and no request is too large
/// to be ever granted.
const TURNS: u64 = 4;

impl Throttle {
    /// Takes `bytes`, at most [`Throttle::most`], out of the rate of the allocation and that of the server; or says how
    /// long to wait before asking again.
    pub fn take(&self, rules: &Rules, way: Direction, bytes: usize, now: Now) -> Result<(), Duration> {
        let (live, now) = (rules.live(), now.monotonic);
        let quotas = &live.quotas;
        let own = match way {
            Direction::ToPeer => &self.to_peers,
            Direction::ToClient => &self.to_client,
        };
        own.take(bytes, quotas.bits_per_second, now)?;
        rules.total_rate.take(bytes, quotas.total_bits_per_second, now).inspect_err(|_| {
            own.put_back(bytes, quotas.bits_per_second);
        })
    }

    /// How many bytes may be asked for at once; at least 1.
    pub fn most(rules: &Rules) -> usize {
        let quotas = rules.live().quotas;
        let rates = [quotas.bits_per_second, quotas.total_bits_per_second].into_iter().filter(|rate| *rate != 0);
        rates.min().map_or(usize::MAX, |rate| (rate * BURST.as_secs() / 8 / TURNS).max(1) as usize)
    }
}
