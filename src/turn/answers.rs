//! What the shell answers when it was asked: addresses opened, peers connected, sessions found.

use std::net::SocketAddr;
use std::ops::Range;

use super::action::{ConnectFailed, Departure, Opened, Reply};
use super::allocation::Allocation;
use super::granted::Granted;
use super::options::Client;
use super::refusal::Refusal;
use super::rules::Rules;
use super::session::{Opening, Session, State};
use super::token;
use crate::clock::Now;
use crate::pass;
use crate::stun::{Class, Message, Method, Writer, attribute};

impl Session {
    /// The shell's answer to `Action::Open`. Returns the reply for the client; when it refused (no family could be
    /// opened), the session is not alive any more.
    pub fn opened(&mut self, rules: &Rules, opened: Opened, now: Now, out: &mut Vec<u8>) -> Reply {
        let State::Opening(opening) = std::mem::replace(&mut self.state, State::Stranger) else {
            return not_asked(out);
        };
        let Opening { to, asked, lifetime, ticket, place } = *opening;
        let granted = match Granted::new(&asked, opened, ticket) {
            Ok(granted) => granted,
            Err(refusal) => return to.refuse(&refusal, rules, self.client, now, out),
        };
        for relayed in [granted.v4, granted.v6].into_iter().flatten() {
            rules.add_own(relayed.ip());
        }
        let allocation = Allocation::new(to.id, granted, lifetime, place, now);
        if let Some(holder) = pass::holder(allocation.username()) {
            rules.holders.count(holder, self.client.transport);
        }
        let reply = self.granted(&allocation, &to, now, out);
        self.state = State::Alive(Box::new(allocation));
        reply
    }

    /// The shell's answer to `Action::Connect` with this id (RFC 6062, 5.2). Returns the reply; a connection that
    /// nobody joins within 30 seconds is to be closed, and [`Session::disconnected`] called.
    pub fn connected(
        &mut self,
        rules: &Rules,
        id: u32,
        result: Result<(), ConnectFailed>,
        now: Now,
        out: &mut Vec<u8>,
    ) -> Reply {
        let client = self.client;
        let Some(to) = self.alive(now).and_then(|allocation| allocation.connections.reply_to(id)) else {
            return not_asked(out);
        };
        match result {
            Ok(()) => to.success(out, |writer| writer.put_u32(attribute::CONNECTION_ID, id)),
            Err(ConnectFailed) => {
                self.disconnected(id);
                to.refuse(&Refusal::ConnectionFailed, rules, client, now, out)
            }
        }
    }

    /// `peer` connected to the TCP relayed transport address (RFC 6062, 5.3). Returns the connection's id and a message
    /// for the client, or `None`: close the connection. Close it as well, and call [`Session::disconnected`], if nobody
    /// joins it within 30 seconds.
    pub fn incoming(
        &mut self,
        rules: &Rules,
        peer: SocketAddr,
        now: Now,
        out: &mut Vec<u8>,
    ) -> Option<(u32, Range<usize>)> {
        let client = self.client;
        let allocation = self.alive(now)?;
        let request = allocation.next_indication();
        let id = u32::from_be_bytes(token::make(rules, "connection", client, request, now));
        allocation.accept(rules, id, peer, now)?;
        let message = Writer::new(out, Class::Indication, Method::ConnectionAttempt, request)
            .put_u32(attribute::CONNECTION_ID, id)
            .put_xor_address(attribute::XOR_PEER_ADDRESS, peer)
            .finish();
        Some((id, message))
    }

    /// A peer connection has ended, by whomever: it does not count any more.
    pub fn disconnected(&mut self, id: u32) {
        if let State::Alive(allocation) = &mut self.state {
            allocation.connections.close(id);
        }
    }

    /// The shell's answer to `Action::Join`: whether the peer connection was there and belongs to that user. Returns
    /// the reply; after `found` every later byte of this client connection is the peer's, no frame any more.
    pub fn joined(&mut self, rules: &Rules, found: bool, now: Now, out: &mut Vec<u8>) -> Reply {
        let State::Asking(to) = std::mem::replace(&mut self.state, State::Stranger) else { return not_asked(out) };
        match found {
            true => to.success(out, |writer| writer),
            false => to.refuse(&Refusal::BadRequest, rules, self.client, now, out),
        }
    }

    /// `Action::Move` led here: checks the same bytes again as this session's own and, if they are right, lives under
    /// `client` from now on. `None`: they are no message.
    pub fn moved(
        &mut self,
        rules: &Rules,
        client: Client,
        bytes: &[u8],
        now: Now,
        out: &mut Vec<u8>,
    ) -> Option<Departure> {
        let request = Message::read(bytes).ok()?;
        Some(self.refresh_from(rules, client.canonical(), &request, now, out))
    }
}

/// An answer to a question that was not asked, or that the client has given up: an empty reply, which sends nothing.
fn not_asked(out: &[u8]) -> Reply {
    Reply::of(out.len()..out.len())
}
