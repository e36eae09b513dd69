//! The TCP peer connections of one allocation (RFC 6062). Their bytes never come here.

use std::net::SocketAddr;

use super::refusal::Refusal;
use super::reply::ReplyTo;

/// Connections being opened, waiting for their ConnectionBind, or joined. Few, so a plain list.
#[derive(Debug, Default)]
pub(super) struct Connections(Vec<Connection>);

#[derive(Debug)]
struct Connection {
    id: u32,
    peer: SocketAddr,
    /// Who asked for it.
    by: Initiator,
    /// The Connect that waits for this connection.
    to: Option<ReplyTo>,
}

/// Who asked for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Initiator {
    /// The client, by a Connect, which needs no permission (RFC 6062, 5.2).
    Client,
    /// A peer, let in by a permission (RFC 6062, 5.3), and only for as long as that lasts.
    Peer,
}

impl Connections {
    /// A connection the client asked for.
    pub(super) fn open(&mut self, id: u32, peer: SocketAddr, to: ReplyTo, limit: usize) -> Result<(), Refusal> {
        // RFC 6062, 5.2: "If the server is currently processing a Connect request for this allocation with the same
        // XOR-PEER-ADDRESS", or has such a connection, it is a 446
        if self.0.iter().any(|connection| connection.peer == peer) {
            return Err(Refusal::ConnectionAlreadyExists);
        }
        self.add(Connection { id, peer, by: Initiator::Client, to: Some(to) }, limit)
    }

    /// A connection a peer made.
    pub(super) fn accept(&mut self, id: u32, peer: SocketAddr, limit: usize) -> Result<(), Refusal> {
        self.add(Connection { id, peer, by: Initiator::Peer, to: None }, limit)
    }

    /// The request that waits for this connection, once.
    pub(super) fn reply_to(&mut self, id: u32) -> Option<ReplyTo> {
        self.0.iter_mut().find(|connection| connection.id == id)?.to.take()
    }

    pub(super) fn close(&mut self, id: u32) {
        self.0.retain(|connection| connection.id != id);
    }

    /// The connections that peers made, by id.
    pub(super) fn let_in(&self) -> impl Iterator<Item = (u32, SocketAddr)> {
        self.0.iter().filter(|connection| connection.by == Initiator::Peer).map(|c| (c.id, c.peer))
    }

    fn add(&mut self, connection: Connection, limit: usize) -> Result<(), Refusal> {
        if self.0.len() >= limit || self.0.iter().any(|other| other.id == connection.id) {
            return Err(Refusal::InsufficientCapacity);
        }
        self.0.push(connection);
        Ok(())
    }
}
