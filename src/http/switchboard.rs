//! Owns the hub: events in from every socket's task, effects out to their outboxes, one at a time.
//!
//! One lock, not a task: an event takes about a microsecond under it and nothing is encoded, written or waited for there,
//! so a second core is busy with reading and writing, where the work is, and a message wakes one task instead of two.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::candidates;
use super::journal::{Marks, Note};
use super::networks::Networks;
use super::outbox::Outbox;
use super::relay_door::RelayDoor;
use super::rooms::{Cluster, Rooms};
use super::tally::{Figures, Tally};
use crate::clock::Now;
use crate::cluster::{Input, Standing};
use crate::hub::{
    self, Effect, Event, Hub, Known, PersonId, PersonView, Refusal, RelayBudget, RelayUse, Request, RoomName, RoomView,
    SocketId,
};
use crate::invitation::{Invitation, InvitationId};

/// The hub and everybody connected to it.
#[derive(Debug)]
pub(super) struct Switchboard {
    lines: Mutex<Lines>,
    next: AtomicU64,
    networks: Networks,
    /// The relay wants to know the addresses in what pages say to each other.
    searches_signals: bool,
}

/// One socket's line to the hub.
#[derive(Debug)]
pub(super) struct Line<'a> {
    switchboard: &'a Switchboard,
    socket: SocketId,
    outbox: Arc<Outbox>,
}

#[derive(Debug)]
struct Lines {
    rooms: Rooms,
    sockets: HashMap<SocketId, Connected>,
    relay: Arc<dyn RelayDoor>,
    turn_ttl: Duration,
    tally: Tally,
    marks: Marks,
    /// To be written when the lock is free.
    notes: Vec<Note>,
    /// Kept between events for its memory.
    effects: Vec<Effect>,
}

/// A socket's task, as the hub reaches it.
#[derive(Debug)]
struct Connected {
    outbox: Arc<Outbox>,
    /// Who called; for whoever runs the server, never for the hub.
    client: IpAddr,
}

/// Credentials are made out when the hub's answer is written, which a slow reader can put off, but not for so long.
const ISSUED_LATE: Duration = Duration::from_secs(60);

impl Switchboard {
    /// Starts the hub's clock, which stops when the switchboard is dropped. `turn_ttl`: how long relay credentials are good for.
    pub(super) fn start(
        hub: Hub,
        cluster: Option<&Cluster>,
        relay: Arc<dyn RelayDoor>,
        turn_ttl: Duration,
    ) -> Arc<Switchboard> {
        let searches_signals = relay.needs_announcements();
        let lines = Lines {
            rooms: Rooms::new(hub, cluster),
            sockets: HashMap::new(),
            relay,
            turn_ttl,
            tally: Tally::default(),
            marks: Marks::default(),
            notes: Vec::new(),
            effects: Vec::new(),
        };
        let switchboard = Arc::new(Switchboard {
            lines: Mutex::new(lines),
            next: AtomicU64::new(0),
            networks: Networks::new(cluster.map(|cluster| &cluster.network_key)),
            searches_signals,
        });
        tokio::spawn(tick(Arc::downgrade(&switchboard)));
        switchboard
    }

    /// A line for a new socket from `client`, which `is_proxy` when it stands for everybody behind it; the hub hears of its
    /// end when it is dropped, however its task ends.
    pub(super) fn open(&self, client: IpAddr, is_proxy: bool) -> Line<'_> {
        let network = self.networks.of(client);
        let socket = SocketId(self.next.fetch_add(1, Ordering::Relaxed));
        let outbox = Arc::new(Outbox::default());
        self.with(|lines| {
            lines.sockets.insert(socket, Connected { outbox: outbox.clone(), client });
            let counted = !is_proxy && !client.to_canonical().is_loopback();
            lines.handle(Event::Opened { socket, network, counted });
        });
        Line { switchboard: self, socket, outbox }
    }

    /// See [`Hub::change`].
    pub(super) fn change(&self, options: hub::Options) {
        self.with(|lines| lines.rooms.hub_mut().change(options));
    }

    /// The invitations' memory as text with its count of changes, if that is not `before`.
    pub(super) fn invitations(&self, before: u64) -> Option<(u64, String)> {
        self.with(|lines| {
            let invitations = lines.rooms.hub().invitations();
            (invitations.changes() != before).then(|| (invitations.changes(), invitations.text()))
        })
    }

    /// The text for a link into `room`.
    pub(super) fn invite(&self, room: &RoomName, invitation: &Invitation) -> String {
        self.with(|lines| lines.rooms.hub().invitations().token(room, invitation))
    }

    /// What is known of single invitations.
    pub(super) fn known_invitations(&self) -> Vec<Known> {
        self.with(|lines| lines.rooms.hub().invitations().known())
    }

    /// These invitations were revoked outside.
    pub(super) fn revoke(&self, revoked: Vec<(InvitationId, u32)>) {
        self.with(|lines| lines.handle(Event::Revoked(revoked)));
    }

    /// Tells everybody what the relay may still carry.
    pub(super) fn relay_budget(&self, left: RelayBudget) {
        self.with(|lines| lines.handle(Event::RelayBudget(left)));
    }

    /// Tells everybody that the server is about to stop; there are no new rooms from here on.
    pub(super) fn restarting(&self) {
        self.with(|lines| lines.handle(Event::Restarting));
    }

    /// How many people have a seat in `room`; `None`: another node may know.
    pub(super) fn people(&self, room: &str) -> Option<usize> {
        self.with(|lines| lines.rooms.people(room))
    }

    /// Whether this server is cut off from the others, so that it lets nobody new in; `None`: there are no others.
    pub(super) fn is_apart(&self) -> Option<bool> {
        self.with(|lines| lines.rooms.is_apart(Now::read()))
    }

    /// Something happened in the cluster.
    pub(super) fn cluster(&self, input: Input) {
        self.with(|lines| {
            let now = Now::read();
            lines.rooms.hear(input, now, &mut lines.effects, &*lines.relay);
            lines.carry_out(now);
        });
    }

    /// How this node stands among the others; `None`: it is alone.
    pub(super) fn standing(&self) -> Option<Standing> {
        self.with(|lines| lines.rooms.standing())
    }

    /// How things stand, and what has happened since the start.
    pub(super) fn figures(&self) -> Figures {
        let opened = self.next.load(Ordering::Relaxed);
        self.with(|lines| {
            let rooms = lines.rooms.hub().overview();
            let sum = |part: fn(&RoomView) -> usize| rooms.iter().map(part).sum();
            Figures {
                rooms: rooms.len(),
                people: sum(|room| room.people),
                away: sum(|room| room.away),
                waiting: sum(|room| room.waiting),
                sockets: lines.sockets.len(),
                sockets_opened: opened,
                tally: lines.tally.clone(),
            }
        })
    }

    /// Every room.
    pub(super) fn rooms(&self) -> Vec<RoomView> {
        self.with(|lines| lines.rooms.hub().overview())
    }

    /// Who is in `room`, each with the address they came from, while their socket is there; `None`: no such room.
    pub(super) fn people_of(&self, room: &str) -> Option<Vec<(PersonView, Option<IpAddr>)>> {
        self.with(|lines| {
            let client = |person: &PersonView| Some(lines.sockets.get(&person.socket?)?.client);
            let people = lines.rooms.hub().people_of(room)?;
            Some(people.into_iter().map(|person| (person.clone(), client(&person))).collect())
        })
    }

    /// Sends somebody out of `room`; `false`: they are not there.
    pub(super) fn remove(&self, room: &str, person: &str) -> bool {
        self.with(|lines| {
            let people = lines.rooms.hub().people_of(room).unwrap_or_default();
            let found = people.into_iter().find(|found| &*found.id.0 == person);
            let (Some(room), Some(found)) = (RoomName::new(room), found) else { return false };
            lines.handle(Event::Remove(room, found.id));
            true
        })
    }

    /// Closes `room`; `false`: there is none.
    pub(super) fn close(&self, room: &str) -> bool {
        self.with(|lines| {
            let Some(name) = RoomName::new(room).filter(|_| lines.rooms.hub().people_of(room).is_some()) else {
                return false;
            };
            lines.handle(Event::Close(name));
            true
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Lines) -> T) -> T {
        let (answer, notes) = {
            // A hub that panicked has a fault, but everybody else's call is worth more than a clean stop.
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            (act(&mut lines), std::mem::take(&mut lines.notes))
        };
        notes.iter().for_each(Note::write);
        answer
    }
}

impl Line<'_> {
    /// What the hub says to this socket.
    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The page asks for something.
    pub(super) fn asked(&self, mut request: Request) {
        let addresses = match &request {
            Request::Signal { payload, .. } if self.switchboard.searches_signals => candidates::addresses(payload),
            _ => Vec::new(),
        };
        self.switchboard.with(|lines| {
            // Before the peer hears of them: it may ask for its permission at once.
            lines.announce(self.socket, addresses);
            if let Request::Path(path) = &mut request {
                path.relayed = lines.relay_use(self.socket, &path.to);
            }
            lines.handle(Event::Asked(self.socket, request));
        });
    }

    /// The page sent something that is no request.
    pub(super) fn garbled(&self, refusal: Refusal) {
        self.switchboard.with(|lines| lines.handle(Event::Garbled(self.socket, refusal)));
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.switchboard.with(|lines| {
            lines.sockets.remove(&self.socket);
            lines.handle(Event::Closed(self.socket));
        });
    }
}

impl Lines {
    fn announce(&mut self, socket: SocketId, addresses: Vec<IpAddr>) {
        // Most say none, and then there is nobody to look for.
        if addresses.is_empty() {
            return;
        }
        if let Some(person) = self.rooms.person(socket).cloned() {
            self.rooms.announce(person, addresses, Now::read(), &*self.relay);
        }
    }

    /// What the relay has seen of the person behind `socket` and of `peer`.
    fn relay_use(&self, socket: SocketId, peer: &PersonId) -> Option<[RelayUse; 2]> {
        let person = self.rooms.person(socket)?;
        Some([self.relay.used_by(&person.0)?, self.relay.used_by(&peer.0)?])
    }

    fn handle(&mut self, event: Event) {
        // The clock is read under the lock: for the hub time never runs backwards.
        let now = Now::read();
        self.rooms.handle(event, now, &mut self.effects, &*self.relay);
        self.carry_out(now);
    }

    fn carry_out(&mut self, now: Now) {
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Send(socket, message) => {
                    if let Some(note) = Note::of(&message) {
                        self.note(note, now);
                    }
                    if let Some(connected) = self.sockets.get(&socket) {
                        connected.outbox.put(message);
                    }
                }
                Effect::Close(socket, refusal) => {
                    if let Some(connected) = self.sockets.get(&socket) {
                        connected.outbox.end(refusal);
                    }
                }
                Effect::Admit(person, room) => {
                    self.relay.admit(&person.0, room.as_str());
                    let room = self.marks.of(&room);
                    self.note(Note::Joined { person, room }, now);
                }
                // For the other nodes of a cluster, and there are none.
                Effect::Fated(_) | Effect::Banned(..) | Effect::DoorChanged(_) => {}
                Effect::Revoke(person) => {
                    self.relay.revoke(&person.0, now.unix + self.turn_ttl + ISSUED_LATE);
                    self.note(Note::Left(person), now);
                }
            }
        }
        self.effects = effects;
    }

    fn note(&mut self, note: Note, now: Now) {
        self.tally.count(&note, now);
        self.notes.push(note);
    }
}

async fn tick(switchboard: Weak<Switchboard>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let Some(switchboard) = switchboard.upgrade() else { return };
        switchboard.with(|lines| lines.handle(Event::Tick));
    }
}
