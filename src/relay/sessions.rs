//! The sessions of one worker: found by 5-tuple, by name, by the token of a relay socket, and by who is due to end.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Instant;

use mio::{Registry, Token};
use slab::Slab;

use super::hairpin::SessionId;
use super::moving::{Issued, Moved};
use super::opener::{OpenedSockets, Relayed};
use super::relayed::Lease;
use super::socket::Way;
use crate::clock::Now;
use crate::turn::{AllocationView, Client, NotOpened, Opened, Session};

/// Tokens below are the listeners; from here on two per session, one per family of its relay sockets.
const FIRST_RELAY_TOKEN: usize = 1 << 16;

/// Timers of ended sessions that are not worth looking for.
const SPARE_TIMERS: usize = 64;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    slots: Slab<Entry>,
    // std's hasher is seeded: addresses are chosen by strangers.
    by_client: HashMap<Client, usize>,
    /// The client of the last packet: in a burst it is the next one's, too.
    last: Option<(Client, usize)>,
    /// A seeded hash of the id that a session's credentials were made out to, with its slot: 16 bytes a session, and a list
    /// that one person makes long holds up nobody else.
    by_owner: BTreeSet<(u64, usize)>,
    seed: RandomState,
    /// One entry per session, and some of ended ones; a deadline that moved meanwhile is looked up again when the entry comes up.
    deadlines: BinaryHeap<Reverse<(Instant, SessionId)>>,
    serial: u64,
}

/// A session and what belongs to it outside the core.
#[derive(Debug)]
pub(super) struct Entry {
    client: Client,
    pub(super) session: Session,
    /// How to reach the client.
    pub(super) way: Way,
    v4: Option<RelaySocket>,
    v6: Option<RelaySocket>,
    /// Its ticket, if it may move.
    pub(super) issued: Option<Issued>,
    serial: u64,
    has_timer: bool,
    /// Its key in [`Sessions::by_owner`].
    owner: Option<u64>,
}

/// The socket closes before the lease gives its port to somebody else.
#[derive(Debug)]
struct RelaySocket {
    socket: Option<mio::net::UdpSocket>,
    lease: Lease,
}

impl RelaySocket {
    fn new(relayed: Relayed, token: Token, registry: &Registry) -> Result<RelaySocket, NotOpened> {
        let mut socket = relayed.socket.map(mio::net::UdpSocket::from_std);
        if let Some(socket) = &mut socket {
            registry.register(socket, token, mio::Interest::READABLE).map_err(|_| NotOpened::NoPort)?;
        }
        Ok(RelaySocket { socket, lease: relayed.lease })
    }

    /// For another home: no poll of ours watches it any more.
    fn into_relayed(mut self, registry: &Registry) -> Relayed {
        if let Some(socket) = &mut self.socket {
            // Fails only for a socket that is not watched.
            let _ = registry.deregister(socket);
        }
        let socket = self.socket.map(|socket| OwnedFd::from(socket).into());
        Relayed { lease: self.lease, socket, listener: None }
    }
}

impl Entry {
    /// Whether this is the session of that name, not a later one in the same slot.
    pub(super) fn is_named(&self, name: SessionId) -> bool {
        self.serial == name.serial
    }

    /// The relay socket of a peer's family, unless the address is virtual or was never asked for.
    pub(super) fn relay_socket(&self, ipv6: bool) -> Option<&mio::net::UdpSocket> {
        let relayed = if ipv6 { &self.v6 } else { &self.v4 };
        relayed.as_ref()?.socket.as_ref()
    }
}

impl Sessions {
    /// Every session with its client.
    pub(super) fn clients(&self) -> impl Iterator<Item = (usize, Client)> {
        self.slots.iter().map(|(slot, entry)| (slot, entry.client))
    }

    /// Where the session of `client` is.
    pub(super) fn find(&mut self, client: &Client) -> Option<usize> {
        match &self.last {
            Some((last, slot)) if last == client => Some(*slot),
            _ => {
                let slot = *self.by_client.get(client)?;
                self.last = Some((*client, slot));
                Some(slot)
            }
        }
    }

    pub(super) fn insert(&mut self, client: Client, session: Session, way: Way) -> usize {
        self.serial += 1;
        let serial = self.serial;
        let (v4, v6, issued, owner, has_timer) = (None, None, None, None, false);
        let entry = Entry { client, session, way, v4, v6, issued, serial, has_timer, owner };
        let slot = self.slots.insert(entry);
        self.by_client.insert(client, slot);
        slot
    }

    /// The name that the next session gets.
    pub(super) fn next_name(&self) -> SessionId {
        SessionId { slot: self.slots.vacant_key(), serial: self.serial + 1 }
    }

    /// Takes a session out with all that belongs to it.
    pub(super) fn take(&mut self, slot: usize, registry: &Registry) -> Option<Moved> {
        let entry = self.unlist(slot)?;
        let relayed = [entry.v4, entry.v6].map(|relay| relay.map(|relay| relay.into_relayed(registry)));
        Some(Moved { session: entry.session, relayed, issued: entry.issued })
    }

    /// Forgets a session; its sockets close and its ports are free again.
    pub(super) fn remove(&mut self, slot: usize) {
        drop(self.unlist(slot));
    }

    fn unlist(&mut self, slot: usize) -> Option<Entry> {
        let entry = self.slots.try_remove(slot)?;
        self.by_client.remove(&entry.client);
        if let Some(owner) = entry.owner {
            self.by_owner.remove(&(owner, slot));
        }
        self.last = None;
        Some(entry)
    }

    pub(super) fn get(&self, slot: usize) -> Option<&Entry> {
        self.slots.get(slot)
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Entry> {
        self.slots.get_mut(slot)
    }

    /// The name under which others know the session in `slot`.
    pub(super) fn id(&self, slot: usize) -> Option<SessionId> {
        self.slots.get(slot).map(|entry| SessionId { slot, serial: entry.serial })
    }

    /// Whether the session of that name is still the one in its slot.
    pub(super) fn is_current(&self, id: SessionId) -> bool {
        self.id(id.slot) == Some(id)
    }

    /// Gives the session its relayed transport addresses, lets the poll watch their sockets, and says what became of
    /// each.
    pub(super) fn attach(&mut self, slot: usize, opened: OpenedSockets, registry: &Registry) -> Opened {
        let v4 = opened.v4.and_then(|relayed| RelaySocket::new(relayed, relay_token(slot, false), registry));
        let v6 = opened.v6.and_then(|relayed| RelaySocket::new(relayed, relay_token(slot, true), registry));
        let addresses = Opened { v4: address(&v4), v6: address(&v6) };
        if let Some(entry) = self.slots.get_mut(slot) {
            (entry.v4, entry.v6) = (v4.ok(), v6.ok());
        }
        addresses
    }

    /// Closes the relayed transport address of one family.
    pub(super) fn close_family(&mut self, slot: usize, ipv6: bool) {
        if let Some(entry) = self.slots.get_mut(slot) {
            *(if ipv6 { &mut entry.v6 } else { &mut entry.v4 }) = None;
        }
    }

    /// Sets the session's timer once it has a deadline, and notes whose it is.
    pub(super) fn watch(&mut self, slot: usize) {
        let Some(entry) = self.slots.get_mut(slot) else { return };
        if let (false, Some(deadline)) = (entry.has_timer, entry.session.deadline()) {
            entry.has_timer = true;
            let name = SessionId { slot, serial: entry.serial };
            entry.owner = entry.session.holder().map(|id| self.seed.hash_one(id));
            self.by_owner.extend(entry.owner.map(|owner| (owner, slot)));
            self.ring(deadline, name);
        }
    }

    /// Sets a timer. Those of sessions that ended early are thrown out before they outnumber the others.
    fn ring(&mut self, deadline: Instant, name: SessionId) {
        if self.deadlines.len() > 2 * self.slots.len() + SPARE_TIMERS {
            let slots = &self.slots;
            self.deadlines.retain(|Reverse((_, id))| slots.get(id.slot).is_some_and(|entry| entry.is_named(*id)));
        }
        self.deadlines.push(Reverse((deadline, name)));
    }

    /// The sessions whose credentials were made out to `id`.
    pub(super) fn of_owner(&self, id: &str) -> Vec<usize> {
        let owner = self.seed.hash_one(id);
        let alike = self.by_owner.range((owner, 0)..=(owner, usize::MAX)).map(|(_, slot)| *slot);
        let is_his = |slot: &usize| self.slots[*slot].session.holder() == Some(id);
        alike.filter(is_his).collect()
    }

    /// At most so many of them, from outside.
    pub(super) fn overview(&self, most: usize, now: Now) -> Vec<AllocationView> {
        self.slots.iter().filter_map(|(_, entry)| entry.session.overview(now)).take(most).collect()
    }

    /// When to look next; too early is possible, too late is not.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.peek().map(|Reverse((deadline, _))| *deadline)
    }

    /// The next session whose timer rang by `now` and which did not get more time meanwhile.
    pub(super) fn next_due(&mut self, now: Instant) -> Option<usize> {
        while let Some(Reverse((rings, id))) = self.deadlines.peek().copied()
            && rings <= now
        {
            self.deadlines.pop();
            if !self.is_current(id) {
                continue;
            }
            match self.slots[id.slot].session.deadline() {
                Some(later) if later > now => self.deadlines.push(Reverse((later, id))),
                _ => return Some(id.slot),
            }
        }
        None
    }
}

fn address(relay: &Result<RelaySocket, NotOpened>) -> Result<SocketAddr, NotOpened> {
    relay.as_ref().map(|relay| relay.lease.address()).map_err(|reason| *reason)
}

/// The token of a session's relay socket.
pub(super) fn relay_token(slot: usize, ipv6: bool) -> Token {
    Token(FIRST_RELAY_TOKEN + 2 * slot + usize::from(ipv6))
}

/// The session and family a relay socket's token stands for.
pub(super) fn of_relay_token(token: Token) -> Option<(usize, bool)> {
    let offset = token.0.checked_sub(FIRST_RELAY_TOKEN)?;
    Some((offset / 2, offset % 2 == 1))
}
