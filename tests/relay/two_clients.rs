//! Two clients of one relay, each seen by the other only as a relayed transport address.

use std::net::SocketAddr;
use std::num::NonZeroUsize;

use callbox::relay::Ports;
use tokio::net::UdpSocket;

use crate::world::{Allocation, OUTSIDE, World, has_ipv6, range};

/// Says something both ways, many times over, so that both indications and channels are used.
async fn talk(a: &Allocation, b: &Allocation) {
    // Until each has a permission for the other, packets of the other are dropped: that is TURN.
    a.send(b"knock", b.relayed).await;
    b.send(b"knock", a.relayed).await;
    assert_eq!(a.hear().await, (b"knock".to_vec(), b.relayed));
    for n in 0..50u8 {
        a.send(&[n; 300], b.relayed).await;
        assert_eq!(hear_after_knock(b).await, (vec![n; 300], a.relayed));
        b.send(&[n, 1, 2], a.relayed).await;
        assert_eq!(a.hear().await, (vec![n, 1, 2], b.relayed));
    }
}

/// The first knock arrives only if its permission was faster.
async fn hear_after_knock(b: &Allocation) -> (Vec<u8>, SocketAddr) {
    match b.hear().await {
        (data, _) if data == b"knock" => b.hear().await,
        heard => heard,
    }
}

fn two_clients_talk(ports: Ports, workers: usize) {
    let world = World::with(ports, |options| options.workers = NonZeroUsize::new(workers));
    world.runtime.block_on(async {
        let (a, b) = (Allocation::new(world.udp).await, Allocation::new(world.udp).await);
        talk(&a, &b).await;
    });
    world.wait_for("all of it went by the hairpin", |counts| {
        counts.packets_hairpinned > 100 && counts.packets_hairpinned == counts.packets_to_clients
    });
}

#[test]
fn two_clients_reach_each_other_by_their_relayed_addresses() {
    two_clients_talk(range(), 1);
}

#[test]
fn two_clients_reach_each_other_without_any_relayed_port() {
    two_clients_talk(Ports::None, 1);
}

#[test]
fn two_clients_of_different_workers_reach_each_other() {
    // Which worker a client gets is the kernel's choice; of eight workers two clients rarely share one.
    two_clients_talk(range(), 8);
    two_clients_talk(Ports::None, 8);
}

#[test]
fn a_client_and_a_peer_outside_reach_each_other() {
    let world = World::new(range());
    world.runtime.block_on(async {
        let client = Allocation::new(world.udp).await;
        let peer = UdpSocket::bind((OUTSIDE, 0)).await.unwrap();
        for n in 0..20u8 {
            client.send(&[n; 100], peer.local_addr().unwrap()).await;
            let mut buffer = [0; 200];
            let (length, from) = peer.recv_from(&mut buffer).await.unwrap();
            assert_eq!((&buffer[..length], from), (&[n; 100][..], client.relayed));
            peer.send_to(&[n; 50], from).await.unwrap();
            assert_eq!(client.hear().await, (vec![n; 50], peer.local_addr().unwrap()));
        }
    });
}

#[test]
fn a_relay_without_ports_refuses_peers_outside() {
    let world = World::new(Ports::None);
    world.runtime.block_on(async {
        let client = Allocation::new(world.udp).await;
        let peer = UdpSocket::bind((OUTSIDE, 0)).await.unwrap();
        assert!(client.conn.send_to(b"hello", peer.local_addr().unwrap()).await.is_err());
    });
}

#[test]
fn nothing_else_on_this_host_is_reached_by_an_own_address() {
    let world = World::new(range());
    world.runtime.block_on(async {
        let client = Allocation::new(world.udp).await;
        let service = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // The address is the relay's own, so the permission is granted; no allocation has the port, so it leads nowhere.
        client.send(b"let me in", service.local_addr().unwrap()).await;
        let outside = UdpSocket::bind((OUTSIDE, 0)).await.unwrap();
        client.send(b"behind it", outside.local_addr().unwrap()).await;
        outside.recv_from(&mut [0; 100]).await.unwrap();
        assert!(service.try_recv(&mut [0; 100]).is_err());
    });
}

#[test]
fn an_ipv6_client_talks_to_an_ipv4_client() {
    if !has_ipv6() {
        return;
    }
    let world = World::new(range());
    let v6 = world.v6().udp;
    world.runtime.block_on(async {
        // The `turn` crate asks for no family: both get an IPv4 relayed address (RFC 8656, 7.2).
        let (a, b) = (Allocation::new(v6).await, Allocation::new(world.udp).await);
        talk(&a, &b).await;
    });
}

#[test]
fn the_wildcard_serves_both_families_and_answers_from_the_address_asked() {
    let world = World::with(range(), |options| options.listen = vec!["[::]:0".parse().unwrap()]);
    let port = world.udp.port();
    world.runtime.block_on(async {
        // 127.0.0.3 is as local as 127.0.0.1; a reply from another address than the one asked would be ignored.
        let at = |ip: &str| format!("{ip}:{port}").parse().unwrap();
        let (a, b) = (Allocation::new(at("127.0.0.1")).await, Allocation::new(at("127.0.0.3")).await);
        assert_eq!((a.relayed.ip(), b.relayed.ip()), ("127.0.0.1".parse().unwrap(), "127.0.0.3".parse().unwrap()));
        talk(&a, &b).await;
    });
}
