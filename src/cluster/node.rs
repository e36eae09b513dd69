//! One node: its sockets, the hub with the rooms it keeps, and the way between the two where a room is kept elsewhere.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use super::guests::Guests;
use super::stay::{At, Local, Stay, may_wait};
use super::{Input, NodeId, Order, Output, Word};
use crate::clock::Now;
use crate::hub::{Effect, Event, Hub, Join, Message, PersonId, Refusal, Request, RoomName, SocketId};

/// See the module's text.
#[derive(Debug)]
pub struct Node {
    pub(super) hub: Hub,
    pub(super) locals: HashMap<SocketId, Local>,
    pub(super) guests: Guests,
    /// The rooms that are ours to keep.
    pub(super) keeps: HashSet<RoomName>,
    /// Of these, the ones that the store has not confirmed since our lease ran out: nobody new comes in.
    pub(super) doubted: HashSet<RoomName>,
    /// The rooms whose keeper the store is asked for, and who waits for it.
    pub(super) asking: HashMap<RoomName, Vec<SocketId>>,
    /// How many answers about a room are still to come: only the last one counts, since orders between the questions made the
    /// others old.
    pub(super) unanswered: HashMap<RoomName, usize>,
    /// Since when the store can be reached; `None`: it cannot.
    pub(super) up: Option<Instant>,
    /// When that changed last, in unix time.
    pub(super) turned: Option<Duration>,
    /// Whether no beat came since then.
    pub(super) is_fresh: bool,
    /// When our lease ends.
    pub(super) leased: Option<Instant>,
    pub(super) alive: BTreeSet<NodeId>,
    /// How often somebody of ours went to another node.
    pub(super) visits: u64,
    /// What the others have to know and could not be told; the oldest [`MOST_UNSAID`].
    pub(super) unsaid: Vec<Order>,
    /// Kept between events for its memory.
    effects: Vec<Effect>,
}

/// Whoever leaves while the store is away is one of them.
const MOST_UNSAID: usize = 10_000;

/// One input's hour and outputs, handed through the node together.
pub(super) struct Turn<'a> {
    pub(super) now: Now,
    pub(super) outputs: &'a mut Vec<Output>,
}

impl Turn<'_> {
    pub(super) fn order(&mut self, order: Order) {
        self.outputs.push(Output::Order(order));
    }

    pub(super) fn tell(&mut self, node: NodeId, word: Word) {
        self.order(Order::Tell(node, word));
    }

    pub(super) fn send(&mut self, socket: SocketId, message: Message) {
        self.outputs.push(Output::Here(Effect::Send(socket, message)));
    }
}

impl Node {
    /// A node that has not reached the store yet.
    pub fn new(hub: Hub) -> Node {
        Node {
            hub,
            locals: HashMap::new(),
            guests: Guests::default(),
            keeps: HashSet::new(),
            doubted: HashSet::new(),
            asking: HashMap::new(),
            unanswered: HashMap::new(),
            up: None,
            turned: None,
            is_fresh: false,
            leased: None,
            alive: BTreeSet::new(),
            visits: 0,
            unsaid: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Lets one thing happen. What is to be done about it is appended to `outputs`, in order.
    pub fn handle(&mut self, input: Input, now: Now, outputs: &mut Vec<Output>) {
        let turn = &mut Turn { now, outputs };
        match input {
            Input::Here(event) => self.here(event, turn),
            Input::Announced(person, addresses) => {
                turn.order(Order::TellAll(Word::Announce(person.clone(), addresses.clone())));
                turn.outputs.push(Output::Announce(person, addresses));
            }
            Input::Heard(from, word) => self.heard(from, word, turn),
            Input::Up => self.went_up(turn),
            Input::Beat { asked, kept, alive } => self.beat(asked, kept, alive, turn),
            Input::Claimed(room, claim) => self.claimed(room, claim, turn),
            Input::Down => self.went_down(turn),
        }
        self.release_empty(turn);
    }

    /// The hub with the rooms that are kept here.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The same, to change its options.
    pub fn hub_mut(&mut self) -> &mut Hub {
        &mut self.hub
    }

    /// Who sits behind this socket.
    pub fn person(&self, socket: SocketId) -> Option<&PersonId> {
        self.locals.get(&socket)?.stay.as_ref()?.you.as_ref()
    }

    /// How many people have a seat in `room`; `None`: another node keeps it, or nobody.
    pub fn people(&self, room: &str) -> Option<usize> {
        self.keeps.contains(room).then(|| self.hub.people(room))
    }

    /// Whether this node knows for certain which rooms are its own: only then somebody new comes in.
    pub fn is_certain(&self, now: Now) -> bool {
        self.up.is_some() && self.leased.is_some_and(|until| now.monotonic < until)
    }

    fn here(&mut self, event: Event, turn: &mut Turn) {
        match event {
            Event::Opened { socket, network, counted } => {
                self.locals.insert(socket, Local { network, counted, stay: None });
                self.in_hub(event, turn);
            }
            Event::Asked(socket, request) => self.asked(socket, request, turn),
            Event::Closed(socket) => {
                self.detach(socket, turn);
                self.locals.remove(&socket);
                self.in_hub(event, turn);
            }
            Event::RelayBudget(left) => self.tell_those_elsewhere(&Message::RelayBudget(left), event, turn),
            Event::Restarting => self.tell_those_elsewhere(&Message::Restarting, event, turn),
            event => self.in_hub(event, turn),
        }
    }

    /// What concerns everybody who is connected here, wherever their room is kept.
    fn tell_those_elsewhere(&mut self, message: &Message, event: Event, turn: &mut Turn) {
        for (socket, local) in &self.locals {
            if matches!(&local.stay, Some(Stay { at: At::There(_), .. })) {
                turn.send(*socket, message.clone());
            }
        }
        self.in_hub(event, turn);
    }

    fn asked(&mut self, socket: SocketId, request: Request, turn: &mut Turn) {
        let request = match request {
            Request::Join(join) => return self.join(socket, join, turn),
            request => request,
        };
        let stay = self.locals.get_mut(&socket).and_then(|local| local.stay.as_mut());
        let Some(Stay { at: at @ (At::Asking(_) | At::There(_)), .. }) = stay else {
            return self.in_hub(Event::Asked(socket, request), turn);
        };
        if request == Request::Ping {
            return self.in_hub(Event::Asked(socket, request), turn);
        }
        if !self.hub.allows(socket, &request, turn.now) {
            return self.in_hub(Event::Garbled(socket, Refusal::TooFast), turn);
        }
        match at {
            At::Asking(waiting) if may_wait(&request, waiting) => waiting.push(request),
            At::There(keeper) if self.up.is_some() => turn.tell(*keeper, Word::Asked(socket, request)),
            _ if request == Request::Leave => self.leave_unheard(socket, turn),
            // The media go on; what is lost of the rest, pages ask for again.
            _ if matches!(request, Request::Host(_)) => turn.send(socket, Message::Error(Refusal::Apart)),
            _ => {}
        }
    }

    /// Somebody goes whose room is kept by a node that cannot be told.
    fn leave_unheard(&mut self, socket: SocketId, turn: &mut Turn) {
        let Some(stay) = self.locals.get_mut(&socket).and_then(|local| local.stay.take()) else { return };
        turn.send(socket, Message::Left(stay.room));
    }

    fn join(&mut self, socket: SocketId, join: Join, turn: &mut Turn) {
        let (Some(room), true) = (RoomName::new(&join.room), self.locals.contains_key(&socket)) else {
            return self.in_hub(Event::Asked(socket, Request::Join(join)), turn);
        };
        let knows_keeper = self.is_certain(turn.now) && !self.doubted.contains(&room);
        let has_seat_here = self.keeps.contains(&room) && self.hub.keeps(&join);
        if !knows_keeper && !has_seat_here {
            return turn.send(socket, Message::Error(Refusal::Apart));
        }
        let was_here = matches!(self.stay(socket), Some(Stay { at: At::Here, .. }));
        if self.keeps.contains(&room) {
            self.leave_for(&room, socket, turn);
            return self.sit_here(socket, Stay::new(room, join), turn);
        }
        let request = Request::Join(join);
        if !self.hub.allows(socket, &request, turn.now) {
            return self.in_hub(Event::Garbled(socket, Refusal::TooFast), turn);
        }
        let Request::Join(join) = request else { return };
        if was_here {
            self.leave_quietly(socket, turn);
        }
        let keeper = match self.stay(socket) {
            Some(Stay { at: At::There(keeper), room: before, .. }) if *before == room => Some(*keeper),
            _ => None,
        };
        match keeper {
            // Whoever keeps the room must hear of all that becomes of this socket, so nobody else is asked meanwhile.
            Some(keeper) => self.enter_there(socket, Stay { at: At::There(keeper), ..Stay::new(room, join) }, turn),
            None => {
                self.leave_for(&room, socket, turn);
                self.seek(socket, Stay::new(room, join), turn);
            }
        }
    }

    /// Asks for the keeper of the room, and goes there.
    pub(super) fn seek(&mut self, socket: SocketId, mut stay: Stay, turn: &mut Turn) {
        let room = stay.room.clone();
        stay.at = At::Asking(Vec::new());
        let Some(local) = self.locals.get_mut(&socket) else { return };
        local.stay = Some(stay);
        let waiting = self.asking.entry(room.clone()).or_default();
        if !waiting.contains(&socket) {
            waiting.push(socket);
        }
        if waiting.len() == 1 && self.up.is_some() {
            self.claim(room, false, turn);
        }
    }

    /// Asks the store for a room.
    pub(super) fn claim(&mut self, room: RoomName, again: bool, turn: &mut Turn) {
        *self.unanswered.entry(room.clone()).or_default() += 1;
        turn.order(Order::Claim { room, again });
    }

    pub(super) fn sit_here(&mut self, socket: SocketId, mut stay: Stay, turn: &mut Turn) {
        let join = Request::Join(stay.join.clone());
        stay.at = At::Here;
        if let Some(local) = self.locals.get_mut(&socket) {
            local.stay = Some(stay);
        }
        self.in_hub(Event::Asked(socket, join), turn);
    }

    /// Out of a room that is kept here, on the way to one that is not.
    pub(super) fn leave_quietly(&mut self, socket: SocketId, turn: &mut Turn) {
        let before = turn.outputs.len();
        self.in_hub(Event::Asked(socket, Request::Leave), turn);
        let said = |output: &Output| matches!(output, Output::Here(Effect::Send(to, _)) if *to == socket);
        let after = turn.outputs.split_off(before.min(turn.outputs.len()));
        turn.outputs.extend(after.into_iter().filter(|output| !said(output)));
    }

    /// Out of a room that another node keeps, for `room`; unless it is the same, where a seat is taken again.
    fn leave_for(&mut self, room: &RoomName, socket: SocketId, turn: &mut Turn) {
        match self.stay(socket) {
            Some(Stay { at: At::There(keeper), room: before, .. }) if before != room => {
                turn.tell(*keeper, Word::Leaves(socket));
                self.locals.entry(socket).and_modify(|local| local.stay = None);
            }
            Some(Stay { at: At::There(_), .. }) => {}
            _ => self.detach(socket, turn),
        }
    }

    /// Has nothing to do any more with the node that keeps the room of this socket.
    pub(super) fn detach(&mut self, socket: SocketId, turn: &mut Turn) {
        let Some(local) = self.locals.get_mut(&socket) else { return };
        match local.stay.take() {
            Some(Stay { at: At::There(keeper), .. }) => turn.tell(keeper, Word::Closed(socket)),
            Some(Stay { at: At::Asking(_), room, .. }) => {
                if let Some(waiting) = self.asking.get_mut(&room) {
                    waiting.retain(|waiting| *waiting != socket);
                }
            }
            Some(Stay { at: At::Here, .. }) | None => {}
        }
    }

    pub(super) fn stay(&self, socket: SocketId) -> Option<&Stay> {
        self.locals.get(&socket)?.stay.as_ref()
    }

    /// What the page on this socket is told, by whichever hub.
    pub(super) fn note(&mut self, socket: SocketId, message: &Message) {
        let Some(local) = self.locals.get_mut(&socket) else { return };
        if local.stay.as_mut().is_some_and(|stay| !stay.hears(message)) {
            local.stay = None;
        }
    }

    /// What would be lost while the store is away is told when it is back.
    fn tell_surely(&mut self, order: Order, turn: &mut Turn) {
        if self.up.is_some() {
            turn.order(order);
        } else if self.unsaid.len() < MOST_UNSAID {
            self.unsaid.push(order);
        }
    }

    /// Lets something happen in the hub, and passes on what comes of it to where the sockets are.
    pub(super) fn in_hub(&mut self, event: Event, turn: &mut Turn) {
        let mut effects = std::mem::take(&mut self.effects);
        self.hub.handle(event, turn.now, &mut effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Send(socket, message) => match self.guests.origin(socket) {
                    Some((node, visit)) => turn.tell(node, Word::Said(visit, message)),
                    None => {
                        self.note(socket, &message);
                        turn.send(socket, message);
                    }
                },
                Effect::Close(socket, refusal) => match self.guests.origin(socket) {
                    Some((node, origin)) => {
                        self.guests.leave(socket);
                        turn.tell(node, Word::End(origin, refusal));
                    }
                    None => {
                        self.detach(socket, turn);
                        turn.outputs.push(Output::Here(Effect::Close(socket, refusal)));
                    }
                },
                Effect::Admit(person, room) => {
                    turn.order(Order::Admit(person.clone(), room.clone()));
                    turn.outputs.push(Output::Here(Effect::Admit(person, room)));
                }
                Effect::Revoke(person) => {
                    self.tell_surely(Order::Revoke(person.clone()), turn);
                    turn.outputs.push(Output::Here(Effect::Revoke(person)));
                }
                Effect::Fated(fate) => self.tell_surely(Order::PutFate(fate), turn),
                Effect::Banned(room, bans) => self.tell_surely(Order::PutBans(room, bans), turn),
                Effect::DoorChanged(room) => self.put_door(room, turn),
            }
        }
        self.effects = effects;
    }
}
