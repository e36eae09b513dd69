//! Clients that change their address, worker and transport and keep their allocation (RFC 8016), with real sockets.

use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, Heard};
use super::datagrams::{UdpClient, hear, peer};
use super::{PATIENCE, Ports, Running, bound_with};
use crate::clock::Now;
use crate::stun::{Method, attribute, channel_header};

const UDP: &[u8] = &[17, 0, 0, 0];
const CHANNEL: u16 = 0x4001;

/// Few enough to fit the buffers of a socket that nobody reads.
const PACKETS: usize = 150;

/// Four workers: a new port most likely leads to another one.
fn relay() -> (Running, SocketAddr) {
    let relay = bound_with(Ports::Range(29400..=29499), |options| {
        options.workers = NonZeroUsize::new(4);
        options.turn.mobility = true;
    });
    let address = relay.local_addresses()[0];
    (relay.serve(), address)
}

fn allocate(client: &mut UdpClient) -> (SocketAddr, Vec<u8>) {
    let answer = client.ask(Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::MOBILITY_TICKET, &[])
    });
    (answer.address(attribute::XOR_RELAYED_ADDRESS), answer.get(attribute::MOBILITY_TICKET).to_vec())
}

fn bind(client: &mut UdpClient, to: SocketAddr) {
    let [n0, n1] = CHANNEL.to_be_bytes();
    let answer = client.ask(Method::ChannelBind, |writer| {
        writer.put(attribute::CHANNEL_NUMBER, &[n0, n1, 0, 0]).put_xor_address(attribute::XOR_PEER_ADDRESS, to)
    });
    assert_eq!(answer.code(), 0);
}

fn move_to(client: &mut UdpClient, ticket: &[u8]) -> Heard {
    client.ask(Method::Refresh, |writer| writer.put(attribute::MOBILITY_TICKET, ticket))
}

fn framed(payload: &[u8]) -> Vec<u8> {
    [&channel_header(CHANNEL, payload.len())[..], payload].concat()
}

/// From the client to the peer and back.
fn talks(client: &UdpClient, relayed: SocketAddr, peer: &UdpSocket) {
    client.say_on_channel(CHANNEL, b"to the peer");
    assert_eq!(hear(peer), (b"to the peer".to_vec(), relayed));
    peer.send_to(b"to the client", relayed).expect("sent");
    assert_eq!(client.hear(), framed(b"to the client"));
}

#[test]
fn a_client_that_roams_keeps_its_relayed_address_on_every_worker() {
    let ((running, server), outside) = (relay(), peer());
    let mut bob = UdpClient::arrives(server, "bob");
    let (his, _) = allocate(&mut bob);
    let mut alice = UdpClient::arrives(server, "alice");
    let (hers, mut ticket) = allocate(&mut alice);
    bind(&mut bob, hers);
    bind(&mut alice, outside.local_addr().expect("bound"));
    let permitted = |alice: &mut UdpClient| {
        alice.ask(Method::CreatePermission, |writer| writer.put_xor_address(attribute::XOR_PEER_ADDRESS, his)).code()
    };
    assert_eq!(permitted(&mut alice), 0);
    for round in 0..12 {
        let mut roaming = UdpClient::arrives(server, "alice");
        let moved = move_to(&mut roaming, &ticket);
        assert_eq!(moved.code(), 0, "move {round}");
        assert_eq!(move_to(&mut UdpClient::arrives(server, "alice"), &ticket).code(), 437, "a ticket is used once");
        ticket = moved.get(attribute::MOBILITY_TICKET).to_vec();
        talks(&roaming, hers, &outside);
        // Inside the relay she is found, too, wherever she lives.
        bob.say_on_channel(CHANNEL, b"hairpin");
        let indication = Heard(roaming.hear());
        assert_eq!(
            (indication.get(attribute::DATA), indication.address(attribute::XOR_PEER_ADDRESS)),
            (&b"hairpin"[..], his)
        );
        assert_eq!(alice.ask(Method::Refresh, |writer| writer).code(), 437, "the old address is forgotten");
        alice = roaming;
    }
    let counts = running.counts();
    assert_eq!((counts.allocations_opened, counts.allocations_closed), (2, 0));
    assert_eq!(alice.ask(Method::Refresh, |writer| writer.put_u32(attribute::LIFETIME, 0)).code(), 0);
}

#[test]
fn whoever_has_no_right_to_a_session_hears_so_where_he_asks() {
    let (_running, server) = relay();
    let mut alice = UdpClient::arrives(server, "alice");
    let (_, ticket) = allocate(&mut alice);
    for _ in 0..4 {
        let mut bob = UdpClient::arrives(server, "bob");
        assert_eq!((move_to(&mut bob, &ticket).code(), move_to(&mut bob, &[7; 16]).code()), (441, 437));
        assert_eq!(bob.ask(Method::Refresh, |writer| writer).code(), 437, "nothing is kept of who asked in vain");
    }
    assert_eq!(alice.ask(Method::Refresh, |writer| writer).code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_from_udp_to_tcp_to_tcp_and_back() {
    let ((running, server), outside) = (relay(), peer());
    let mut alice = UdpClient::arrives(server, "alice");
    let (hers, ticket) = allocate(&mut alice);
    bind(&mut alice, outside.local_addr().expect("bound"));

    let mut ticket = ticket;
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = Client::arrives(&running.streams(), "alice").await;
        let moved = stream.ask(Method::Refresh, |writer| writer.put(attribute::MOBILITY_TICKET, &ticket)).await;
        assert_eq!(moved.code(), 0);
        ticket = moved.get(attribute::MOBILITY_TICKET).to_vec();
        outside.send_to(&[9; 6000], hers).expect("sent");
        assert_eq!(stream.hear_bytes(4 + 6000).await, framed(&[9; 6000]));
        // Longer than anything a stranger may say.
        stream.say(&framed(&[8; 6000])).await;
        assert_eq!(hear(&outside), (vec![8; 6000], hers));
        streams.push(stream);
    }
    assert_eq!(streams[0].ask(Method::Refresh, |writer| writer).await.code(), 437);

    let mut back = UdpClient::arrives(server, "alice");
    assert_eq!(move_to(&mut back, &ticket).code(), 0);
    talks(&back, hers, &outside);
    drop(streams);
    talks(&back, hers, &outside);
    let counts = running.counts();
    assert_eq!((counts.allocations_opened, counts.allocations_closed), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_the_connection_it_can_leave() {
    let ((running, server), outside) = (relay(), peer());
    let mut stream = Client::arrives(&running.streams(), "alice").await;
    let answer = stream.ask(Method::Allocate, |writer| {
        writer.put(attribute::REQUESTED_TRANSPORT, UDP).put(attribute::MOBILITY_TICKET, &[])
    });
    let answer = answer.await;
    let (hers, ticket) = (answer.address(attribute::XOR_RELAYED_ADDRESS), answer.get(attribute::MOBILITY_TICKET));
    let mut bound = Client::arrives(&running.streams(), "bob").await;
    let allocated = bound.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).await;
    assert_eq!(allocated.code(), 0);
    drop((stream, bound));
    let until = Instant::now() + PATIENCE;
    while running.counts().allocations_closed == 0 {
        assert!(Instant::now() < until, "a session without a ticket ends with its connection");
        tokio::task::yield_now().await;
    }
    let mut back = UdpClient::arrives(server, "alice");
    assert_eq!(move_to(&mut back, ticket).code(), 0);
    bind(&mut back, outside.local_addr().expect("bound"));
    talks(&back, hers, &outside);
    assert_eq!(running.counts().allocations_closed, 1);
}

#[test]
fn no_packet_of_a_peer_is_lost_by_a_move() {
    let ((_running, server), outside) = (relay(), peer());
    let mut alice = UdpClient::arrives(server, "alice");
    let (hers, mut ticket) = allocate(&mut alice);
    bind(&mut alice, outside.local_addr().expect("bound"));
    let sender = thread::spawn(move || {
        for _ in 0..PACKETS {
            outside.send_to(b"one more", hers).expect("sent");
            thread::yield_now();
        }
    });
    let (mut places, mut heard) = (vec![alice], 0);
    for _ in 0..8 {
        let mut roaming = UdpClient::arrives(server, "alice");
        let request = roaming.request(Method::Refresh, |writer| writer.put(attribute::MOBILITY_TICKET, &ticket));
        roaming.say(&request);
        // Packets may overtake the reply.
        let mut answer = roaming.hear();
        while answer[0] & 0xC0 != 0 {
            heard += 1;
            answer = roaming.hear();
        }
        ticket = Heard(answer).get(attribute::MOBILITY_TICKET).to_vec();
        places.push(roaming);
    }
    sender.join().expect("everything was sent");
    places.iter().for_each(|place| place.socket.set_nonblocking(true).expect("set"));
    let until = Instant::now() + PATIENCE;
    while heard < PACKETS {
        assert!(Instant::now() < until, "{heard} of {PACKETS} packets were heard");
        heard += places.iter().filter(|place| place.socket.recv(&mut [0; 64]).is_ok()).count();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_put_out_after_a_move_is_found_at_the_new_place() {
    let (running, server) = relay();
    let streams = running.streams();
    for round in 1..=6 {
        let mut guest = UdpClient::arrives(server, "1:guest");
        let (_, ticket) = allocate(&mut guest);
        let mut roaming = UdpClient::arrives(server, "1:guest");
        let moved = move_to(&mut roaming, &ticket);
        if round % 2 == 0 {
            let ticket = moved.get(attribute::MOBILITY_TICKET);
            let mut stream = Client::arrives(&streams, "1:guest").await;
            let moved = stream.ask(Method::Refresh, |writer| writer.put(attribute::MOBILITY_TICKET, ticket)).await;
            assert_eq!(moved.code(), 0);
        }
        streams.revoke("guest", Now::read().unix + Duration::from_secs(3600));
        let until = Instant::now() + PATIENCE;
        while running.counts().allocations_closed != round {
            assert!(Instant::now() < until, "round {round}: {:?}", running.counts());
            tokio::task::yield_now().await;
        }
        streams.admit("guest", "kitchen");
    }
}
