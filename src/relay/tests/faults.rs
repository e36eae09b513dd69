//! One client does what no client may do, or brings something down: the others notice nothing.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::UdpSocket;

use super::client::Client;
use super::{BOMB, PATIENCE, bound, relay};
use crate::relay::Ports;
use crate::stun::{Method, attribute, channel_header};

const UDP: &[u8] = &[17, 0, 0, 0];

/// A client whose channel leads to `peer`, and its relayed transport address.
async fn with_a_channel(mut client: Client, peer: SocketAddr) -> (Client, SocketAddr) {
    let answer = client.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).await;
    let relayed = answer.address(attribute::XOR_RELAYED_ADDRESS);
    let bound = client.ask(Method::ChannelBind, |writer| {
        writer.put(attribute::CHANNEL_NUMBER, &[0x40, 0, 0, 0]).put_xor_address(attribute::XOR_PEER_ADDRESS, peer)
    });
    assert_eq!(bound.await.code(), 0);
    (client, relayed)
}

async fn peer() -> (UdpSocket, SocketAddr) {
    let peer = UdpSocket::bind("127.0.0.2:0").await.expect("bound");
    let address = peer.local_addr().expect("bound");
    (peer, address)
}

fn channel_data(payload: &[u8; 4]) -> Vec<u8> {
    [channel_header(0x4000, payload.len()).as_slice(), payload].concat()
}

async fn hears(peer: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 100];
    let (length, from) = tokio::time::timeout(PATIENCE, peer.recv_from(&mut buffer))
        .await
        .expect("something arrives")
        .expect("received");
    buffer.truncate(length);
    (buffer, from)
}

#[tokio::test]
async fn what_a_broken_connection_sent_never_leaves_by_somebody_elses_address() {
    let running = relay(Ports::Range(29200..=29299));
    let (peer, address) = peer().await;
    let (mut alice, hers) = with_a_channel(Client::arrives(&running.streams(), "alice").await, address).await;
    let (mut bob, his) = with_a_channel(Client::arrives(&running.streams(), "bob").await, address).await;
    let no_stun = [0xff; 40];
    alice.io.write_all(&[channel_data(b"last").as_slice(), &no_stun].concat()).await.expect("sent");
    assert_eq!(hears(&peer).await, (b"last".to_vec(), hers));
    bob.io.write_all(&channel_data(b"bob!")).await.expect("sent");
    assert_eq!(hears(&peer).await, (b"bob!".to_vec(), his));
}

#[tokio::test]
async fn a_worker_that_panics_loses_one_allocation_and_works_on() {
    let relay = bound(Ports::Range(29300..=29399));
    let server = relay.local_addresses()[0];
    let running = relay.serve();
    let (peer, address) = peer().await;
    let (mut alice, _) = with_a_channel(Client::arrives_by_udp(server, "alice").await, address).await;
    let (mut bob, his) = with_a_channel(Client::arrives_by_udp(server, "bob").await, address).await;
    alice.io.write_all(&channel_data(BOMB)).await.expect("sent");
    let closed = async {
        while running.counts().allocations_closed == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.expect("her allocation is given up");
    bob.io.write_all(&channel_data(b"bob!")).await.expect("sent");
    assert_eq!(hears(&peer).await, (b"bob!".to_vec(), his));
    let (mut alice, hers) = with_a_channel(alice, address).await;
    alice.io.write_all(&channel_data(b"back")).await.expect("sent");
    assert_eq!(hears(&peer).await, (b"back".to_vec(), hers));
    assert_eq!(running.counts().allocations_closed, 1);
}

#[tokio::test]
async fn a_stream_that_panics_takes_nobody_along() {
    let running = relay(Ports::Range(29400..=29499));
    let (peer, address) = peer().await;
    let (mut alice, _) = with_a_channel(Client::arrives(&running.streams(), "alice").await, address).await;
    let (mut bob, his) = with_a_channel(Client::arrives(&running.streams(), "bob").await, address).await;
    alice.io.write_all(&[channel_data(b"lost"), channel_data(BOMB)].concat()).await.expect("sent");
    bob.io.write_all(&channel_data(b"bob!")).await.expect("sent");
    assert_eq!(hears(&peer).await, (b"bob!".to_vec(), his));
}
