//! coturn's own clients against our relay. Skipped, with words, where they are not installed.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};

use callbox::relay::Ports;

use crate::world::{OUTSIDE, PASSWORD, SECRET, USER, World, range};

/// Whether a tool is there; says so if not.
fn installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    if !found {
        eprintln!("skipped: {tool} is not installed (Debian: apt-get install coturn)");
    }
    found
}

/// coturn's echo peer.
struct EchoPeer {
    process: Child,
    address: SocketAddr,
}

impl EchoPeer {
    fn start() -> EchoPeer {
        let free = UdpSocket::bind((OUTSIDE, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let port = address.port().to_string();
        let process = Command::new("turnutils_peer")
            .args(["-L", &OUTSIDE.to_string(), "-p", &port])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        EchoPeer { process, address }
    }
}

impl Drop for EchoPeer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs `turnutils_uclient` and demands that no packet was lost.
fn uclient(server: SocketAddr, arguments: &[&str]) {
    let (success, said) = run(&["-u", USER, "-w", PASSWORD], server, arguments);
    assert!(success, "turnutils_uclient {arguments:?}:\n{said}");
}

fn run(credentials: &[&str], server: SocketAddr, arguments: &[&str]) -> (bool, String) {
    let (ip, port) = (server.ip().to_string(), server.port().to_string());
    let output =
        Command::new("turnutils_uclient").args(credentials).args(arguments).args(["-p", &port, &ip]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success() && said.contains("Total lost packets 0 (0.000000%)"), said.into_owned())
}

/// By Send and Data indications, four clients at once, with a length that needs padding.
fn by_indications(server: SocketAddr, arguments: &[&str]) {
    uclient(server, &[&["-n", "20", "-m", "4", "-l", "301", "-s"], arguments].concat());
}

/// This tool takes one TLS record for one message and loses the second one where we put two into a record; so few
/// clients, slow ones, and each told the packets apart by time.
fn slowly_by_indications(server: SocketAddr, arguments: &[&str]) {
    uclient(server, &[&["-n", "10", "-m", "2", "-l", "301", "-s", "-z", "200"], arguments].concat());
}

/// By TCP connections between relayed transport addresses (RFC 6062).
fn by_streams(server: SocketAddr, arguments: &[&str]) {
    uclient(server, &[&["-T", "-n", "10", "-m", "2", "-l", "300"], arguments].concat());
}

/// By channels. This tool draws channel numbers from 0x4000 to 0x7FFF, as RFC 5766 had it; RFC 8656, 12 leaves a quarter
/// of them, and we refuse the others with 400. So it is run again until it draws a good one.
fn by_channel(server: SocketAddr, arguments: &[&str]) {
    let arguments = [&["-n", "20", "-m", "1", "-l", "301", "-c"], arguments].concat();
    for _ in 0..100 {
        let (success, said) = run(&["-u", USER, "-w", PASSWORD], server, &arguments);
        if success {
            return;
        }
        assert!(said.contains("channel bind: error 400"), "turnutils_uclient {arguments:?}:\n{said}");
    }
    panic!("a hundred channel numbers, and none from 0x4000 to 0x4FFF");
}

/// `-e` and `-r` for coturn's echo peer, which lives as long as the first value.
fn echo_peer() -> (EchoPeer, [String; 4]) {
    let peer = EchoPeer::start();
    let (ip, port) = (peer.address.ip().to_string(), peer.address.port().to_string());
    (peer, ["-e".to_owned(), ip, "-r".to_owned(), port])
}

macro_rules! with_a_peer {
    ($($name:ident: $send:ident over $listener:ident $(, $argument:literal)*;)*) => { $(
        #[test]
        fn $name() {
            if installed("turnutils_uclient") && installed("turnutils_peer") {
                let (world, (_peer, arguments)) = (World::new(range()), echo_peer());
                let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                arguments.extend::<[&str; _]>([$($argument),*]);
                $send(world.$listener, &arguments);
            }
        }
    )* };
}

with_a_peer! {
    a_channel_over_udp: by_channel over udp;
    a_padded_channel_over_udp: by_channel over udp, "-D";
    a_channel_over_tcp: by_channel over tcp, "-t";
    a_channel_over_tls: by_channel over tls, "-t", "-S";
    indications_over_udp: by_indications over udp, "-c";
    indications_over_udp_with_reserved_ports_for_rtcp: by_indications over udp;
    indications_over_tcp: by_indications over tcp, "-c", "-t";
    indications_over_tls: slowly_by_indications over tls, "-c", "-t", "-S";
}

macro_rules! client_to_client {
    ($($name:ident: $send:ident, $ports:expr, $listener:ident $(, $argument:literal)*;)*) => { $(
        #[test]
        fn $name() {
            if installed("turnutils_uclient") {
                let world = World::new($ports);
                $send(world.$listener, &["-y", "-c" $(, $argument)*]);
            }
        }
    )* };
}

client_to_client! {
    clients_meet_over_udp: by_indications, range(), udp;
    clients_who_forbid_fragments_meet_over_udp: by_indications, range(), udp, "-g";
    clients_meet_over_tcp: by_indications, range(), tcp, "-t";
    clients_meet_over_tls: slowly_by_indications, range(), tls, "-t", "-S";
    clients_meet_over_udp_without_a_single_port: by_indications, Ports::None, udp;
    clients_meet_over_tcp_without_a_single_port: by_indications, Ports::None, tcp, "-t";
    streams_meet_over_tcp: by_streams, range(), tcp;
    streams_meet_over_tcp_without_a_single_port: by_streams, Ports::None, tcp;
    streams_meet_over_tls: by_streams, range(), tls, "-S";
    clients_meet_over_tls_without_a_single_port: slowly_by_indications, Ports::None, tls, "-t", "-S";
}

#[test]
fn clients_meet_over_ipv6() {
    if !installed("turnutils_uclient") {
        return;
    }
    if UdpSocket::bind("[::1]:0").is_err() {
        return eprintln!("skipped: this machine has no IPv6");
    }
    for ports in [range(), Ports::None] {
        let world = World::with(ports, |options| options.listen = vec!["[::1]:0".parse().unwrap()]);
        by_indications(world.udp, &["-y", "-c", "-x"]);
    }
}

#[test]
fn time_limited_credentials_of_the_shared_secret_are_good() {
    if installed("turnutils_uclient") {
        let world = World::new(range());
        let (success, said) = run(&["-W", SECRET], world.udp, &["-y", "-c", "-s", "-n", "5", "-m", "2"]);
        assert!(success, "{said}");
    }
}

#[test]
fn a_stun_client_learns_its_address() {
    if !installed("turnutils_stunclient") {
        return;
    }
    let world = World::new(range());
    let port = world.udp.port().to_string();
    let output =
        Command::new("turnutils_stunclient").args(["-p", &port, &Ipv4Addr::LOCALHOST.to_string()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("reflexive addr: 127.0.0.1:"), "{said}");
}
