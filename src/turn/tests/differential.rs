//! The same conversation with our core and with `turn-server-proto`: the same decisions, but for the differences named
//! here.

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use stun_types::attribute::AttributeFromRaw;
use turn_server_proto::api::{Transmit, TurnServerApi, TurnServerPollRet};
use turn_server_proto::server::TurnServer;
use turn_types::attribute::XorRelayedAddress;
use turn_types::stun::TransportType;
use turn_types::{AddressFamily, Instant};

use super::world::{Answer, Heard, Person, REALM, RELAY_V4, RELAY_V6, SERVER, World};
use crate::stun::tests::mutation::config;
use crate::stun::{Class, Message, Method, Writer, attribute, channel_header};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Allocate { transport: u8, families: Families },
    Refresh { seconds: u32, family: Option<u8> },
    Permit { peers: Vec<SocketAddr> },
    Bind { number: u16, peer: SocketAddr },
    Send { peer: SocketAddr },
    SendOnChannel { number: u16 },
    PeerSends { peer: SocketAddr },
    Pose { as_whom: Impostor },
    Wait { seconds: u64 },
}

/// Which relayed transport addresses to ask for.
#[derive(Clone, Copy, Debug)]
enum Families {
    Unsaid,
    Only(u8),
    Both,
}

/// Somebody on Alice's path who is not Alice.
#[derive(Clone, Copy, Debug)]
enum Impostor {
    WithAGuessedPassword,
    WithAnUnknownName,
    WithAMadeUpNonce,
    WithoutASignature,
}

/// What the two must agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Code(u16),
    /// And how many relayed transport addresses there are, IPv4 and IPv6.
    Lifetime(u32, [usize; 2]),
    ToPeer(SocketAddr),
    Indication(SocketAddr),
    OnChannel(u16),
    Nothing,
}

/// A family that is none is a 400 to theirs and a 440 to us. Every request is a new one: a repeated Allocate is a 437 to theirs, and the same success again to us (RFC 8656, 7.2).
fn step() -> impl Strategy<Value = Step> {
    let peer = || {
        // One of them of the other family; none special: that theirs has no peer policy is the first difference
        let peers = ["8.8.8.8:1", "8.8.8.8:2", "9.9.9.9:1", "[2001:4860:4860::8888]:1"];
        prop::sample::select(peers.map(|peer| peer.parse::<SocketAddr>().expect("address")).to_vec())
    };
    // The second: theirs gives one number to several peers, where RFC 8656, 12.2 wants a 400: here each has its own. The
    // third: theirs binds channels up to 0x7FFF, as RFC 5766 had it
    let numbers = |peer: SocketAddr| match peer {
        SocketAddr::V4(peer) if peer.ip().octets()[0] == 8 => 0x4000 + 2 * peer.port(),
        SocketAddr::V4(_) => 0x4008,
        SocketAddr::V6(_) => 0x400A,
    };
    let bind = move |(peer, other)| Step::Bind { number: numbers(peer) + other, peer };
    let other = || prop_oneof![6 => Just(0u16), 1 => Just(1), 1 => Just(0xA000)];
    let number = || prop_oneof![8 => 0x4000..0x400Cu16, 1 => Just(0x3FFF), 1 => Just(0x8000)];
    // The fourth: of a list with one wrong peer theirs permits those before it, we none
    let permitted = prop::collection::vec(peer(), 0..3)
        .prop_filter("all good or all wrong", |peers| peers.iter().all(|peer| peer.is_ipv4() == peers[0].is_ipv4()));
    let families = prop_oneof![
        5 => Just(Families::Unsaid),
        1 => (1..3u8).prop_map(Families::Only),
        2 => Just(Families::Both),
    ];
    let impostor = prop::sample::select(vec![
        Impostor::WithAGuessedPassword,
        Impostor::WithAnUnknownName,
        Impostor::WithAMadeUpNonce,
        Impostor::WithoutASignature,
    ]);
    prop_oneof![
        3 => (prop_oneof![9 => Just(17u8), 1 => Just(99)], families)
            .prop_map(|(transport, families)| Step::Allocate { transport, families }),
        2 => (prop::sample::select(vec![0u32, 1, 900, 9000]), prop::option::weighted(0.3, 1..3u8))
            .prop_map(|(seconds, family)| Step::Refresh { seconds, family }),
        3 => permitted.prop_map(|peers| Step::Permit { peers }),
        3 => (peer(), other()).prop_map(bind),
        3 => peer().prop_map(|peer| Step::Send { peer }),
        3 => number().prop_map(|number| Step::SendOnChannel { number }),
        3 => peer().prop_map(|peer| Step::PeerSends { peer }),
        1 => impostor.prop_map(|as_whom| Step::Pose { as_whom }),
        // Never the sum of a lifetime: in the very second of its end we are over, and theirs is not yet
        2 => prop::sample::select(vec![11u64, 101, 293, 311, 601]).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// A conversation with both.
struct Both {
    world: World,
    alice: Person,
    theirs: TurnServer,
    their_alice: Person,
    start: Duration,
    /// The port of the relayed transport addresses, the same of both families.
    port: Option<u16>,
}

impl Both {
    fn new() -> Both {
        let mut world = World::with(|options| options.lifetimes.nonce = Duration::from_secs(1_000_000));
        let alice = world.arrives("alice", "192.0.2.10:4000");
        let mut theirs = TurnServer::new(TransportType::Udp, SERVER.parse().expect("address"), REALM.into());
        theirs.set_nonce_expiry_duration(Duration::from_secs(1_000_000));
        theirs.add_user(alice.username.clone(), alice.password.clone());
        let (start, their_alice) = (world.now.unix, alice.clone());
        let mut both = Both { world, alice, theirs, their_alice, start, port: None };
        let mut request = Vec::new();
        Writer::new(&mut request, Class::Request, Method::Allocate, [9; 12]).finish();
        let challenge = both.they_hear(&request).expect("a challenge");
        both.their_alice.nonce = Answer(challenge).text(attribute::NONCE).expect("a nonce");
        both
    }

    fn their_now(&self) -> Instant {
        Instant::from_nanos((self.world.now.unix - self.start).as_nanos() as i64)
    }

    /// Their answer to a packet from Alice; the socket they ask for is the one ours was given.
    fn they_hear(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (from, to) = (self.alice.address, SERVER.parse().expect("address"));
        let transmit = Transmit::new(bytes.to_vec(), TransportType::Udp, from, to);
        let now = self.their_now();
        if let Some(answer) = self.theirs.recv(transmit, now) {
            let built = answer.build();
            return Some(if built.to == from { built.data } else { their_packet(built.to) });
        }
        while let TurnServerPollRet::AllocateSocket { allocation_transport, family, .. } = self.theirs.poll(now) {
            let relayed = self.relayed(family == AddressFamily::IPV4).expect("ours asked too");
            let udp = TransportType::Udp;
            self.theirs.allocated_socket(udp, to, from, allocation_transport, family, Ok(relayed), now);
        }
        self.theirs.poll_transmit(now).map(|transmit| transmit.data)
    }

    /// Where the last allocation is or was, if it has that family.
    fn relayed(&self, v4: bool) -> Option<SocketAddr> {
        let ip = if v4 { RELAY_V4 } else { RELAY_V6 };
        Some(SocketAddr::new(ip.parse().expect("ip"), self.port?))
    }

    fn ask(&mut self, method: Method, fill: impl Fn(Writer) -> Writer) -> (Outcome, Outcome) {
        let ours = self.world.request(&self.alice.clone(), method, &fill);
        let id = Message::read(&ours).expect("STUN").transaction_id();
        let mut theirs = Vec::new();
        self.their_alice.sign(fill(Writer::new(&mut theirs, Class::Request, method, id))).finish();
        self.tell(&ours, &theirs)
    }

    fn tell(&mut self, ours: &[u8], theirs: &[u8]) -> (Outcome, Outcome) {
        // A late timer is the World's own affair
        self.world.sweep();
        let ours = match self.world.tell(&self.alice.clone(), ours) {
            Heard::Back(bytes) => {
                let answer = Answer(bytes);
                self.port = answer.address(attribute::XOR_RELAYED_ADDRESS).map(|relayed| relayed.port()).or(self.port);
                outcome(&answer.0)
            }
            Heard::Peer(peer, _) => Outcome::ToPeer(peer),
            _ => Outcome::Nothing,
        };
        let now = self.their_now();
        while !matches!(self.theirs.poll(now), TurnServerPollRet::WaitUntil(_)) {}
        (ours, self.they_hear(theirs).map_or(Outcome::Nothing, |bytes| outcome(&bytes)))
    }

    fn does(&mut self, step: Step) -> (Outcome, Outcome) {
        match step {
            Step::Allocate { transport, families } => self.ask(Method::Allocate, |writer| {
                let writer = writer.put(attribute::REQUESTED_TRANSPORT, &[transport, 0, 0, 0]);
                match families {
                    Families::Unsaid => writer,
                    Families::Only(family) => writer.put(attribute::REQUESTED_ADDRESS_FAMILY, &[family, 0, 0, 0]),
                    Families::Both => writer.put(attribute::ADDITIONAL_ADDRESS_FAMILY, &[2, 0, 0, 0]),
                }
            }),
            Step::Refresh { seconds, family } => self.ask(Method::Refresh, |writer| {
                let writer = writer.put_u32(attribute::LIFETIME, seconds);
                match family {
                    Some(family) => writer.put(attribute::REQUESTED_ADDRESS_FAMILY, &[family, 0, 0, 0]),
                    None => writer,
                }
            }),
            Step::Permit { peers } => self.ask(Method::CreatePermission, |writer| {
                peers.iter().fold(writer, |writer, peer| writer.put_xor_address(attribute::XOR_PEER_ADDRESS, *peer))
            }),
            Step::Bind { number, peer } => self.ask(Method::ChannelBind, |writer| {
                let [n0, n1] = number.to_be_bytes();
                let writer = writer.put(attribute::CHANNEL_NUMBER, &[n0, n1, 0, 0]);
                writer.put_xor_address(attribute::XOR_PEER_ADDRESS, peer)
            }),
            Step::Send { peer } => {
                let mut indication = Vec::new();
                Writer::new(&mut indication, Class::Indication, Method::Send, [1; 12])
                    .put_xor_address(attribute::XOR_PEER_ADDRESS, peer)
                    .put(attribute::DATA, b"data")
                    .finish();
                self.tell(&indication, &indication)
            }
            Step::SendOnChannel { number } => {
                let message = [&channel_header(number, 4)[..], b"data"].concat();
                self.tell(&message, &message)
            }
            Step::PeerSends { peer } => self.peer_sends(peer),
            Step::Pose { as_whom } => self.pose(as_whom),
            Step::Wait { seconds } => {
                self.world.passes(Duration::from_secs(seconds));
                (Outcome::Nothing, Outcome::Nothing)
            }
        }
    }

    fn pose(&mut self, as_whom: Impostor) -> (Outcome, Outcome) {
        let known = (self.alice.clone(), self.their_alice.clone());
        for alice in [&mut self.alice, &mut self.their_alice] {
            match as_whom {
                Impostor::WithAGuessedPassword => alice.password = "a guess".into(),
                Impostor::WithAnUnknownName => alice.username = "mallory".into(),
                Impostor::WithAMadeUpNonce => alice.nonce = "made up".into(),
                Impostor::WithoutASignature => {}
            }
        }
        let heard = match as_whom {
            Impostor::WithoutASignature => {
                let mut request = Vec::new();
                Writer::new(&mut request, Class::Request, Method::Refresh, self.world.id()).finish();
                self.tell(&request, &request)
            }
            _ => self.ask(Method::Refresh, |writer| writer),
        };
        (self.alice, self.their_alice) = known;
        heard
    }

    fn peer_sends(&mut self, peer: SocketAddr) -> (Outcome, Outcome) {
        let Some(relayed) = self.relayed(peer.is_ipv4()) else {
            return (Outcome::Nothing, Outcome::Nothing);
        };
        let ours = match self.world.peer_sends(&peer.to_string(), &self.alice.clone(), b"data") {
            Heard::Client(_, bytes) => outcome(&bytes),
            _ => Outcome::Nothing,
        };
        let now = self.their_now();
        while !matches!(self.theirs.poll(now), TurnServerPollRet::WaitUntil(_)) {}
        let transmit = Transmit::new(b"data".to_vec(), TransportType::Udp, peer, relayed);
        let theirs = self.theirs.recv(transmit, now).map(|answer| outcome(&answer.build().data));
        (ours, theirs.unwrap_or(Outcome::Nothing))
    }
}

/// Marks what they relay to a peer, so that one function reads all their answers.
fn their_packet(peer: SocketAddr) -> Vec<u8> {
    format!("to peer {peer}").into_bytes()
}

fn outcome(bytes: &[u8]) -> Outcome {
    if let Some(peer) = bytes.strip_prefix(b"to peer ") {
        return Outcome::ToPeer(String::from_utf8_lossy(peer).parse().expect("address"));
    }
    let Ok(message) = Message::read(bytes) else {
        return Outcome::OnChannel(u16::from_be_bytes([bytes[0], bytes[1]]));
    };
    match (message.class(), message.get_u32(attribute::LIFETIME)) {
        (Class::Indication, _) => {
            let value = message.get(attribute::XOR_PEER_ADDRESS).expect("a peer");
            Outcome::Indication(message.xor_address(value).expect("an address"))
        }
        (Class::Success, Some(lifetime)) => Outcome::Lifetime(lifetime.expect("four bytes"), relayed(bytes)),
        (Class::Success, None) => Outcome::Code(0),
        // Theirs adds words
        _ => match message.get(attribute::ERROR_CODE) {
            Some(&[_, _, hundreds, rest, ..]) => Outcome::Code(u16::from(hundreds) * 100 + u16::from(rest)),
            _ => panic!("an error without a code"),
        },
    }
}

/// How many relayed transport addresses a success names of each family.
fn relayed(bytes: &[u8]) -> [usize; 2] {
    let message = stun_types::message::Message::from_bytes(bytes).expect("a STUN message");
    let named = message.iter_attributes().filter_map(|(_, raw)| XorRelayedAddress::from_raw(raw).ok());
    let named: Vec<_> = named.map(|relayed| relayed.addr(message.transaction_id())).collect();
    let v4 = named.iter().filter(|relayed| relayed.is_ipv4()).count();
    [v4, named.len() - v4]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 4, ..config() })]

    #[test]
    fn both_decide_alike(steps in prop::collection::vec(step(), 1..40)) {
        let mut both = Both::new();
        for (number, step) in steps.iter().enumerate() {
            let (ours, theirs) = both.does(step.clone());
            // The fifth: theirs wants a permission for what a client sends on a channel, RFC 8656, 12.6 a bound channel only
            if matches!((step, &ours, &theirs), (Step::SendOnChannel { .. }, Outcome::ToPeer(_), Outcome::Nothing)) {
                continue;
            }
            prop_assert_eq!(&ours, &theirs, "step {} of {:?}", number, steps);
            // The sixth: of two families theirs lets each live as long as it was refreshed, ours lets both live as long as
            // either, so that from here on they go different ways
            if matches!((step, ours), (Step::Refresh { seconds: 1.., family: Some(_) }, Outcome::Lifetime(..))) {
                break;
            }
        }
    }
}
