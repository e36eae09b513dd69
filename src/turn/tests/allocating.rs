//! Getting, keeping and giving back a relayed transport address.

use std::time::Duration;

use super::world::{Heard, RELAY_V4, UDP, World};
use crate::pass::{Secret, TurnPasses};
use crate::stun::{Class, Method, Writer, attribute};
use crate::turn::{Dropped, NoMore, Session};

const ALICE: &str = "192.0.2.10:4000";

#[test]
fn a_client_learns_its_own_address_without_a_password() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let mut request = Vec::new();
    Writer::new(&mut request, Class::Request, Method::Binding, [3; 12]).finish();
    let answer = world.tell(&alice, &request).answer();
    assert_eq!(answer.address(attribute::XOR_MAPPED_ADDRESS), Some(alice.address));
    assert_eq!(answer.0.len(), 32, "no byte that a stranger could multiply");
    assert_eq!(world.sessions(), 0);
}

#[test]
fn an_ipv4_client_on_a_dual_stack_socket_is_told_its_ipv4_address() {
    let mut world = World::new();
    let alice = world.arrives("alice", "[::ffff:192.0.2.10]:4000");
    let mut request = Vec::new();
    Writer::new(&mut request, Class::Request, Method::Binding, [3; 12]).finish();
    let answer = world.tell(&alice, &request).answer();
    assert_eq!(answer.address(attribute::XOR_MAPPED_ADDRESS), Some("192.0.2.10:4000".parse().expect("address")));
}

#[test]
fn a_client_gets_an_address_for_ten_minutes() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let answer = world.ask(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!(answer.code(), 0);
    assert_eq!(answer.address(attribute::XOR_RELAYED_ADDRESS), format!("{RELAY_V4}:50000").parse().ok());
    assert_eq!(answer.address(attribute::XOR_MAPPED_ADDRESS), Some(alice.address));
    assert_eq!(answer.lifetime(), 600);
    assert!(answer.message().proves(&alice.key()), "the server proves that it knows the password too");
}

#[test]
fn a_lost_answer_is_given_again_word_for_word() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let request = world.request(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    let first = world.tell(&alice, &request);
    assert_eq!(world.tell(&alice, &request), first);
    assert_eq!(world.rules.allocations(), 1);
}

#[test]
fn a_second_allocation_on_the_same_path_is_refused() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let again = world.ask(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!(again.code(), 437);
}

#[test]
fn an_allocation_nobody_refreshes_is_gone_after_ten_minutes() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    world.passes(Duration::from_secs(599));
    world.sweep();
    assert_eq!(world.sessions(), 1);
    world.passes(Duration::from_secs(1));
    world.sweep();
    assert_eq!((world.sessions(), world.rules.allocations()), (0, 0));
    assert_eq!(world.refresh(&alice, 600).code(), 437);
}

#[test]
fn a_late_timer_lets_nothing_through() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    world.bind(&alice, 0x4000, super::world::peer());
    world.minutes_pass(10);
    assert_eq!(world.peer_sends("8.8.4.4:9000", &alice, b"hi"), Heard::Nothing(Dropped::NoAllocation));
    assert_eq!(world.send_on_channel(&alice, 0x4000, b"hi"), Heard::Closed);
    assert_eq!(world.sessions(), 0);
}

#[test]
fn a_refreshed_allocation_lives_an_hour_at_most() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    assert_eq!(world.refresh(&alice, 86_400).lifetime(), 3600);
    assert_eq!(world.refresh(&alice, 60).lifetime(), 600, "never less than the default");
    assert_eq!(world.refresh(&alice, 1800).lifetime(), 1800);
    world.minutes_pass(29);
    world.sweep();
    assert_eq!(world.sessions(), 1);
}

#[test]
fn giving_an_address_back_frees_it_at_once() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let answer = world.refresh(&alice, 0);
    assert_eq!((answer.code(), answer.lifetime()), (0, 0));
    assert_eq!((world.sessions(), world.rules.allocations()), (0, 0));
    let again = world.ask(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!(again.code(), 0);
}

#[test]
fn only_udp_is_relayed_unless_tcp_is_offered() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let tcp = world.ask(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, &[6, 0, 0, 0]));
    assert_eq!(tcp.code(), 442);
    let none = world.ask(&alice, Method::Allocate, |writer| writer);
    assert_eq!(none.code(), 400);
}

#[test]
fn a_reserved_neighbour_port_goes_to_whoever_has_the_token() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let first = world.ask(&alice, Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::EVEN_PORT, &[0x80])
    });
    let even = first.address(attribute::XOR_RELAYED_ADDRESS).expect("relayed");
    let token = first.message().get(attribute::RESERVATION_TOKEN).expect("a token").to_vec();
    let second = world.arrives("alice", "192.0.2.10:4001");
    let mut redeem = |token: &[u8]| {
        world.ask(&second, Method::Allocate, |writer| {
            writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::RESERVATION_TOKEN, token)
        })
    };
    assert_eq!(redeem(b"guessing").code(), 508);
    let odd = redeem(&token).address(attribute::XOR_RELAYED_ADDRESS).expect("relayed");
    assert_eq!((even.port() % 2, odd.port()), (0, even.port() + 1));
}

#[test]
fn contradicting_wishes_are_a_bad_request() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let wishes: [&[(u16, &[u8])]; 5] = [
        &[(attribute::EVEN_PORT, &[0]), (attribute::RESERVATION_TOKEN, &[0; 8])],
        &[(attribute::REQUESTED_ADDRESS_FAMILY, &[1, 0, 0, 0]), (attribute::RESERVATION_TOKEN, &[0; 8])],
        &[(attribute::REQUESTED_ADDRESS_FAMILY, &[1, 0, 0, 0]), (attribute::ADDITIONAL_ADDRESS_FAMILY, &[2, 0, 0, 0])],
        &[(attribute::ADDITIONAL_ADDRESS_FAMILY, &[1, 0, 0, 0])],
        &[(attribute::ADDITIONAL_ADDRESS_FAMILY, &[2, 0, 0, 0]), (attribute::EVEN_PORT, &[0x80])],
    ];
    for wish in wishes {
        let answer = world.ask(&alice, Method::Allocate, |writer| {
            let writer = writer.put(attribute::REQUESTED_TRANSPORT, UDP);
            wish.iter().fold(writer, |writer, (kind, value)| writer.put(*kind, value))
        });
        assert_eq!(answer.code(), 400, "{wish:?}");
    }
}

#[test]
fn a_full_relay_says_so_and_keeps_nothing() {
    let mut world = World::new();
    world.has_ports = false;
    let alice = world.arrives("alice", ALICE);
    let answer = world.ask(&alice, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!((answer.code(), world.sessions(), world.rules.allocations()), (508, 0, 0));
}

#[test]
fn quotas_hold_back_a_user_an_address_and_the_whole_server() {
    let mut world = World::with(|options| {
        options.quotas.per_user = Some(2);
        options.quotas.per_address = Some(3);
        options.quotas.allocations = Some(4);
    });
    let mut allocate = |name: &str, address: &str| {
        let person = world.arrives(name, address);
        world.ask(&person, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).code()
    };
    assert_eq!(allocate("alice", "192.0.2.10:1"), 0);
    assert_eq!(allocate("alice", "192.0.2.10:2"), 0);
    assert_eq!(allocate("alice", "192.0.2.10:3"), 486, "two for a user");
    assert_eq!(allocate("bob", "192.0.2.10:4"), 0);
    assert_eq!(allocate("bob", "192.0.2.10:5"), 486, "three for an address");
    assert_eq!(allocate("bob", "192.0.2.11:1"), 0);
    assert_eq!(allocate("alice", "192.0.2.12:1"), 508, "four for the server");
}

#[test]
fn a_whole_ipv6_network_counts_as_one_address_and_this_machine_is_not_counted() {
    let mut world = World::with(|options| (options.quotas.per_user, options.quotas.per_address) = (None, Some(2)));
    let mut allocate = |address: &str| {
        let person = world.arrives("alice", address);
        world.ask(&person, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).code()
    };
    assert_eq!([allocate("[2001:db8:1:2::1]:1"), allocate("[2001:db8:1:2:ffff::9]:1")], [0, 0]);
    assert_eq!([allocate("[2001:db8:1:2:1::]:1"), allocate("[2001:db8:1:3::1]:1")], [486, 0]);
    assert_eq!([1, 2, 3].map(|port| allocate(&format!("127.0.0.1:{port}"))), [0, 0, 0]);
}

#[test]
fn new_credentials_of_the_same_person_bring_no_new_quota() {
    let mut world = World::with(|options| options.quotas.per_user = Some(2));
    let passes = TurnPasses::new(vec![Secret::new("north")], Default::default());
    let mut allocate = |id: &str, minutes: u64, port: u16| {
        let issued = passes.issue(id, Duration::from_secs(60 * minutes), world.now).expect("issued");
        let mut guest = world.arrives("guest", &format!("192.0.2.10:{port}"));
        (guest.username, guest.password) = (issued.username, issued.password.expose().into());
        world.ask(&guest, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).code()
    };
    assert_eq!([allocate("p1", 10, 1), allocate("p1", 11, 2), allocate("p1", 12, 3)], [0, 0, 486]);
    assert_eq!(allocate("p2", 10, 4), 0);
}

#[test]
fn a_draining_relay_takes_nobody_new_and_drops_nobody() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let bob = world.arrives("bob", "192.0.2.20:5000");
    world.rules.refuse_allocations(NoMore::Draining, true);
    world.rules.refuse_allocations(NoMore::UsedUp, true);
    let refused = world.ask(&bob, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!((refused.code(), world.refresh(&alice, 600).code()), (508, 0));
    world.rules.refuse_allocations(NoMore::Draining, false);
    let refused = world.ask(&bob, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!(refused.code(), 508, "there is another reason");
    world.rules.refuse_allocations(NoMore::UsedUp, false);
    let taken = world.ask(&bob, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!(taken.code(), 0);
}

#[test]
fn a_stranger_cannot_make_us_hash_a_long_request() {
    let mut world = World::new();
    let alice = world.arrives("alice", ALICE);
    let request = world.request(&alice, Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(0x8022, &[b'x'; 4096])
    });
    assert_eq!(world.tell(&alice, &request), Heard::Nothing(Dropped::Malformed));
}

#[test]
fn a_session_is_small_and_an_idle_allocation_takes_less_than_a_kilobyte() {
    assert!(std::mem::size_of::<Session>() <= 96, "{}", std::mem::size_of::<Session>());
    // With a permission, a channel seen from both sides, and the user's name in the allocation and in the quotas
    let entries = 3 * 80 + 2 * 64;
    let allocation = std::mem::size_of::<crate::turn::allocation::Allocation>();
    assert!(allocation + entries <= 1024, "{allocation}");
}
