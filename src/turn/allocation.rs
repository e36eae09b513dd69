//! One allocation: its relayed transport addresses, whom it may talk to, and the relaying itself.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use super::action::{Action, Dropped, FromPeer, Icmp, Route, ToPeer};
use super::bucket::Bucket;
use super::channels::{self, Channels};
use super::connections::Connections;
use super::granted::Granted;
use super::options::RelayKind;
use super::overview::Carried;
use super::quota::Place;
use super::refusal::Refusal;
use super::rules::Rules;
use super::table::Table;
use crate::clock::Now;
use crate::stun::{CHANNEL_HEADER, Class, Message, Method, TransactionId, Writer, attribute, read_channel_header};

/// ICMP errors told to one client, as the bits of one byte each: ten a second. Whoever forges them, and needs no more than
/// the two addresses for it, shall not fill anybody's line.
const ICMPS: u64 = 80;

/// An allocation and everything that ends with it.
#[derive(Debug)]
pub(super) struct Allocation {
    /// Which Allocate made it: the same one again gets the same answer.
    pub(super) request: TransactionId,
    pub(super) granted: Granted,
    pub(super) expires: Instant,
    /// The last Refresh that must not be done twice, because it moved the session or closed a family: the same one
    /// again gets the same answer.
    pub(super) done_once: Option<TransactionId>,
    pub(super) place: Place,
    permissions: Table<IpAddr, Permission>,
    channels: Channels,
    pub(super) connections: Connections,
    to_peers: Bucket,
    to_client: Bucket,
    icmps: Bucket,
    indications: u64,
    pub(super) carried: Carried,
}

/// Leave to talk to one IP address, whatever the port.
#[derive(Clone, Copy, Debug)]
struct Permission {
    route: Route,
    expires: Instant,
}

impl Allocation {
    pub(super) fn new(
        request: TransactionId,
        granted: Granted,
        lifetime: Duration,
        place: Place,
        now: Now,
    ) -> Allocation {
        let bucket = Bucket::new(now.monotonic);
        Allocation {
            request,
            granted,
            expires: now.monotonic + lifetime,
            done_once: None,
            place,
            permissions: Table::default(),
            channels: Channels::default(),
            connections: Connections::default(),
            to_peers: bucket,
            to_client: bucket,
            icmps: bucket,
            indications: 0,
            carried: Carried::default(),
        }
    }

    pub(super) fn username(&self) -> &str {
        self.place.username()
    }

    /// Seconds left, for LIFETIME.
    pub(super) fn lifetime(&self, now: Now) -> u32 {
        self.expires.saturating_duration_since(now.monotonic).as_secs() as u32
    }

    /// ChannelData from the client (RFC 8656, 12.6): one search.
    pub(super) fn channel_data(&mut self, rules: &Rules, bytes: &[u8], now: Now) -> Action {
        let Some((number, len)) = read_channel_header(bytes) else { return Action::Drop(Dropped::Malformed) };
        let payload = CHANNEL_HEADER..CHANNEL_HEADER + len;
        if payload.end > bytes.len() {
            return Action::Drop(Dropped::Malformed);
        }
        let Some(channel) = self.channels.to_peer(number, now.monotonic) else {
            return Action::Drop(Dropped::NoPermission);
        };
        let (peer, route) = (channel.peer, channel.route);
        if !rules.affords(&mut self.to_peers, self.place.is_test(), len, now) {
            return Action::Drop(Dropped::OverRate);
        }
        self.carried.to_peers += len as u64;
        Action::ToPeer(ToPeer { peer, payload, route, dont_fragment: false })
    }

    /// A Send indication from the client (RFC 8656, 11.2): one search.
    pub(super) fn send(&mut self, rules: &Rules, indication: &Message, now: Now) -> Action {
        let (mut peer, mut payload, mut dont_fragment) = (None, None, false);
        for attribute in indication.attributes() {
            match attribute.kind {
                attribute::XOR_PEER_ADDRESS if peer.is_none() => peer = indication.xor_address(attribute.value),
                attribute::DATA if payload.is_none() => payload = Some(attribute.range),
                attribute::DONT_FRAGMENT => dont_fragment = true,
                // RFC 8489, 6.3.2: an indication with unknown comprehension-required attributes is discarded
                kind if !super::request::is_understood(kind) => return Action::Drop(Dropped::Malformed),
                _ => {}
            }
        }
        let (Some(peer), Some(payload)) = (peer, payload) else { return Action::Drop(Dropped::Malformed) };
        // RFC 6062, 4: a TCP allocation relays connections, no datagrams
        let datagrams = self.granted.kind != RelayKind::Tcp && peer.port() != 0;
        let Some(route) = self.permitted(peer, now).filter(|_| datagrams) else {
            return Action::Drop(Dropped::NoPermission);
        };
        if !rules.affords(&mut self.to_peers, self.place.is_test(), payload.len(), now) {
            return Action::Drop(Dropped::OverRate);
        }
        self.carried.to_peers += payload.len() as u64;
        Action::ToPeer(ToPeer { peer, payload, route, dont_fragment })
    }

    /// A datagram of `len` bytes from a peer (RFC 8656, 11.3 and 12.7): two searches.
    pub(super) fn relay_to_client(
        &mut self,
        rules: &Rules,
        peer: SocketAddr,
        len: usize,
        now: Now,
        out: &mut Vec<u8>,
    ) -> FromPeer {
        if self.permitted(peer, now).is_none() {
            return FromPeer::Drop(Dropped::NoPermission);
        }
        if !rules.affords(&mut self.to_client, self.place.is_test(), len, now) {
            return FromPeer::Drop(Dropped::OverRate);
        }
        self.carried.to_client += len as u64;
        match self.channels.number_of(peer, now.monotonic) {
            Some(number) => FromPeer::Channel { number },
            None => {
                FromPeer::Indication { header: self.data_indication(peer, out, |writer| writer.put_data_header(len)) }
            }
        }
    }

    /// An ICMP error for a packet to `peer` (RFC 8656, 11.6): told if the client may talk to that peer.
    pub(super) fn report_icmp(
        &mut self,
        peer: SocketAddr,
        icmp: Icmp,
        now: Now,
        out: &mut Vec<u8>,
    ) -> Option<Range<usize>> {
        // RFC 8656, 11.5: "the server verifies that the type is either 3 or 11 for an ICMPv4 […] packet or either 1, 2, or 3 for an ICMPv6"
        let telling = if peer.is_ipv4() { matches!(icmp.kind, 3 | 11) } else { matches!(icmp.kind, 1..=3) };
        self.permitted(peer, now).filter(|_| telling)?;
        self.icmps.take(1, ICMPS, now.monotonic).then_some(())?;
        let mut value = [0, 0, icmp.kind, icmp.code, 0, 0, 0, 0];
        value[4..].copy_from_slice(&icmp.mtu.to_be_bytes());
        Some(self.data_indication(peer, out, |writer| writer.put(attribute::ICMP, &value)))
    }

    /// Permits an IP address from now on (RFC 8656, 9), or again. Check [`Allocation::room_for`] first.
    pub(super) fn permit(&mut self, rules: &Rules, ip: IpAddr, route: Route, now: Now) {
        let expires = now.monotonic + rules.options.lifetimes.permission;
        self.permissions.insert(ip, Permission { route, expires });
    }

    /// Whether all of `ips` can be permitted. Forgets what has run out.
    pub(super) fn room_for(&mut self, rules: &Rules, ips: &[IpAddr], now: Now) -> Result<(), Refusal> {
        self.permissions.retain(|permission| now.monotonic < permission.expires);
        let new = ips.iter().filter(|ip| self.permissions.get(ip).is_none()).count();
        if self.permissions.len() + new > rules.live().quotas.permissions {
            return Err(Refusal::InsufficientCapacity);
        }
        Ok(())
    }

    /// Binds a channel, and permits its peer (RFC 8656, 12.2).
    pub(super) fn bind(
        &mut self,
        rules: &Rules,
        number: u16,
        peer: SocketAddr,
        route: Route,
        now: Now,
    ) -> Result<(), Refusal> {
        if !channels::NUMBERS.contains(&number) || peer.port() == 0 {
            return Err(Refusal::BadRequest);
        }
        self.channels.check(number, peer, rules.live().quotas.channels, now.monotonic)?;
        self.room_for(rules, &[peer.ip()], now)?;
        self.permit(rules, peer.ip(), route, now);
        self.channels.bind(number, peer, route, now.monotonic + rules.options.lifetimes.channel);
        Ok(())
    }

    /// Gives one of two relayed transport addresses up, and all that led through it.
    pub(super) fn forget_family(&mut self, ipv6: bool) {
        self.granted.forget_family(ipv6);
        self.permissions.retain_keys(|ip| ip.is_ipv6() != ipv6);
        self.channels.forget_family(ipv6);
    }

    /// Takes a TCP connection from `peer` in, if it is permitted and there is room (RFC 6062, 5.3).
    pub(super) fn accept(&mut self, rules: &Rules, id: u32, peer: SocketAddr, now: Now) -> Option<()> {
        self.permitted(peer, now)?;
        self.connections.accept(id, peer, rules.live().quotas.connections).ok()
    }

    /// A TCP connection whose peer has no permission any more.
    pub(super) fn lapsed_connection(&self, now: Now) -> Option<u32> {
        self.connections.let_in().find(|(_, peer)| self.permitted(*peer, now).is_none()).map(|(id, _)| id)
    }

    /// When a TCP connection will lapse if its permission is not refreshed.
    pub(super) fn next_lapse(&self) -> Option<Instant> {
        let permissions = self.connections.let_in().filter_map(|(_, peer)| self.permissions.get(&peer.ip()));
        permissions.map(|permission| permission.expires).min()
    }

    /// How many peers' addresses it may talk to.
    pub(super) fn live_permissions(&self, now: Now) -> usize {
        self.permissions.values().filter(|permission| now.monotonic < permission.expires).count()
    }

    /// Nobody answers an indication, so its transaction id only has to differ from the last one.
    pub(super) fn next_indication(&mut self) -> TransactionId {
        let mut id = [0; 12];
        id[4..].copy_from_slice(&self.indications.to_be_bytes());
        self.indications += 1;
        id
    }

    fn permitted(&self, peer: SocketAddr, now: Now) -> Option<Route> {
        self.permissions.get(&peer.ip()).filter(|permission| now.monotonic < permission.expires).map(|p| p.route)
    }

    fn data_indication(
        &mut self,
        peer: SocketAddr,
        out: &mut Vec<u8>,
        fill: impl FnOnce(Writer) -> Writer,
    ) -> Range<usize> {
        let writer = Writer::new(out, Class::Indication, Method::Data, self.next_indication());
        fill(writer.put_xor_address(attribute::XOR_PEER_ADDRESS, peer)).finish()
    }
}
