//! A whole relay in one struct: clients that sign what they say, a shell that opens addresses and carries the hairpin,
//! and a clock that moves when it is told to.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::clock::Now;
use crate::pass::{Secret, TurnPasses};
use crate::stun::{Class, Key, Message, Method, PasswordAlgorithm, Writer, attribute, channel_header, padding};
use crate::turn::{
    Action, Client, ConnectFailed, Departure, Dropped, FromPeer, Move, NotOpened, Open, Opened, Options, PortWish,
    Reply, Route, Rules, Session, Token, Transport,
};

pub(super) const REALM: &str = "callbox";
pub(super) const SERVER: &str = "198.51.100.1:3478";
/// Where relayed transport addresses are opened.
pub(super) const RELAY_V4: &str = "198.51.100.1";
pub(super) const RELAY_V6: &str = "2620:fe::1";

/// The relay, everybody who talks to it, and the time.
pub(super) struct World {
    pub(super) rules: Rules,
    pub(super) now: Now,
    sessions: HashMap<SocketAddr, Session>,
    ids: u64,
    next_port: u16,
    kept: BTreeMap<Token, u16>,
    /// TCP connections to peers, with their owners.
    connections: HashMap<u32, String>,
    /// Whether peers take TCP connections.
    pub(super) peers_accept: bool,
    /// Whether the machine has IPv6.
    pub(super) has_v6: bool,
    /// Whether there are ports left.
    pub(super) has_ports: bool,
}

/// Somebody with an address and a password.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) address: SocketAddr,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) nonce: String,
    pub(super) algorithm: Option<PasswordAlgorithm>,
    pub(super) sha256: bool,
    pub(super) transport: Transport,
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The client hears this.
    Back(Vec<u8>),
    /// A peer outside hears this.
    Peer(SocketAddr, Vec<u8>),
    /// Another client hears this, by the hairpin.
    Client(SocketAddr, Vec<u8>),
    /// Nobody hears anything.
    Nothing(Dropped),
    /// The session is closed without a word.
    Closed,
}

impl World {
    pub(super) fn new() -> World {
        World::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Options)) -> World {
        let users = ["alice", "bob"].map(|name| (name.to_owned(), Secret::new(format!("{name}'s password"))));
        let mut options = Options::new(REALM, [7; 32], TurnPasses::new(vec![Secret::new("north")], users.into()));
        change(&mut options);
        World {
            rules: Rules::new(options),
            now: Now::read(),
            sessions: HashMap::new(),
            ids: 0,
            next_port: 50_000,
            kept: BTreeMap::new(),
            connections: HashMap::new(),
            peers_accept: true,
            has_v6: true,
            has_ports: true,
        }
    }

    pub(super) fn passes(&mut self, span: Duration) {
        self.now = self.now.after(span);
    }

    pub(super) fn minutes_pass(&mut self, minutes: u64) {
        self.passes(Duration::from_secs(60 * minutes));
    }

    /// What the shell's timer does.
    pub(super) fn sweep(&mut self) {
        self.sessions.retain(|_, session| !session.is_over(self.now));
    }

    pub(super) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// What a packet makes the core ask for, undone.
    pub(super) fn action(&mut self, person: &Person, bytes: &[u8]) -> Action {
        let session = self.sessions.get_mut(&person.address).expect("alive");
        session.from_client(&self.rules, bytes, self.now, &mut Vec::new())
    }

    /// A peer connects to a client's TCP relayed transport address.
    pub(super) fn peer_connects(&mut self, peer: &str, to: &Person) -> Option<(u32, Answer)> {
        let (mut out, now) = (Vec::new(), self.now);
        let session = self.sessions.get_mut(&to.address).expect("alive");
        let (id, message) = session.incoming(&self.rules, peer.parse().expect("address"), now, &mut out)?;
        self.connections.insert(id, session.username().expect("proven").to_owned());
        Some((id, Answer(out[message].to_vec())))
    }

    /// The rules beside a client's session, for a test that plays the shell itself.
    pub(super) fn session_and_rules(&mut self, person: &Person) -> (&mut Session, &Rules) {
        (self.sessions.get_mut(&person.address).expect("alive"), &self.rules)
    }

    pub(super) fn session(&mut self, person: &Person) -> &mut Session {
        self.sessions.get_mut(&person.address).expect("alive")
    }

    /// Somebody who has fetched a nonce.
    pub(super) fn arrives(&mut self, name: &str, address: &str) -> Person {
        self.arrives_over(name, address, Transport::Udp)
    }

    pub(super) fn arrives_over(&mut self, name: &str, address: &str, transport: Transport) -> Person {
        let mut person = Person {
            address: address.parse().expect("address"),
            username: name.into(),
            password: format!("{name}'s password"),
            nonce: String::new(),
            algorithm: None,
            sha256: false,
            transport,
        };
        self.fetch_nonce(&mut person);
        person
    }

    pub(super) fn fetch_nonce(&mut self, person: &mut Person) {
        let id = self.id();
        let mut request = Vec::new();
        Writer::new(&mut request, Class::Request, Method::Allocate, id).finish();
        let challenge = self.tell(person, &request).answer();
        person.nonce = challenge.text(attribute::NONCE).expect("a nonce");
    }

    /// A client who has an allocation.
    pub(super) fn arrives_and_allocates(&mut self, name: &str, address: &str) -> (Person, SocketAddr) {
        let person = self.arrives(name, address);
        let answer = self.ask(&person, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
        let relayed = answer.address(attribute::XOR_RELAYED_ADDRESS).expect("a relayed address");
        (person, relayed)
    }

    /// Asks with proof, and hears the answer.
    pub(super) fn ask(&mut self, person: &Person, method: Method, fill: impl FnOnce(Writer) -> Writer) -> Answer {
        let request = self.request(person, method, fill);
        self.tell(person, &request).answer()
    }

    /// A signed request, not sent yet.
    pub(super) fn request(&mut self, person: &Person, method: Method, fill: impl FnOnce(Writer) -> Writer) -> Vec<u8> {
        let mut request = Vec::new();
        let writer = Writer::new(&mut request, Class::Request, method, self.id());
        person.sign(fill(writer)).finish();
        request
    }

    pub(super) fn permit(&mut self, person: &Person, peer: SocketAddr) -> Answer {
        self.ask(person, Method::CreatePermission, |writer| writer.put_xor_address(attribute::XOR_PEER_ADDRESS, peer))
    }

    pub(super) fn bind(&mut self, person: &Person, number: u16, peer: SocketAddr) -> Answer {
        let [n0, n1] = number.to_be_bytes();
        self.ask(person, Method::ChannelBind, |writer| {
            writer.put(attribute::CHANNEL_NUMBER, &[n0, n1, 0, 0]).put_xor_address(attribute::XOR_PEER_ADDRESS, peer)
        })
    }

    pub(super) fn refresh(&mut self, person: &Person, seconds: u32) -> Answer {
        self.ask(person, Method::Refresh, |writer| writer.put_u32(attribute::LIFETIME, seconds))
    }

    pub(super) fn send(&mut self, person: &Person, peer: SocketAddr, payload: &[u8]) -> Heard {
        let mut indication = Vec::new();
        Writer::new(&mut indication, Class::Indication, Method::Send, self.id())
            .put_xor_address(attribute::XOR_PEER_ADDRESS, peer)
            .put(attribute::DATA, payload)
            .finish();
        self.tell(person, &indication)
    }

    pub(super) fn send_on_channel(&mut self, person: &Person, number: u16, payload: &[u8]) -> Heard {
        let message = [&channel_header(number, payload.len())[..], payload].concat();
        self.tell(person, &message)
    }

    /// A datagram reaches the server: what the shell does with it.
    pub(super) fn tell(&mut self, person: &Person, bytes: &[u8]) -> Heard {
        let client =
            Client { address: person.address, server: SERVER.parse().expect("address"), transport: person.transport };
        let mut session = self.sessions.remove(&person.address).unwrap_or_else(|| Session::new(client));
        let mut out = b"what stood here before".to_vec();
        let action = session.from_client(&self.rules, bytes, self.now, &mut out);
        let heard = match action {
            Action::Move(moving) => self.find_and_move(&mut session, &moving, bytes, &out),
            action => self.act(&mut session, action, bytes, &mut out),
        };
        if session.is_alive() {
            self.sessions.insert(person.address, session);
        }
        heard
    }

    /// Does what the core says.
    fn act(&mut self, session: &mut Session, action: Action, bytes: &[u8], out: &mut Vec<u8>) -> Heard {
        match action {
            Action::Drop(why) => Heard::Nothing(why),
            Action::Reply(reply) => Heard::back(&reply, out),
            Action::Open(open) => {
                let opened = self.open(open);
                Heard::back(&session.opened(&self.rules, opened, self.now, out), out)
            }
            Action::CloseFamily(close) => Heard::back(&close.reply, out),
            Action::Close(close) => close.reply.map_or(Heard::Closed, |reply| Heard::back(&reply, out)),
            Action::ToPeer(to) => {
                let payload = &bytes[to.payload];
                match to.route {
                    Route::Socket => Heard::Peer(to.peer, payload.to_vec()),
                    Route::Hairpin => self.hairpin(session.relayed(to.peer).expect("relayed"), to.peer, payload),
                }
            }
            Action::Connect(connect) => {
                let result = if self.peers_accept { Ok(()) } else { Err(ConnectFailed) };
                self.connections.insert(connect.id, session.username().expect("proven").to_owned());
                Heard::back(&session.connected(&self.rules, connect.id, result, self.now, out), out)
            }
            Action::Join(join) => {
                let found = self.connections.get(&join.id).is_some_and(|owner| **owner == *join.username);
                Heard::back(&session.joined(&self.rules, found, self.now, out), out)
            }
            Action::Move(_) => unreachable!("done by whoever knows all sessions"),
        }
    }

    /// What the shell does with a session that asks for its old self. `here` becomes it, if it agrees.
    fn find_and_move(&mut self, here: &mut Session, moving: &Move, bytes: &[u8], out: &[u8]) -> Heard {
        let found = self.sessions.iter().find(|(_, session)| session.ticket() == Some(moving.ticket));
        let Some(from) = found.map(|(address, _)| *address) else { return Heard::back(&moving.otherwise, out) };
        let mut out = Vec::new();
        let mut old = self.sessions.remove(&from).expect("just found");
        let departure = old.moved(&self.rules, here.client(), bytes, self.now, &mut out);
        if old.client() == here.client() {
            *here = old;
        } else {
            self.sessions.extend(old.is_alive().then_some((from, old)));
        }
        let (Departure::Refused(reply) | Departure::Moves(reply) | Departure::Ends(reply)) =
            departure.expect("a message");
        Heard::back(&reply, &out)
    }

    /// A datagram from `peer` reaches a client's relayed transport address.
    pub(super) fn peer_sends(&mut self, peer: &str, to: &Person, payload: &[u8]) -> Heard {
        self.deliver(peer.parse().expect("address"), to.address, payload)
    }

    fn hairpin(&mut self, from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Heard {
        let found = self.sessions.iter().find(|(_, session)| session.relayed(to) == Some(to));
        match found.map(|(address, _)| *address) {
            Some(client) => self.deliver(from, client, payload),
            None => Heard::Nothing(Dropped::NoAllocation),
        }
    }

    fn deliver(&mut self, from: SocketAddr, client: SocketAddr, payload: &[u8]) -> Heard {
        let Some(session) = self.sessions.get_mut(&client) else { return Heard::Nothing(Dropped::NoAllocation) };
        let mut out = b"what stood here before".to_vec();
        let header = match session.from_peer(&self.rules, from, payload.len(), self.now, &mut out) {
            FromPeer::Drop(why) => return Heard::Nothing(why),
            FromPeer::Channel { number } => channel_header(number, payload.len()).to_vec(),
            FromPeer::Indication { header } => {
                let message = [&out[header], payload, &[0; 3][..padding(payload.len())]].concat();
                return Heard::Client(client, message);
            }
        };
        Heard::Client(client, [&header, payload].concat())
    }

    fn open(&mut self, open: Open) -> Opened {
        let port = match open.port {
            PortWish::Kept(token) => self.kept.remove(&token),
            _ if !self.has_ports => None,
            PortWish::EvenAndKeepNext(token) => {
                self.kept.insert(token, self.next_port + 1);
                Some(self.next_port)
            }
            PortWish::Any | PortWish::Even => Some(self.next_port),
        };
        self.next_port += 2;
        let address = |asked: bool, has: bool, ip: &str| match (asked, has, port) {
            (false, ..) => Err(NotOpened::NotAsked),
            (_, false, _) => Err(NotOpened::NoSuchFamily),
            (_, _, None) => Err(NotOpened::NoPort),
            (_, _, Some(port)) => Ok(SocketAddr::new(ip.parse::<IpAddr>().expect("ip"), port)),
        };
        Opened { v4: address(open.v4, true, RELAY_V4), v6: address(open.v6, self.has_v6, RELAY_V6) }
    }

    pub(super) fn id(&mut self) -> [u8; 12] {
        self.ids += 1;
        let mut id = *b"test________";
        id[4..].copy_from_slice(&self.ids.to_be_bytes());
        id
    }
}

/// REQUESTED-TRANSPORT: UDP.
pub(super) const UDP: &[u8] = &[17, 0, 0, 0];

impl Person {
    pub(super) fn key(&self) -> Key {
        let algorithm = self.algorithm.unwrap_or(PasswordAlgorithm::Md5);
        Key::long_term(algorithm, &self.username, REALM, &self.password)
    }

    pub(super) fn sign<'a>(&self, writer: Writer<'a>) -> Writer<'a> {
        let mut writer = writer
            .put(attribute::USERNAME, self.username.as_bytes())
            .put(attribute::REALM, REALM.as_bytes())
            .put(attribute::NONCE, self.nonce.as_bytes());
        if let Some(algorithm) = self.algorithm {
            writer = writer
                .put(attribute::PASSWORD_ALGORITHMS, &[0, 2, 0, 0, 0, 1, 0, 0])
                .put(attribute::PASSWORD_ALGORITHM, &[0, algorithm as u8, 0, 0]);
        }
        if self.sha256 { writer.sign_sha256(&self.key()) } else { writer.sign_sha1(&self.key()) }
    }
}

impl Heard {
    fn back(reply: &Reply, out: &[u8]) -> Heard {
        Heard::Back(out[reply.bytes.clone()].to_vec())
    }

    /// The answer a client must have got.
    pub(super) fn answer(self) -> Answer {
        match self {
            Heard::Back(bytes) => Answer(bytes),
            other => panic!("no answer but {other:?}"),
        }
    }
}

/// An answer from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer(pub(super) Vec<u8>);

impl Answer {
    pub(super) fn message(&self) -> Message<'_> {
        Message::read(&self.0).expect("a STUN message")
    }

    /// The error code, 0 for a success.
    pub(super) fn code(&self) -> u16 {
        match (self.message().class(), self.message().get(attribute::ERROR_CODE)) {
            (Class::Success, None) => 0,
            (Class::Error, Some(&[0, 0, hundreds, rest])) => u16::from(hundreds) * 100 + u16::from(rest),
            other => panic!("neither success nor error: {other:?}"),
        }
    }

    pub(super) fn address(&self, kind: u16) -> Option<SocketAddr> {
        let message = self.message();
        message.get(kind).and_then(|value| message.xor_address(value))
    }

    pub(super) fn text(&self, kind: u16) -> Option<String> {
        self.message().get(kind).map(|value| String::from_utf8(value.to_vec()).expect("text"))
    }

    pub(super) fn lifetime(&self) -> u32 {
        self.message().get_u32(attribute::LIFETIME).expect("LIFETIME").expect("four bytes")
    }
}

/// A public peer that nothing forbids.
pub(super) fn peer() -> SocketAddr {
    "8.8.4.4:9000".parse().expect("address")
}
