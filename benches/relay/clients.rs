//! Many clients at once, each with an allocation, a channel, and a peer or another client at its far end.

use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::{Context, Result};

use crate::client::Client;
use crate::udp::Port;

/// A client over UDP and the peer its channel is bound to.
pub(crate) struct UdpClient {
    /// The client.
    pub(crate) client: Client<Port>,
    /// Its peer: a socket of its own, since a server that shares one relay socket tells clients apart by their peers.
    pub(crate) peer: Rc<Port>,
}

/// Clients with their own peers, both directions open.
pub(crate) fn with_peers(server: SocketAddr, count: usize) -> Result<Vec<UdpClient>> {
    (0..count).map(|number| with_peer(server).with_context(|| format!("client {number}"))).collect()
}

/// Pairs of clients whose channels lead to each other's allocations.
pub(crate) fn in_pairs(server: SocketAddr, count: usize) -> Result<Vec<[Client<Port>; 2]>> {
    (0..count / 2).map(|number| pair(server).with_context(|| format!("pair {number}"))).collect()
}

fn pair(server: SocketAddr) -> Result<[Client<Port>; 2]> {
    let mut left = Client::allocate(Port::connected(server)?)?;
    let mut right = Client::allocate(Port::connected(server)?)?;
    left.bind(right.relayed)?;
    right.bind(left.relayed)?;
    Ok([left, right])
}

fn with_peer(server: SocketAddr) -> Result<UdpClient> {
    let mut client = Client::allocate(Port::connected(server)?)?;
    let mut peer = Port::peer()?;
    client.bind(peer.address()?)?;
    peer.connect(client.relayed)?;
    Ok(UdpClient { client, peer: Rc::new(peer) })
}
