//! The relay as somebody attacks it, against the running program: what a stranger gets, and what the relay is no way to.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::namespace::{ELSEWHERE, HERE, is_inside};
use super::server::{PATIENCE, Server};
use super::turn::{Caller, TCP, UDP};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server with one static user, who is alice and whose password is wonder, and these lines under `[turn]`.
fn server(listen: &str, turn: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("[turn]\n{turn}\n[turn.users]\nalice = \"wonder\"\n");
    std::fs::write(folder.path().join("callbox.toml"), config).unwrap();
    let mut command = super::server::callbox(folder.path());
    command.args([listen, "--turn-listen="]);
    Server::spawn(folder, command)
}

/// The same on loopback, which is exempt from limits by address.
pub(crate) fn on_loopback(turn: &str) -> Server {
    server("--listen=127.0.0.1:0", turn)
}

#[test]
fn a_stranger_gets_little_for_a_packet() {
    let server = on_loopback("");
    let mut stranger = Caller::over_udp(LOCALHOST, server.address);
    // 20 bytes and the address; nothing that names the program.
    assert_eq!(stranger.bind().0.len(), 32);
    // RFC 8489, 9.2.4 wants an ERROR-CODE, a REALM, a NONCE and PASSWORD-ALGORITHMS.
    let challenge = stranger.log_in("alice", "").0;
    assert_eq!(challenge.len(), 20 + 8 + 12 + challenge_nonce(&challenge) + 12, "{challenge:?}");
    assert!(challenge.len() <= 100, "{} bytes for 28", challenge.len());
    // Hundreds of attributes that nobody knows: RFC 8489, 14.14 wants them listed, and a list may be cut.
    let unknown: Vec<u8> = (0..300u16).flat_map(|kind| [0x70 + (kind >> 8) as u8, kind as u8, 0, 0]).collect();
    let head = [&[0, 1], &(unknown.len() as u16).to_be_bytes()[..], &[0x21, 0x12, 0xA4, 0x42], &[7; 12]].concat();
    stranger.write(&[head, unknown].concat());
    let refusal = stranger.read();
    assert_eq!(refusal.code(), 420);
    assert!(refusal.0.len() <= 100, "{} bytes", refusal.0.len());
}

/// The room that NONCE takes, its head and padding included.
fn challenge_nonce(challenge: &[u8]) -> usize {
    let at = nonce_of(challenge);
    (4 + usize::from(challenge[at + 3])).next_multiple_of(4)
}

/// Where NONCE begins: behind the head, whose transaction id may hold any bytes.
fn nonce_of(message: &[u8]) -> usize {
    20 + message[20..].windows(2).position(|kind| kind == [0, 0x15]).unwrap()
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_refused_with_the_same_bytes() {
    let server = on_loopback("");
    let mut stranger = Caller::over_udp(LOCALHOST, server.address);
    let mut refused = |username: &str| {
        stranger.log_in(username, "a guess");
        let refusal = stranger.allocate(UDP);
        assert_eq!(refusal.code(), 401);
        // The transaction is the client's, and a nonce says the time it was made at.
        let nonce = nonce_of(&refusal.0);
        let behind = nonce + challenge_nonce(&refusal.0);
        [&refusal.0[..8], &refusal.0[20..nonce], &refusal.0[behind..]].concat()
    };
    assert_eq!(refused("alice"), refused("mallory"));
    assert_eq!(refused("alice"), refused("1000000000:alice"), "and so does a credential that is over");
}

#[test]
fn nobody_refreshes_with_credentials_that_are_over() {
    let server = on_loopback("secrets = [\"north\"]");
    let expiry = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() + 3;
    let username = format!("{expiry}:bob");
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"north");
    let mut bob = Caller::over_udp(LOCALHOST, server.address);
    bob.log_in(&username, &STANDARD.encode(hmac::sign(&key, username.as_bytes())));
    assert_eq!(bob.allocate(UDP).code(), 0);
    let until = Instant::now() + PATIENCE;
    while bob.refresh().code() == 0 {
        assert!(Instant::now() < until, "still refreshed");
    }
    assert_eq!(bob.refresh().code(), 401);
    assert_eq!(bob.permit(SocketAddr::from(([8, 8, 8, 8], 53))).code(), 401);
}

#[test]
fn who_only_asks_over_tcp_and_never_reads_is_hung_up_on() {
    let server = on_loopback("");
    let mut stream = server.connect();
    let binding = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].repeat(4096);
    // Every buffer between us holds less than a tenth of it.
    let hung_up = (0..2000).any(|_| stream.write_all(&binding).is_err());
    assert!(hung_up, "160 MB of questions, and the answers are still being kept");
}

/// Where a relay must never lead: the probes of Enable Security's suite for TURN servers and of coturn's advisories.
const INWARD: [&str; 24] = [
    "0.0.0.0",
    "127.0.0.1",
    "127.8.9.10",
    "10.0.0.1",
    "10.77.0.2",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fe80::1",
    "fd00:ec2::254",
    "fc00::1",
    "ff02::1",
];

#[test]
fn nothing_on_the_host_or_in_its_network_is_reached_through_the_relay() {
    if !is_inside("relay_safety::nothing_on_the_host_or_in_its_network_is_reached_through_the_relay") {
        return;
    }
    let server = server("--listen=0.0.0.0:0", "external_ip = [\"10.77.0.1\", \"2001:db8:77::1\"]");
    let door = SocketAddr::from((HERE, server.address.port()));
    let mut alice = Caller::over_udp(ELSEWHERE.into(), door);
    alice.log_in("alice", "wonder");
    assert_eq!(alice.allocate_both_families().code(), 0);
    let mut over_tcp = Caller::over_tcp(door);
    over_tcp.log_in("alice", "wonder");
    assert_eq!(over_tcp.allocate(TCP).code(), 0);

    for peer in INWARD.map(|ip| SocketAddr::new(ip.parse().unwrap(), 80)) {
        assert_eq!(alice.permit(peer).code(), 403, "{peer}");
        assert_eq!(alice.bind_channel(0x4000, peer).code(), 403, "{peer}");
        // This one has an IPv4 address only.
        assert_eq!(over_tcp.connect(peer).code(), if peer.is_ipv4() { 403 } else { 443 }, "{peer}");
    }

    // Services of this very machine: on loopback, on another address of it, and on the one that the relay has itself, for
    // which a permission is granted and leads to relayed addresses only.
    let hosts = [LOCALHOST, ELSEWHERE.into(), HERE.into()];
    let datagrams = hosts.map(|ip| UdpSocket::bind((ip, 0)).unwrap());
    let streams = hosts.map(|ip| TcpListener::bind((ip, 0)).unwrap());
    for (datagrams, streams) in datagrams.iter().zip(&streams) {
        let (by_udp, by_tcp) = (datagrams.local_addr().unwrap(), streams.local_addr().unwrap());
        let permitted = by_udp.ip() == IpAddr::from(HERE);
        assert_eq!(alice.permit(by_udp).code() == 0, permitted, "{by_udp}");
        alice.send(b"anybody there?", by_udp);
        assert_ne!(over_tcp.connect(by_tcp).code(), 0, "{by_tcp}");
    }
    // When this is answered, what was sent before it has been handled.
    assert_eq!(alice.refresh().code(), 0);
    for (datagrams, streams) in datagrams.iter().zip(&streams) {
        datagrams.set_nonblocking(true).unwrap();
        assert!(datagrams.recv(&mut [0; 100]).is_err(), "{datagrams:?} was reached");
        streams.set_nonblocking(true).unwrap();
        assert!(streams.accept().is_err(), "{streams:?} was reached");
    }
}

/// Sends so many binding requests and counts the answers, until one takes too long.
fn answers(stranger: &UdpSocket, count: usize) -> usize {
    const BINDING: [u8; 20] = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    (0..count).for_each(|_| assert_eq!(stranger.send(&BINDING).unwrap(), BINDING.len()));
    (0..count).take_while(|_| stranger.recv(&mut [0; 100]).is_ok()).count()
}

#[test]
fn a_network_that_floods_is_held_back_and_nobody_else_notices() {
    if !is_inside("relay_safety::a_network_that_floods_is_held_back_and_nobody_else_notices") {
        return;
    }
    let server = server("--listen=0.0.0.0:0", "");
    let door = SocketAddr::from((HERE, server.address.port()));
    let mut alice = Caller::over_udp(HERE.into(), door);
    alice.log_in("alice", "wonder");
    assert_eq!(alice.allocate(UDP).code(), 0);

    let flood = UdpSocket::bind((ELSEWHERE, 0)).unwrap();
    flood.connect(door).unwrap();
    flood.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    // Few at a time, so that it is the relay that drops and no socket's buffer.
    let mut answered = 0;
    let held_back = (0..500).any(|_| {
        let heard = answers(&flood, 40);
        answered += heard;
        heard < 40
    });
    assert!(held_back, "all of 20000 packets were answered");
    assert!(answered >= 1000, "only {answered}: a crowd that comes at once would be shut out");

    assert_eq!(alice.refresh().code(), 0, "who has an allocation is not a stranger");
    let mut newcomer = Caller::over_udp(HERE.into(), door);
    assert_eq!(newcomer.bind().code(), 0, "another network is not held back");
}
