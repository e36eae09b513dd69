//! Credentials that anybody gets: they show whether the relay can be reached, and are good for nothing else.

use std::net::SocketAddr;
use std::time::Duration;

use super::world::{Heard, Person, UDP, World, peer};
use crate::pass::{Secret, TurnPasses};
use crate::stun::{Method, attribute};
use crate::turn::{Dropped, Transport};

/// Somebody with fresh credentials for a test.
fn tester(world: &mut World, id: &str, address: &str, transport: Transport) -> Person {
    let passes = TurnPasses::new(vec![Secret::new("north")], [].into());
    let issued = passes.issue(&format!("test-{id}"), Duration::from_secs(300), world.now).expect("a secret");
    let mut person = world.arrives_over(&issued.username, address, transport);
    person.password = issued.password.expose().to_owned();
    person
}

fn allocate(world: &mut World, person: &Person) -> (u16, Option<SocketAddr>) {
    let answer = world.ask(person, Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put_u32(attribute::LIFETIME, 3600)
    });
    (answer.code(), answer.address(attribute::XOR_RELAYED_ADDRESS))
}

#[test]
fn a_test_talks_to_itself_through_the_relay_and_to_nobody_outside() {
    let mut world = World::with(|options| options.peers_of_circle = true);
    let a = tester(&mut world, "a", "192.0.2.10:4000", Transport::Udp);
    let b = tester(&mut world, "a", "192.0.2.10:4001", Transport::Tcp);
    let (a_at, b_at) = (allocate(&mut world, &a).1.unwrap(), allocate(&mut world, &b).1.unwrap());
    assert_eq!([world.permit(&a, b_at).code(), world.permit(&b, a_at).code()], [0, 0]);
    assert!(matches!(world.send(&a, b_at, b"hello"), Heard::Client(to, _) if to == b.address));
    assert_eq!(world.permit(&a, peer()).code(), 403);
    assert_eq!(world.bind(&a, 0x4000, peer()).code(), 403);
}

#[test]
fn a_test_lasts_five_minutes_and_opens_no_tcp_connections() {
    let mut world = World::with(|options| options.tcp_relay = true);
    let a = tester(&mut world, "a", "192.0.2.10:4000", Transport::Tcp);
    let tcp = world.ask(&a, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, &[6, 0, 0, 0]));
    assert_eq!(tcp.code(), 442);
    let answer = world.ask(&a, Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put_u32(attribute::LIFETIME, 3600)
    });
    assert_eq!(answer.lifetime(), 300);
    assert_eq!(world.refresh(&a, 3600).lifetime(), 300);
    world.minutes_pass(5);
    world.sweep();
    assert_eq!((world.sessions(), allocate(&mut world, &a).0), (0, 401));
}

#[test]
fn one_address_has_room_for_a_test_and_not_for_a_crowd_of_them() {
    let mut world = World::new();
    let mut allocated = 0;
    for n in 0..40 {
        let address = format!("192.0.2.10:{}", 4000 + n);
        // Fresh credentials each time gain nothing.
        let person = tester(&mut world, &n.to_string(), &address, Transport::Udp);
        allocated += u32::from(allocate(&mut world, &person).0 == 0);
    }
    assert_eq!(allocated, 32);
    let elsewhere = tester(&mut world, "b", "192.0.2.11:4000", Transport::Udp);
    assert_eq!(allocate(&mut world, &elsewhere).0, 0);
    let caller = world.arrives("alice", "192.0.2.10:5000");
    assert_eq!(allocate(&mut world, &caller).0, 0, "who calls from there is not in the way of tests");
}

#[test]
fn a_picture_does_not_pass_through_a_test() {
    let mut world = World::new();
    let a = tester(&mut world, "a", "192.0.2.10:4000", Transport::Udp);
    let b = tester(&mut world, "a", "192.0.2.10:4001", Transport::Udp);
    let (a_at, b_at) = (allocate(&mut world, &a).1.unwrap(), allocate(&mut world, &b).1.unwrap());
    assert_eq!([world.permit(&a, b_at).code(), world.permit(&b, a_at).code()], [0, 0]);
    let passed = (0..60).filter(|_| matches!(world.send(&a, b_at, &[7; 1000]), Heard::Client(..))).count();
    assert_eq!(passed, 32, "256 kbit at once");
    assert_eq!(world.send(&a, b_at, &[7; 1000]), Heard::Nothing(Dropped::OverRate));
}
