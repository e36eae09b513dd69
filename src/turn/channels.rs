//! The channels of one allocation: two bytes that stand for a peer (RFC 8656, 12).

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Instant;

use super::action::Route;
use super::refusal::Refusal;
use super::table::Table;

/// RFC 8656, 12: "0x4000-0x4FFF: These values are the allowed channel numbers". RFC 5766 had more; RFC 7983 took them.
pub(super) const NUMBERS: RangeInclusive<u16> = 0x4000..=0x4FFF;

/// Bound channels, found from both ends.
#[derive(Debug, Default)]
pub(super) struct Channels {
    by_number: Table<u16, Channel>,
    by_peer: Table<SocketAddr, Number>,
}

/// Where a channel leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Channel {
    pub(super) peer: SocketAddr,
    pub(super) route: Route,
    expires: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Number {
    number: u16,
    expires: Instant,
}

impl Channels {
    /// The channel of that number, if it is bound now.
    pub(super) fn to_peer(&self, number: u16, now: Instant) -> Option<&Channel> {
        self.by_number.get(&number).filter(|channel| now < channel.expires)
    }

    /// The number of that peer's channel, if it is bound now.
    pub(super) fn number_of(&self, peer: SocketAddr, now: Instant) -> Option<u16> {
        self.by_peer.get(&peer).filter(|bound| now < bound.expires).map(|bound| bound.number)
    }

    /// Forgets all channels to peers of that family.
    pub(super) fn forget_family(&mut self, ipv6: bool) {
        self.by_number.retain(|channel| channel.peer.is_ipv6() != ipv6);
        self.by_peer.retain_keys(|peer| peer.is_ipv6() != ipv6);
    }

    /// Whether `number` and `peer` may be bound to each other: both free, or already together.
    pub(super) fn check(&mut self, number: u16, peer: SocketAddr, limit: usize, now: Instant) -> Result<(), Refusal> {
        self.by_number.retain(|channel| now < channel.expires);
        self.by_peer.retain(|bound| now < bound.expires);
        match (self.by_number.get(&number), self.by_peer.get(&peer)) {
            (None, None) if self.by_number.len() >= limit => Err(Refusal::InsufficientCapacity),
            (None, None) => Ok(()),
            (Some(channel), Some(_)) if channel.peer == peer => Ok(()),
            // RFC 8656, 12.2: "The channel number is not currently bound to a different transport address" and "The transport
            // address is not currently bound to a different channel number", otherwise 400
            _ => Err(Refusal::BadRequest),
        }
    }

    /// Binds them, or binds them again for longer.
    pub(super) fn bind(&mut self, number: u16, peer: SocketAddr, route: Route, expires: Instant) {
        self.by_number.insert(number, Channel { peer, route, expires });
        self.by_peer.insert(peer, Number { number, expires });
    }
}
