//! Clients of the crate `turn-client-proto`, over every transport: among themselves, with clients of the crate `turn`, and
//! with streams cut as the network pleases.

use callbox::pass::{Secret, TurnPasses};
use callbox::relay::Ports;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use turn_client_proto::stun::auth::Feature;
use turn_client_proto::stun::types::message::IntegrityAlgorithm;
use turn_client_proto::types::AddressFamily;

use crate::proto_client::{ProtoClient, Via, config};
use crate::world::{Allocation, PASSWORD, PATIENCE, USER, World, has_ipv6, range};

/// `a` by indications, `b` by a channel. This crate neither pads ChannelData over a stream nor expects padding
/// (RFC 8656, 12.5), so what goes over the channel needs none; coturn's tools send the other lengths.
async fn talk(a: &mut ProtoClient, b: &mut ProtoClient) {
    a.allow(b.relayed()).await;
    b.bind_channel(a.relayed()).await;
    for n in 1..=60usize {
        a.send(&vec![n as u8; 4 * n], b.relayed()).await;
        assert_eq!(b.hear().await, (vec![n as u8; 4 * n], a.relayed()));
        b.send(&vec![n as u8; 20 * n], a.relayed()).await;
        assert_eq!(a.hear().await, (vec![n as u8; 20 * n], b.relayed()));
    }
}

#[test]
fn clients_of_any_two_transports_talk() {
    for ports in [range(), Ports::None] {
        let world = World::new(ports);
        for (a, b) in [
            (Via::Udp, Via::Udp),
            (Via::Udp, Via::Tcp),
            (Via::Tcp, Via::Udp),
            (Via::Tls, Via::Udp),
            (Via::Tcp, Via::Tls),
            (Via::Tls, Via::Tls),
        ] {
            world.runtime.block_on(async {
                let (mut a, mut b) = (ProtoClient::new(&world, a).await, ProtoClient::new(&world, b).await);
                talk(&mut a, &mut b).await;
            });
        }
    }
}

#[test]
fn clients_get_ipv6_relayed_addresses_when_they_ask() {
    if !has_ipv6() {
        return;
    }
    for (ports, via) in [(range(), Via::Tcp), (Ports::None, Via::Udp)] {
        let world = World::new(ports);
        world.runtime.block_on(async {
            let ask = || {
                let mut config = config();
                config.set_address_family(AddressFamily::IPV6);
                ProtoClient::with(&world, via, config, usize::MAX)
            };
            let (mut a, mut b) = (ask().await, ask().await);
            assert!(a.relayed().is_ipv6() && b.relayed().is_ipv6());
            talk(&mut a, &mut b).await;
        });
    }
}

#[test]
fn a_client_with_both_families_talks_to_either() {
    if !has_ipv6() {
        return;
    }
    for via in [Via::Udp, Via::Tls] {
        let world = World::new(range());
        world.runtime.block_on(async {
            let only = |family: AddressFamily| {
                let mut config = config();
                config.set_address_family(family);
                config
            };
            let mut both = config();
            both.add_address_family(AddressFamily::IPV6);
            let mut both = ProtoClient::with(&world, via, both, usize::MAX).await;
            for family in [AddressFamily::IPV4, AddressFamily::IPV6] {
                let mut peer = ProtoClient::with(&world, Via::Udp, only(family), usize::MAX).await;
                both.relayed.sort_by_key(|relayed| relayed.is_ipv4() != peer.relayed().is_ipv4());
                talk(&mut both, &mut peer).await;
            }
        });
    }
}

#[test]
fn a_client_may_sign_with_sha256_and_hide_its_name() {
    // Hiding is offered where every name is known beforehand, that is without shared secrets.
    let users = [(USER.to_owned(), Secret::new(PASSWORD))].into();
    let world = World::with(range(), |options| options.turn.passes = TurnPasses::new(Vec::new(), users));
    world.runtime.block_on(async {
        let careful = || {
            let mut config = config();
            config.set_supported_integrity(IntegrityAlgorithm::Sha256);
            config.set_anonymous_username(Feature::Required);
            ProtoClient::with(&world, Via::Udp, config, usize::MAX)
        };
        talk(&mut careful().await, &mut careful().await).await;
    });
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    for (via, bite) in [(Via::Tcp, 1), (Via::Tls, 1), (Via::Tcp, 3), (Via::Tls, 7)] {
        let world = World::new(Ports::None);
        world.runtime.block_on(async {
            let mut a = ProtoClient::with(&world, via, config(), bite).await;
            let mut b = ProtoClient::with(&world, via, config(), bite + 1).await;
            talk(&mut a, &mut b).await;
        });
    }
}

#[test]
fn a_udp_client_of_another_make_talks_to_a_tls_client() {
    for ports in [range(), Ports::None] {
        let world = World::new(ports);
        world.runtime.block_on(async {
            let (udp, mut tls) = (Allocation::new(world.udp).await, ProtoClient::new(&world, Via::Tls).await);
            tls.bind_channel(udp.relayed).await;
            for n in 0..50u8 {
                udp.send(&[n; 500], tls.relayed()).await;
                assert_eq!(tls.hear().await, (vec![n; 500], udp.relayed));
                tls.send(&[n; 8], udp.relayed).await;
                assert_eq!(udp.hear().await, (vec![n; 8], tls.relayed()));
            }
        });
    }
}

#[test]
fn a_client_that_stops_reading_loses_old_media_and_nothing_else_suffers() {
    let world = World::new(Ports::None);
    world.runtime.block_on(async {
        let mut sender = ProtoClient::new(&world, Via::Tcp).await;
        let mut lazy = ProtoClient::new(&world, Via::Tcp).await;
        sender.bind_channel(lazy.relayed()).await;
        lazy.bind_channel(sender.relayed()).await;
        // Far more than every buffer between us holds.
        let (count, mut payload) = (60_000u32, vec![0; 1000]);
        for n in 0..count {
            payload[..4].copy_from_slice(&n.to_be_bytes());
            sender.send(&payload, lazy.relayed()).await;
        }
        world.wait_for("everything was relayed or dropped", |counts| counts.packets_to_peers == u64::from(count));
        let (mut last, mut heard) = (None, 0);
        while last != Some(count - 1) {
            let number = u32::from_be_bytes(lazy.hear().await.0[..4].try_into().unwrap());
            assert!(last < Some(number), "{number} after {last:?}");
            (last, heard) = (Some(number), heard + 1);
        }
        assert!(heard < count, "the newest arrived and some older ones gave way");
    });
}

#[test]
fn a_connection_that_is_no_stun_is_closed() {
    let world = World::new(range());
    world.runtime.block_on(async {
        let mut io = TcpStream::connect(world.tcp).await.unwrap();
        io.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        // An end or a reset, but no byte.
        let read = tokio::time::timeout(PATIENCE, io.read(&mut [0; 100])).await.expect("closed");
        assert_eq!(read.unwrap_or(0), 0);
    });
}

#[test]
fn an_allocation_ends_with_its_connection() {
    let world = World::new(range());
    world.runtime.block_on(async {
        drop(ProtoClient::new(&world, Via::Tcp).await);
    });
    world.wait_for("it is closed", |counts| counts.allocations_opened == 1 && counts.allocations_closed == 1);
}

#[test]
fn stopping_the_relay_ends_idle_connections() {
    let mut world = World::new(range());
    let mut client = world.runtime.block_on(ProtoClient::new(&world, Via::Tls));
    world.running.take().expect("running").stop();
    world.runtime.block_on(async {
        let ended = tokio::time::timeout(PATIENCE, client.wire.read(&mut [0; 100])).await.expect("ended");
        assert_eq!(ended.unwrap_or(0), 0);
    });
}
