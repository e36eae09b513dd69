//! Clients over TCP and TLS, with the crate `turn-client-proto`: among themselves, with UDP clients, and with bytes cut
//! as the network pleases.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use callbox::relay::Ports;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use turn_client_proto::api::{Transmit, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::prelude::*;
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::{AddressFamily, TransportType, TurnCredentials};

use crate::world::{Allocation, PASSWORD, PATIENCE, USER, World, has_ipv6, range};

/// The crate's state machine over a stream.
struct StreamClient<S> {
    turn: TurnClientTcp,
    io: S,
    relayed: SocketAddr,
    /// Write so many bytes at a time.
    bite: usize,
    heard: Vec<(Vec<u8>, SocketAddr)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> StreamClient<S> {
    async fn allocate(io: S, local: SocketAddr, server: SocketAddr, bite: usize) -> StreamClient<S> {
        let config = TurnConfig::new(TurnCredentials::new(USER, PASSWORD));
        StreamClient::configured(io, TurnClientTcp::allocate(local, server, config), bite).await
    }

    async fn configured(io: S, turn: TurnClientTcp, bite: usize) -> StreamClient<S> {
        let mut client = StreamClient { relayed: turn.remote_addr(), turn, io, bite, heard: Vec::new() };
        client.relayed = client
            .until(|event| match event {
                TurnEvent::AllocationCreated(_, relayed) => Some(*relayed),
                _ => None,
            })
            .await;
        client
    }

    async fn allow(&mut self, peer: SocketAddr) {
        self.turn.create_permission(TransportType::Udp, peer.ip(), now()).unwrap();
        self.until(|event| matches!(event, TurnEvent::PermissionCreated(..)).then_some(())).await;
    }

    async fn bind_channel(&mut self, peer: SocketAddr) {
        self.turn.bind_channel(TransportType::Udp, peer, now()).unwrap();
        self.until(|event| matches!(event, TurnEvent::ChannelCreated(..)).then_some(())).await;
    }

    async fn send(&mut self, data: &[u8], to: SocketAddr) {
        let transmit = self.turn.send_to(TransportType::Udp, to, data, now()).unwrap().unwrap().build();
        self.write(&transmit.data).await;
    }

    async fn hear(&mut self) -> (Vec<u8>, SocketAddr) {
        while self.heard.is_empty() {
            self.read().await;
        }
        self.heard.remove(0)
    }

    async fn until<T>(&mut self, wanted: impl Fn(&TurnEvent) -> Option<T>) -> T {
        tokio::time::timeout(PATIENCE, self.drive(wanted)).await.expect("it happens")
    }

    /// Does what the state machine asks for, which also holds requests back for a while.
    async fn drive<T>(&mut self, wanted: impl Fn(&TurnEvent) -> Option<T>) -> T {
        loop {
            let TurnPollRet::WaitUntil(next) = self.turn.poll(now()) else { panic!("the client has given up") };
            while let Some(transmit) = self.turn.poll_transmit(now()) {
                self.write(&transmit.data).await;
            }
            if let Some(found) = std::iter::from_fn(|| self.turn.poll_event()).find_map(|event| wanted(&event)) {
                return found;
            }
            let next = tokio::time::sleep(next.saturating_duration_since(now()));
            tokio::select! {
                () = self.read() => {}
                () = next => {}
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) {
        for bite in bytes.chunks(self.bite) {
            self.io.write_all(bite).await.unwrap();
            self.io.flush().await.unwrap();
        }
    }

    async fn read(&mut self) {
        let mut buffer = vec![0; 65_536];
        let count = tokio::time::timeout(PATIENCE, self.io.read(&mut buffer)).await.expect("something comes").unwrap();
        assert_ne!(count, 0, "the relay has closed the connection");
        let (from, to) = (self.turn.remote_addr(), self.turn.local_addr());
        let transmit = Transmit::new(&buffer[..count], TransportType::Tcp, from, to);
        if let TurnRecvRet::PeerData(data) = self.turn.recv(transmit, now()) {
            self.heard.push((data.data().to_vec(), data.peer));
        }
        while let Some(data) = self.turn.poll_recv(now()) {
            self.heard.push((data.data().to_vec(), data.peer));
        }
    }
}

/// That crate counts time from a start of one's own.
fn now() -> turn_client_proto::stun::Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    turn_client_proto::stun::Instant::from_std(*START)
}

async fn over_tcp(world: &World, bite: usize) -> StreamClient<TcpStream> {
    let io = TcpStream::connect(world.tcp).await.unwrap();
    io.set_nodelay(true).unwrap();
    let local = io.local_addr().unwrap();
    StreamClient::allocate(io, local, world.tcp, bite).await
}

async fn over_tls(world: &World) -> StreamClient<tokio_rustls::client::TlsStream<TcpStream>> {
    let io = TcpStream::connect(world.tls).await.unwrap();
    io.set_nodelay(true).unwrap();
    let local = io.local_addr().unwrap();
    let tls = tokio_rustls::TlsConnector::from(Arc::new(world.client_config()));
    let io = tls.connect("localhost".try_into().unwrap(), io).await.unwrap();
    StreamClient::allocate(io, local, world.tls, usize::MAX).await
}

/// `a` by indications, `b` by a channel. This crate neither pads ChannelData over a stream nor expects padding
/// (RFC 8656, 12.5), so what goes over the channel needs none; coturn's tools send the other lengths.
async fn talk<A, B>(a: &mut StreamClient<A>, b: &mut StreamClient<B>)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    a.allow(b.relayed).await;
    b.bind_channel(a.relayed).await;
    for n in 1..=60usize {
        a.send(&vec![n as u8; 4 * n], b.relayed).await;
        assert_eq!(b.hear().await, (vec![n as u8; 4 * n], a.relayed));
        b.send(&vec![n as u8; 20 * n], a.relayed).await;
        assert_eq!(a.hear().await, (vec![n as u8; 20 * n], b.relayed));
    }
}

#[test]
fn a_tcp_client_talks_to_a_tls_client() {
    for ports in [range(), Ports::None] {
        let world = World::new(ports);
        world.runtime.block_on(async {
            let (mut a, mut b) = (over_tcp(&world, usize::MAX).await, over_tls(&world).await);
            talk(&mut a, &mut b).await;
        });
    }
}

#[test]
fn clients_get_ipv6_relayed_addresses_when_they_ask() {
    if !has_ipv6() {
        return;
    }
    for ports in [range(), Ports::None] {
        let world = World::new(ports);
        world.runtime.block_on(async {
            let ask = || async {
                let io = TcpStream::connect(world.tcp).await.unwrap();
                let mut config = TurnConfig::new(TurnCredentials::new(USER, PASSWORD));
                config.set_address_family(AddressFamily::IPV6);
                let turn = TurnClientTcp::allocate(io.local_addr().unwrap(), world.tcp, config);
                StreamClient::configured(io, turn, usize::MAX).await
            };
            let (mut a, mut b) = (ask().await, ask().await);
            assert!(a.relayed.is_ipv6() && b.relayed.is_ipv6());
            talk(&mut a, &mut b).await;
        });
    }
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    for bite in [1, 3, 7] {
        let world = World::new(Ports::None);
        world.runtime.block_on(async {
            let (mut a, mut b) = (over_tcp(&world, bite).await, over_tcp(&world, bite + 1).await);
            talk(&mut a, &mut b).await;
        });
    }
}

#[test]
fn a_udp_client_talks_to_a_tls_client() {
    for ports in [range(), Ports::None] {
        let world = World::new(ports);
        world.runtime.block_on(async {
            let (udp, mut tls) = (Allocation::new(world.udp).await, over_tls(&world).await);
            tls.bind_channel(udp.relayed).await;
            for n in 0..50u8 {
                udp.send(&[n; 500], tls.relayed).await;
                assert_eq!(tls.hear().await, (vec![n; 500], udp.relayed));
                tls.send(&[n; 8], udp.relayed).await;
                assert_eq!(udp.hear().await, (vec![n; 8], tls.relayed));
            }
        });
    }
}

#[test]
fn a_client_that_stops_reading_loses_old_media_and_nothing_else_suffers() {
    let world = World::new(Ports::None);
    world.runtime.block_on(async {
        let (mut sender, mut lazy) = (over_tcp(&world, usize::MAX).await, over_tcp(&world, usize::MAX).await);
        sender.bind_channel(lazy.relayed).await;
        lazy.bind_channel(sender.relayed).await;
        // Far more than every buffer between us holds.
        let (count, mut payload) = (60_000u32, vec![0; 1000]);
        for n in 0..count {
            payload[..4].copy_from_slice(&n.to_be_bytes());
            sender.send(&payload, lazy.relayed).await;
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
        drop(over_tcp(&world, usize::MAX).await);
    });
    world.wait_for("it is closed", |counts| counts.allocations_opened == 1 && counts.allocations_closed == 1);
}

#[test]
fn stopping_the_relay_ends_idle_connections() {
    let mut world = World::new(range());
    let mut client = world.runtime.block_on(over_tls(&world));
    world.running.take().expect("running").stop();
    world.runtime.block_on(async {
        let ended = tokio::time::timeout(PATIENCE, client.io.read(&mut [0; 100])).await.expect("ended");
        assert_eq!(ended.unwrap_or(0), 0);
    });
}
