//! One client does what no client may do, or brings something down: the others notice nothing.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::UdpSocket;

use super::client::Client;
use super::{PATIENCE, relay};
use crate::relay::{Ports, Streams};
use crate::stun::{Method, attribute, channel_header};

const UDP: &[u8] = &[17, 0, 0, 0];

/// A client whose channel leads to `peer`, and its relayed transport address.
async fn with_a_channel(streams: &Streams, name: &'static str, peer: SocketAddr) -> (Client, SocketAddr) {
    let mut client = Client::arrives(streams, name).await;
    let answer = client.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).await;
    let relayed = answer.address(attribute::XOR_RELAYED_ADDRESS);
    let bound = client.ask(Method::ChannelBind, |writer| {
        writer.put(attribute::CHANNEL_NUMBER, &[0x40, 0, 0, 0]).put_xor_address(attribute::XOR_PEER_ADDRESS, peer)
    });
    assert_eq!(bound.await.code(), 0);
    (client, relayed)
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
    let peer = UdpSocket::bind("127.0.0.2:0").await.expect("bound");
    let address = peer.local_addr().expect("bound");
    let (mut alice, hers) = with_a_channel(&running.streams(), "alice", address).await;
    let (mut bob, his) = with_a_channel(&running.streams(), "bob", address).await;
    let no_stun = [0xff; 40];
    alice.io.write_all(&[channel_data(b"last").as_slice(), &no_stun].concat()).await.expect("sent");
    assert_eq!(hears(&peer).await, (b"last".to_vec(), hers));
    bob.io.write_all(&channel_data(b"bob!")).await.expect("sent");
    assert_eq!(hears(&peer).await, (b"bob!".to_vec(), his));
}
