//! The rooms of this server: its hub alone, or as one node of a cluster.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::relay_door::RelayDoor;
use crate::clock::Now;
use crate::cluster::{Input, Node, NodeId, Order, Output, Standing};
use crate::hub::{Effect, Event, Hub, PersonId, SocketId};

/// The way to the other nodes. Called under the hub's lock, in the order things happened: must not wait.
pub trait Elsewhere: fmt::Debug + Send + Sync {
    /// To be carried out after all that was ordered before.
    fn order(&self, order: Order);
}

/// What makes a site one node of a cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Which one.
    pub node: NodeId,
    /// Hashes callers' addresses; the same on all nodes, so that who is kept out of a room is so on each of them.
    pub network_key: [u8; 32],
    /// The way to the others.
    pub elsewhere: Arc<dyn Elsewhere>,
}

/// See the module's text.
#[derive(Debug)]
pub(super) enum Rooms {
    Alone(Box<Hub>),
    Shared { name: NodeId, node: Box<Node>, elsewhere: Arc<dyn Elsewhere>, outputs: Vec<Output> },
}

impl Rooms {
    pub(super) fn new(hub: Hub, cluster: Option<&Cluster>) -> Rooms {
        match cluster {
            None => Rooms::Alone(Box::new(hub)),
            Some(Cluster { node: name, elsewhere, .. }) => {
                let node = Box::new(Node::new(hub));
                Rooms::Shared { name: *name, node, elsewhere: elsewhere.clone(), outputs: Vec::new() }
            }
        }
    }

    /// The hub with the rooms that are kept here.
    pub(super) fn hub(&self) -> &Hub {
        match self {
            Rooms::Alone(hub) => hub,
            Rooms::Shared { node, .. } => node.hub(),
        }
    }

    pub(super) fn hub_mut(&mut self) -> &mut Hub {
        match self {
            Rooms::Alone(hub) => hub,
            Rooms::Shared { node, .. } => node.hub_mut(),
        }
    }

    /// Who sits behind this socket.
    pub(super) fn person(&self, socket: SocketId) -> Option<&PersonId> {
        match self {
            Rooms::Alone(hub) => hub.person(socket),
            Rooms::Shared { node, .. } => node.person(socket),
        }
    }

    /// How many people have a seat in `room`; `None`: another node may know.
    pub(super) fn people(&self, room: &str) -> Option<usize> {
        match self {
            Rooms::Alone(hub) => Some(hub.people(room)),
            Rooms::Shared { node, .. } => node.people(room),
        }
    }

    /// Whether this node is cut off from the others; `None`: it is no node.
    pub(super) fn is_apart(&self, now: Now) -> Option<bool> {
        match self {
            Rooms::Alone(_) => None,
            Rooms::Shared { node, .. } => Some(!node.is_certain(now)),
        }
    }

    /// How this node stands among the others, if there are others.
    pub(super) fn standing(&self) -> Option<Standing> {
        match self {
            Rooms::Alone(_) => None,
            Rooms::Shared { name, node, .. } => Some(node.standing(*name)),
        }
    }

    /// Lets something happen here.
    pub(super) fn handle(&mut self, event: Event, now: Now, effects: &mut Vec<Effect>, relay: &dyn RelayDoor) {
        match self {
            Rooms::Alone(hub) => hub.handle(event, now, effects),
            Rooms::Shared { .. } => self.hear(Input::Here(event), now, effects, relay),
        }
    }

    /// `person` can be reached at these addresses.
    pub(super) fn announce(&mut self, person: PersonId, addresses: Vec<IpAddr>, now: Now, relay: &dyn RelayDoor) {
        match self {
            Rooms::Alone(_) => relay.announce(&person.0, &addresses),
            Rooms::Shared { .. } => self.hear(Input::Announced(person, addresses), now, &mut Vec::new(), relay),
        }
    }

    /// Something happened in the cluster, if this is a part of one.
    pub(super) fn hear(&mut self, input: Input, now: Now, effects: &mut Vec<Effect>, relay: &dyn RelayDoor) {
        let Rooms::Shared { node, elsewhere, outputs, .. } = self else { return };
        node.handle(input, now, outputs);
        for output in outputs.drain(..) {
            match output {
                Output::Here(effect) => effects.push(effect),
                Output::Announce(person, addresses) => relay.announce(&person.0, &addresses),
                Output::Order(order) => elsewhere.order(order),
            }
        }
    }
}
