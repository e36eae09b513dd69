//! What a session asks of its shell, as values: nothing here does anything.

use std::net::SocketAddr;
use std::ops::Range;

use super::options::RelayKind;

/// What to do with what a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing; why, for the counters.
    Drop(Dropped),
    /// Send a range of `out` to the client.
    Reply(Reply),
    /// Send a range of the client's bytes to a peer.
    ToPeer(ToPeer),
    /// Open relayed transport addresses, then call [`Session::opened`](super::Session::opened).
    Open(Open),
    /// The allocation is gone: send the reply if there is one, close its addresses, drop the session.
    Close(Close),
    /// Of an allocation with two relayed transport addresses, one is gone: send the reply, close that one.
    CloseFamily(CloseFamily),
    /// RFC 6062: open a TCP connection from the relayed transport address to a peer, then call
    /// [`Session::connected`](super::Session::connected). Give up after 30 seconds (RFC 6062, 5.2).
    Connect(Connect),
    /// RFC 6062: this client connection shall carry the data of a peer connection opened by another session. Find it,
    /// then call [`Session::joined`](super::Session::joined).
    Join(Join),
    /// RFC 8016: a session that lives under another 5-tuple shall move to this one. Find it by its
    /// [`Session::ticket`](super::Session::ticket) and call [`Session::moved`](super::Session::moved) on it with the same
    /// bytes. This session stays a stranger's meanwhile, and can be forgotten.
    Move(Move),
}

/// Why nothing is done. Each is a counter for the operator, never a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// Neither STUN nor ChannelData, or cut short.
    Malformed,
    /// A STUN response, an indication the server has no use for, or a repeated Allocate still being served.
    Unexpected,
    /// Data from a 5-tuple that has no allocation.
    NoAllocation,
    /// Data on a channel that is not bound, or to or from a peer without a permission.
    NoPermission,
    /// The bit rate of this allocation, or of the server, is used up.
    OverRate,
}

/// A message for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Where in `out` it stands.
    pub bytes: Range<usize>,
    /// Which of the server's addresses sends it, if not the one the request came to: only where RFC 5780 is set up
    /// ([`Discovery`](super::Discovery)).
    pub from: Option<SocketAddr>,
    /// Which of the client's ports gets it, if not the one the request came from (RFC 5780, 7.5).
    pub to_port: Option<u16>,
}

impl Reply {
    /// The way the request came, back.
    pub fn of(bytes: Range<usize>) -> Reply {
        Reply { bytes, from: None, to_port: None }
    }
}

/// A payload for a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToPeer {
    /// The peer's transport address; with [`Route::Hairpin`] the relayed transport address of another session.
    pub peer: SocketAddr,
    /// The payload's place in the bytes the client sent. May be empty: then an empty datagram is sent.
    pub payload: Range<usize>,
    /// By which way.
    pub route: Route,
    /// Set the DF bit on this packet (RFC 8656, 11.2). Only Send indications can ask for it.
    pub dont_fragment: bool,
}

/// The way to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Out of the relayed transport address's socket of the peer's family.
    Socket,
    /// Inside the process to the session that has this relayed transport address; never out of a socket.
    Hairpin,
}

/// The relayed transport addresses a client wants, all of them already allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Wants an IPv4 address.
    pub v4: bool,
    /// Wants an IPv6 address.
    pub v6: bool,
    /// UDP socket, TCP listener (RFC 6062), or a virtual address.
    pub kind: RelayKind,
    /// Which port.
    pub port: PortWish,
}

/// Which port a relayed transport address shall have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortWish {
    /// Any free port, drawn unpredictably from the range (RFC 8656, 7.2).
    Any,
    /// An even port (EVEN-PORT, RFC 8656, 7.2).
    Even,
    /// An even port, and the next higher one kept under this token for 30 seconds (EVEN-PORT with the R bit).
    EvenAndKeepNext(Token),
    /// The port that was kept under this token. It may be taken once.
    Kept(Token),
}

/// A RESERVATION-TOKEN: 8 bytes nobody can guess.
pub type Token = [u8; 8];

/// The shell's answer to [`Open`], as peers and the client will see the addresses: behind a 1:1 NAT, with the external IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The IPv4 relayed transport address.
    pub v4: Result<SocketAddr, NotOpened>,
    /// The IPv6 relayed transport address.
    pub v6: Result<SocketAddr, NotOpened>,
}

/// Why there is no relayed transport address of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// It was not asked for.
    NotAsked,
    /// This server relays no such family: 440.
    NoSuchFamily,
    /// No free port, no file descriptor, or no port kept under that token: 508.
    NoPort,
}

/// The end of an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The last reply.
    pub reply: Option<Reply>,
}

/// The end of one of two relayed transport addresses (RFC 8656, 7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFamily {
    /// The reply.
    pub reply: Reply,
    /// Whether the IPv6 address is gone; otherwise the IPv4 one.
    pub ipv6: bool,
}

/// A TCP connection to open to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// Names the connection from now on; unique among the live ones of this server, unpredictable.
    pub id: u32,
    /// Whom to connect to.
    pub peer: SocketAddr,
    /// With [`Route::Hairpin`]: the TCP relayed transport address of another session, joined inside the process.
    pub route: Route,
}

/// Why a TCP connection to a peer did not come about: 447.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectFailed;

/// A client connection that shall become the data connection of a peer connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The peer connection, from [`Connect::id`] or [`Session::incoming`](super::Session::incoming).
    pub id: u32,
    /// Who asks, proven: only the same user's session may own the peer connection.
    pub username: Box<str>,
}

/// A session to be moved here from its old 5-tuple.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which one.
    pub ticket: Ticket,
    /// What the client is told if no session has that ticket.
    pub otherwise: Reply,
}

/// What comes of [`Session::moved`](super::Session::moved): each holds what the client is told under its new 5-tuple.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The session stays where it is.
    Refused(Reply),
    /// The session lives under the new 5-tuple from now on, and with a new ticket.
    Moves(Reply),
    /// The allocation is gone: close its addresses, drop the session.
    Ends(Reply),
}

/// A MOBILITY-TICKET: 16 bytes nobody can guess, naming one live session.
pub type Ticket = [u8; 16];

/// What to do with what a peer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromPeer {
    /// Nothing; why, for the counters.
    Drop(Dropped),
    /// Send the payload behind a ChannelData header: [`channel_header`](crate::stun::channel_header). Over a stream,
    /// zero to three bytes follow: [`padding`](crate::stun::padding). Over UDP none do.
    Channel {
        /// The channel number, 0x4000 to 0x4FFF.
        number: u16,
    },
    /// Send this range of `out`, then the payload, then [`padding`](crate::stun::padding) zero bytes, whatever the
    /// transport: a Data indication.
    Indication {
        /// Where in `out` the header stands.
        header: Range<usize>,
    },
}

/// What an ICMP error said, to be told to the client (RFC 8656, 11.5 and 18.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icmp {
    /// The ICMP or ICMPv6 type.
    pub kind: u8,
    /// The code within the type.
    pub code: u8,
    /// The next hop's MTU of a "too big" error, otherwise 0.
    pub mtu: u32,
}
