//! coturn's own clients against our relay. Skipped, with words, where they are not installed.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use callbox::relay::Ports;

use crate::world::{OUTSIDE, PASSWORD, PATIENCE, SECRET, USER, World, range};

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
        let peer = EchoPeer { process, address };
        peer.wait_until_it_answers();
        peer
    }

    fn wait_until_it_answers(&self) {
        let probe = UdpSocket::bind((OUTSIDE, 0)).unwrap();
        probe.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let until = Instant::now() + PATIENCE;
        while probe.send_to(b"there?", self.address).and_then(|_| probe.recv(&mut [0; 16])).is_err() {
            assert!(Instant::now() < until, "turnutils_peer does not answer at {}", self.address);
        }
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

/// Over TLS. This tool takes a TLS record for a message and loses the second of two that share one, which is a matter of
/// timing; so the relay's own count has to say that everything came and went. That clients get it all is shown with
/// `turn-client-proto`.
fn over_tls(world: &World, arguments: &[&str]) {
    let arguments = [&["-n", "5", "-m", "2", "-l", "301", "-s", "-t", "-S"], arguments].concat();
    let (_, said) = run(&["-u", USER, "-w", PASSWORD], world.tls, &arguments);
    assert!(said.contains("Total lost packets"), "turnutils_uclient {arguments:?}:\n{said}");
    let counts = world.running.as_ref().expect("running").counts();
    assert_eq!((counts.packets_to_peers, counts.packets_to_clients), (10, 10), "{counts:?}");
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
    indications_over_udp: by_indications over udp, "-c";
    indications_over_udp_with_reserved_ports_for_rtcp: by_indications over udp;
    indications_over_tcp: by_indications over tcp, "-c", "-t";
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
    clients_meet_over_udp_without_a_single_port: by_indications, Ports::None, udp;
    clients_meet_over_tcp_without_a_single_port: by_indications, Ports::None, tcp, "-t";
    streams_meet_over_tcp: by_streams, range(), tcp;
    streams_meet_over_tcp_without_a_single_port: by_streams, Ports::None, tcp;
    streams_meet_over_tls: by_streams, range(), tls, "-S";
}

#[test]
fn tls_clients_reach_a_peer_and_each_other() {
    if installed("turnutils_uclient") && installed("turnutils_peer") {
        let (_peer, arguments) = echo_peer();
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.push("-c");
        over_tls(&World::new(range()), &arguments);
        over_tls(&World::new(Ports::None), &["-y", "-c"]);
    }
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
