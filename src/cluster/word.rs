//! What nodes say to each other.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::hub::{Fate, Join, Message, Network, PersonId, Refusal, Request, RoomBans, RoomName, SocketId};

/// One stay of a socket in a room. What a node said to an earlier one, and what arrives late, is not for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The socket.
    pub socket: SocketId,
    /// Counted by the node that the socket is connected to.
    pub number: u64,
}

/// A word from one node to another, or to all. Sockets are numbered by the node they are connected to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Word {
    /// To who keeps a room: this socket asks to come in, or back to its seat.
    Enter {
        /// The socket, and which stay of it this begins or goes on with.
        visit: Visit,
        /// Where it comes from, hashed alike by all nodes.
        network: Network,
        /// See [`Event::Opened`](crate::hub::Event::Opened).
        counted: bool,
        /// What it says.
        join: Join,
    },
    /// To who keeps its room: this socket asks for something.
    Asked(SocketId, Request),
    /// To who keeps its room: this socket is gone.
    Closed(SocketId),
    /// To who keeps its room: this socket leaves it for another one.
    Leaves(SocketId),
    /// To who keeps rooms: these are all the sockets that have to do with you; others that you know of are gone.
    Roll(Vec<SocketId>),
    /// From who keeps its room: say this on that socket.
    Said(Visit, Message),
    /// From who keeps its room: close that socket.
    End(Visit, Refusal),
    /// From who does not keep the room: ask again who does.
    NotHere(SocketId),
    /// To all: words to me were lost; whoever has sockets in my rooms sits down again.
    Missed,
    /// To all: this person's relay credentials are good, in this room.
    Admit(PersonId, RoomName),
    /// To all: they are good no more.
    Revoke(PersonId),
    /// To all: this person can be reached there.
    Announce(PersonId, Vec<IpAddr>),
    /// To all: whom hosts sent out of this room.
    Banned(RoomName, RoomBans),
    /// To all: what became of invitations.
    Fated(Vec<Fate>),
}
