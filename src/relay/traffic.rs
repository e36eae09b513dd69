//! What a worker does with each packet: ask the core, then queue what it says. All that lives here belongs to one
//! thread; the way to sessions elsewhere is the hairpin.

mod errors;
mod moving;
mod steering;

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use std::time::{Duration, Instant};

use mio::{Registry, Token};

use super::counters::Counts;
use super::hairpin::{Parcel, SessionId};
use super::listeners::Listener;
use super::orders::Order;
use super::relayed::Home;
use super::sessions::{Sessions, of_relay_token, relay_token};
use super::shared::Shared;
use super::socket::{Datagram, Outlet, Packet, SendQueue, Way};
use super::strangers::Strangers;
use crate::clock::Now;
use crate::stun::{channel_header, padding};
use crate::turn::{Action, Client, ConnectFailed, Dropped, FromPeer, Open, Reply, Route, Session, ToPeer, Transport};

/// See the module's text.
pub(super) struct Traffic {
    me: usize,
    listeners: Vec<Listener>,
    registry: Registry,
    shared: Arc<Shared>,
    sessions: Sessions,
    strangers: Strangers,
    queue: SendQueue,
    /// Whose packet is being handled: where to look for the damage after a panic.
    serving: Option<usize>,
    /// For each other worker what this wake has for it.
    parcels: Vec<Parcel>,
    counts: Counts,
    now: Now,
}

/// Where the payload for a client of ours is.
enum Payload<'a> {
    /// In the receive buffers: it is sent from there.
    Received(Range<usize>),
    /// Somewhere that will not last until the flush: it is copied.
    Foreign(&'a [u8]),
}

impl Payload<'_> {
    fn len(&self) -> usize {
        match self {
            Payload::Received(range) => range.len(),
            Payload::Foreign(bytes) => bytes.len(),
        }
    }
}

impl Traffic {
    pub(super) fn new(me: usize, listeners: Vec<Listener>, registry: Registry, shared: Arc<Shared>) -> Traffic {
        Traffic {
            me,
            listeners,
            registry,
            sessions: Sessions::default(),
            strangers: Strangers::new(Instant::now()),
            queue: SendQueue::default(),
            serving: None,
            parcels: shared.mailboxes.iter().map(|_| Parcel::default()).collect(),
            counts: Counts::default(),
            now: Now::read(),
            shared,
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Acquire)
    }

    /// How long until an allocation may end.
    pub(super) fn until_deadline(&self, now: Now) -> Option<Duration> {
        Some(self.sessions.next_deadline()?.saturating_duration_since(now.monotonic))
    }

    /// A wake begins: ends what has run out, and what others want to be ended.
    pub(super) fn begin(&mut self, now: Now) {
        self.now = now;
        for order in self.shared.orders[self.me].take() {
            match order {
                Order::End(id) => self.sessions.of_owner(&id).into_iter().for_each(|slot| self.forget(slot)),
                Order::Tell(question) => {
                    let _ = question.tell.send(self.sessions.overview(question.most, now));
                }
                // Whoever asked may have lost patience.
                Order::Answer(answer) => drop(answer.send(())),
                Order::Steer(answer) => {
                    self.steer();
                    let _ = answer.send(());
                }
                Order::Deafen(answer) => {
                    self.deafen();
                    let _ = answer.send(());
                }
            }
        }
        while let Some(slot) = self.sessions.next_due(now.monotonic) {
            self.forget(slot);
        }
    }

    /// A wake ends: what is for other workers goes there, and the counts become visible.
    pub(super) fn end(&mut self) {
        for (parcel, mailbox) in self.parcels.iter_mut().zip(&self.shared.mailboxes) {
            if !parcel.is_empty() {
                self.counts.packets_dropped += mailbox.post(std::mem::take(parcel));
            }
        }
        self.shared.counters[self.me].take(&mut self.counts);
    }

    /// Throws away what a panic may have left half-done: the queue, and the session whose packet it was.
    pub(super) fn recover(&mut self) {
        self.queue = SendQueue::default();
        if let Some(slot) = self.serving.take() {
            self.forget(slot);
        }
    }

    /// The socket of a token, if it is still there.
    pub(super) fn socket(&self, token: Token) -> Option<BorrowedFd<'_>> {
        Some(outlet(&self.listeners, &self.sessions, token)?.fd)
    }

    /// Does what one datagram asks for; `received` is the memory it lies in.
    pub(super) fn handle(&mut self, token: Token, datagram: Datagram, received: &[u8]) {
        match of_relay_token(token) {
            Some((slot, _)) => self.deliver(slot, datagram.from, Payload::Received(datagram.range)),
            None => self.serve_client(token, datagram, received),
        }
    }

    /// Gives payloads from other workers and from streams to their sessions here.
    pub(super) fn unpack(&mut self, parcel: &Parcel) {
        for (to, from, payload) in parcel.payloads() {
            self.deliver_hairpin(to, from, Payload::Foreign(payload));
        }
    }

    /// Sends everything queued; `received` is the memory the queued packets lie in.
    pub(super) fn flush(&mut self, received: &[u8]) {
        self.serving = None;
        let (listeners, sessions) = (&self.listeners, &self.sessions);
        self.counts.packets_dropped +=
            self.queue.flush(received, &self.shared.paths, |token| outlet(listeners, sessions, token));
    }

    fn serve_client(&mut self, listener: Token, datagram: Datagram, received: &[u8]) {
        let Listener { bound, client, .. } = self.listeners[listener.0];
        if client.is_some_and(|client| client != datagram.from) {
            return self.counts.packets_dropped += 1;
        }
        let server = SocketAddr::new(datagram.to.unwrap_or(bound.ip()), bound.port());
        let client = Client { address: datagram.from, server, transport: Transport::Udp };
        let from: Option<IpAddr> = bound.ip().is_unspecified().then_some(server.ip());
        let way = Way { socket: listener, to: datagram.from, from };
        let bytes = &received[datagram.range.clone()];
        let (slot, action) = self.ask(client, way, bytes);
        match (slot, action) {
            (Some(slot), Action::ToPeer(to_peer)) => self.relay_to_peer(slot, to_peer, datagram.range, received),
            (_, Action::Move(moving)) => self.call(moving, client, way, bytes),
            (slot, action) => self.control(slot, way, server.ip(), action, received),
        }
    }

    /// Asks the core. A stranger's session is kept only if it has come to own something.
    fn ask(&mut self, client: Client, way: Way, bytes: &[u8]) -> (Option<usize>, Action) {
        let (rules, out) = (&self.shared.rules, &mut self.queue.out);
        self.serving = self.sessions.find(&client);
        #[cfg(test)]
        super::tests::explode(bytes);
        if let Some(slot) = self.serving
            && let Some(entry) = self.sessions.get_mut(slot)
        {
            return (Some(slot), entry.session.from_client(rules, bytes, self.now, out));
        }
        if !self.strangers.admit(client.address.ip(), self.now.monotonic) {
            return (None, Action::Drop(Dropped::NoAllocation));
        }
        let mut stranger = Session::new(client);
        let action = stranger.from_client(rules, bytes, self.now, out);
        self.serving = stranger.is_alive().then(|| self.sessions.insert(client, stranger, way));
        (self.serving, action)
    }

    /// Everything but data.
    fn control(&mut self, slot: Option<usize>, way: Way, server: IpAddr, action: Action, received: &[u8]) {
        match (action, slot) {
            (Action::Reply(reply), _) => self.reply(way, reply),
            (Action::Open(open), Some(slot)) => self.open(slot, server, &open),
            (Action::Close(close), Some(slot)) => {
                close.reply.into_iter().for_each(|reply| self.reply(way, reply));
                // The slot and its sockets may be given to somebody else at once: nothing may be left in the queue.
                self.flush(received);
                self.forget(slot);
            }
            (Action::CloseFamily(close), Some(slot)) => {
                self.reply(way, close.reply);
                self.flush(received);
                self.sessions.close_family(slot, close.ipv6);
            }
            (Action::Connect(connect), Some(slot)) => self.answer(slot, |session, shared, now, out| {
                session.connected(&shared.rules, connect.id, Err(ConnectFailed), now, out)
            }),
            (Action::Join(_), Some(slot)) => {
                self.answer(slot, |session, shared, now, out| session.joined(&shared.rules, false, now, out));
            }
            (Action::Drop(why), _) => self.counts.drop(why),
            _ => self.counts.packets_dropped += 1,
        }
        slot.into_iter().for_each(|slot| self.sessions.watch(slot));
    }

    fn reply(&mut self, way: Way, reply: Reply) {
        self.counts.replies += 1;
        let Some(way) = self.way_of(&reply, way) else { return self.counts.packets_dropped += 1 };
        self.queue.push(way, Packet { head: reply.bytes, ..Packet::default() });
    }

    /// The way the request came, unless NAT behaviour discovery (RFC 5780) asks for another one.
    fn way_of(&self, reply: &Reply, mut way: Way) -> Option<Way> {
        if let Some(port) = reply.to_port {
            way.to.set_port(port);
        }
        if let Some(from) = reply.from {
            let index = self.listeners.iter().position(|listener| listener.hears(from))?;
            way.socket = Token(index);
            way.from = self.listeners[index].bound.ip().is_unspecified().then_some(from.ip());
        }
        Some(way)
    }

    /// Lets the session write a reply and queues it.
    fn answer(&mut self, slot: usize, write: impl FnOnce(&mut Session, &Shared, Now, &mut Vec<u8>) -> Reply) {
        let Some(entry) = self.sessions.get_mut(slot) else { return };
        let reply = write(&mut entry.session, &self.shared, self.now, &mut self.queue.out);
        let way = entry.way;
        self.reply(way, reply);
    }

    fn open(&mut self, slot: usize, server: IpAddr, open: &Open) {
        let Some(session) = self.sessions.id(slot) else { return };
        let home = Home::Worker { worker: self.me, session };
        let opened = self.shared.opener.open(open, server, &home, self.now.monotonic);
        let addresses = self.sessions.attach(slot, opened, &self.registry);
        self.answer(slot, |session, shared, now, out| session.opened(&shared.rules, addresses, now, out));
        match self.sessions.get_mut(slot).filter(|entry| entry.session.is_alive()) {
            Some(entry) => {
                entry.issued = entry.session.ticket().map(|ticket| self.shared.tickets.issue(ticket, home));
                self.counts.allocations_opened += 1;
            }
            None => self.sessions.remove(slot),
        }
    }

    fn forget(&mut self, slot: usize) {
        self.unsteer(slot);
        self.sessions.remove(slot);
        self.counts.allocations_closed += 1;
    }

    fn relay_to_peer(&mut self, slot: usize, to_peer: ToPeer, datagram: Range<usize>, received: &[u8]) {
        let body = datagram.start + to_peer.payload.start..datagram.start + to_peer.payload.end;
        self.counts.packets_to_peers += 1;
        self.counts.bytes_to_peers += body.len() as u64;
        match to_peer.route {
            Route::Socket if to_peer.dont_fragment => self.send_whole(slot, to_peer.peer, body, received),
            Route::Socket => {
                let socket = relay_token(slot, to_peer.peer.is_ipv6());
                self.queue.push(Way { socket, to: to_peer.peer, from: None }, Packet { body, ..Packet::default() });
            }
            Route::Hairpin => self.hairpin(slot, to_peer.peer, body, received),
        }
    }

    /// To the session that has this relayed transport address, wherever it lives.
    fn hairpin(&mut self, slot: usize, to: SocketAddr, body: Range<usize>, received: &[u8]) {
        let from = self.sessions.get(slot).and_then(|entry| entry.session.relayed(to));
        let home = self.shared.opener.table.holder(to).and_then(|holder| Some(holder.as_ref()?.home.clone()));
        match (from, home) {
            (Some(from), Some(Home::Worker { worker, session })) if worker == self.me => {
                self.deliver_hairpin(session, from, Payload::Received(body));
            }
            (Some(from), Some(Home::Worker { worker, session })) => {
                self.parcels[worker].add(session, from, &received[body]);
            }
            (Some(from), Some(Home::Stream(inbox))) => {
                self.counts.packets_dropped += inbox.push(from, &received[body]);
            }
            _ => self.counts.packets_dropped += 1,
        }
    }

    fn deliver_hairpin(&mut self, to: SessionId, from: SocketAddr, payload: Payload<'_>) {
        if self.sessions.is_current(to) {
            let before = self.counts;
            self.deliver(to.slot, from, payload);
            self.counts.hairpinned_since(&before);
        } else {
            self.counts.packets_dropped += 1;
        }
    }

    /// From a peer to the client of a session here.
    fn deliver(&mut self, slot: usize, peer: SocketAddr, payload: Payload<'_>) {
        let Some(entry) = self.sessions.get_mut(slot) else { return };
        self.serving = Some(slot);
        let (length, out) = (payload.len(), &mut self.queue.out);
        let mut packet = match entry.session.from_peer(&self.shared.rules, peer, length, self.now, out) {
            FromPeer::Drop(why) => return self.counts.drop(why),
            FromPeer::Channel { number } => {
                out.extend_from_slice(&channel_header(number, length));
                Packet { head: out.len() - 4..out.len(), ..Packet::default() }
            }
            FromPeer::Indication { header } => Packet { head: header, padding: padding(length), ..Packet::default() },
        };
        match payload {
            Payload::Received(range) => packet.body = range,
            Payload::Foreign(bytes) => {
                out.extend_from_slice(bytes);
                packet.head.end = out.len();
            }
        }
        self.counts.packets_to_clients += 1;
        self.counts.bytes_to_clients += length as u64;
        self.queue.push(entry.way, packet);
    }
}

fn outlet<'s>(listeners: &'s [Listener], sessions: &'s Sessions, token: Token) -> Option<Outlet<'s>> {
    match of_relay_token(token) {
        Some((slot, ipv6)) => Some(Outlet { fd: sessions.get(slot)?.relay_socket(ipv6)?.as_fd(), ipv6 }),
        None => {
            let listener = listeners.get(token.0)?;
            Some(Outlet { fd: listener.socket.as_ref()?.as_fd(), ipv6: listener.bound.is_ipv6() })
        }
    }
}
