//! Sockets of other nodes, numbered for the hub of this one.

use std::collections::HashMap;

use super::{NodeId, Visit};
use crate::hub::SocketId;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Guests {
    numbers: HashMap<(NodeId, SocketId), SocketId>,
    origins: HashMap<SocketId, (NodeId, Visit)>,
    last: u64,
}

/// Above any number of a socket that is connected here.
const FIRST: u64 = 1 << 63;

impl Guests {
    /// The number of a guest, and whether it is new. What it is told from now on is for this visit.
    pub(super) fn enter(&mut self, node: NodeId, visit: Visit) -> (SocketId, bool) {
        let known = self.find(node, visit.socket);
        let guest = known.unwrap_or(SocketId(FIRST + self.last));
        if known.is_none() {
            self.last += 1;
            self.numbers.insert((node, visit.socket), guest);
        }
        self.origins.insert(guest, (node, visit));
        (guest, known.is_none())
    }

    pub(super) fn find(&self, node: NodeId, socket: SocketId) -> Option<SocketId> {
        self.numbers.get(&(node, socket)).copied()
    }

    /// Where a guest is connected; `None`: here.
    pub(super) fn origin(&self, guest: SocketId) -> Option<(NodeId, Visit)> {
        self.origins.get(&guest).copied()
    }

    pub(super) fn leave(&mut self, guest: SocketId) {
        if let Some((node, visit)) = self.origins.remove(&guest) {
            self.numbers.remove(&(node, visit.socket));
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.origins.len()
    }

    /// All guests from nodes, or with numbers, that are `wanted`.
    pub(super) fn those(&self, wanted: impl Fn(NodeId, SocketId) -> bool) -> Vec<SocketId> {
        let found = self.origins.iter().filter(|(_, (node, visit))| wanted(*node, visit.socket));
        found.map(|(guest, _)| *guest).collect()
    }
}
