//! What the relay's rules are made from, given once at start.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

use crate::pass::{self, TurnPasses};

/// One client's 5-tuple. An IPv4-mapped address of a dual-stack socket is read as the IPv4 address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    /// Where the client's packets come from.
    pub address: SocketAddr,
    /// The address of ours they came to.
    pub server: SocketAddr,
    /// Over what.
    pub transport: Transport,
}

impl Client {
    pub(super) fn canonical(self) -> Client {
        let canonical = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
        Client { address: canonical(self.address), server: canonical(self.server), transport: self.transport }
    }
}

/// What carries a client's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A plain TCP stream.
    Tcp,
    /// TLS over TCP.
    Tls,
}

impl Transport {
    pub(super) fn is_stream(self) -> bool {
        matches!(self, Transport::Tcp | Transport::Tls)
    }
}

/// What kind of relayed transport addresses to open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelayKind {
    /// A UDP socket.
    #[default]
    Udp,
    /// A TCP listener and the connections opened from its address (RFC 6062).
    Tcp,
    /// No socket: an address of ours that only other sessions can reach, by the hairpin.
    Virtual,
}

/// Everything [`Rules`](super::Rules) need.
#[derive(Clone, Debug)]
pub struct Options {
    /// The REALM clients are challenged with. Short: it is part of every reply to a stranger.
    pub realm: String,
    pub(super) key: ServerKey,
    /// Who may allocate.
    pub passes: TurnPasses,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How much anybody may have.
    pub quotas: Quotas,
    /// Whom clients may send to.
    pub peers: PeerPolicy,
    /// Holders of short-lived credentials reach only what others of their circle have announced
    /// ([`Rules::admit`](super::Rules::admit)), and of that only what `peers` allows. Static users belong to none and are not held
    /// to this.
    pub peers_of_circle: bool,
    /// Relayed transport addresses are virtual: peers outside this server are refused (403).
    pub virtual_only: bool,
    /// Whether the shell can open TCP relayed transport addresses (RFC 6062); otherwise 442.
    pub tcp_relay: bool,
    /// Whether sessions may move to a new 5-tuple (RFC 8016); otherwise 405.
    pub mobility: bool,
    /// The server's addresses for NAT behaviour discovery (RFC 5780), if it has two.
    pub discovery: Option<Discovery>,
}

/// How long things live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// An allocation, if the client asks for nothing or less (RFC 8656, 3.2: 10 minutes).
    pub allocation: Duration,
    /// An allocation at most, whatever the client asks for (RFC 8656, 7.2: an hour is RECOMMENDED).
    pub allocation_max: Duration,
    /// A permission (RFC 8656, 9: 300 seconds, not negotiable).
    pub permission: Duration,
    /// A channel binding (RFC 8656, 12: 10 minutes, not negotiable).
    pub channel: Duration,
    /// A nonce (RFC 8656, 5: "at least once every hour").
    pub nonce: Duration,
}

impl Default for Lifetimes {
    fn default() -> Lifetimes {
        Lifetimes {
            allocation: Duration::from_secs(600),
            allocation_max: Duration::from_secs(3600),
            permission: Duration::from_secs(300),
            channel: Duration::from_secs(600),
            nonce: Duration::from_secs(3600),
        }
    }
}

/// How much anybody may have. `None` and 0 bits mean no limit.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// Allocations on this server: 508 beyond.
    pub allocations: Option<u32>,
    /// Allocations of one username: 486 beyond.
    pub per_user: Option<u32>,
    /// Allocations from one client IP address (IPv6: one /64), loopback excepted: 486 beyond.
    pub per_address: Option<u32>,
    /// Permissions of one allocation: 508 beyond.
    pub permissions: usize,
    /// Channels of one allocation: 508 beyond.
    pub channels: usize,
    /// TCP peer connections of one allocation (RFC 6062): 508 beyond.
    pub connections: usize,
    /// Bits per second one allocation may carry, each direction by itself; more is dropped. 0: no limit.
    pub bits_per_second: u64,
    /// Bits per second of payload this server relays in all, both directions together; more is dropped. 0: no limit.
    pub total_bits_per_second: u64,
}

impl Default for Quotas {
    /// Limits that hold back nobody who makes calls: a browser has one allocation a connection, eight people in a room
    /// a dozen addresses each.
    fn default() -> Quotas {
        Quotas {
            allocations: Some(20_000),
            per_user: Some(200),
            per_address: Some(2000),
            permissions: 128,
            channels: 128,
            connections: 16,
            bits_per_second: 0,
            total_bits_per_second: 0,
        }
    }
}

/// Whom clients may send to. Of all networks that match a peer the longest prefix decides, `denied` before `allowed`
/// at equal length; where none matches, the special-purpose blocks of both families and `host` are denied and the rest
/// is allowed. Own relayed addresses are answered before any of this: see [`Rules::is_own`](super::Rules::is_own).
#[derive(Clone, Debug, Default)]
pub struct PeerPolicy {
    /// `turn.allowed_peers`.
    pub allowed: Vec<IpNet>,
    /// `turn.denied_peers`.
    pub denied: Vec<IpNet>,
    /// This machine's own addresses: what listens there must not see our clients' packets as coming from inside.
    pub host: Vec<IpAddr>,
}

/// Two IP addresses of one family and two ports of this server for NAT behaviour discovery (RFC 5780): four UDP sockets,
/// each address with each port. These are the addresses as clients see them, and so must be [`Client::server`] of whoever
/// writes to one of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// The addresses.
    pub ips: [IpAddr; 2],
    /// The ports.
    pub ports: [u16; 2],
}

/// Signs nonces, tokens, tickets and connection ids; never printed.
#[derive(Clone)]
pub(super) struct ServerKey(pub(super) [u8; 32]);

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Options {
    /// The defaults around the three things that have none. `key` signs nonces, tokens, tickets and connection ids: 32
    /// bytes of the system's generator, new at every start.
    pub fn new(realm: impl Into<String>, key: [u8; 32], passes: TurnPasses) -> Options {
        Options {
            realm: pass::opaque_string(&realm.into()).into_owned(),
            key: ServerKey(key),
            passes,
            lifetimes: Lifetimes::default(),
            quotas: Quotas::default(),
            peers: PeerPolicy::default(),
            peers_of_circle: false,
            virtual_only: false,
            tcp_relay: false,
            mobility: false,
            discovery: None,
        }
    }
}
