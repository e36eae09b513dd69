//! A client whose address changes takes its allocation along (RFC 8016).

use super::world::{Answer, Heard, Person, UDP, World, peer};
use crate::stun::{Method, attribute};
use crate::turn::{Client, Departure, Transport};

const AT_HOME: &str = "192.0.2.10:4000";
const ON_THE_ROAD: &str = "192.0.2.200:999";

fn alice_who_may_move() -> (World, Person, Vec<u8>) {
    let mut world = World::with(|options| options.mobility = true);
    let alice = world.arrives("alice", AT_HOME);
    let answer = world.ask(&alice, Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::MOBILITY_TICKET, &[])
    });
    let ticket = answer.message().get(attribute::MOBILITY_TICKET).expect("a ticket").to_vec();
    // coturn's client takes a ticket for a text.
    assert!(ticket.iter().all(u8::is_ascii_graphic), "{ticket:?}");
    (world, alice, ticket)
}

fn refresh(world: &mut World, person: &Person, ticket: &[u8]) -> Answer {
    world.ask(person, Method::Refresh, |writer| writer.put(attribute::MOBILITY_TICKET, ticket))
}

#[test]
fn a_call_goes_on_from_a_new_address() {
    let (mut world, alice, ticket) = alice_who_may_move();
    world.bind(&alice, 0x4000, peer());
    let roaming = world.arrives("alice", ON_THE_ROAD);
    let answer = refresh(&mut world, &roaming, &ticket);
    assert_eq!(answer.code(), 0);
    assert_eq!(world.send_on_channel(&roaming, 0x4000, b"hi"), Heard::Peer(peer(), b"hi".to_vec()));
    assert_eq!(
        world.peer_sends("8.8.4.4:9000", &roaming, b"hi"),
        Heard::Client(roaming.address, b"\x40\0\0\x02hi".to_vec())
    );
    assert_eq!((world.sessions(), world.rules.allocations()), (1, 1));
    let fresh = answer.message().get(attribute::MOBILITY_TICKET).expect("a ticket").to_vec();
    assert_ne!(fresh, ticket, "a ticket is used once");
    let further = world.arrives("alice", "192.0.2.201:1");
    assert_eq!(refresh(&mut world, &further, &ticket).code(), 437);
    assert_eq!(refresh(&mut world, &further, &fresh).code(), 0);
}

#[test]
fn a_stolen_ticket_moves_nothing() {
    let (mut world, alice, ticket) = alice_who_may_move();
    let bob = world.arrives("bob", ON_THE_ROAD);
    assert_eq!(refresh(&mut world, &bob, &ticket).code(), 441);
    let mut mallory = world.arrives("alice", ON_THE_ROAD);
    mallory.password = "a guess".into();
    assert_eq!(refresh(&mut world, &mallory, &ticket).code(), 401);
    mallory.password = alice.password.clone();
    assert_eq!(refresh(&mut world, &mallory, &[0; 16]).code(), 437);
    assert_eq!(refresh(&mut world, &mallory, &[0; 3]).code(), 400);
    assert_eq!(world.session(&alice).client().address, alice.address);
    assert_eq!(world.refresh(&alice, 600).code(), 0);
}

#[test]
fn a_session_found_by_mistake_does_not_move() {
    let (mut world, alice, ticket) = alice_who_may_move();
    let roaming = world.arrives("alice", ON_THE_ROAD);
    let mut other = ticket.clone();
    other[0] ^= 1;
    let request = world.request(&roaming, Method::Refresh, |writer| writer.put(attribute::MOBILITY_TICKET, &other));
    let (now, (session, rules)) = (world.now, world.session_and_rules(&alice));
    let here = Client { address: roaming.address, ..session.client() };
    let mut out = Vec::new();
    let Some(Departure::Refused(reply)) = session.moved(rules, here, &request, now, &mut out) else { panic!("moved") };
    assert_eq!((Answer(out[reply.bytes].to_vec()).code(), session.client().address), (437, alice.address));
}

#[test]
fn who_stays_refreshes_as_ever_and_keeps_the_ticket() {
    let (mut world, alice, ticket) = alice_who_may_move();
    let answer = world.refresh(&alice, 600);
    assert_eq!((answer.code(), answer.message().get(attribute::MOBILITY_TICKET)), (0, Some(&ticket[..])));
    assert_eq!(refresh(&mut world, &alice, &ticket).code(), 400, "a ticket is for moving only");
    let roaming = world.arrives("alice", ON_THE_ROAD);
    assert_eq!(refresh(&mut world, &roaming, &ticket).code(), 0);
}

#[test]
fn a_move_whose_answer_was_lost_is_answered_again() {
    let (mut world, _, ticket) = alice_who_may_move();
    let roaming = world.arrives("alice", ON_THE_ROAD);
    let request = world.request(&roaming, Method::Refresh, |writer| writer.put(attribute::MOBILITY_TICKET, &ticket));
    let first = world.tell(&roaming, &request).answer();
    assert_eq!((first.code(), world.tell(&roaming, &request).answer()), (0, first));
}

#[test]
fn a_refused_move_leaves_everything_as_it_was() {
    let (mut world, alice, ticket) = alice_who_may_move();
    let roaming = world.arrives("alice", ON_THE_ROAD);
    let refused = world.ask(&roaming, Method::Refresh, |writer| {
        writer.put(attribute::MOBILITY_TICKET, &ticket).put(attribute::REQUESTED_ADDRESS_FAMILY, &[2, 0, 0, 0])
    });
    assert_eq!((refused.code(), world.session(&alice).client().address), (443, alice.address));
    assert_eq!(refresh(&mut world, &roaming, &ticket).code(), 0);
}

#[test]
fn who_leaves_from_a_new_address_leaves_for_good() {
    let (mut world, alice, ticket) = alice_who_may_move();
    let roaming = world.arrives("alice", ON_THE_ROAD);
    let left = world.ask(&roaming, Method::Refresh, |writer| {
        writer.put(attribute::MOBILITY_TICKET, &ticket).put_u32(attribute::LIFETIME, 0)
    });
    assert_eq!((left.code(), left.lifetime(), world.sessions()), (0, 0, 0));
    assert_eq!(world.refresh(&alice, 600).code(), 437);
}

#[test]
fn moving_is_no_way_around_the_quota_of_an_address() {
    let mut world = World::with(|options| (options.mobility, options.quotas.per_address) = (true, Some(1)));
    let ask = |world: &mut World, person: &Person| {
        world.ask(person, Method::Allocate, |writer| {
            writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::MOBILITY_TICKET, &[])
        })
    };
    let (alice, bob) = (world.arrives("alice", AT_HOME), world.arrives("bob", ON_THE_ROAD));
    let allocated = ask(&mut world, &alice);
    assert_eq!(ask(&mut world, &bob).code(), 0);
    let ticket = allocated.message().get(attribute::MOBILITY_TICKET).expect("a ticket");
    let roaming = world.arrives("alice", "192.0.2.200:1000");
    assert_eq!(refresh(&mut world, &roaming, ticket).code(), 486);
    assert_eq!(world.refresh(&bob, 0).code(), 0);
    assert_eq!(refresh(&mut world, &roaming, ticket).code(), 0);
    let next = world.arrives("bob", AT_HOME);
    assert_eq!(ask(&mut world, &next).code(), 0, "the place at home is free");
    let next = world.arrives("bob", ON_THE_ROAD);
    assert_eq!(ask(&mut world, &next).code(), 486, "the place on the road is taken");
}

#[test]
fn a_proxy_on_this_machine_brings_more_of_those_who_move_than_one_address_may_have() {
    let mut world = World::with(|options| (options.mobility, options.quotas.per_address) = (true, Some(1)));
    let ask = |world: &mut World, person: &Person| {
        world.ask(person, Method::Allocate, |writer| {
            writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::MOBILITY_TICKET, &[])
        })
    };
    let (alice, bob) = (world.arrives("alice", AT_HOME), world.arrives("bob", "127.0.0.1:1000"));
    let allocated = ask(&mut world, &alice);
    assert_eq!(ask(&mut world, &bob).code(), 0);
    let ticket = allocated.message().get(attribute::MOBILITY_TICKET).expect("a ticket");
    let proxied = world.arrives("alice", "127.0.0.1:2000");
    assert_eq!(refresh(&mut world, &proxied, ticket).code(), 0);
}

#[test]
fn a_call_goes_on_over_another_transport() {
    let (mut world, _, ticket) = alice_who_may_move();
    let roaming = world.arrives_over("alice", ON_THE_ROAD, Transport::Tls);
    assert_eq!(refresh(&mut world, &roaming, &ticket).code(), 0);
    assert_eq!(world.session(&roaming).client().transport, Transport::Tls);
}

#[test]
fn a_ticket_is_asked_for_with_nothing_in_it_and_never_for_streams() {
    let mut world = World::with(|options| (options.mobility, options.tcp_relay) = (true, true));
    let alice = world.arrives("alice", AT_HOME);
    let over_tcp = world.arrives_over("alice", AT_HOME, Transport::Tcp);
    let mut ask = |alice: &Person, transport: &[u8], ticket: &[u8]| {
        world.ask(alice, Method::Allocate, |writer| {
            writer.put(attribute::REQUESTED_TRANSPORT, transport).put(attribute::MOBILITY_TICKET, ticket)
        })
    };
    assert_eq!(ask(&alice, UDP, &[1; 16]).code(), 400);
    assert_eq!(ask(&over_tcp, &[6, 0, 0, 0], &[]).code(), 405);
    assert_eq!(ask(&over_tcp, UDP, &[]).code(), 0);
}

#[test]
fn where_moving_is_off_it_is_forbidden() {
    let mut world = World::new();
    let alice = world.arrives("alice", AT_HOME);
    let answer = world.ask(&alice, Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::MOBILITY_TICKET, &[])
    });
    assert_eq!(answer.code(), 405);
    assert_eq!(refresh(&mut world, &alice, &[0; 16]).code(), 405);
}
