//! The session of one stream: what the core says, done with sockets of its own. Never waits; whatever is to be written
//! to the client goes into a [`WriteQueue`].

mod errors;
mod moving;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use mio::Token;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::ROUNDS;
use super::inbox::StreamInbox;
use super::owners::Owner;
use super::peer_connections::{PeerConnection, PeerStream};
use super::scratch::Scratch;
use super::tcp_relay::{Event, News, TcpRelay};
use super::write_queue::{Stuck, WriteQueue};
use crate::clock::Now;
use crate::relay::counters::Counts;
use crate::relay::hairpin::Parcel;
use crate::relay::moving::Issued;
use crate::relay::opener::Relayed;
use crate::relay::relayed::{Home, Lease};
use crate::relay::shared::Shared;
use crate::relay::socket::{Outlet, Packet, SendQueue, Way};
use crate::stun::{channel_header, padding};
use crate::turn::{
    Action, Client, Connect, ConnectFailed, FromPeer, Join, NotOpened, Open, Opened, RelayKind, Reply, Route, Session,
    ToPeer,
};

/// Events of peer connections in one wake; more come in the next.
const CONNECTIONS: usize = 16;

/// See the module's text.
pub(super) struct StreamSession {
    shared: Arc<Shared>,
    client: Client,
    session: Session,
    inbox: Arc<StreamInbox>,
    /// As whose allocation it is listed, if it is.
    owner: Option<Owner>,
    /// The peer connections of a TCP allocation (RFC 6062). They end before `relays` gives their port to somebody else.
    tcp: Option<TcpRelay>,
    /// The relayed transport addresses, IPv4 first.
    relays: [Option<StreamRelay>; 2],
    /// The session's ticket, if it may move.
    issued: Option<Issued>,
    /// The peer connection that this stream carries from now on.
    pub(super) joined: Option<PeerConnection>,
    pub(super) writes: WriteQueue,
    counts: Counts,
    now: Now,
    /// When something was last sent to a peer.
    sent_at: Instant,
    /// When errors may be looked for again.
    errors_from: Instant,
}

/// The socket closes before the lease gives its port to somebody else.
struct StreamRelay {
    socket: Option<UdpSocket>,
    listener: Option<TcpListener>,
    lease: Lease,
}

impl StreamRelay {
    fn new(relayed: Relayed) -> Result<StreamRelay, NotOpened> {
        let socket = relayed.socket.map(UdpSocket::from_std).transpose().map_err(|_| NotOpened::NoPort)?;
        Ok(StreamRelay { socket, listener: relayed.listener, lease: relayed.lease })
    }
}

impl StreamSession {
    pub(super) fn new(shared: Arc<Shared>, client: Client) -> StreamSession {
        let now = Now::read();
        StreamSession {
            shared,
            client,
            session: Session::new(client),
            inbox: Arc::default(),
            owner: None,
            relays: [None, None],
            issued: None,
            tcp: None,
            joined: None,
            writes: WriteQueue::default(),
            counts: Counts::default(),
            now,
            sent_at: now.monotonic,
            errors_from: now.monotonic,
        }
    }

    /// A wake begins.
    pub(super) fn begin(&mut self, now: Now) {
        self.now = now;
    }

    /// A wake ends: the counts become visible.
    pub(super) fn end(&mut self) {
        if let Some(counters) = self.shared.counters.last() {
            counters.take(&mut self.counts);
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.session.is_alive()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.session.deadline()
    }

    /// Ends the allocation or peer connections whose time has come; `false` when there are none.
    pub(super) fn expire(&mut self, now: Now) -> bool {
        if self.session.is_over(now) {
            self.forget();
            return true;
        }
        self.close_lapsed(now)
    }

    fn close_lapsed(&mut self, now: Now) -> bool {
        let Some(tcp) = &mut self.tcp else { return false };
        let lapsed = std::iter::from_fn(|| self.session.lapsed(now)).inspect(|id| tcp.close(*id));
        lapsed.count() > 0
    }

    /// Does what one frame from the client asks for.
    pub(super) fn frame(&mut self, bytes: &[u8], queue: &mut SendQueue) -> Result<(), Stuck> {
        #[cfg(test)]
        crate::relay::tests::explode(bytes);
        match self.session.from_client(&self.shared.rules, bytes, self.now, &mut queue.out) {
            Action::ToPeer(to_peer) => self.relay_to_peer(to_peer, bytes, queue)?,
            Action::Reply(reply) => self.reply(reply, queue)?,
            Action::Open(open) => self.open(&open, queue)?,
            Action::Close(close) => {
                close.reply.into_iter().try_for_each(|reply| self.reply(reply, queue))?;
                self.flush(&[], queue);
                self.forget();
            }
            Action::CloseFamily(close) => {
                self.reply(close.reply, queue)?;
                self.flush(&[], queue);
                self.tcp.iter_mut().for_each(|tcp| tcp.close_family(close.ipv6));
                self.relays[usize::from(close.ipv6)] = None;
            }
            Action::Connect(connect) => self.connect(&connect, queue)?,
            Action::Join(Join { id, username }) => {
                self.joined = self.shared.connections.take(id, &username);
                let reply = self.session.joined(&self.shared.rules, self.joined.is_some(), self.now, &mut queue.out);
                self.reply(reply, queue)?;
            }
            Action::Move(moving) => self.call(moving, bytes, queue)?,
            Action::Drop(why) => self.counts.drop(why),
        }
        Ok(())
    }

    fn reply(&mut self, reply: Reply, queue: &SendQueue) -> Result<(), Stuck> {
        self.counts.replies += 1;
        self.writes.reply(&queue.out[reply.bytes])
    }

    fn open(&mut self, open: &Open, queue: &mut SendQueue) -> Result<(), Stuck> {
        let home = Home::Stream(self.inbox.clone());
        let opened = self.shared.opener.open(open, self.client.server.ip(), &home, self.now.monotonic);
        let (v4, v6) = (opened.v4.and_then(StreamRelay::new), opened.v6.and_then(StreamRelay::new));
        let mut addresses = Opened { v4: address(&v4), v6: address(&v6) };
        self.relays = [v4.ok(), v6.ok()];
        if open.kind == RelayKind::Tcp {
            addresses = self.open_tcp(addresses);
        }
        let reply = self.session.opened(&self.shared.rules, addresses, self.now, &mut queue.out);
        match self.session.is_alive() {
            true => {
                self.issued = self.session.ticket().map(|ticket| self.shared.tickets.issue(ticket, home));
                self.counts.allocations_opened += 1;
                self.own();
            }
            false => (self.relays, self.tcp) = ([None, None], None),
        }
        self.reply(reply, queue)
    }

    /// The allocation can be ended by whoever revokes its credentials.
    fn own(&mut self) {
        let owner: Owner = self.session.holder().map(Box::from);
        self.shared.owners.add(owner.clone(), &self.inbox);
        self.owner = Some(owner);
        let Some(id) = self.session.holder() else { return };
        // Whoever was revoked since the request was proven was not found there.
        if self.shared.rules.is_revoked(id, self.now) {
            self.inbox.end();
        }
    }

    /// Whether somebody outside ended the allocation, and the stream with it.
    pub(super) fn was_ended(&self) -> bool {
        self.inbox.is_over()
    }

    /// Lets peers connect to the addresses that were opened.
    fn open_tcp(&mut self, opened: Opened) -> Opened {
        let listeners = self.relays.iter_mut().flatten().filter_map(|relay| relay.listener.take()).collect();
        let doors = [opened.v4, opened.v6].into_iter().filter_map(Result::ok).collect();
        match TcpRelay::new(self.shared.clone(), doors, listeners) {
            Ok(tcp) => self.tcp = Some(tcp),
            Err(reason) => return Opened { v4: opened.v4.and(Err(reason)), v6: opened.v6.and(Err(reason)) },
        }
        opened
    }

    fn connect(&mut self, connect: &Connect, queue: &mut SendQueue) -> Result<(), Stuck> {
        let (from, username) = (self.session.relayed(connect.peer), self.session.username());
        match (&mut self.tcp, from, username) {
            (Some(tcp), Some(from), Some(username)) => tcp.connect(connect, username, from),
            _ => self.connected(connect.id, Err(ConnectFailed), queue)?,
        }
        Ok(())
    }

    fn connected(&mut self, id: u32, result: Result<(), ConnectFailed>, queue: &mut SendQueue) -> Result<(), Stuck> {
        let reply = self.session.connected(&self.shared.rules, id, result, self.now, &mut queue.out);
        self.reply(reply, queue)
    }

    fn forget(&mut self) {
        self.disown();
        (self.tcp, self.issued) = (None, None);
        self.relays = [None, None];
        self.session = Session::new(self.client);
        self.counts.allocations_closed += 1;
    }

    fn disown(&mut self) {
        if let Some(owner) = self.owner.take() {
            self.shared.owners.remove(&owner, &self.inbox);
        }
    }

    fn relay_to_peer(&mut self, to_peer: ToPeer, bytes: &[u8], queue: &mut SendQueue) -> Result<(), Stuck> {
        let payload = &bytes[to_peer.payload];
        self.counts.packets_to_peers += 1;
        self.counts.bytes_to_peers += payload.len() as u64;
        self.sent_at = self.now.monotonic;
        match to_peer.route {
            Route::Socket if to_peer.dont_fragment => self.send_whole(to_peer.peer, payload, queue)?,
            Route::Socket => {
                // The framer moves its bytes before the queue is flushed, so they are copied.
                let start = queue.out.len();
                queue.out.extend_from_slice(payload);
                let way = Way { socket: Token(usize::from(to_peer.peer.is_ipv6())), to: to_peer.peer, from: None };
                queue.push(way, Packet { head: start..queue.out.len(), ..Packet::default() });
            }
            Route::Hairpin => self.hairpin(to_peer.peer, payload),
        }
        Ok(())
    }

    /// To the session that has this relayed transport address, wherever it lives.
    fn hairpin(&mut self, to: SocketAddr, payload: &[u8]) {
        let from = self.session.relayed(to);
        let home = self.shared.opener.table.holder(to).and_then(|holder| Some(holder.as_ref()?.home.clone()));
        self.counts.packets_dropped += match (from, home) {
            (Some(from), Some(Home::Worker { worker, session })) => {
                let mut parcel = Parcel::default();
                parcel.add(session, from, payload);
                self.shared.mailboxes[worker].post(parcel)
            }
            (Some(from), Some(Home::Stream(inbox))) => inbox.push(from, payload),
            _ => 1,
        };
    }

    /// Sends what is queued for peers; `received` is the memory its packets lie in.
    pub(super) fn flush(&mut self, received: &[u8], queue: &mut SendQueue) {
        let relays = &self.relays;
        self.counts.packets_dropped += queue.flush(received, &self.shared.paths, |token| {
            let socket = relays.get(token.0)?.as_ref()?.socket.as_ref()?;
            Some(Outlet { fd: socket.as_fd(), ipv6: token.0 == 1 })
        });
    }

    /// Reads what peers and other sessions sent, until there is nothing more or enough for one wake.
    pub(super) fn hear(&mut self, task: &mut Context<'_>, scratch: &mut Scratch) -> Result<(), Stuck> {
        for (from, payload) in self.inbox.take(task.waker()) {
            let before = self.counts;
            self.deliver(from, &payload, &mut scratch.queue);
            self.counts.hairpinned_since(&before);
        }
        if self.looks_for_errors() {
            self.hear_errors(None, &mut scratch.queue)?;
        }
        for family in 0..self.relays.len() {
            let rounds = (0..ROUNDS).take_while(|_| self.read_batch(family, task, scratch)).count();
            if rounds == ROUNDS {
                task.waker().wake_by_ref();
            }
        }
        Ok(())
    }

    /// Tells the core what has become of peer connections.
    pub(super) fn hear_connections(&mut self, task: &mut Context<'_>, queue: &mut SendQueue) -> Result<(), Stuck> {
        self.close_lapsed(self.now);
        for _ in 0..CONNECTIONS {
            let Some(Poll::Ready(event)) = self.tcp.as_mut().map(|tcp| tcp.poll(task)) else { return Ok(()) };
            match event {
                Event::News(News::Connected(id)) => self.connected(id, Ok(()), queue)?,
                Event::News(News::Failed(id)) => self.connected(id, Err(ConnectFailed), queue)?,
                Event::News(News::Ended(id)) => self.session.disconnected(id),
                Event::Incoming(peer, stream) => self.incoming(peer, stream, queue)?,
            }
        }
        // More may be there: come back after the others.
        task.waker().wake_by_ref();
        Ok(())
    }

    /// A peer connected. Without a permission the connection is dropped, which closes it (RFC 6062, 5.3).
    fn incoming(&mut self, peer: SocketAddr, stream: Box<dyn PeerStream>, queue: &mut SendQueue) -> Result<(), Stuck> {
        let Some((id, message)) = self.session.incoming(&self.shared.rules, peer, self.now, &mut queue.out) else {
            return Ok(());
        };
        if let (Some(tcp), Some(username)) = (&mut self.tcp, self.session.username()) {
            tcp.offer(id, username, stream);
        }
        self.writes.reply(&queue.out[message])
    }

    /// Reads one batch from a relay socket; `false` when nothing is left, and the task will be woken for more.
    fn read_batch(&mut self, family: usize, task: &mut Context<'_>, scratch: &mut Scratch) -> bool {
        let Some(socket) = self.relays[family].as_ref().and_then(|relay| relay.socket.as_ref()) else { return false };
        if !matches!(socket.poll_recv_ready(task), Poll::Ready(Ok(()))) {
            return false;
        }
        let mut slots = 0..0;
        let _ = socket.try_io(Interest::READABLE, || {
            let (filled, empty) = scratch.buffers.receive(socket)?;
            slots = filled;
            // Said to tokio, which then waits for the next edge.
            if empty { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        for datagram in slots.flat_map(|slot| scratch.buffers.datagrams(slot)) {
            self.deliver(datagram.from, &scratch.buffers.memory()[datagram.range], &mut scratch.queue);
        }
        scratch.buffers.clear();
        true
    }

    fn deliver(&mut self, peer: SocketAddr, payload: &[u8], queue: &mut SendQueue) {
        let out = &mut queue.out;
        let start = out.len();
        let header = match self.session.from_peer(&self.shared.rules, peer, payload.len(), self.now, out) {
            FromPeer::Drop(why) => return self.counts.drop(why),
            FromPeer::Channel { number } => {
                out.extend_from_slice(&channel_header(number, payload.len()));
                start..start + 4
            }
            FromPeer::Indication { header } => header,
        };
        self.counts.packets_to_clients += 1;
        self.counts.bytes_to_clients += payload.len() as u64;
        // RFC 8656, 12.5: over TCP and TLS, ChannelData "MUST be padded to a multiple of four bytes".
        let padding = &[0; 3][..padding(payload.len())];
        self.counts.packets_dropped += self.writes.media([&out[header], payload, padding]);
        out.truncate(start);
    }
}

impl Drop for StreamSession {
    fn drop(&mut self) {
        if self.session.is_alive() {
            self.counts.allocations_closed += 1;
        }
        self.disown();
        self.close_inbox();
        self.end();
    }
}

fn address(relay: &Result<StreamRelay, NotOpened>) -> Result<SocketAddr, NotOpened> {
    relay.as_ref().map(|relay| relay.lease.address()).map_err(|reason| *reason)
}
