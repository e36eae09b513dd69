//! Rooms shared by several servers. Pure: what happened here, what other nodes say and what the store answers come in; what
//! is to be done here, to be said to other nodes and to be asked of the store comes out.
//!
//! Each room is kept by one node, in its hub, which is the same hub as on a single server: so limits, hosts, doors, knocks and
//! the order of events are decided in one place. A socket on another node is a guest of that hub; the node it is
//! connected to passes on what it says and hears. The store (Redis) only says who keeps which room, atomically and within
//! the limit of rooms, and which nodes are alive: a lease for each node, which ends with it.
//!
//! Whatever gets lost, a node, a message, the store, is mended as on a single server that was restarted: by the seat tokens.
//! The node knows the token of each of its sockets and sits down again for it, at whoever keeps the room then.
//!
//! A node that cannot renew its lease lets nobody new in, because it can no longer tell who else is in a room; calls go on, and
//! who dropped out comes back to a seat that it keeps.

mod guests;
mod hearing;
mod keeping;
mod node;
mod overview;
mod stay;
#[cfg(test)]
mod tests;
mod word;
#[cfg(test)]
mod world;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::node::Node;
pub use self::overview::{RoomElsewhere, Standing};
pub use self::word::{Visit, Word};

use crate::hub::{DoorState, Effect, Event, Fate, PersonId, RoomBans, RoomName};

/// How long a node that is not heard of keeps its rooms and its people. A node that is cut off knows it as soon.
pub const LEASE: Duration = Duration::from_secs(5);

/// One run of one server: drawn from the dice at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u64);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Here, as a single server's hub would hear it.
    Here(Event),
    /// Somebody here can be reached at these addresses: for the relays of all nodes.
    Announced(PersonId, Vec<IpAddr>),
    /// Another node says something.
    Heard(NodeId, Word),
    /// The store can be reached, after it could not, and the first [`Input::Beat`] follows. What nodes said meanwhile is lost.
    Up,
    /// The lease was renewed.
    Beat {
        /// How long ago that was asked for: the lease ends [`LEASE`] after it.
        asked: Duration,
        /// Whether the lease had not run out.
        kept: bool,
        /// All nodes whose lease has not.
        alive: Vec<NodeId>,
    },
    /// The answer to [`Order::Claim`].
    Claimed(RoomName, Claim),
    /// The store cannot be reached.
    Down,
}

/// Who keeps a room.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// This node from now on; with the door as a lost node left it.
    Ours(Option<DoorState>),
    /// Another one.
    Theirs(NodeId),
    /// Nobody, and there are as many rooms as may be.
    Full,
    /// It cannot be told: our own lease has ended.
    Unknown,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Here, as the hub of a single server would ask for it.
    Here(Effect),
    /// Tell the relay of this node where somebody can be reached.
    Announce(PersonId, Vec<IpAddr>),
    /// Elsewhere.
    Order(Order),
}

/// What the store is asked for, or the other nodes are told. In order.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Keep this room if nobody does; `again`: it was ours already, so there is no limit to be asked.
    Claim {
        /// The room.
        room: RoomName,
        /// Whether it is kept here.
        again: bool,
    },
    /// Keep it no longer.
    Release(RoomName),
    /// Put down its door, for whoever takes over.
    PutDoor(RoomName, DoorState),
    /// Put down what became of an invitation, and tell all others.
    PutFate(Fate),
    /// Put down whom hosts sent out of this room, and tell all others.
    PutBans(RoomName, RoomBans),
    /// Put down that somebody may not use the relay any more, and tell all others.
    Revoke(PersonId),
    /// Put down that they may, and tell all others.
    Admit(PersonId, RoomName),
    /// Tell one node.
    Tell(NodeId, Word),
    /// Tell all others.
    TellAll(Word),
}
