//! How one node stands among the others, for whoever runs it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stay::{At, Stay};
use super::{Node, NodeId};
use crate::hub::RoomName;

/// At one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// This node.
    pub node: NodeId,
    /// Whether the store can be reached.
    pub is_reached: bool,
    /// When that changed last, in unix time; `None`: it could never be reached.
    pub since: Option<Duration>,
    /// The nodes whose lease holds, this one among them, by the store's last word.
    pub nodes: usize,
    /// Rooms that this node keeps.
    pub kept: usize,
    /// Sockets of other nodes in these rooms.
    pub guests: usize,
    /// Rooms that other nodes keep and somebody who is connected here is in, in the order of their names.
    pub elsewhere: Vec<RoomElsewhere>,
}

/// A room that another node keeps: only that one knows what goes on there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomElsewhere {
    /// Its name.
    pub name: RoomName,
    /// Whose admin listener is to be asked.
    pub keeper: NodeId,
    /// Sockets of this node that are in it, or knock.
    pub visitors: usize,
}

impl Node {
    /// How it stands; `node` is its own name, which it needs for nothing else.
    pub fn standing(&self, node: NodeId) -> Standing {
        let mut elsewhere = BTreeMap::<(&RoomName, NodeId), usize>::new();
        for local in self.locals.values() {
            if let Some(Stay { room, at: At::There(keeper), .. }) = &local.stay {
                *elsewhere.entry((room, *keeper)).or_default() += 1;
            }
        }
        let room = |((name, keeper), visitors): ((&RoomName, NodeId), usize)| RoomElsewhere {
            name: name.clone(),
            keeper,
            visitors,
        };
        Standing {
            node,
            is_reached: self.up.is_some(),
            since: self.turned,
            nodes: self.alive.len(),
            kept: self.keeps.len(),
            guests: self.guests.count(),
            elsewhere: elsewhere.into_iter().map(room).collect(),
        }
    }
}
