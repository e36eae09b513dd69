//! The rules of TURN (RFC 8656) and STUN (RFC 8489) for one server: sessions, permissions, channels, lifetimes, quotas,
//! peer policy. Pure: bytes and [`Now`](crate::clock::Now) in, decisions out; no socket, clock, dice or timer here.
//!
//! # The contract with the shell
//!
//! One [`Session`] is one client's 5-tuple. [`Rules`] are shared by all of them, unchanging, behind an `Arc`.
//!
//! **From a client.** Hand each whole datagram, or each frame that [`Framer`](crate::stun::Framer) cuts out of a
//! stream, to [`Session::from_client`] and do what the returned [`Action`] says, at once: a range in it points into the
//! bytes just given, or into `out`. `out` is the shell's scratch buffer: the core only ever appends to it, so ranges of
//! a whole batch stay good until the shell clears it after sending.
//!
//! **Strangers cost nothing.** [`Session::new`] allocates nothing. For a datagram of an unknown 5-tuple make a session
//! on the stack, feed it, do its action, and keep it only if [`Session::is_alive`] says so afterwards.
//!
//! **From a peer.** Hand the sender's address and the payload's length to [`Session::from_peer`]; the answer says what
//! to put in front: four bytes of channel header, or an indication header that was appended to `out`. The payload
//! itself is never touched. The same call serves the hairpin: then `peer` is the *advertised* relayed transport address
//! of the session the payload came from ([`Session::relayed`]).
//!
//! **Asking for sockets.** [`Action::Open`] asks the shell for relayed transport addresses and [`Session::opened`] takes
//! the answer and gives the reply. In between the session is alive and ignores whatever its client repeats. The
//! same goes for [`Action::Connect`] and [`Session::connected`], [`Action::Join`] and [`Session::joined`] (RFC 6062). An
//! empty reply sends nothing.
//!
//! **Moving** (RFC 8016). [`Action::Move`] names a session by its ticket; wherever it lives, [`Session::moved`] decides
//! whether it lives under the new 5-tuple from then on. The session that asked keeps nothing of it.
//!
//! **The hairpin.** Permission for an address that is one of our own ([`Rules::is_own`]) is always granted, and what is
//! then sent there carries [`Route::Hairpin`]: find the session with that relayed transport address, on whatever worker
//! or stream, and give it the payload by `from_peer`; none there means drop. It must never be sent by a socket: this is
//! what keeps other services of this host unreachable. Everything else carries [`Route::Socket`].
//!
//! **Time.** [`Session::deadline`] is the one moment the shell's timer has to know, set when the session becomes alive
//! and moved by every successful Refresh: read it after each action that is not [`Action::ToPeer`]. At or after it
//! call [`Session::is_over`]; when that says `true`, close the relayed transport addresses and drop the session. A late
//! timer harms nobody: nothing is relayed past a deadline. Permissions and channels need no timer at all, but a TCP
//! connection that a permission let in ends with it: those are asked for at the same time by [`Session::lapsed`].
//!
//! **The end.** [`Action::Close`] (a Refresh with lifetime 0, or a packet for a session past its deadline) asks for the
//! same: send its reply if there is one, close, drop. Dropping a session gives its quotas back; nothing else has to be called.
//!
//! No call blocks, and none panics whatever the bytes are. Relaying a packet takes one or two searches in a sorted
//! table of this session; only requests take a lock: Allocate that of the quotas, those that name a peer that of our own
//! addresses.

mod action;
mod allocated;
mod allocation;
mod answers;
mod auth;
mod binding;
mod bucket;
mod budget;
mod channels;
mod circles;
mod connections;
mod granted;
mod nonce;
mod options;
mod overview;
mod peers;
mod quota;
mod refusal;
mod reply;
mod request;
mod revoked;
mod rules;
mod serve;
mod session;
mod table;
mod testing;
mod throttle;
mod token;

#[cfg(test)]
mod tests;

pub use action::{
    Action, Close, CloseFamily, Connect, ConnectFailed, Departure, Dropped, FromPeer, Icmp, Join, Move, NotOpened,
    Open, Opened, PortWish, Reply, Route, Ticket, ToPeer, Token,
};
pub use allocated::Allocated;
pub use budget::{Budget, BudgetStep, Month, NotAUsage, Usage};
pub use options::{Client, Discovery, Lifetimes, Options, PeerPolicy, Quotas, RelayKind, Transport};
pub use overview::AllocationView;
pub use peers::is_special;
pub use rules::{NoMore, Rules};
pub use session::Session;
pub use throttle::{Direction, Throttle};
