//! Two relays on one address: whoever had an allocation keeps it at the old one, everybody else comes to the new one.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use super::datagrams::{UdpClient, hear, peer};
use super::{PATIENCE, Ports, Relay, bound_with};
use crate::stun::{Method, attribute, channel_header};

const UDP: &[u8] = &[17, 0, 0, 0];
/// Ports of the new one's relayed addresses.
const NEW: std::ops::RangeInclusive<u16> = 29750..=29799;
const CHANNEL: u16 = 0x4001;

fn relay(listen: SocketAddr, ports: std::ops::RangeInclusive<u16>, beside: bool) -> Relay {
    bound_with(Ports::Range(ports), |options| {
        options.listen = vec![listen];
        options.workers = NonZeroUsize::new(2);
        options.beside = beside;
    })
}

/// A client with an allocation and a channel to `peer`.
fn arrives(server: SocketAddr, peer: SocketAddr) -> UdpClient {
    let mut client = UdpClient::arrives(server, "alice");
    let made = client.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!(made.code(), 0);
    let [n0, n1] = CHANNEL.to_be_bytes();
    let bound = client.ask(Method::ChannelBind, |writer| {
        writer.put(attribute::CHANNEL_NUMBER, &[n0, n1, 0, 0]).put_xor_address(attribute::XOR_PEER_ADDRESS, peer)
    });
    assert_eq!(bound.code(), 0);
    client
}

#[test]
fn allocations_stay_with_the_old_relay_and_newcomers_come_to_the_new_one() {
    for wanted in ["127.0.0.1:0", "[::]:0"] {
        let bound = relay(wanted.parse().expect("an address"), 29700..=29749, false);
        let listen = bound.local_addresses()[0];
        let server = (std::net::Ipv4Addr::LOCALHOST, listen.port()).into();
        let (old, outside) = (bound.serve(), peer());
        let at = outside.local_addr().expect("bound");
        // Enough for every socket of either relay to be somebody's.
        let clients: Vec<UdpClient> = (0..16).map(|_| arrives(server, at)).collect();
        let talk = || {
            for client in &clients {
                client.say_on_channel(CHANNEL, b"to the peer");
                let (said, relayed) = hear(&outside);
                assert_eq!(said, b"to the peer");
                outside.send_to(b"to the client", relayed).expect("sent");
                assert_eq!(client.hear(), [&channel_header(CHANNEL, 13)[..], b"to the client"].concat());
            }
        };
        talk();
        assert!(old.streams().steer(PATIENCE));
        talk();
        let new = relay(listen, NEW, true).serve();
        talk();
        assert!(old.streams().deafen(PATIENCE));
        talk();
        let (before, newcomers) = (old.counts().replies, 16);
        let late: Vec<UdpClient> = (0..newcomers).map(|_| arrives(server, at)).collect();
        assert_eq!((old.counts().replies, new.counts().allocations_opened), (before, newcomers));
        talk();
        // What ends at the old one begins anew at the new one.
        let mut first = clients.into_iter().next().expect("sixteen");
        let ended = first.ask(Method::Refresh, |writer| writer.put(attribute::LIFETIME, &[0; 4]));
        assert_eq!(ended.code(), 0);
        let begun = Instant::now();
        while old.counts().allocations_closed == 0 {
            assert!(begun.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(1));
        }
        let made = first.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
        assert!(NEW.contains(&made.address(attribute::XOR_RELAYED_ADDRESS).port()));
        drop(late);
    }
}

#[test]
fn every_worker_answers_and_a_relay_that_has_ended_does_not() {
    let relay = relay("127.0.0.1:0".parse().expect("an address"), 29700..=29749, false).serve();
    let streams = relay.streams();
    assert!(streams.answers(PATIENCE));
    relay.stop();
    assert!(!streams.answers(Duration::from_millis(1)));
}
