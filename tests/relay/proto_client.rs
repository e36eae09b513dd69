//! A client made of the crate `turn-client-proto`, which decides without a socket, and of a socket: over UDP, TCP and TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UdpSocket};
use turn_client_proto::api::{Transmit, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet};
use turn_client_proto::impl_client;
use turn_client_proto::prelude::*;
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::{TransportType, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

use crate::world::{PASSWORD, PATIENCE, USER, World};

impl_client!(pub(crate) Machine, (Udp, TurnClientUdp), (Tcp, TurnClientTcp));

/// How the client reaches the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Udp,
    Tcp,
    Tls,
}

/// One client with an allocation.
pub(crate) struct ProtoClient {
    machine: Machine,
    pub(crate) wire: Box<dyn Wire>,
    /// In the order they were granted.
    pub(crate) relayed: Vec<SocketAddr>,
    /// Write so many bytes at a time.
    bite: usize,
    heard: Vec<(Vec<u8>, SocketAddr)>,
}

/// The configuration of the one user.
pub(crate) fn config() -> TurnConfig {
    TurnConfig::new(TurnCredentials::new(USER, PASSWORD))
}

impl ProtoClient {
    /// Allocates, by default.
    pub(crate) async fn new(world: &World, via: Via) -> ProtoClient {
        ProtoClient::with(world, via, config(), usize::MAX).await
    }

    /// Allocates with a configuration of one's own, and writes `bite` bytes at a time.
    pub(crate) async fn with(world: &World, via: Via, config: TurnConfig, bite: usize) -> ProtoClient {
        let families = config.address_families().len();
        let (wire, machine): (Box<dyn Wire>, Machine) = match via {
            Via::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                socket.connect(world.udp).await.unwrap();
                let local = socket.local_addr().unwrap();
                (Box::new(Datagrams(socket)), Machine::Udp(TurnClientUdp::allocate(local, world.udp, config)))
            }
            Via::Tcp => {
                let (wire, local) = connect(world.tcp).await;
                (Box::new(wire), Machine::Tcp(TurnClientTcp::allocate(local, world.tcp, config)))
            }
            Via::Tls => {
                let (wire, local) = connect(world.tls).await;
                let tls = tokio_rustls::TlsConnector::from(Arc::new(world.client_config()));
                let wire = tls.connect("localhost".try_into().unwrap(), wire).await.unwrap();
                (Box::new(wire), Machine::Tcp(TurnClientTcp::allocate(local, world.tls, config)))
            }
        };
        let mut client = ProtoClient { machine, wire, relayed: Vec::new(), bite, heard: Vec::new() };
        while client.relayed.len() < families {
            let relayed = client.until(|event| match event {
                TurnEvent::AllocationCreated(_, relayed) => Some(*relayed),
                _ => None,
            });
            let relayed = relayed.await;
            client.relayed.push(relayed);
        }
        client
    }

    /// The first relayed transport address.
    pub(crate) fn relayed(&self) -> SocketAddr {
        self.relayed[0]
    }

    pub(crate) async fn allow(&mut self, peer: SocketAddr) {
        self.machine.create_permission(TransportType::Udp, peer.ip(), now()).unwrap();
        self.until(|event| matches!(event, TurnEvent::PermissionCreated(..)).then_some(())).await;
    }

    pub(crate) async fn bind_channel(&mut self, peer: SocketAddr) {
        self.machine.bind_channel(TransportType::Udp, peer, now()).unwrap();
        self.until(|event| matches!(event, TurnEvent::ChannelCreated(..)).then_some(())).await;
    }

    pub(crate) async fn send(&mut self, data: &[u8], to: SocketAddr) {
        let transmit = self.machine.send_to(TransportType::Udp, to, data, now()).unwrap().unwrap().build();
        self.write(&transmit.data).await;
    }

    pub(crate) async fn hear(&mut self) -> (Vec<u8>, SocketAddr) {
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
            let TurnPollRet::WaitUntil(next) = self.machine.poll(now()) else { panic!("the client has given up") };
            while let Some(transmit) = self.machine.poll_transmit(now()) {
                self.write(&transmit.data).await;
            }
            if let Some(found) = std::iter::from_fn(|| self.machine.poll_event()).find_map(|event| wanted(&event)) {
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
            self.wire.write_all(bite).await.unwrap();
            self.wire.flush().await.unwrap();
        }
    }

    async fn read(&mut self) {
        let mut buffer = vec![0; 65_536];
        let count =
            tokio::time::timeout(PATIENCE, self.wire.read(&mut buffer)).await.expect("something comes").unwrap();
        assert_ne!(count, 0, "the relay has closed the connection");
        let (from, to) = (self.machine.remote_addr(), self.machine.local_addr());
        let transmit = Transmit::new(&buffer[..count], self.machine.transport(), from, to);
        if let TurnRecvRet::PeerData(data) = self.machine.recv(transmit, now()) {
            self.heard.push((data.data().to_vec(), data.peer));
        }
        while let Some(data) = self.machine.poll_recv(now()) {
            self.heard.push((data.data().to_vec(), data.peer));
        }
    }
}

/// That crate counts time from a start of one's own.
fn now() -> turn_client_proto::stun::Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    turn_client_proto::stun::Instant::from_std(*START)
}

async fn connect(server: SocketAddr) -> (TcpStream, SocketAddr) {
    let wire = TcpStream::connect(server).await.unwrap();
    wire.set_nodelay(true).unwrap();
    let local = wire.local_addr().unwrap();
    (wire, local)
}

/// What carries the client's bytes.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

/// Each read and each write is one datagram.
struct Datagrams(UdpSocket);

impl AsyncRead for Datagrams {
    fn poll_read(self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.poll_recv(task, buffer)
    }
}

impl AsyncWrite for Datagrams {
    fn poll_write(self: Pin<&mut Self>, task: &mut Context<'_>, datagram: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_send(task, datagram)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
