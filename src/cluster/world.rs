//! A simulated cluster: people who come, leave, drop out and return by any of three nodes, while nodes are cut off from the
//! store, die and are replaced, and the store forgets everything. After every step no hub is over its limit and no room has two
//! keepers who are certain of it; when all is mended, everybody in a room sees the same room.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::*;
use crate::clock::Now;
use crate::hub::disorder::{Disorder, lives};
use crate::hub::{
    Hub, Invitations, Join, Joined, Message, Network, Options, Payload, Peer, PersonId, Refusal, Request, SocketId,
};
use crate::invitation::InvitationKey;
use crate::pass::SeatKey;

const ROOMS: [&str; 2] = ["kitchen", "会议室"];
const PEOPLE: usize = 8;
const MAX_PEOPLE: usize = 4;
/// Of one life.
const STEPS: u64 = 400;
const SECOND: Duration = Duration::from_secs(1);

/// What the scripts of `store` do.
#[derive(Default)]
struct Store {
    leases: BTreeMap<NodeId, Instant>,
    rooms: HashMap<RoomName, NodeId>,
    doors: HashMap<RoomName, DoorState>,
}

impl Store {
    fn beat(&mut self, node: NodeId, now: Instant) -> Input {
        self.leases.retain(|_, until| *until > now);
        let leases = &self.leases;
        self.rooms.retain(|_, keeper| leases.contains_key(keeper));
        let kept = self.leases.insert(node, now + LEASE).is_some();
        Input::Beat { asked: Duration::ZERO, kept, alive: self.leases.keys().copied().collect() }
    }

    fn claim(&mut self, node: NodeId, room: &RoomName, now: Instant) -> Claim {
        let lives = |node: &NodeId| self.leases.get(node).is_some_and(|until| *until > now);
        match self.rooms.get(room) {
            _ if !lives(&node) => Claim::Unknown,
            Some(keeper) if *keeper == node => Claim::Ours(None),
            Some(keeper) if lives(keeper) => Claim::Theirs(*keeper),
            _ => {
                self.rooms.insert(room.clone(), node);
                Claim::Ours(self.doors.get(room).cloned())
            }
        }
    }
}

/// One server.
struct Machine {
    id: NodeId,
    node: Node,
    orders: VecDeque<Order>,
    /// Words under way to it.
    words: VecDeque<(NodeId, Word)>,
    /// Whether the store can be reached.
    connected: bool,
}

/// A page: what it holds and what it believes.
#[derive(Default)]
struct Page {
    socket: Option<(NodeId, SocketId)>,
    seat: Option<(RoomName, PersonId, String)>,
    joined: bool,
    host: bool,
    /// Whether they are away, and hosts.
    peers: BTreeMap<PersonId, (bool, bool)>,
    heard: Vec<Payload>,
}

struct World {
    store: Store,
    machines: Vec<Machine>,
    now: Now,
    disorder: Disorder,
    pages: Vec<Page>,
    numbers: u64,
}

fn machine(id: u64) -> Machine {
    let options = Options {
        max_people: MAX_PEOPLE,
        rate: 10_000,
        burst: 100_000,
        joins_per_minute: 0,
        rooms_per_minute: 0,
        ..Options::default()
    };
    let invitations = Invitations::new(InvitationKey::new(&[4; 32], Vec::new()), "");
    let node = Node::new(Hub::new(options, SeatKey::new(&[3; 32]), invitations));
    Machine { id: NodeId(id), node, orders: VecDeque::new(), words: VecDeque::new(), connected: false }
}

impl World {
    fn new(seed: u64) -> World {
        let mut world = World {
            store: Store::default(),
            machines: (1..=3).map(machine).collect(),
            now: Now::read(),
            disorder: Disorder(seed),
            pages: (0..PEOPLE).map(|_| Page::default()).collect(),
            numbers: 100,
        };
        (0..3).for_each(|at| world.connects(at));
        world
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn happens(&mut self, at: usize, input: Input) {
        let mut outputs = Vec::new();
        self.machines[at].node.handle(input, self.now, &mut outputs);
        let id = self.machines[at].id;
        for output in outputs {
            match output {
                Output::Order(order) => self.machines[at].orders.push_back(order),
                Output::Here(Effect::Send(socket, message)) => {
                    if let Some(page) = self.pages.iter_mut().find(|page| page.socket == Some((id, socket))) {
                        page.hears(message);
                    }
                }
                Output::Here(Effect::Close(socket, _)) => {
                    let page = self.pages.iter_mut().find(|page| page.socket == Some((id, socket)));
                    page.into_iter().for_each(|page| page.socket = None);
                    self.happens(at, Input::Here(Event::Closed(socket)));
                }
                Output::Here(_) | Output::Announce(..) => {}
            }
        }
    }

    fn step(&mut self) {
        let (who, at) = (self.disorder.below(PEOPLE), self.disorder.below(3));
        match self.disorder.below(60) {
            0..8 => self.joins(who, at),
            8..10 => self.asks(who, Request::Leave),
            10..13 => self.drops(who),
            13..16 => self.returns(who, at),
            16..20 => self.signals(who),
            20..22 => {
                let seconds = 1 + self.disorder.below(3);
                self.passes(seconds);
            }
            22 if self.disorder.below(4) == 0 => self.disconnects(at),
            23..25 => self.connects(at),
            25 if self.disorder.below(8) == 0 => self.dies(at),
            26 if self.disorder.below(16) == 0 => self.store_restarts(),
            27 => self.passes(10),
            _ => {
                self.carries(at);
            }
        }
        self.check();
    }

    fn index(&self, id: NodeId) -> Option<usize> {
        self.machines.iter().position(|machine| machine.id == id)
    }

    fn asks(&mut self, who: usize, request: Request) {
        if let Some((node, socket)) = self.pages[who].socket
            && let Some(at) = self.index(node)
        {
            self.happens(at, Input::Here(Event::Asked(socket, request)));
        }
    }

    fn opens(&mut self, who: usize, at: usize) {
        self.drops(who);
        let socket = SocketId(self.number());
        self.pages[who].socket = Some((self.machines[at].id, socket));
        self.happens(at, Input::Here(Event::Opened { socket, network: Network(who as u64), counted: false }));
    }

    fn asks_to_join(&mut self, who: usize, room: &str, seat: Option<String>) {
        let fresh = PersonId(format!("p{}", self.number()).into());
        let (invitation, password) = (None, None);
        let (name, instance) = (format!("Person {who}"), "i".to_owned());
        let join = Join { room: room.into(), name, instance, seat, invitation, password, fresh };
        self.asks(who, Request::Join(join));
    }

    fn joins(&mut self, who: usize, at: usize) {
        if self.pages[who].socket.is_none() {
            self.opens(who, at);
        }
        let room = ROOMS[self.disorder.below(ROOMS.len())];
        self.asks_to_join(who, room, None);
    }

    fn drops(&mut self, who: usize) {
        self.pages[who].joined = false;
        let Some((node, socket)) = self.pages[who].socket.take() else { return };
        if let Some(at) = self.index(node) {
            self.happens(at, Input::Here(Event::Closed(socket)));
        }
    }

    fn returns(&mut self, who: usize, at: usize) {
        let Some((room, _, token)) = self.pages[who].seat.clone() else { return };
        if self.pages[who].socket.is_none() {
            self.opens(who, at);
        }
        self.asks_to_join(who, room.as_str(), Some(token));
    }

    fn signals(&mut self, who: usize) {
        let Some(to) = self.pages[who].peers.keys().next().cloned() else { return };
        self.asks(who, Request::Signal { to, payload: "word".into() });
    }

    fn passes(&mut self, seconds: usize) {
        for _ in 0..seconds {
            self.now = self.now.after(SECOND);
            for at in 0..self.machines.len() {
                self.happens(at, Input::Here(Event::Tick));
                if self.machines[at].connected {
                    let beat = self.store.beat(self.machines[at].id, self.now.monotonic);
                    self.happens(at, beat);
                }
            }
        }
    }

    fn connects(&mut self, at: usize) {
        if std::mem::replace(&mut self.machines[at].connected, true) {
            return;
        }
        self.machines[at].orders.clear();
        self.machines[at].words.clear();
        let beat = self.store.beat(self.machines[at].id, self.now.monotonic);
        self.happens(at, Input::Up);
        self.happens(at, beat);
    }

    /// What was under way is lost.
    fn disconnects(&mut self, at: usize) {
        if !std::mem::replace(&mut self.machines[at].connected, false) {
            return;
        }
        self.machines[at].orders.clear();
        self.machines[at].words.clear();
        self.happens(at, Input::Down);
    }

    /// Another one starts in its place.
    fn dies(&mut self, at: usize) {
        let id = self.machines[at].id;
        for page in self.pages.iter_mut().filter(|page| page.socket.is_some_and(|(node, _)| node == id)) {
            page.socket = None;
            page.joined = false;
        }
        self.machines[at] = machine(self.number());
        self.connects(at);
    }

    fn store_restarts(&mut self) {
        (0..3).for_each(|at| self.disconnects(at));
        self.store = Store::default();
    }

    /// One order is carried out, or one word arrives; `false`: there is nothing to do.
    fn carries(&mut self, at: usize) -> bool {
        if !self.machines[at].connected {
            return false;
        }
        if self.disorder.below(2) == 0
            && let Some((from, word)) = self.machines[at].words.pop_front()
        {
            self.happens(at, Input::Heard(from, word));
            return true;
        }
        let Some(order) = self.machines[at].orders.pop_front() else { return !self.machines[at].words.is_empty() };
        let id = self.machines[at].id;
        match order {
            Order::Claim { room, .. } => {
                let claim = self.store.claim(id, &room, self.now.monotonic);
                self.happens(at, Input::Claimed(room, claim));
            }
            Order::Release(room) => {
                if self.store.rooms.get(&room) == Some(&id) {
                    self.store.rooms.remove(&room);
                    self.store.doors.remove(&room);
                }
            }
            Order::PutDoor(room, door) => drop(self.store.doors.insert(room, door)),
            Order::Tell(to, word) => self.tells(id, word, |other| other == to),
            Order::TellAll(word) => self.tells(id, word, |other| other != id),
            Order::PutFate(fate) => self.tells(id, Word::Fated(vec![fate]), |other| other != id),
            Order::PutBans(room, bans) => self.tells(id, Word::Banned(room, bans), |other| other != id),
            Order::Revoke(person) => self.tells(id, Word::Revoke(person), |other| other != id),
            Order::Admit(person, room) => self.tells(id, Word::Admit(person, room), |other| other != id),
        }
        true
    }

    fn tells(&mut self, from: NodeId, word: Word, whom: impl Fn(NodeId) -> bool) {
        for other in self.machines.iter_mut().filter(|other| other.connected && whom(other.id)) {
            other.words.push_back((from, word.clone()));
        }
    }

    /// Everything is reachable again, and everything under way arrives.
    fn settles(&mut self) {
        (0..3).for_each(|at| self.connects(at));
        for _ in 0..8 {
            self.arrives();
            self.passes(LEASE.as_secs() as usize);
            self.arrives();
            for who in 0..PEOPLE {
                if self.pages[who].socket.is_some() && !self.pages[who].joined {
                    self.returns(who, 0);
                }
            }
        }
        self.arrives();
    }

    fn arrives(&mut self) {
        for _ in 0..10_000 {
            if ![0, 1, 2].map(|at| self.carries(at)).contains(&true) {
                return;
            }
        }
        panic!("the nodes never stop talking");
    }

    fn check(&self) {
        let mut keepers: HashMap<&str, NodeId> = HashMap::new();
        for machine in &self.machines {
            let hub = machine.node.hub();
            let mut seen = HashSet::new();
            for room in ROOMS {
                let people = hub.people_of(room).unwrap_or_default();
                assert!(people.len() <= MAX_PEOPLE, "{room} is over its limit");
                assert!(people.iter().all(|person| seen.insert(person.id.clone())), "somebody sits in two places");
                // What was asked after a store that forgot is not answered yet while orders wait.
                let keeps = machine.node.is_certain(self.now) && hub.people_of(room).is_some();
                if keeps && machine.orders.is_empty() {
                    assert_eq!(keepers.insert(room, machine.id), None, "{room} has two keepers");
                }
            }
        }
    }

    /// What every page believes is what the one hub knows that keeps its room.
    fn check_all_see_the_same(&self) {
        let mut everybody = HashSet::new();
        for room in ROOMS {
            let hubs = self.machines.iter().filter_map(|machine| machine.node.hub().people_of(room));
            let hubs: Vec<_> = hubs.collect();
            assert!(hubs.len() <= 1, "{room} has {} keepers", hubs.len());
            for person in hubs.into_iter().flatten() {
                assert!(everybody.insert(person.id.clone()), "{} sits in two places", person.id);
            }
        }
        for page in &self.pages {
            let (Some((room, id, _)), Some(_), true) = (&page.seat, page.socket, page.joined) else { continue };
            let hub = self.machines.iter().find_map(|machine| machine.node.hub().people_of(room.as_str()));
            let people = hub.unwrap_or_else(|| panic!("nobody keeps {room}"));
            let own = people.iter().find(|person| person.id == *id).expect("a page with a seat sits there");
            assert!(own.socket.is_some(), "{id} is here");
            assert_eq!(page.host, own.host);
            let others = people.iter().filter(|person| person.id != *id);
            let truth = others.map(|person| (person.id.clone(), (person.socket.is_none(), person.host))).collect();
            assert_eq!(page.peers, truth);
        }
    }
}

impl Page {
    fn hears(&mut self, message: Message) {
        match message {
            Message::Joined(joined) => self.sits(*joined),
            Message::PeerJoined(peer) | Message::PeerBack(peer) => self.sees(peer),
            Message::PeerAway(id) => {
                self.peers.entry(id).and_modify(|peer| peer.0 = true);
            }
            Message::PeerRole(id, host) => {
                self.peers.entry(id).and_modify(|peer| peer.1 = host);
            }
            Message::PeerLeft(id, _) => drop(self.peers.remove(&id)),
            Message::Role { host, seat } => {
                // One that comes before the seat it belongs to, after a cut, is said again with the seat.
                if let Some(own) = &mut self.seat {
                    self.host = host;
                    own.2 = seat;
                }
            }
            Message::Signal { payload, .. } => self.heard.push(payload),
            Message::Left(_) | Message::Full { .. } => *self = Page { socket: self.socket, ..Page::default() },
            Message::Error(Refusal::Replaced) => *self = Page { socket: self.socket, ..Page::default() },
            Message::Error(Refusal::NotJoined | Refusal::Apart) => self.joined = false,
            _ => {}
        }
    }

    fn sits(&mut self, joined: Joined) {
        self.peers.clear();
        joined.peers.into_iter().for_each(|peer| self.sees(peer));
        self.host = joined.host;
        self.joined = true;
        self.seat = Some((joined.room, joined.you, joined.seat));
    }

    fn sees(&mut self, peer: Peer) {
        self.peers.insert(peer.id, (peer.away, peer.host));
    }
}

#[test]
fn whatever_breaks_everybody_sees_the_same_room_in_the_end() {
    for seed in lives(STEPS, 100_000) {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.settles();
        world.check();
        world.check_all_see_the_same();
        world.passes(60);
        world.settles();
        let seated = world.pages.iter().filter(|page| page.socket.is_some() && page.joined).count();
        let people: usize =
            world.machines.iter().flat_map(|machine| ROOMS.iter().filter_map(|room| machine.node.people(room))).sum();
        assert_eq!(seated, people, "seed {seed}: after the grace only those who are here have a seat");
    }
}
