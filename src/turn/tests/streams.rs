//! Streams to peers instead of datagrams (RFC 6062).

use std::time::Duration;

use super::world::{Answer, Heard, Person, World, peer};
use crate::stun::{Class, Method, attribute};
use crate::turn::{Direction, Dropped, Throttle, Transport};

const ALICE: &str = "192.0.2.10:4000";
const TCP: &[u8] = &[6, 0, 0, 0];

fn alice_with_a_tcp_allocation() -> (World, Person) {
    let mut world = World::with(|options| options.tcp_relay = true);
    let alice = world.arrives_over("alice", ALICE, Transport::Tcp);
    let answer = world.ask(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, TCP));
    assert_eq!(answer.code(), 0);
    (world, alice)
}

fn connect(world: &mut World, alice: &Person, to: &str) -> Answer {
    let to = to.parse().expect("address");
    world.ask(alice, Method::Connect, |writer| writer.put_xor_address(attribute::XOR_PEER_ADDRESS, to))
}

fn join(world: &mut World, name: &str, id: &[u8]) -> u16 {
    let data = world.arrives_over(name, "192.0.2.10:4001", Transport::Tcp);
    world.ask(&data, Method::ConnectionBind, |writer| writer.put(attribute::CONNECTION_ID, id)).code()
}

#[test]
fn a_client_connects_to_a_peer_and_joins_it_with_a_second_connection() {
    let (mut world, alice) = alice_with_a_tcp_allocation();
    let answer = connect(&mut world, &alice, "8.8.4.4:80");
    assert_eq!(answer.code(), 0);
    let id = answer.message().get(attribute::CONNECTION_ID).expect("an id").to_vec();
    assert_eq!(join(&mut world, "bob", &id), 400, "somebody else's connection is like none");
    assert_eq!(join(&mut world, "alice", &[0; 4]), 400);
    assert_eq!(join(&mut world, "alice", &id), 0);
    assert_eq!(world.sessions(), 1, "the second connection holds no allocation");
}

#[test]
fn one_nonce_is_good_for_all_streams_of_a_client() {
    let (mut world, mut alice) = alice_with_a_tcp_allocation();
    let id = connect(&mut world, &alice, "8.8.4.4:80").message().get(attribute::CONNECTION_ID).expect("an id").to_vec();
    let join = |world: &mut World, alice: &Person| {
        world.ask(alice, Method::ConnectionBind, |writer| writer.put(attribute::CONNECTION_ID, &id)).code()
    };
    alice.address = "192.0.2.11:4001".parse().expect("address");
    assert_eq!(join(&mut world, &alice), 438, "of one client");
    alice.address = "192.0.2.10:4001".parse().expect("address");
    assert_eq!(join(&mut world, &alice), 0);
}

#[test]
fn a_peer_that_does_not_answer_is_a_failed_connect_and_can_be_tried_again() {
    let (mut world, alice) = alice_with_a_tcp_allocation();
    world.peers_accept = false;
    assert_eq!(connect(&mut world, &alice, "8.8.4.4:80").code(), 447);
    world.peers_accept = true;
    assert_eq!(connect(&mut world, &alice, "8.8.4.4:80").code(), 0);
    assert_eq!(connect(&mut world, &alice, "8.8.4.4:80").code(), 446, "one connection a peer");
    assert_eq!(connect(&mut world, &alice, "127.0.0.1:80").code(), 403);
    assert_eq!(connect(&mut world, &alice, "[2001:4860:4860::8888]:80").code(), 443);
}

#[test]
fn a_permitted_peer_that_connects_is_announced_and_a_stranger_is_not() {
    let (mut world, alice) = alice_with_a_tcp_allocation();
    assert_eq!(world.peer_connects("8.8.4.4:9", &alice), None);
    assert_eq!(world.permit(&alice, peer()).code(), 0);
    let (id, message) = world.peer_connects("8.8.4.4:9", &alice).expect("announced");
    assert_eq!(
        (message.message().class(), message.message().method()),
        (Class::Indication, Some(Method::ConnectionAttempt))
    );
    assert_eq!(message.message().get(attribute::CONNECTION_ID), Some(&id.to_be_bytes()[..]));
    assert_eq!(message.address(attribute::XOR_PEER_ADDRESS), "8.8.4.4:9".parse().ok());
    assert_eq!(join(&mut world, "alice", &id.to_be_bytes()), 0);
}

#[test]
fn an_allocation_holds_so_many_connections() {
    let (mut world, alice) = alice_with_a_tcp_allocation();
    let codes: Vec<_> = (1..=17).map(|port| connect(&mut world, &alice, &format!("8.8.4.4:{port}")).code()).collect();
    assert_eq!(codes, [vec![0; 16], vec![508]].concat());
}

#[test]
fn a_tcp_allocation_relays_no_datagrams() {
    let (mut world, alice) = alice_with_a_tcp_allocation();
    assert_eq!(world.permit(&alice, peer()).code(), 0);
    assert_eq!(world.send(&alice, peer(), b"hi"), Heard::Nothing(Dropped::NoPermission));
    assert_eq!(world.bind(&alice, 0x4000, peer()).code(), 400);
}

#[test]
fn datagram_clients_get_no_streams() {
    let mut world = World::with(|options| options.tcp_relay = true);
    let alice = world.arrives("alice", ALICE);
    let answer = world.ask(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, TCP));
    assert_eq!(answer.code(), 400);
    let (bob, _) = world.arrives_and_allocates("bob", "192.0.2.20:1");
    assert_eq!(connect(&mut world, &bob, "8.8.4.4:80").code(), 403);
    let id = world.ask(&alice, Method::ConnectionBind, |writer| writer.put(attribute::CONNECTION_ID, &[0; 4]));
    assert_eq!(id.code(), 400);
}

#[test]
fn a_connection_that_a_permission_let_in_ends_with_it_and_one_that_was_asked_for_does_not() {
    let (mut world, alice) = alice_with_a_tcp_allocation();
    assert_eq!(connect(&mut world, &alice, "8.8.4.4:80").code(), 0);
    assert_eq!(world.permit(&alice, peer()).code(), 0);
    let (id, _) = world.peer_connects("8.8.4.4:9", &alice).expect("announced");
    world.minutes_pass(4);
    assert_eq!(world.permit(&alice, peer()).code(), 0);
    world.minutes_pass(4);
    let now = world.now;
    assert_eq!(world.session(&alice).lapsed(now), None, "the permission was refreshed");
    world.minutes_pass(1);
    let now = world.now;
    let session = world.session(&alice);
    assert!(session.deadline().expect("alive") <= now.monotonic, "the shell is told to look");
    assert_eq!((session.lapsed(now), session.lapsed(now), session.is_over(now)), (Some(id), None, false));
    assert!(session.deadline().expect("alive") > now.monotonic);
}

#[test]
fn streams_of_one_allocation_share_its_rate_and_wait_for_what_is_missing() {
    let world = World::with(|options| {
        (options.quotas.bits_per_second, options.quotas.total_bits_per_second) = (80_000, 120_000);
    });
    let (rules, one, other) = (&world.rules, Throttle::default(), Throttle::default());
    assert_eq!(Throttle::most(rules), 2_500, "a quarter of a second's worth");
    let take = |throttle: &Throttle, way, after| throttle.take(rules, way, 2_500, world.now.after(after));
    let at_once = Duration::ZERO;
    assert_eq!([1, 2, 3, 4].map(|_| take(&one, Direction::ToPeer, at_once)), [Ok(()); 4]);
    assert_eq!(take(&one, Direction::ToPeer, at_once), Err(Duration::from_millis(250)));
    // The server's rate has 5000 bytes left for everybody.
    assert_eq!([1, 2].map(|_| take(&one, Direction::ToClient, at_once)), [Ok(()); 2]);
    let missing = take(&other, Direction::ToPeer, at_once).expect_err("used up");
    assert_eq!(take(&other, Direction::ToPeer, missing), Ok(()));
}
