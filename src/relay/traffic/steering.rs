//! What a worker does when another process takes its addresses over: each client gets a socket of its own, which the kernel
//! prefers to every group on that address (`udp4_lib_lookup2` scores connected sockets higher), and then the listeners close.

use mio::{Interest, Token};

use super::Traffic;
use crate::relay::listeners::Listener;
use crate::relay::socket::{Way, steered};
use crate::turn::Client;

/// Clients with a socket of their own, on one worker. The kernel looks through all of them for every packet that comes to
/// that address, so there are not more; the others allocate anew in the new process.
const STEERED_AT_MOST: usize = 1000;

impl Traffic {
    /// Gives each client with an allocation a socket of its own.
    pub(super) fn steer(&mut self) {
        let on_a_group = |(slot, _): &(usize, Client)| {
            let way = self.sessions.get(*slot).map(|entry| entry.way);
            way.is_some_and(|way| self.listeners[way.socket.0].client.is_none())
        };
        let clients: Vec<_> = self.sessions.clients().filter(on_a_group).collect();
        let steered = self.listeners.iter().filter(|listener| listener.client.is_some()).count();
        for (slot, client) in clients.into_iter().take(STEERED_AT_MOST.saturating_sub(steered)) {
            if let Err(cause) = self.steer_one(slot, client) {
                tracing::debug!(%cause, "a client stays on the common socket");
            }
        }
    }

    fn steer_one(&mut self, slot: usize, client: Client) -> std::io::Result<()> {
        let mut socket = steered(client.server, client.address, self.shared.opener.gro())?;
        let token = Token(self.listeners.len());
        self.registry.register(&mut socket, token, Interest::READABLE)?;
        self.listeners.push(Listener { socket: Some(socket), bound: client.server, client: Some(client.address) });
        if let Some(entry) = self.sessions.get_mut(slot) {
            entry.way = Way { socket: token, to: client.address, from: None };
        }
        Ok(())
    }

    /// Lets go of the addresses: from here on only those are heard who have a socket of their own.
    pub(super) fn deafen(&mut self) {
        self.steer();
        self.listeners
            .iter_mut()
            .filter(|listener| listener.client.is_none())
            .for_each(|listener| listener.socket = None);
    }

    /// The session in `slot` ends: what its client begins next is not for this process.
    pub(super) fn unsteer(&mut self, slot: usize) {
        let Some(entry) = self.sessions.get(slot) else { return };
        let listener = &mut self.listeners[entry.way.socket.0];
        if listener.client.is_some() {
            listener.socket = None;
        }
    }
}
