//! Allocations with IPv4, IPv6, or both: what can be had, and what is left when one of the two is given up.

use std::net::SocketAddr;

use super::world::{Answer, Heard, Person, RELAY_V4, RELAY_V6, UDP, World, peer};
use crate::stun::{Method, attribute};
use crate::turn::{Action, CloseFamily, Dropped};

const ALICE: &str = "192.0.2.10:4000";
const V4: &[u8] = &[1, 0, 0, 0];
const V6: &[u8] = &[2, 0, 0, 0];

fn peer_v6() -> SocketAddr {
    "[2001:4860:4860::8888]:53".parse().expect("address")
}

fn allocate_both(world: &mut World, person: &Person) -> Answer {
    world.ask(person, Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::ADDITIONAL_ADDRESS_FAMILY, V6)
    })
}

/// A Refresh of one family.
fn refresh(world: &mut World, person: &Person, family: &[u8], seconds: u32) -> Answer {
    world.ask(person, Method::Refresh, |writer| {
        writer.put_u32(attribute::LIFETIME, seconds).put(attribute::REQUESTED_ADDRESS_FAMILY, family)
    })
}

#[test]
fn ipv4_and_ipv6_addresses_can_be_had_both_at_once() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let answer = allocate_both(&mut world, &alice);
    let message = answer.message();
    let relayed: Vec<_> = message
        .attributes()
        .filter(|attribute| attribute.kind == attribute::XOR_RELAYED_ADDRESS)
        .filter_map(|attribute| message.xor_address(attribute.value))
        .map(|address| address.ip().to_string())
        .collect();
    assert_eq!(relayed, [RELAY_V4, RELAY_V6]);
    assert_eq!(world.permit(&alice, peer_v6()).code(), 0);
    assert_eq!(world.permit(&alice, peer()).code(), 0);
}

#[test]
fn half_of_both_is_still_an_allocation_and_says_what_is_missing() {
    let mut world = World::new();
    world.has_v6 = false;
    let alice = world.arrives("alice", ALICE);
    let answer = allocate_both(&mut world, &alice);
    assert_eq!(answer.code(), 0);
    assert_eq!(answer.message().get(attribute::ADDRESS_ERROR_CODE), Some(&[2, 0, 4, 40][..]));
}

#[test]
fn a_family_this_machine_lacks_is_refused_by_name() {
    let mut world = World::new();
    world.has_v6 = false;
    let alice = world.arrives("alice", ALICE);
    let mut family = |family: u8| {
        let answer = world.ask(&alice, Method::Allocate, |writer| {
            writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::REQUESTED_ADDRESS_FAMILY, &[family, 0, 0, 0])
        });
        answer.code()
    };
    assert_eq!((family(2), family(3)), (440, 440));
    assert_eq!(world.rules.allocations(), 0, "a refused request holds no quota");
}

#[test]
fn one_family_of_two_is_given_up_and_the_other_lives_on() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    allocate_both(&mut world, &alice);
    world.bind(&alice, 0x4000, peer());
    world.bind(&alice, 0x4001, peer_v6());
    let request = world.request(&alice, Method::Refresh, |writer| {
        writer.put_u32(attribute::LIFETIME, 0).put(attribute::REQUESTED_ADDRESS_FAMILY, V6)
    });
    let Action::CloseFamily(CloseFamily { ipv6, .. }) = world.action(&alice, &request) else { panic!("not closed") };
    assert!(ipv6);
    let again = world.tell(&alice, &request).answer();
    assert_eq!((again.code(), again.lifetime()), (0, 0), "the answer may have been lost");

    assert_eq!(world.send_on_channel(&alice, 0x4000, b"hi"), Heard::Peer(peer(), b"hi".to_vec()));
    assert_eq!(world.send_on_channel(&alice, 0x4001, b"hi"), Heard::Nothing(Dropped::NoPermission));
    assert_eq!(world.peer_sends("[2001:4860:4860::8888]:53", &alice, b"hi"), Heard::Nothing(Dropped::NoPermission));
    assert_eq!(world.permit(&alice, peer_v6()).code(), 443);
    assert_eq!(refresh(&mut world, &alice, V6, 0).code(), 443);
    assert_eq!(world.rules.allocations(), 1);
}

#[test]
fn whoever_gives_up_the_last_family_is_gone() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    allocate_both(&mut world, &alice);
    assert_eq!(refresh(&mut world, &alice, V4, 0).code(), 0);
    assert_eq!(world.sessions(), 1);
    assert_eq!(refresh(&mut world, &alice, V6, 0).code(), 0);
    assert_eq!((world.sessions(), world.rules.allocations()), (0, 0));
}

#[test]
fn a_refresh_may_name_a_family_that_is_there() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    assert_eq!((refresh(&mut world, &alice, V4, 600).code(), refresh(&mut world, &alice, V6, 600).code()), (0, 443));
    assert_eq!(refresh(&mut world, &alice, &[3, 0, 0, 0], 600).code(), 440);
}
