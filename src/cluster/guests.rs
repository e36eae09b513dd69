//! Sockets of other nodes, numbered for the hub of this one.

use std::collections::HashMap;

use super::NodeId;
use crate::hub::SocketId;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Guests {
    numbers: HashMap<(NodeId, SocketId), SocketId>,
    origins: HashMap<SocketId, (NodeId, SocketId)>,
    last: u64,
}

/// Above any number of a socket that is connected here.
const FIRST: u64 = 1 << 63;

impl Guests {
    /// The number of a guest, and whether it is new.
    pub(super) fn enter(&mut self, node: NodeId, socket: SocketId) -> (SocketId, bool) {
        if let Some(guest) = self.find(node, socket) {
            return (guest, false);
        }
        let guest = SocketId(FIRST + self.last);
        self.last += 1;
        self.numbers.insert((node, socket), guest);
        self.origins.insert(guest, (node, socket));
        (guest, true)
    }

    pub(super) fn find(&self, node: NodeId, socket: SocketId) -> Option<SocketId> {
        self.numbers.get(&(node, socket)).copied()
    }

    /// Where a guest is connected; `None`: here.
    pub(super) fn origin(&self, guest: SocketId) -> Option<(NodeId, SocketId)> {
        self.origins.get(&guest).copied()
    }

    pub(super) fn leave(&mut self, guest: SocketId) {
        if let Some(origin) = self.origins.remove(&guest) {
            self.numbers.remove(&origin);
        }
    }

    /// All guests from nodes, or with numbers, that are `wanted`.
    pub(super) fn those(&self, wanted: impl Fn(NodeId, SocketId) -> bool) -> Vec<SocketId> {
        let found = self.origins.iter().filter(|(_, (node, socket))| wanted(*node, *socket));
        found.map(|(guest, _)| *guest).collect()
    }
}
