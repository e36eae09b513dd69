//! What a worker's client is told of packets that did not arrive, and packets that must not be split.

use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::AsFd;

use mio::Token;

use super::Traffic;
use crate::relay::sessions::{of_relay_token, relay_token};
use crate::relay::socket::{Kept, Packet, next_error, send_whole};

/// Errors of one socket heard in one wake. The kernel keeps as many as the socket's receive buffer holds, where they leave no
/// room for packets: so enough are heard to empty it.
const ERRORS: usize = 1024;

impl Traffic {
    /// In one packet or not at all, behind all that is queued.
    pub(super) fn send_whole(&mut self, slot: usize, to: SocketAddr, body: Range<usize>, received: &[u8]) {
        self.flush(received);
        let socket = self.sessions.get(slot).and_then(|entry| entry.relay_socket(to.is_ipv6()));
        let sent = socket.is_some_and(|socket| send_whole(socket.as_fd(), to, &received[body]).is_ok());
        if !sent {
            self.counts.packets_dropped += 1;
            self.hear_errors(relay_token(slot, to.is_ipv6()), Some(to));
        }
    }

    /// Tells the client of a relay socket what has become of packets that did not arrive (RFC 8656, 11.5). `failed`: to whom
    /// one could not be sent just before.
    pub(in crate::relay) fn hear_errors(&mut self, token: Token, failed: Option<SocketAddr>) {
        let Some((slot, ipv6)) = of_relay_token(token) else { return };
        for _ in 0..ERRORS {
            let Some(entry) = self.sessions.get_mut(slot) else { return };
            let Some(socket) = entry.relay_socket(ipv6) else { return };
            let Kept { error, more } = next_error(socket.as_fd());
            if let Some((peer, icmp)) = error.and_then(|error| error.about(failed))
                && let Some(message) = entry.session.from_icmp(peer, icmp, self.now, &mut self.queue.out)
            {
                self.queue.push(entry.way, Packet { head: message, ..Packet::default() });
            }
            if !more {
                return;
            }
        }
    }
}
