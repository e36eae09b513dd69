//! One client's 5-tuple: what it may do now, and what its packets mean.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::action::{Action, Close, ConnectFailed, Dropped, FromPeer, Icmp, Open, Opened, Reply, ReplyFrom, Ticket};
use super::allocation::Allocation;
use super::auth::{self, Proof};
use super::granted::Granted;
use super::options::{Client, Lifetimes};
use super::quota::{self, Place};
use super::refusal::Refusal;
use super::reply::ReplyTo;
use super::request::{self, Family};
use super::rules::Rules;
use super::{binding, token};
use crate::clock::Now;
use crate::stun::{Class, Message, Method, attribute};

/// One client's 5-tuple and, once it has proven who it is, its allocation.
#[derive(Debug)]
pub struct Session {
    client: Client,
    state: State,
}

/// Boxed, so that a stranger's session is small and a slab of sessions dense.
#[derive(Debug)]
enum State {
    Stranger,
    Opening(Box<Opening>),
    Alive(Box<Allocation>),
}

/// An Allocate whose relayed transport addresses are being opened.
#[derive(Debug)]
struct Opening {
    to: ReplyTo,
    asked: Open,
    lifetime: Duration,
    place: Place,
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

    /// The shell's answer to [`Action::Open`]. Returns the reply for the client; when it refused (no family could be
    /// opened), the session is not alive any more.
    pub fn opened(&mut self, rules: &Rules, opened: Opened, now: Now, out: &mut Vec<u8>) -> Reply {
        let State::Opening(opening) = std::mem::replace(&mut self.state, State::Stranger) else {
            debug_assert!(false, "opened() answers Action::Open, and nothing was asked");
            return Reply { bytes: out.len()..out.len(), from: ReplyFrom::Here };
        };
        let Opening { to, asked, lifetime, place } = *opening;
        match Granted::new(&asked, opened, None) {
            Err(refusal) => to.refuse(&refusal, rules, self.client.address, now, out),
            Ok(granted) => {
                for relayed in [granted.v4, granted.v6].into_iter().flatten() {
                    rules.add_own(relayed.ip());
                }
                let allocation = Allocation::new(rules, to.id, granted, lifetime, place, now);
                let reply = self.describe(&allocation, &to, now, out);
                self.state = State::Alive(Box::new(allocation));
                reply
            }
        }
    }

    /// What to do with a payload of `len` bytes that came from `peer`: to a relayed transport address of this session,
    /// or by the hairpin. May append to `out`.
    pub fn from_peer(&mut self, rules: &Rules, peer: SocketAddr, len: usize, now: Now, out: &mut Vec<u8>) -> FromPeer {
        match &mut self.state {
            State::Alive(allocation) if now.monotonic < allocation.expires => {
                allocation.relay_to_client(rules, peer, len, now, out)
            }
            _ => FromPeer::Drop(Dropped::NoAllocation),
        }
    }

    /// An ICMP error came back for a packet to `peer`. Returns a message for the client, if it is to know.
    pub fn from_icmp(&mut self, peer: SocketAddr, icmp: Icmp, now: Now, out: &mut Vec<u8>) -> Option<Range<usize>> {
        self.alive()?.report_icmp(peer, icmp, now, out)
    }

    /// The shell's answer to [`Action::Connect`] with this id (RFC 6062). Returns the reply.
    pub fn connected(
        &mut self,
        _rules: &Rules,
        _id: u32,
        _result: Result<(), ConnectFailed>,
        _now: Now,
        out: &mut Vec<u8>,
    ) -> Reply {
        Reply { bytes: out.len()..out.len(), from: ReplyFrom::Here }
    }

    /// `peer` connected to the TCP relayed transport address (RFC 6062, 5.3). Returns the connection's id and a message
    /// for the client, or `None`: close the connection. Close it as well if nobody joins it within 30 seconds.
    pub fn incoming(
        &mut self,
        _rules: &Rules,
        _peer: SocketAddr,
        _now: Now,
        _out: &mut Vec<u8>,
    ) -> Option<(u32, Range<usize>)> {
        None
    }

    /// The shell's answer to [`Action::Join`]: whether the peer connection was there and belongs to that user. Returns
    /// the reply; after `found` every later byte of this client connection is the peer's, no frame any more.
    pub fn joined(&mut self, _rules: &Rules, _found: bool, _now: Now, out: &mut Vec<u8>) -> Reply {
        Reply { bytes: out.len()..out.len(), from: ReplyFrom::Here }
    }

    /// A peer connection has ended; it does not count any more.
    pub fn disconnected(&mut self, _id: u32) {}

    /// [`Action::Move`] led here: checks the same bytes again as this session's own and moves it to `client`. `Reply`:
    /// moved, keep it under the new 5-tuple. Anything else: leave it where it was, after doing what is said.
    pub fn moved(&mut self, _rules: &Rules, _client: Client, _bytes: &[u8], _now: Now, _out: &mut Vec<u8>) -> Action {
        Action::Drop(Dropped::Unexpected)
    }

    /// No session has that ticket: the reply.
    pub fn not_moved(&mut self, _rules: &Rules, _now: Now, out: &mut Vec<u8>) -> Reply {
        Reply { bytes: out.len()..out.len(), from: ReplyFrom::Here }
    }

    /// Whether the session holds an allocation, or waits for one to be opened. One that does not can be forgotten.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, State::Stranger)
    }

    /// When to ask [`Session::is_over`]. `None` while there is no allocation.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Alive(allocation) => Some(allocation.expires),
            _ => None,
        }
    }

    /// Whether the allocation has run out at `now`.
    pub fn is_over(&self, now: Now) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now.monotonic)
    }

    /// The client's 5-tuple, IPv4-mapped addresses as IPv4.
    pub fn client(&self) -> Client {
        self.client
    }

    /// The advertised relayed transport address of the family of `like`: what a peer sees as the sender.
    pub fn relayed(&self, like: SocketAddr) -> Option<SocketAddr> {
        match &self.state {
            State::Alive(allocation) => allocation.granted.relayed(like),
            _ => None,
        }
    }

    /// Who holds the allocation.
    pub fn username(&self) -> Option<&str> {
        match &self.state {
            State::Alive(allocation) => Some(allocation.username()),
            _ => None,
        }
    }

    /// Under which ticket [`Action::Move`] will ask for this session, if mobility was granted (RFC 8016). It changes
    /// with every Refresh that moves it.
    pub fn ticket(&self) -> Option<Ticket> {
        None
    }

    fn message(&mut self, rules: &Rules, bytes: &[u8], now: Now, out: &mut Vec<u8>) -> Action {
        let Ok(message) = Message::read(bytes) else { return Action::Drop(Dropped::Malformed) };
        match (message.class(), message.method(), &mut self.state) {
            (Class::Indication, Some(Method::Send), State::Alive(allocation)) => allocation.send(rules, &message, now),
            (Class::Indication, Some(Method::Send), _) => Action::Drop(Dropped::NoAllocation),
            (Class::Request, Some(method), _) => self.request(rules, method, &message, now, out),
            _ => Action::Drop(Dropped::Unexpected),
        }
    }

    /// A refusal is a reply like any other: here the two meet.
    fn request(&mut self, rules: &Rules, method: Method, request: &Message, now: Now, out: &mut Vec<u8>) -> Action {
        let mut to = ReplyTo::new(method, request);
        let done = match method {
            Method::Binding => binding::answer(rules, self.client, request, &to, out),
            // These are only ever indications (RFC 8656, 17; RFC 6062, 6.1)
            Method::Send | Method::Data | Method::ConnectionAttempt => Ok(Action::Drop(Dropped::Unexpected)),
            _ => auth::authenticate(rules, self.client, request, now).and_then(|proof| {
                to.signature = Some(proof.signature.clone());
                request::unknown_attributes(request, None)?;
                self.proven(rules, request, proof, &to, now, out)
            }),
        };
        done.unwrap_or_else(|refusal| Action::Reply(to.refuse(&refusal, rules, self.client.address, now, out)))
    }

    /// A request whose sender is known.
    fn proven(
        &mut self,
        rules: &Rules,
        request: &Message,
        proof: Proof,
        to: &ReplyTo,
        now: Now,
        out: &mut Vec<u8>,
    ) -> Result<Action, Refusal> {
        if to.method == Method::Allocate {
            return self.allocate(rules, request, proof, to, now, out);
        }
        let client = self.client;
        // RFC 8656, 5: without an allocation it is a 437, with somebody else's a 441
        let allocation = self.alive().ok_or(Refusal::AllocationMismatch)?;
        if allocation.username() != &*proof.username {
            return Err(Refusal::WrongCredentials);
        }
        match to.method {
            Method::Refresh => return self.refresh(rules, request, to, now, out),
            Method::CreatePermission => create_permission(rules, allocation, request, now)?,
            Method::ChannelBind => channel_bind(rules, allocation, request, now)?,
            _ => return Err(Refusal::BadRequest),
        }
        let _ = client;
        Ok(Action::Reply(to.success(out, |writer| writer)))
    }

    fn allocate(
        &mut self,
        rules: &Rules,
        request: &Message,
        proof: Proof,
        to: &ReplyTo,
        now: Now,
        out: &mut Vec<u8>,
    ) -> Result<Action, Refusal> {
        match &self.state {
            // RFC 8656, 7.2: a repeated request is answered again, any other one while there is an allocation is a 437
            State::Alive(allocation) if allocation.request == to.id => {
                return Ok(Action::Reply(self.describe(allocation, to, now, out)));
            }
            State::Opening(opening) if opening.to.id == to.id => return Ok(Action::Drop(Dropped::Unexpected)),
            State::Alive(_) | State::Opening(_) => return Err(Refusal::AllocationMismatch),
            State::Stranger => {}
        }
        let asked = request::allocate(rules, self.client, request, token::reservation(rules, self.client, to.id, now))?;
        let lifetime = lifetime(&rules.options.lifetimes, request::lifetime(request)?);
        let place = quota::take(&rules.usage, &rules.options.quotas, &proof.username, self.client.address.ip())?;
        self.state = State::Opening(Box::new(Opening { to: to.clone(), asked: asked.clone(), lifetime, place }));
        Ok(Action::Open(asked))
    }

    /// RFC 8656, 8.2.
    fn refresh(
        &mut self,
        rules: &Rules,
        request: &Message,
        to: &ReplyTo,
        now: Now,
        out: &mut Vec<u8>,
    ) -> Result<Action, Refusal> {
        let wanted = request::lifetime(request)?;
        let family = request::requested_family(request)?;
        let allocation = self.alive().ok_or(Refusal::AllocationMismatch)?;
        let (v4, v6) = (allocation.granted.v4.is_some(), allocation.granted.v6.is_some());
        match family {
            Some(Family::V4) if !v4 => return Err(Refusal::PeerAddressFamilyMismatch),
            Some(Family::V6) if !v6 => return Err(Refusal::PeerAddressFamilyMismatch),
            _ => {}
        }
        if wanted == Some(0) {
            self.state = State::Stranger;
            let reply = to.success(out, |writer| writer.put_u32(attribute::LIFETIME, 0));
            return Ok(Action::Close(Close { reply: Some(reply) }));
        }
        let lifetime = lifetime(&rules.options.lifetimes, wanted);
        allocation.expires = now.monotonic + lifetime;
        Ok(Action::Reply(to.success(out, |writer| writer.put_u32(attribute::LIFETIME, lifetime.as_secs() as u32))))
    }

    fn describe(&self, allocation: &Allocation, to: &ReplyTo, now: Now, out: &mut Vec<u8>) -> Reply {
        let (client, lifetime) = (self.client.address, allocation.lifetime(now));
        to.success(out, |writer| allocation.granted.describe(writer, client, lifetime))
    }

    fn alive(&mut self) -> Option<&mut Allocation> {
        match &mut self.state {
            State::Alive(allocation) => Some(allocation),
            _ => None,
        }
    }
}

/// RFC 8656, 7.2: "the server computes the minimum of the client's proposed lifetime and the server's maximum allowed
/// lifetime. If this computed value is greater than the default lifetime, then the server uses the computed lifetime […]
/// Otherwise, the server uses the default lifetime."
fn lifetime(lifetimes: &Lifetimes, wanted: Option<u32>) -> Duration {
    let wanted = Duration::from_secs(wanted.unwrap_or(0).into());
    wanted.min(lifetimes.allocation_max).max(lifetimes.allocation)
}

/// RFC 8656, 10.2: all of the peers, or none.
fn create_permission(rules: &Rules, allocation: &mut Allocation, request: &Message, now: Now) -> Result<(), Refusal> {
    let peers = request::peers(rules, allocation, request)?;
    let mut ips: Vec<_> = peers.iter().map(|(peer, _)| peer.ip()).collect();
    ips.sort_unstable();
    ips.dedup();
    allocation.room_for(rules, &ips, now)?;
    for (peer, route) in peers {
        allocation.permit(rules, peer.ip(), route, now);
    }
    Ok(())
}

fn channel_bind(rules: &Rules, allocation: &mut Allocation, request: &Message, now: Now) -> Result<(), Refusal> {
    let (number, peer, route) = request::channel(rules, allocation, request)?;
    allocation.bind(rules, number, peer, route, now)
}
