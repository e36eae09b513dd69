//! A simulated world for the hub: many people who join, leave, drop, come back, reload and open second windows in random
//! order, over wires that deliver late, while time passes and the server restarts. After every step nobody sits in two
//! places and no room is over its limit; when the wires are empty, everybody in a room sees the same room.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::disorder::{Disorder, lives};
use super::*;
use crate::invitation::InvitationKey;
use crate::pass::Secret;

const ROOMS: [&str; 3] = ["kitchen", "cellar", "会议室"];
const PEOPLE: usize = 10;
const MAX_PEOPLE: usize = 4;
/// Of one life.
const STEPS: u64 = 500;

/// A page, as far as the hub can tell: what it holds and what it believes.
#[derive(Default)]
struct Page {
    socket: Option<SocketId>,
    instance: u32,
    /// Where the page believes to sit: room, own id, token.
    seat: Option<(RoomName, PersonId, String)>,
    /// What it believes of the others: whether it offers to them, whether they are away.
    peers: BTreeMap<PersonId, (bool, bool)>,
    /// The last number heard from each peer.
    last_heard: HashMap<PersonId, u64>,
    /// Whether it believes to be a host, and who else is one.
    host: bool,
    hosts: BTreeSet<PersonId>,
    /// What it believes of the room's door, and of who waits there.
    door: DoorSigns,
    knocks: BTreeSet<PersonId>,
    /// Whether it waits to be let in.
    waits: bool,
}

struct World {
    hub: Hub,
    now: Now,
    disorder: Disorder,
    pages: Vec<Page>,
    /// What is under way to each socket. A closed wire still delivers what was said before.
    wires: HashMap<SocketId, VecDeque<Option<Message>>>,
    numbers: u64,
    /// Whom the relay takes.
    admitted: HashSet<PersonId>,
}

fn hub() -> Hub {
    let options = Options { max_people: MAX_PEOPLE, max_rooms: 3, rate: 10_000, burst: 100_000, ..Options::default() };
    Hub::new(options, SeatKey::new(&[3; 32]), Invitations::new(InvitationKey::new(&[4; 32], Vec::new()), ""))
}

impl World {
    fn new(seed: u64) -> World {
        World {
            hub: hub(),
            now: Now::read(),
            disorder: Disorder(seed),
            pages: (0..PEOPLE).map(|_| Page::default()).collect(),
            wires: HashMap::new(),
            numbers: 0,
            admitted: HashSet::new(),
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn happens(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.hub.handle(event, self.now, &mut effects);
        for effect in effects {
            match effect {
                Effect::Send(socket, message) => self.say(socket, Some(message)),
                Effect::Close(socket, _) => {
                    self.say(socket, None);
                    self.happens(Event::Closed(socket));
                }
                Effect::Admit(id, _) => assert!(self.admitted.insert(id), "nobody is admitted twice"),
                Effect::Fated(_) | Effect::Banned(..) | Effect::DoorChanged(_) => {}
                Effect::Revoke(id) => assert!(self.admitted.remove(&id), "nobody is revoked who was not admitted"),
            }
        }
    }

    fn say(&mut self, socket: SocketId, message: Option<Message>) {
        self.wires.get_mut(&socket).expect("the hub speaks only to open sockets").push_back(message);
    }

    fn step(&mut self) {
        let who = self.disorder.below(PEOPLE);
        match self.disorder.below(24) {
            0..4 => self.joins(who),
            4 => self.asks(who, Request::Leave),
            5 | 6 => self.drops(who),
            7 | 8 => self.returns(who),
            9 => self.reloads(who),
            10..14 => self.signals(who),
            14 => self.waits(),
            15 if self.disorder.below(40) == 0 => self.restarts(),
            16..18 => self.commands(who),
            _ => {
                self.delivers(who);
            }
        }
        self.check();
    }

    fn asks(&mut self, who: usize, request: Request) {
        if let Some(socket) = self.pages[who].socket {
            self.happens(Event::Asked(socket, request));
        }
    }

    fn joins(&mut self, who: usize) {
        if self.pages[who].socket.is_none() {
            self.connects(who);
        }
        let room = ROOMS[self.disorder.below(ROOMS.len())];
        self.asks_to_join(who, room, None);
    }

    fn connects(&mut self, who: usize) {
        let socket = SocketId(self.number());
        self.wires.insert(socket, VecDeque::new());
        self.happens(Event::Opened { socket, network: Network(who as u64), counted: false });
        self.pages[who].socket = Some(socket);
    }

    fn asks_to_join(&mut self, who: usize, room: &str, seat: Option<String>) {
        let fresh = PersonId(format!("p{}", self.number()).into());
        let instance = format!("i{}", self.pages[who].instance);
        let join = Join {
            room: room.into(),
            name: format!("Person {who}"),
            instance,
            seat,
            invitation: None,
            password: None,
            fresh,
        };
        self.asks(who, Request::Join(join));
    }

    /// The socket dies; half of the time the hub does not hear of it, and the page is quicker to return.
    fn drops(&mut self, who: usize) {
        let Some(socket) = self.pages[who].socket.take() else { return };
        if self.disorder.below(2) == 0 {
            self.happens(Event::Closed(socket));
            self.wires.remove(&socket);
        }
    }

    fn returns(&mut self, who: usize) {
        let Some((room, _, token)) = self.pages[who].seat.clone() else { return };
        if self.pages[who].socket.is_none() {
            self.connects(who);
        }
        self.asks_to_join(who, room.as_str(), Some(token));
    }

    fn reloads(&mut self, who: usize) {
        self.drops(who);
        self.pages[who].instance += 1;
        self.pages[who].last_heard.clear();
        self.returns(who);
    }

    fn signals(&mut self, who: usize) {
        let peers: Vec<_> = self.pages[who].peers.keys().cloned().collect();
        if peers.is_empty() {
            return;
        }
        let to = peers[self.disorder.below(peers.len())].clone();
        let payload = format!("{to} {}", self.number()).into();
        self.asks(who, Request::Signal { to, payload });
    }

    /// Whoever it is asks for it: the hub has to find out who is a host.
    fn commands(&mut self, who: usize) {
        let peer = self.one_of(&self.pages[who].peers.keys().cloned().collect::<Vec<_>>());
        let knock = self.one_of(&self.pages[who].knocks.iter().cloned().collect::<Vec<_>>());
        let (peer, knock) = (peer.unwrap_or(fake()), knock.unwrap_or(fake()));
        let command = match self.disorder.below(9) {
            0..3 => Command::Admit(knock),
            3 => Command::Decline(knock),
            4 => Command::Mute(peer),
            5 => Command::Remove(peer),
            6 => Command::HandOver(peer),
            _ => Command::SetDoor(DoorChange {
                locked: Some(self.disorder.below(8) == 0),
                lobby: Some(self.disorder.below(2) == 0),
                password: Some(Secret::new(["", "x"][self.disorder.below(8) / 7])),
            }),
        };
        self.asks(who, Request::Host(command));
    }

    fn one_of(&mut self, some: &[PersonId]) -> Option<PersonId> {
        let at = self.disorder.below(some.len().max(1));
        some.get(at).cloned()
    }

    fn waits(&mut self) {
        let span = Duration::from_millis(1 + self.disorder.below(20_000) as u64);
        self.passes(span);
    }

    fn passes(&mut self, span: Duration) {
        self.now = self.now.after(span);
        self.happens(Event::Tick);
    }

    fn restarts(&mut self) {
        self.hub = hub();
        self.admitted.clear();
        self.wires.clear();
        for page in &mut self.pages {
            page.socket = None;
        }
    }

    /// One message arrives at one page.
    fn delivers(&mut self, who: usize) -> bool {
        let Some(socket) = self.pages[who].socket else { return false };
        match self.wires.get_mut(&socket).and_then(VecDeque::pop_front) {
            Some(Some(message)) => self.pages[who].hears(message),
            Some(None) => {
                self.wires.remove(&socket);
                self.pages[who].socket = None;
            }
            None => return false,
        }
        true
    }

    /// Dead sockets are found out, and everything under way arrives.
    fn settles(&mut self) {
        let alive: HashSet<_> = self.pages.iter().filter_map(|page| page.socket).collect();
        let dead: Vec<_> = self.hub.sockets.keys().copied().filter(|socket| !alive.contains(socket)).collect();
        for socket in dead {
            self.happens(Event::Closed(socket));
        }
        while (0..PEOPLE).any(|who| self.delivers(who)) {}
    }

    fn check(&self) {
        let mut seen = HashSet::new();
        for (name, room) in self.hub.rooms.iter() {
            assert!(!room.people.is_empty(), "{name} is empty and still there");
            assert!(room.people.len() <= MAX_PEOPLE, "{name} is over its limit");
            assert!(room.has_host(), "{name} has no host");
            for waiting in &room.door.waiting {
                assert!(seen.insert(waiting.arrival.id.clone()), "{} sits and waits", waiting.arrival.id);
                assert_eq!(self.hub.sockets[&waiting.socket].knocks.as_ref(), Some(name));
                assert_eq!(self.hub.sockets[&waiting.socket].seat, None);
            }
            for person in &room.people {
                assert!(seen.insert(person.id.clone()), "{} sits in two places", person.id);
                match &person.place {
                    Place::Here(socket) => {
                        let number = self.hub.rooms.number(name).expect("it was just found");
                        let seat = Chair { room: name.clone(), number, id: person.id.clone() };
                        assert_eq!(self.hub.sockets[socket].seat, Some(seat), "the seat and its socket agree");
                    }
                    Place::Away { until, .. } => {
                        let kept = Kept { until: *until, room: name.clone(), id: person.id.clone() };
                        assert!(self.hub.away.contains(&kept), "{} would be away for ever", person.id);
                    }
                }
            }
        }
        let away =
            self.hub.rooms.values().flat_map(|room| &room.people).filter(|p| matches!(p.place, Place::Away { .. }));
        assert_eq!(away.count(), self.hub.away.len());
        let seated = self.hub.rooms.values().flat_map(|room| &room.people).map(|person| person.id.clone());
        assert_eq!(
            seated.collect::<HashSet<_>>(),
            self.admitted,
            "the relay takes those who have a seat, and nobody else"
        );
    }

    /// What every page believes is what the hub knows.
    fn check_all_see_the_same(&self) {
        for page in &self.pages {
            let (Some((room, id, _)), Some(socket)) = (&page.seat, page.socket) else { continue };
            if self.hub.sockets[&socket].seat.is_none() {
                continue; // dropped out, and not yet asked to come back
            }
            let room = self.hub.rooms.get(room).expect("a page with a seat has a room");
            let person = room.find(id).expect("a page with a seat sits there");
            let truth: BTreeMap<_, _> =
                room.peers_of(person).into_iter().map(|peer| (peer.id, (peer.offerer, peer.away))).collect();
            assert_eq!(page.peers, truth);
            let hosts = room.people.iter().filter(|other| other.host && other.id != *id).map(|other| other.id.clone());
            assert_eq!((page.host, &page.hosts), (person.host, &hosts.collect()));
            assert_eq!(page.door, room.door.signs());
            let knocks = room.door.knocks().into_iter().map(|knock| knock.id).filter(|_| person.host);
            assert_eq!(page.knocks, knocks.collect());
            for peer in room.peers_of(person) {
                let reverse = room.find(&peer.id).map(|other| room.peers_of(other)).expect("a peer");
                assert!(reverse.iter().any(|back| back.id == *id && back.offerer != peer.offerer), "one of two offers");
            }
        }
    }
}

impl Page {
    fn hears(&mut self, message: Message) {
        match message {
            Message::Joined(joined) => self.hears_joined(*joined),
            Message::PeerJoined(peer) => {
                let known = self.sees(peer);
                assert_eq!(known, None, "nobody joins twice");
            }
            Message::PeerBack(peer) => {
                let offerer = peer.offerer;
                let known = self.sees(peer);
                assert_eq!(known.map(|(offerer, _)| offerer), Some(offerer), "the part in a pair never changes");
            }
            Message::PeerAway(id) => self.peers.get_mut(&id).expect("only peers go away").1 = true,
            Message::PeerLeft(id, _) => {
                assert!(self.peers.remove(&id).is_some(), "only peers leave");
                self.hosts.remove(&id);
            }
            Message::Signal { from, payload } => self.hears_signal(from, &payload),
            Message::Left(_) | Message::Full { .. } => self.forgets(),
            Message::Error(Refusal::Declined | Refusal::Removed | Refusal::Locked) => self.forgets(),
            Message::Waiting(_) => {
                self.forgets();
                self.waits = true;
            }
            Message::Knock(knock) => assert!(self.host && self.knocks.insert(knock.id), "hosts hear of a knock once"),
            Message::KnockOver(id) => assert!(self.knocks.remove(&id), "only who knocks is let in"),
            Message::Door(signs) => self.door = signs,
            Message::Role { host, seat } => self.hears_role(host, seat),
            Message::PeerRole(id, host) => {
                assert!(self.peers.contains_key(&id), "only peers have roles");
                let changed = if host { self.hosts.insert(id) } else { self.hosts.remove(&id) };
                assert!(changed, "a role is told once");
            }
            Message::Invited { .. } | Message::Revoked(_) => unreachable!("nobody asks for it"),
            Message::RelayBudget(_) | Message::Restarting | Message::Why(..) => {}
            Message::MuteAsked(by) => assert!(self.hosts.contains(&by), "only hosts ask for quiet"),
            Message::Error(_) | Message::IceServers(_) | Message::Pong => {}
        }
    }

    fn hears_joined(&mut self, joined: Joined) {
        self.peers.clear();
        self.hosts.clear();
        for peer in joined.peers {
            self.sees(peer);
        }
        self.host = joined.host;
        self.door = joined.door;
        self.knocks = joined.knocks.into_iter().map(|knock| knock.id).collect();
        self.waits = false;
        self.seat = Some((joined.room, joined.you, joined.seat));
    }

    fn hears_role(&mut self, host: bool, token: String) {
        assert_ne!(std::mem::replace(&mut self.host, host), host, "a role is told once");
        self.knocks.clear();
        self.seat.as_mut().expect("only who sits has a role").2 = token;
    }

    /// What was known of the peer before.
    fn sees(&mut self, peer: Peer) -> Option<(bool, bool)> {
        if peer.host {
            self.hosts.insert(peer.id.clone())
        } else {
            self.hosts.remove(&peer.id)
        };
        self.peers.insert(peer.id, (peer.offerer, peer.away))
    }

    fn hears_signal(&mut self, from: PersonId, payload: &str) {
        let (to, number) = payload.split_once(' ').expect("as sent");
        let you = self.seat.as_ref().map(|(_, id, _)| id.to_string());
        assert_eq!(you.as_deref(), Some(to), "a signal reaches the one it is meant for");
        assert!(self.peers.contains_key(&from), "only peers speak");
        let number = number.parse().expect("a number");
        let last = self.last_heard.insert(from, number).unwrap_or(0);
        assert!(number > last, "signals arrive in order and once");
    }

    fn forgets(&mut self) {
        self.seat = None;
        self.waits = false;
        self.peers.clear();
        self.hosts.clear();
        self.knocks.clear();
    }
}

/// Nobody: a command about them must be refused and change nothing.
fn fake() -> PersonId {
    PersonId("nobody".into())
}

#[test]
fn whatever_people_do_everybody_sees_the_same_room_in_the_end() {
    for seed in lives(STEPS, 60_000) {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.settles();
        world.check();
        world.check_all_see_the_same();
        world.passes(Duration::from_secs(3600));
        world.settles();
        let seated = world.hub.sockets.values().filter(|socket| socket.seat.is_some()).count();
        let people: usize = ROOMS.iter().map(|room| world.hub.people(room)).sum();
        assert_eq!(seated, people, "after an hour only those who are here have a seat");
        assert!(world.hub.postage.is_full(), "and nothing waits for anybody");
    }
}
