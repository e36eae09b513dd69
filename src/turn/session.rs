//! One client's 5-tuple: what it may do now, and what its packets mean.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Instant;

use super::action::{Action, ConnectFailed, Dropped, FromPeer, Icmp, Opened, Reply, ReplyFrom, Ticket};
use super::options::Client;
use super::rules::Rules;
use crate::clock::Now;

/// One client's 5-tuple and, once it has proven who it is, its allocation.
#[derive(Debug)]
pub struct Session {
    client: Client,
}

impl Session {
    /// A session that holds nothing: cheap enough to make for every stranger's packet and to forget again.
    pub fn new(client: Client) -> Session {
        Session { client }
    }

    /// What to do with one datagram or frame from the client. Appends to `out`.
    pub fn from_client(&mut self, _rules: &Rules, _bytes: &[u8], _now: Now, _out: &mut Vec<u8>) -> Action {
        Action::Drop(Dropped::Malformed)
    }

    /// The shell's answer to [`Action::Open`]. Returns the reply for the client; when it refused (no family could be
    /// opened), the session is not alive any more.
    pub fn opened(&mut self, _rules: &Rules, _opened: Opened, _now: Now, out: &mut Vec<u8>) -> Reply {
        Reply { bytes: out.len()..out.len(), from: ReplyFrom::Here }
    }

    /// What to do with a payload of `len` bytes that came from `peer`: to a relayed transport address of this session,
    /// or by the hairpin. May append to `out`.
    pub fn from_peer(
        &mut self,
        _rules: &Rules,
        _peer: SocketAddr,
        _len: usize,
        _now: Now,
        _out: &mut Vec<u8>,
    ) -> FromPeer {
        FromPeer::Drop(Dropped::NoAllocation)
    }

    /// An ICMP error came back for a packet to `peer`. Returns a message for the client, if it is to know.
    pub fn from_icmp(&mut self, _peer: SocketAddr, _icmp: Icmp, _now: Now, _out: &mut Vec<u8>) -> Option<Range<usize>> {
        None
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
        false
    }

    /// When to ask [`Session::is_over`]. `None` while there is no allocation.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Whether the allocation has run out at `now`.
    pub fn is_over(&self, _now: Now) -> bool {
        false
    }

    /// The client's 5-tuple, IPv4-mapped addresses as IPv4.
    pub fn client(&self) -> Client {
        self.client
    }

    /// The advertised relayed transport address of the family of `like`: what a peer sees as the sender.
    pub fn relayed(&self, _like: SocketAddr) -> Option<SocketAddr> {
        None
    }

    /// Who holds the allocation.
    pub fn username(&self) -> Option<&str> {
        None
    }

    /// Under which ticket [`Action::Move`] will ask for this session, if mobility was granted (RFC 8016). It changes
    /// with every Refresh that moves it.
    pub fn ticket(&self) -> Option<Ticket> {
        None
    }
}
