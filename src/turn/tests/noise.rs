//! No bytes make a session panic, grow, or do for a stranger what only a user may have done.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::behind_nat::discovery;
use super::world::{Heard, Person, UDP, World, peer};
use crate::stun::tests::mutation::{config, mutated};
use crate::stun::{Class, Method, Writer, attribute};
use crate::turn::{Client, FromPeer, Session, Transport};

const ALICE: &str = "192.0.2.10:4000";

type Attributes = &'static [(u16, &'static [u8])];

/// A relay with everything switched on, Alice with an allocation and a channel, and one packet of every kind from her.
fn alice_and_her_packets() -> (World, Person, Vec<Vec<u8>>) {
    let mut world = World::with(|options| {
        (options.mobility, options.tcp_relay) = (true, true);
        options.discovery = Some(discovery());
    });
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    world.bind(&alice, 0x4000, peer());
    let mut packets = vec![b"\x40\x00\x00\x05hello\0\0\0".to_vec(), b"\x40\x00\x00\x00".to_vec()];
    let asks: [(Method, Attributes); 8] = [
        (Method::Binding, &[(attribute::CHANGE_REQUEST, &[0, 0, 0, 6])]),
        (Method::Allocate, &[(attribute::REQUESTED_TRANSPORT, UDP), (attribute::EVEN_PORT, &[0x80])]),
        (
            Method::Allocate,
            &[(attribute::REQUESTED_TRANSPORT, UDP), (attribute::ADDITIONAL_ADDRESS_FAMILY, &[2, 0, 0, 0])],
        ),
        (Method::Refresh, &[(attribute::LIFETIME, &[0, 0, 2, 88]), (attribute::MOBILITY_TICKET, &[7; 16])]),
        (Method::CreatePermission, &[(attribute::XOR_PEER_ADDRESS, &[0, 1, 2, 3, 41, 26, 160, 74])]),
        (
            Method::ChannelBind,
            &[(attribute::CHANNEL_NUMBER, &[64, 1, 0, 0]), (attribute::XOR_PEER_ADDRESS, &[0, 1, 2, 3, 4, 5, 6, 7])],
        ),
        (Method::Connect, &[(attribute::XOR_PEER_ADDRESS, &[0, 1, 2, 3, 4, 5, 6, 7])]),
        (Method::ConnectionBind, &[(attribute::CONNECTION_ID, &[0, 0, 0, 1])]),
    ];
    for (method, attributes) in asks {
        packets.push(world.request(&alice, method, |writer| {
            attributes.iter().fold(writer, |writer, (kind, value)| writer.put(*kind, value))
        }));
    }
    let mut indication = Vec::new();
    Writer::new(&mut indication, Class::Indication, Method::Send, [1; 12])
        .put_xor_address(attribute::XOR_PEER_ADDRESS, peer())
        .put(attribute::DATA, b"hello")
        .finish();
    packets.push(indication);
    (world, alice, packets)
}

/// A stranger's packet with a right nonce but no right signature, so that it gets as far as a stranger can.
fn strangers_packets() -> Vec<Vec<u8>> {
    let (mut world, alice, packets) = alice_and_her_packets();
    let mut mallory = world.arrives("mallory", "192.0.2.66:6666");
    mallory.password = "no idea".into();
    let mut unsigned = Vec::new();
    Writer::new(&mut unsigned, Class::Request, Method::Allocate, [2; 12])
        .put(attribute::REQUESTED_TRANSPORT, UDP)
        .finish();
    let posing = Person { address: mallory.address, nonce: mallory.nonce.clone(), password: "no idea".into(), ..alice };
    let signed = [mallory, posing].map(|person| {
        world.request(&person, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP))
    });
    packets.into_iter().chain([unsigned]).chain(signed).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_stranger_gets_a_session_a_quota_or_a_long_answer(
        packets in prop::collection::vec(mutated(strangers_packets()), 1..3)
    ) {
        let world = World::new();
        for packet in packets {
            let client = Client {
                address: "192.0.2.66:6666".parse().expect("address"),
                server: super::world::SERVER.parse().expect("address"),
                transport: Transport::Udp,
            };
            let (mut session, mut out) = (Session::new(client), Vec::new());
            session.from_client(&world.rules, &packet, world.now, &mut out);
            prop_assert!(!session.is_alive());
            prop_assert_eq!(world.rules.allocations(), 0);
            prop_assert!(out.len() <= 120, "{} bytes", out.len());
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_packet_of_a_client_makes_its_session_panic_or_reach_a_forbidden_peer(
        packets in prop::collection::vec(mutated(ALICE_PACKETS.with(Clone::clone)), 1..4),
        from in any::<(u32, u16)>(),
        len in 0..70_000usize,
    ) {
        // One relay for all cases: what they leave behind is part of the noise
        RELAY.with_borrow_mut(|(world, alice)| {
            for packet in packets {
                if let Heard::Peer(to, _) = world.tell(alice, &packet) {
                    prop_assert!(HER_PEERS.contains(&to.ip()), "{}", to);
                }
            }
            let (from, now) = (std::net::SocketAddr::from((from.0.to_be_bytes(), from.1)), world.now);
            let (session, rules) = world.session_and_rules(alice);
            let heard = session.from_peer(rules, from, len, now, &mut Vec::new());
            prop_assert!(HER_PEERS.contains(&from.ip()) || matches!(heard, FromPeer::Drop(_)), "{}", from);
            session.from_peer(rules, peer(), len, now, &mut Vec::new());
            Ok(())
        })?;
    }
}

/// Whom Alice's own packets permit: the one she talks to, and the XOR-ed addresses in her requests.
const HER_PEERS: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4)),
    IpAddr::V4(Ipv4Addr::new(8, 8, 4, 8)),
    IpAddr::V4(Ipv4Addr::new(37, 23, 162, 69)),
];

thread_local! {
    static ALICE_PACKETS: Vec<Vec<u8>> = alice_and_her_packets().2;
    static RELAY: std::cell::RefCell<(World, Person)> = {
        let (world, alice, _) = alice_and_her_packets();
        (world, alice).into()
    };
}
