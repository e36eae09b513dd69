//! What clients hear of packets that do not arrive (RFC 8656, 11.5), and packets that must not be split.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;

use super::client::{Client, Heard};
use super::datagrams::{UdpClient, hear, peer};
use super::{Ports, bound};
use crate::stun::{Class, Method, Writer, attribute};

const UDP: &[u8] = &[17, 0, 0, 0];

/// ICMP's "port unreachable" and "fragmentation needed", the latter with an MTU.
const PORT_UNREACHABLE: [u8; 8] = [0, 0, 3, 3, 0, 0, 0, 0];
const TOO_BIG_FOR_1280: [u8; 8] = [0, 0, 3, 4, 0, 0, 5, 0];

fn send(to: SocketAddr, payload: &[u8], whole: bool) -> Vec<u8> {
    let mut message = Vec::new();
    let writer = Writer::new(&mut message, Class::Indication, Method::Send, [9; 12]);
    let writer = writer.put_xor_address(attribute::XOR_PEER_ADDRESS, to);
    let writer = if whole { writer.put(attribute::DONT_FRAGMENT, &[]) } else { writer };
    writer.put(attribute::DATA, payload).finish();
    message
}

fn allocated(server: SocketAddr) -> UdpClient {
    let mut client = UdpClient::arrives(server, "alice");
    let answer = client.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP));
    assert_eq!(answer.code(), 0);
    let outside = SocketAddr::from(([127, 0, 0, 2], 0));
    let permitted =
        client.ask(Method::CreatePermission, |writer| writer.put_xor_address(attribute::XOR_PEER_ADDRESS, outside));
    assert_eq!(permitted.code(), 0);
    client
}

/// A port of the outside where nobody listens.
fn closed() -> SocketAddr {
    UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).and_then(|socket| socket.local_addr()).expect("bound")
}

#[test]
fn a_client_hears_that_nobody_is_there_and_nobody_else_loses_a_packet_by_it() {
    let relay = bound(Ports::Range(29500..=29599));
    let server = relay.local_addresses()[0];
    let _running = relay.serve();
    let (client, outside, nobody) = (allocated(server), peer(), closed());
    for round in 0..5u8 {
        client.say(&send(nobody, b"anybody?", round % 2 == 0));
        client.say(&send(outside.local_addr().expect("bound"), &[round], round % 2 == 1));
        assert_eq!(hear(&outside).0, [round], "the error of one packet is not the next one's");
        let told = Heard(client.hear());
        assert_eq!(told.message().method(), Some(Method::Data));
        assert_eq!(
            (told.get(attribute::ICMP), told.address(attribute::XOR_PEER_ADDRESS)),
            (&PORT_UNREACHABLE[..], nobody)
        );
    }
}

#[tokio::test]
async fn a_client_at_a_stream_hears_it_too() {
    let running = bound(Ports::Range(29500..=29599)).serve();
    let mut client = Client::arrives(&running.streams(), "alice").await;
    let answer = client.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).await;
    assert_eq!(answer.code(), 0);
    let nobody = closed();
    let permitted = client
        .ask(Method::CreatePermission, |writer| writer.put_xor_address(attribute::XOR_PEER_ADDRESS, nobody))
        .await;
    assert_eq!(permitted.code(), 0);
    // Errors are looked for in passing, so something has to pass now and then.
    let told = async {
        loop {
            client.say(&send(nobody, b"anybody?", false)).await;
            let heard = client.ask(Method::Binding, |writer| writer).await;
            if heard.message().method() == Some(Method::Data) {
                return heard;
            }
        }
    };
    let told = tokio::time::timeout(super::PATIENCE, told).await.expect("told in time");
    assert_eq!((told.get(attribute::ICMP), told.address(attribute::XOR_PEER_ADDRESS)), (&PORT_UNREACHABLE[..], nobody));
}

/// Loopback carries the longest datagrams there are, so this needs a network of its own with a narrow one.
#[test]
fn what_must_not_be_split_is_not_split_and_the_client_hears_how_long_it_may_be() {
    let narrow =
        "ip link set lo mtu 1280 up && exec \"$0\" --exact relay::tests::errors::in_a_narrow_network --ignored";
    let exe = std::env::current_exe().expect("a running test has a file");
    if !Command::new("unshare").args(["-rn", "ip", "link"]).output().is_ok_and(|tried| tried.status.success()) {
        return println!("not tried: this system lets nobody make a network of his own (unshare -rn)");
    }
    let ran = Command::new("unshare").args(["-rn", "sh", "-c", narrow]).arg(exe).output().expect("started");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
#[ignore = "run by the test above, in a network where loopback carries 1280 bytes"]
fn in_a_narrow_network() {
    let relay = bound(Ports::Range(29500..=29599));
    let server = relay.local_addresses()[0];
    let _running = relay.serve();
    let (client, outside) = (allocated(server), peer());
    let to = outside.local_addr().expect("bound");
    for _ in 0..3 {
        client.say(&send(to, &[1; 1400], true));
        let told = Heard(client.hear());
        assert_eq!((told.get(attribute::ICMP), told.address(attribute::XOR_PEER_ADDRESS)), (&TOO_BIG_FOR_1280[..], to));
        client.say(&send(to, &[2; 1400], false));
        assert_eq!(hear(&outside).0, [2; 1400], "the next one may be split, and the one before never came");
        client.say(&send(to, &[3; 1200], true));
        assert_eq!(hear(&outside).0, [3; 1200]);
    }
}
