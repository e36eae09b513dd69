//! Whom a client may reach through the relay.

use std::net::SocketAddr;

use super::world::{Heard, RELAY_V4, World, peer};
use crate::stun::{Method, attribute};
use crate::turn::Dropped;

const ALICE: &str = "192.0.2.10:4000";

/// What a client with both families is told about sending to `ip`.
fn verdict(world: &mut World, ip: &str) -> u16 {
    let address = format!("192.0.2.10:{}", 4000 + world.sessions());
    let alice = world.arrives("alice", &address);
    world.ask(&alice, Method::Allocate, |writer| {
        writer
            .put(attribute::REQUESTED_TRANSPORT, &[17, 0, 0, 0])
            .put(attribute::ADDITIONAL_ADDRESS_FAMILY, &[2, 0, 0, 0])
    });
    let peer = SocketAddr::new(ip.parse().expect("ip"), 9000);
    let (permit, bind) = (world.permit(&alice, peer).code(), world.bind(&alice, 0x4000, peer).code());
    assert_eq!(permit, bind, "{ip}: both ways in ask the same policy");
    permit
}

#[test]
fn the_relay_is_no_way_into_the_hosts_network_in_any_notation() {
    let mut world = World::new();
    for ip in [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "2001:0:1:2:3:4:80ff:fffe",
        "2001:db8::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
        "5f00::1",
        "3fff::1",
    ] {
        assert_eq!(verdict(&mut world, ip), 403, "{ip}");
    }
}

#[test]
fn public_peers_are_reachable() {
    let mut world = World::new();
    for ip in [
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.0",
        "2001:4860:4860::8888",
        "64:ff9b::808:808",
    ] {
        assert_eq!(verdict(&mut world, ip), 0, "{ip}");
    }
}

#[test]
fn the_longest_prefix_decides_and_a_tie_is_denied() {
    let mut world = World::with(|options| {
        options.peers.allowed = ["10.1.0.0/16", "9.9.9.9/32"].map(|net| net.parse().expect("net")).into();
        options.peers.denied = ["10.1.5.0/24", "9.0.0.0/8", "8.8.8.8/32"].map(|net| net.parse().expect("net")).into();
        options.peers.host = vec!["45.0.0.1".parse().expect("ip")];
    });
    let cases = [
        ("10.1.2.3", 0),
        ("10.1.5.3", 403),
        ("10.2.0.1", 403),
        ("9.9.9.9", 0),
        ("9.9.9.8", 403),
        ("8.8.8.8", 403),
        ("64:ff9b::808:808", 403),
        ("64:ff9b::a01:203", 0),
        ("::ffff:10.1.2.3", 403),
        ("45.0.0.1", 403),
        ("45.0.0.2", 0),
    ];
    for (ip, code) in cases {
        assert_eq!(verdict(&mut world, ip), code, "{ip}");
    }
}

#[test]
fn one_forbidden_peer_in_a_list_spoils_the_list() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let forbidden = "127.0.0.1:9".parse().expect("address");
    let answer = world.ask(&alice, Method::CreatePermission, |writer| {
        writer
            .put_xor_address(attribute::XOR_PEER_ADDRESS, peer())
            .put_xor_address(attribute::XOR_PEER_ADDRESS, forbidden)
    });
    assert_eq!(answer.code(), 403);
    assert_eq!(world.send(&alice, peer(), b"hi"), Heard::Nothing(Dropped::NoPermission));
}

#[test]
fn a_peer_of_the_other_family_cannot_be_reached() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let other = "[2001:4860:4860::8888]:53".parse().expect("address");
    assert_eq!((world.permit(&alice, other).code(), world.bind(&alice, 0x4000, other).code()), (443, 443));
}

#[test]
fn two_clients_of_one_relay_reach_each_other_whatever_its_address() {
    let mut world = World::with(|options| options.peers.denied = vec!["0.0.0.0/0".parse().expect("net")]);
    let (alice, alices) = world.arrives_and_allocates("alice", ALICE);
    let (bob, bobs) = world.arrives_and_allocates("bob", "192.0.2.20:5000");
    assert_eq!((world.permit(&alice, bobs).code(), world.bind(&bob, 0x4001, alices).code()), (0, 0));
    let heard = world.send(&alice, bobs, b"hello");
    assert_eq!(heard, Heard::Client(bob.address, b"\x40\x01\x00\x05hello".to_vec()));
}

#[test]
fn the_relays_own_address_leads_to_allocations_and_nothing_else() {
    let mut world = World::new();
    let (alice, alices) = world.arrives_and_allocates("alice", ALICE);
    assert_eq!(alices.ip().to_string(), RELAY_V4);
    let ssh = SocketAddr::new(alices.ip(), 22);
    assert_eq!(world.bind(&alice, 0x4000, ssh).code(), 0, "a permission is per address");
    assert_eq!(world.send_on_channel(&alice, 0x4000, b"hi"), Heard::Nothing(Dropped::NoAllocation));
    assert_eq!(world.send(&alice, ssh, b"hi"), Heard::Nothing(Dropped::NoAllocation));
}

#[test]
fn the_hairpin_asks_the_receivers_permission_too() {
    let mut world = World::new();
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let (_bob, bobs) = world.arrives_and_allocates("bob", "192.0.2.20:5000");
    world.permit(&alice, bobs);
    assert_eq!(world.send(&alice, bobs, b"spam"), Heard::Nothing(Dropped::NoPermission));
}

#[test]
fn a_relay_without_ports_connects_its_clients_and_nobody_else() {
    let mut world = World::with(|options| options.virtual_only = true);
    let (alice, _) = world.arrives_and_allocates("alice", ALICE);
    let (_, bobs) = world.arrives_and_allocates("bob", "192.0.2.20:5000");
    assert_eq!((world.permit(&alice, bobs).code(), world.permit(&alice, peer()).code()), (0, 403));
}

#[test]
fn people_of_a_room_reach_what_the_others_have_signalled_and_nothing_else() {
    let mut world = World::with(|options| options.peers_of_circle = true);
    let (passes, hour) =
        (crate::pass::TurnPasses::new(vec![crate::pass::Secret::new("north")], Default::default()), 3600);
    let mut guest = world.arrives("guest", "192.0.2.30:1");
    let issued = passes.issue("p1", std::time::Duration::from_secs(hour), world.now).expect("issued");
    (guest.username, guest.password) = (issued.username, issued.password.expose().into());
    let udp = [17, 0, 0, 0];
    let answer = world.ask(&guest, Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, &udp));
    let own = answer.address(attribute::XOR_RELAYED_ADDRESS).expect("relayed");
    let asks = |world: &mut World, ip: &str| world.permit(&guest, format!("{ip}:9").parse().expect("address")).code();
    assert_eq!(asks(&mut world, "8.8.4.4"), 403, "who is in no room reaches nobody");
    world.rules.admit("p1", "kitchen");
    world.rules.admit("p2", "kitchen");
    world.rules.admit("p3", "cellar");
    let signalled = ["8.8.4.4", "10.0.0.7"].map(|ip| ip.parse().expect("address"));
    world.rules.announce("p2", &signalled);
    world.rules.announce("p3", &["8.8.8.8".parse().expect("address")]);
    assert_eq!(["8.8.4.4", "8.8.8.8", "10.0.0.7"].map(|ip| asks(&mut world, ip)), [0, 403, 403]);
    // A relayed address of this server is signalled like any other.
    assert_eq!(asks(&mut world, &own.ip().to_string()), 403);
    world.rules.announce("p2", &[own.ip()]);
    assert_eq!(asks(&mut world, &own.ip().to_string()), 0);
    assert_eq!(world.bind(&guest, 0x4000, "8.8.8.8:9".parse().expect("address")).code(), 403);
    let (now, until) = (world.now, world.now.unix + std::time::Duration::from_secs(hour));
    world.rules.revoke("p2", until, now);
    assert_eq!(["8.8.4.4", &own.ip().to_string()].map(|ip| asks(&mut world, ip)), [403, 403], "gone with who said it");
    let (alice, _) = world.arrives_and_allocates("alice", "192.0.2.10:4000");
    assert_eq!(world.permit(&alice, "8.8.8.8:9".parse().expect("address")).code(), 0, "static users are in no room");
}
