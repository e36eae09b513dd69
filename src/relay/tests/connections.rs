//! TCP to peers (RFC 6062), from end to end.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::client::{Client, Heard};
use super::{PATIENCE, relay};
use crate::relay::{Ports, Streams};
use crate::stun::{Method, attribute};

const TCP: &[u8] = &[6, 0, 0, 0];
const LIVES_NO_MORE: &[u8] = &[0; 4];

fn range() -> Ports {
    Ports::Range(29000..=29199)
}

async fn with_a_tcp_allocation(streams: &Streams, name: &'static str) -> (Client, SocketAddr) {
    let mut client = Client::arrives(streams, name).await;
    let answer = client.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, TCP)).await;
    assert_eq!(answer.code(), 0);
    let relayed = answer.address(attribute::XOR_RELAYED_ADDRESS);
    (client, relayed)
}

async fn connect(client: &mut Client, to: SocketAddr) -> Heard {
    client.ask(Method::Connect, |writer| writer.put_xor_address(attribute::XOR_PEER_ADDRESS, to)).await
}

async fn permit(client: &mut Client, peer: SocketAddr) {
    let asked =
        client.ask(Method::CreatePermission, |writer| writer.put_xor_address(attribute::XOR_PEER_ADDRESS, peer));
    assert_eq!(asked.await.code(), 0);
}

/// A data connection joined to the peer connection that `named` announces; it says `first` at once.
async fn join(streams: &Streams, name: &'static str, named: &Heard, first: &[u8]) -> (Client, u16) {
    let mut data = Client::arrives(streams, name).await;
    let id = named.get(attribute::CONNECTION_ID);
    let answer = data.ask_and_say(Method::ConnectionBind, |writer| writer.put(attribute::CONNECTION_ID, id), first);
    let code = answer.await.code();
    (data, code)
}

async fn hears(stream: &mut TcpStream, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("something arrives").expect("received");
    assert_eq!(bytes, expected);
}

async fn hears_the_end(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 1])).await.expect("an end");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn a_client_talks_to_a_peer_by_tcp_until_the_allocation_ends() {
    let running = relay(range());
    let streams = running.streams();
    let (mut alice, relayed) = with_a_tcp_allocation(&streams, "alice").await;
    let listener = TcpListener::bind("127.0.0.2:0").await.expect("bound");
    let connected = connect(&mut alice, listener.local_addr().expect("bound")).await;
    assert_eq!(connected.code(), 0);
    let (mut peer, from) = listener.accept().await.expect("accepted");
    assert_eq!(from, relayed, "the peer sees the relayed transport address");

    // What the peer says before anybody has joined is kept; what the client says behind its request is the peer's.
    peer.write_all(b"welcome").await.expect("sent");
    assert_eq!(join(&streams, "bob", &connected, b"").await.1, 400, "somebody else's connection is like none");
    let (mut data, code) = join(&streams, "alice", &connected, b"hello").await;
    assert_eq!(code, 0);
    hears(&mut peer, b"hello").await;
    assert_eq!(data.hear_bytes(7).await, b"welcome");
    assert_eq!(join(&streams, "alice", &connected, b"").await.1, 400, "a connection is joined once");

    alice.ask(Method::Refresh, |writer| writer.put(attribute::LIFETIME, LIVES_NO_MORE)).await;
    hears_the_end(&mut peer).await;
    hears_the_end(&mut data.io).await;
}

#[tokio::test]
async fn a_peer_that_nobody_is_can_be_tried_again_once_it_is_there() {
    let running = relay(range());
    let (mut alice, _) = with_a_tcp_allocation(&running.streams(), "alice").await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.2:0".parse().expect("an address")).expect("bound");
    let nobody = socket.local_addr().expect("bound");
    assert_eq!(connect(&mut alice, nobody).await.code(), 447);
    let listener = socket.listen(1).expect("listens");
    assert_eq!(connect(&mut alice, nobody).await.code(), 0);
    assert_eq!(connect(&mut alice, nobody).await.code(), 446, "one connection a peer");
    // RFC 6062, 5.2: what has ended does not count any more.
    drop(listener.accept().await.expect("accepted"));
}

#[tokio::test]
async fn a_permitted_peer_is_announced_and_any_other_is_shut_out() {
    let running = relay(range());
    let streams = running.streams();
    let (mut alice, relayed) = with_a_tcp_allocation(&streams, "alice").await;
    let mut stranger = TcpStream::connect(relayed).await.expect("connected");
    hears_the_end(&mut stranger).await;

    permit(&mut alice, "127.0.0.2:0".parse().expect("an address")).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.2:0".parse().expect("an address")).expect("bound");
    let mut peer = socket.connect(relayed).await.expect("connected");
    let attempt = alice.hear().await;
    assert_eq!(attempt.message().method(), Some(Method::ConnectionAttempt));
    assert_eq!(attempt.address(attribute::XOR_PEER_ADDRESS), peer.local_addr().expect("bound"));
    let (mut data, code) = join(&streams, "alice", &attempt, b"who is there").await;
    assert_eq!(code, 0);
    hears(&mut peer, b"who is there").await;
    peer.shutdown().await.expect("shut");
    hears_the_end(&mut data.io).await;
}

#[tokio::test]
async fn two_clients_connect_inside_the_relay() {
    for ports in [range(), Ports::None] {
        let running = relay(ports);
        let streams = running.streams();
        let (mut alice, hers) = with_a_tcp_allocation(&streams, "alice").await;
        let (mut bob, his) = with_a_tcp_allocation(&streams, "bob").await;
        permit(&mut bob, hers).await;
        let connected = connect(&mut alice, his).await;
        assert_eq!(connected.code(), 0);
        let attempt = bob.hear().await;
        assert_eq!(attempt.address(attribute::XOR_PEER_ADDRESS), hers);
        let (mut from_alice, code) = join(&streams, "alice", &connected, b"hello").await;
        assert_eq!(code, 0);
        let (mut from_bob, code) = join(&streams, "bob", &attempt, b"hi").await;
        assert_eq!(code, 0);
        assert_eq!((from_alice.hear_bytes(2).await, from_bob.hear_bytes(5).await), (b"hi".into(), b"hello".into()));
    }
}

#[tokio::test]
async fn an_own_address_without_an_allocation_leads_nowhere() {
    let running = relay(range());
    let (mut alice, _) = with_a_tcp_allocation(&running.streams(), "alice").await;
    let service = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    assert_eq!(connect(&mut alice, service.local_addr().expect("bound")).await.code(), 447);
}
