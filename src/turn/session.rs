//! One client's 5-tuple, as the shell sees it. Requests are served in `serve`, the shell's answers are taken in `answers`,
//! payloads are relayed in `allocation`.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::action::{Action, Close, Dropped, FromPeer, Icmp, Open, Ticket};
use super::allocation::Allocation;
use super::options::Client;
use super::quota::Place;
use super::reply::ReplyTo;
use super::rules::Rules;
use crate::clock::Now;
use crate::pass;

/// One client's 5-tuple and, once it has proven who it is, its allocation.
#[derive(Debug)]
pub struct Session {
    pub(super) client: Client,
    pub(super) state: State,
}

/// Boxed, so that a stranger's session is small and a slab of sessions dense.
#[derive(Debug)]
pub(super) enum State {
    /// Nobody we keep anything of.
    Stranger,
    /// An allocation whose addresses the shell is opening.
    Opening(Box<Opening>),
    /// An allocation.
    Alive(Box<Allocation>),
    /// The shell looks for the peer connection that this one shall be joined to.
    Asking(Box<ReplyTo>),
}

/// An Allocate whose relayed transport addresses are being opened.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) to: ReplyTo,
    pub(super) asked: Open,
    pub(super) lifetime: Duration,
    pub(super) ticket: Option<Ticket>,
    pub(super) place: Place,
}

impl Session {
    /// A session that holds nothing: cheap enough to make for every stranger's packet and to forget again.
    pub fn new(client: Client) -> Session {
        Session { client: client.canonical(), state: State::Stranger }
    }

    /// What to do with one datagram or frame from the client. Appends to `out`.
    pub fn from_client(&mut self, rules: &Rules, bytes: &[u8], now: Now, out: &mut Vec<u8>) -> Action {
        if self.is_over(now) {
            self.state = State::Stranger;
            return Action::Close(Close { reply: None });
        }
        // RFC 8656, 12: the first two bits tell STUN (0b00) from ChannelData (0b01)
        match (bytes.first(), &mut self.state) {
            (Some(0x40..=0x4F), State::Alive(allocation)) => allocation.channel_data(rules, bytes, now),
            (Some(0x40..=0x4F), _) => Action::Drop(Dropped::NoAllocation),
            (Some(0x00..=0x3F), _) => self.message(rules, bytes, now, out),
            _ => Action::Drop(Dropped::Malformed),
        }
    }

    /// What to do with a payload of `len` bytes that came from `peer`: to a relayed transport address of this session,
    /// or by the hairpin. May append to `out`.
    pub fn from_peer(&mut self, rules: &Rules, peer: SocketAddr, len: usize, now: Now, out: &mut Vec<u8>) -> FromPeer {
        match self.alive(now) {
            Some(allocation) => allocation.relay_to_client(rules, peer, len, now, out),
            None => FromPeer::Drop(Dropped::NoAllocation),
        }
    }

    /// An ICMP error came back for a packet to `peer`. Returns a message for the client, if it is to know.
    pub fn from_icmp(&mut self, peer: SocketAddr, icmp: Icmp, now: Now, out: &mut Vec<u8>) -> Option<Range<usize>> {
        self.alive(now)?.report_icmp(peer, icmp, now, out)
    }

    /// Whether the session holds an allocation, or waits for the shell's answer. One that does not can be forgotten.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, State::Stranger)
    }

    /// When to ask [`Session::is_over`] and, with TCP connections, [`Session::lapsed`]. `None` while there is no allocation.
    pub fn deadline(&self) -> Option<Instant> {
        let allocation = self.allocation()?;
        Some(allocation.next_lapse().map_or(allocation.expires, |lapse| lapse.min(allocation.expires)))
    }

    /// Whether the allocation has run out at `now`.
    pub fn is_over(&self, now: Now) -> bool {
        self.allocation().is_some_and(|allocation| allocation.expires <= now.monotonic)
    }

    /// A TCP connection to be closed because the permission that let its peer in has run out (RFC 6062, 5.3). It does
    /// not count any more; ask until there is none.
    pub fn lapsed(&mut self, now: Now) -> Option<u32> {
        let id = self.alive(now)?.lapsed_connection(now)?;
        self.disconnected(id);
        Some(id)
    }

    /// The client's 5-tuple, IPv4-mapped addresses as IPv4.
    pub fn client(&self) -> Client {
        self.client
    }

    /// The advertised relayed transport address of the family of `like`: what a peer sees as the sender.
    pub fn relayed(&self, like: SocketAddr) -> Option<SocketAddr> {
        self.allocation()?.granted.relayed(like)
    }

    /// Who holds the allocation.
    pub fn username(&self) -> Option<&str> {
        self.allocation().map(Allocation::username)
    }

    /// Whom the credentials of the allocation were made out to; `None` for a static user.
    pub fn holder(&self) -> Option<&str> {
        pass::holder(self.username()?)
    }

    /// Under which ticket [`Action::Move`] will ask for this session, if mobility was granted (RFC 8016). It changes
    /// with every Refresh that moves it.
    pub fn ticket(&self) -> Option<Ticket> {
        self.allocation()?.granted.ticket
    }

    pub(super) fn allocation(&self) -> Option<&Allocation> {
        match &self.state {
            State::Alive(allocation) => Some(allocation),
            _ => None,
        }
    }

    /// The allocation, unless it has run out.
    pub(super) fn alive(&mut self, now: Now) -> Option<&mut Allocation> {
        match &mut self.state {
            State::Alive(allocation) if now.monotonic < allocation.expires => Some(allocation),
            _ => None,
        }
    }
}
