//! What passes between a client and its peers, and for how long.

use std::time::Duration;

use super::world::{Heard, Person, World, peer};
use crate::stun::{Class, Message, Method, Writer, attribute, padding};
use crate::turn::{Action, Dropped, Icmp};

const ALICE: &str = "192.0.2.10:4000";
const PEER: &str = "8.8.4.4:9000";

fn alice_with_permission() -> (World, Person) {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    assert_eq!(world.permit(&alice, peer()).code(), 0);
    (world, alice)
}

#[test]
fn nothing_passes_without_a_permission() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    assert_eq!(world.send(&alice, peer(), b"hi"), Heard::Nothing(Dropped::NoPermission));
    assert_eq!(world.send_on_channel(&alice, 0x4000, b"hi"), Heard::Nothing(Dropped::NoPermission));
    assert_eq!(world.peer_sends(PEER, &alice, b"hi"), Heard::Nothing(Dropped::NoPermission));
}

#[test]
fn a_send_indication_reaches_the_peer_untouched() {
    let (mut world, alice) = alice_with_permission();
    for payload in [&b"hi"[..], b"", &[0x40, 0, 0, 9], &[7; 1400]] {
        assert_eq!(world.send(&alice, peer(), payload), Heard::Peer(peer(), payload.to_vec()));
    }
}

#[test]
fn a_peers_datagram_comes_as_a_data_indication() {
    let (mut world, alice) = alice_with_permission();
    for payload in [&b"hello"[..], b"", b"four", &[7; 1401]] {
        let Heard::Client(to, bytes) = world.peer_sends(PEER, &alice, payload) else { panic!("nothing came") };
        let message = Message::read(&bytes).expect("STUN");
        assert_eq!((to, message.class(), message.method()), (alice.address, Class::Indication, Some(Method::Data)));
        assert_eq!(message.get(attribute::DATA), Some(payload));
        assert_eq!(message.get(attribute::XOR_PEER_ADDRESS).and_then(|value| message.xor_address(value)), Some(peer()));
        assert_eq!(bytes.len(), 36 + payload.len() + padding(payload.len()));
    }
}

#[test]
fn a_permission_is_for_an_address_on_every_port() {
    let (mut world, alice) = alice_with_permission();
    assert!(matches!(world.peer_sends("8.8.4.4:1", &alice, b"hi"), Heard::Client(..)));
    assert_eq!(world.peer_sends("8.8.4.5:9000", &alice, b"hi"), Heard::Nothing(Dropped::NoPermission));
}

#[test]
fn a_permission_ends_after_five_minutes_unless_it_is_renewed() {
    let (mut world, alice) = alice_with_permission();
    world.minutes_pass(4);
    world.permit(&alice, peer());
    world.passes(Duration::from_secs(299));
    assert!(matches!(world.peer_sends(PEER, &alice, b"hi"), Heard::Client(..)));
    world.passes(Duration::from_secs(1));
    assert_eq!(world.peer_sends(PEER, &alice, b"hi"), Heard::Nothing(Dropped::NoPermission));
    assert_eq!(world.send(&alice, peer(), b"hi"), Heard::Nothing(Dropped::NoPermission));
}

#[test]
fn sending_does_not_renew_a_permission() {
    let (mut world, alice) = alice_with_permission();
    for _ in 0..4 {
        world.minutes_pass(1);
        world.send(&alice, peer(), b"hi");
        world.peer_sends(PEER, &alice, b"hi");
    }
    world.minutes_pass(1);
    assert_eq!(world.send(&alice, peer(), b"hi"), Heard::Nothing(Dropped::NoPermission));
}

#[test]
fn several_peers_are_permitted_at_once() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let peers = ["8.8.8.8:1", "8.8.4.4:2", "9.9.9.9:3"].map(|peer| peer.parse().expect("address"));
    let answer = world.ask(&alice, Method::CreatePermission, |writer| {
        peers.into_iter().fold(writer, |writer, peer| writer.put_xor_address(attribute::XOR_PEER_ADDRESS, peer))
    });
    assert_eq!(answer.code(), 0);
    for peer in peers {
        assert_eq!(world.send(&alice, peer, b"hi"), Heard::Peer(peer, b"hi".to_vec()));
    }
    assert_eq!(world.ask(&alice, Method::CreatePermission, |writer| writer).code(), 400, "none at all");
}

#[test]
fn a_channel_saves_the_header_both_ways() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    assert_eq!(world.bind(&alice, 0x4FFF, peer()).code(), 0);
    assert_eq!(world.send_on_channel(&alice, 0x4FFF, b"hello"), Heard::Peer(peer(), b"hello".to_vec()));
    let expected = Heard::Client(alice.address, b"\x4F\xFF\x00\x05hello".to_vec());
    assert_eq!(world.peer_sends(PEER, &alice, b"hello"), expected);
    let other_port = world.peer_sends("8.8.4.4:1", &alice, b"hello");
    assert!(matches!(other_port, Heard::Client(_, bytes) if bytes[0] == 0), "permitted, but no channel: an indication");
}

#[test]
fn padding_behind_channel_data_is_not_relayed_and_a_short_one_is_dropped() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    world.bind(&alice, 0x4000, peer());
    assert_eq!(world.tell(&alice, b"\x40\x00\x00\x05hello\0\0\0"), Heard::Peer(peer(), b"hello".to_vec()));
    assert_eq!(world.tell(&alice, b"\x40\x00\x00\x05hell"), Heard::Nothing(Dropped::Malformed));
    assert_eq!(world.tell(&alice, b"\x40\x00\x00"), Heard::Nothing(Dropped::Malformed));
    assert_eq!(world.tell(&alice, b"\x40\x00\x00\x00"), Heard::Peer(peer(), vec![]));
}

#[test]
fn a_channel_lasts_ten_minutes_and_its_permission_five() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    world.refresh(&alice, 3600);
    world.bind(&alice, 0x4000, peer());
    world.minutes_pass(5);
    assert_eq!(world.peer_sends(PEER, &alice, b"hi"), Heard::Nothing(Dropped::NoPermission));
    // RFC 8656, 12.6 asks for a bound channel only
    assert_eq!(world.send_on_channel(&alice, 0x4000, b"hi"), Heard::Peer(peer(), b"hi".to_vec()));
    world.minutes_pass(5);
    assert_eq!(world.send_on_channel(&alice, 0x4000, b"hi"), Heard::Nothing(Dropped::NoPermission));
    world.bind(&alice, 0x4000, peer());
    assert!(matches!(world.peer_sends(PEER, &alice, b"hi"), Heard::Client(..)));
}

#[test]
fn a_number_and_a_peer_belong_to_each_other_alone() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let other = "8.8.8.8:9000".parse().expect("address");
    assert_eq!(world.bind(&alice, 0x4000, peer()).code(), 0);
    assert_eq!(world.bind(&alice, 0x4000, peer()).code(), 0, "again is a renewal");
    assert_eq!(world.bind(&alice, 0x4000, other).code(), 400, "the number is taken");
    assert_eq!(world.bind(&alice, 0x4001, peer()).code(), 400, "the peer has a number");
    world.refresh(&alice, 3600);
    world.minutes_pass(10);
    assert_eq!(world.bind(&alice, 0x4000, other).code(), 0, "both are free again");
}

#[test]
fn channel_numbers_outside_the_range_are_refused() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    for number in [0x0000, 0x3FFF, 0x5000, 0x7FFF, 0xFFFF] {
        assert_eq!(world.bind(&alice, number, peer()).code(), 400, "{number:#x}");
    }
}

#[test]
fn an_allocation_has_room_for_so_many_permissions_and_channels() {
    let mut world = World::with(|options| (options.quotas.permissions, options.quotas.channels) = (3, 2));
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let peer = |n: u8| std::net::SocketAddr::from(([8, 8, 8, n], 9));
    assert_eq!([1, 2].map(|n| world.bind(&alice, 0x4000 + u16::from(n), peer(n)).code()), [0, 0]);
    assert_eq!(world.bind(&alice, 0x4009, peer(1)).code(), 400);
    assert_eq!(world.bind(&alice, 0x4003, peer(3)).code(), 508);
    assert_eq!([3, 4, 1].map(|n| world.permit(&alice, peer(n)).code()), [0, 508, 0]);
    world.minutes_pass(5);
    assert_eq!(world.permit(&alice, peer(4)).code(), 0, "those that ran out make room");
}

#[test]
fn a_client_can_ask_for_packets_that_are_never_split() {
    let (mut world, alice) = alice_with_permission();
    let mut indication = Vec::new();
    Writer::new(&mut indication, Class::Indication, Method::Send, [1; 12])
        .put_xor_address(attribute::XOR_PEER_ADDRESS, peer())
        .put(attribute::DONT_FRAGMENT, &[])
        .put(attribute::DATA, b"hi")
        .finish();
    let action = world.action(&alice, &indication);
    assert!(matches!(action, Action::ToPeer(to) if to.dont_fragment), "the shell sets DF");
}

#[test]
fn a_send_with_attributes_nobody_knows_is_dropped() {
    let (mut world, alice) = alice_with_permission();
    let mut indication = Vec::new();
    Writer::new(&mut indication, Class::Indication, Method::Send, [1; 12])
        .put_xor_address(attribute::XOR_PEER_ADDRESS, peer())
        .put(0x7FF0, &[])
        .put(attribute::DATA, b"hi")
        .finish();
    assert_eq!(world.tell(&alice, &indication), Heard::Nothing(Dropped::Malformed));
}

#[test]
fn an_unreachable_peer_is_reported_to_whoever_may_talk_to_it() {
    let (mut world, alice) = alice_with_permission();
    let now = world.now;
    let too_big = Icmp { kind: 3, code: 4, mtu: 1300 };
    let mut out = Vec::new();
    let session = world.session(&alice);
    assert_eq!(session.from_icmp("9.9.9.9:9".parse().expect("address"), too_big, now, &mut out), None);
    let echo = Icmp { kind: 8, ..too_big };
    assert_eq!(session.from_icmp(peer(), echo, now, &mut out), None, "no error");
    let range = session.from_icmp(peer(), too_big, now, &mut out).expect("told");
    let message = Message::read(&out[range]).expect("STUN");
    assert_eq!(message.get(attribute::ICMP), Some(&[0, 0, 3, 4, 0, 0, 5, 20][..]));
    assert_eq!(message.get(attribute::DATA), None);
    // Errors can be forged, so they come no faster than ten a second.
    let told = (0..100).filter(|_| session.from_icmp(peer(), too_big, now, &mut out).is_some()).count();
    assert_eq!(told, 9);
    let later = now.after(Duration::from_secs(1));
    assert!(session.from_icmp(peer(), too_big, later, &mut out).is_some());
}

#[test]
fn a_bit_rate_holds_on_average_and_lets_a_burst_through() {
    let mut world = World::with(|options| options.quotas.bits_per_second = 80_000);
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    world.bind(&alice, 0x4000, peer());
    let sent = |world: &mut World| {
        (0..100).filter(|_| matches!(world.send_on_channel(&alice, 0x4000, &[0; 1000]), Heard::Peer(..))).count()
    };
    assert_eq!(sent(&mut world), 10, "a second's worth at once");
    world.passes(Duration::from_millis(500));
    assert_eq!(sent(&mut world), 5);
    assert!(matches!(world.peer_sends(PEER, &alice, &[0; 1000]), Heard::Client(..)), "the other direction has its own");
    world.minutes_pass(4);
    assert_eq!(sent(&mut world), 10);
}

#[test]
fn the_whole_server_has_a_bit_rate_too() {
    let mut world = World::with(|options| options.quotas.total_bits_per_second = 80_000);
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let (bob, _) = world.arrives_and_allocates("bob", "192.0.2.20:5000");
    world.bind(&alice, 0x4000, peer());
    world.bind(&bob, 0x4000, peer());
    let sent = |world: &mut World, person: &Person| {
        (0..8).filter(|_| matches!(world.send_on_channel(person, 0x4000, &[0; 1000]), Heard::Peer(..))).count()
    };
    assert_eq!((sent(&mut world, &alice), sent(&mut world, &bob)), (8, 2));
    assert_eq!(world.peer_sends(PEER, &bob, &[0; 1000]), Heard::Nothing(Dropped::OverRate));
    world.passes(Duration::from_millis(500));
    assert_eq!(sent(&mut world, &bob), 5);
}
