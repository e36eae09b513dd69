//! coturn's own clients against our relay: a table of conversations, held side by side because each is mostly waiting.
//! Skipped, with words, where the tools are not installed.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use callbox::relay::Ports;

use crate::world::{OUTSIDE, PASSWORD, PATIENCE, USER, World, has_ipv6, range};
use Door::{Tcp, Tcp6, Tls, Tls6, Udp, Udp6};
use Judge::{ByCount, ByTheTool, UntilTheNumberIsGood};
use With::{Itself, ThePeer};

/// What the table's rows are made of: what is shown, where the client knocks, whom it talks to over which relayed ports,
/// what its command line says, and who judges.
struct Conversation(&'static str, Door, With, fn() -> Ports, &'static str, Judge);

/// Where the client knocks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Udp,
    Tcp,
    Tls,
    Udp6,
    Tcp6,
    Tls6,
}

/// Whom it talks to: coturn's echo peer, or a second client of its own by both their relayed addresses (`-y`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    ThePeer,
    Itself,
}

/// How a conversation is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judge {
    /// The tool says that no message was lost.
    ByTheTool,
    /// This tool takes a TLS record for a message and loses the second of two that share one, which is a matter of timing;
    /// so the relay's own count has to say that everything came and went. That clients get it all over TLS is shown with
    /// `turn-client-proto`, and here with streams.
    ByCount,
    /// This tool draws channel numbers from 0x4000 to 0x7FFF, as RFC 5766 had it; RFC 8656, 12 leaves a quarter of them, and
    /// we refuse the others with 400. So it is run again until it draws a good one.
    UntilTheNumberIsGood,
}

fn none() -> Ports {
    Ports::None
}

/// Lengths that need padding. Without `-c` the tool opens a second allocation for RTCP, on the reserved neighbour port
/// (EVEN-PORT). Left out: `-Z` (both families) asks with an attribute of a draft, 0x8032, so that `turn-client-proto` shows it;
/// `-P` loses half of its messages at coturn's own server too; `-R` waits for ever for an answer to noise.
#[rustfmt::skip]
const CONVERSATIONS: &[Conversation] = &[
    Conversation("Send and Data indications, four clients", Udp, ThePeer, range, "-s -c -n 10 -m 4 -l 301", ByTheTool),
    Conversation("EVEN-PORT, and the reserved port for RTCP", Udp, ThePeer, range, "-s -n 5 -m 2 -l 301", ByTheTool),
    Conversation("a channel", Udp, ThePeer, range, "-c -n 10 -l 301", UntilTheNumberIsGood),
    Conversation("a channel with padding, as pjnath sends it", Udp, ThePeer, range, "-c -D -n 10 -l 301", UntilTheNumberIsGood),
    Conversation("a channel over TCP", Tcp, ThePeer, range, "-c -n 10 -l 301", UntilTheNumberIsGood),
    Conversation("indications over TCP", Tcp, ThePeer, range, "-s -c -n 5 -m 2 -l 301", ByTheTool),
    Conversation("indications over TLS", Tls, ThePeer, range, "-s -c -n 5 -m 2 -l 301", ByCount),
    Conversation("client to client", Udp, Itself, range, "-s -c -n 10 -m 4 -l 301", ByTheTool),
    Conversation("client to client by channels", Udp, Itself, range, "-c -n 10 -m 1", UntilTheNumberIsGood),
    Conversation("client to client over TCP", Tcp, Itself, range, "-s -c -n 5 -m 2 -l 301", ByTheTool),
    Conversation("client to client over TLS", Tls, Itself, range, "-s -c -n 5 -m 2 -l 301", ByCount),
    Conversation("client to client, no port", Udp, Itself, none, "-s -c -n 10 -m 4 -l 301", ByTheTool),
    Conversation("client to client over TCP, no port", Tcp, Itself, none, "-s -c -n 5 -m 2 -l 301", ByTheTool),
    Conversation("client to client over TLS, no port", Tls, Itself, none, "-s -c -n 5 -m 2 -l 301", ByCount),
    Conversation("EVEN-PORT without a port", Udp, Itself, none, "-s -n 5 -m 2", ByTheTool),
    Conversation("streams (RFC 6062)", Tcp, Itself, range, "-T -n 10 -m 8 -l 300", ByTheTool),
    Conversation("streams, no port", Tcp, Itself, none, "-T -n 10 -m 8 -l 300", ByTheTool),
    Conversation("streams over TLS", Tls, Itself, range, "-T -n 10 -m 2 -l 300", ByTheTool),
    Conversation("packets that must not be split (DONT-FRAGMENT)", Udp, Itself, range, "-s -c -g -n 5 -m 2", ByTheTool),
    Conversation("DONT-FRAGMENT to a peer outside", Udp, ThePeer, range, "-s -c -g -n 5 -m 2", ByTheTool),
    Conversation("time-limited credentials", Udp, Itself, range, "-s -c -n 5 -m 2 -W north", ByTheTool),
    Conversation("time-limited credentials over TCP", Tcp, Itself, none, "-s -c -n 5 -m 2 -W north", ByTheTool),
    Conversation("requests over and over", Udp, Itself, range, "-s -c -G -n 5 -m 2", ByTheTool),
    Conversation("a client that forgets and begins anew", Udp, Itself, range, "-s -c -B -n 5 -m 2", ByTheTool),
    Conversation("requests that have to be refused", Udp, Itself, range, "-s -c -N -n 5 -m 2", ByTheTool),
    Conversation("an IPv4 address, asked for by name", Udp, Itself, range, "-s -c -X -n 5 -m 2", ByTheTool),
    Conversation("IPv6 relayed addresses for IPv4 clients", Udp, Itself, range, "-s -c -x -n 5 -m 2", ByTheTool),
    Conversation("IPv6 clients with IPv4 addresses", Udp6, Itself, range, "-s -c -n 5 -m 2", ByTheTool),
    Conversation("IPv6 all the way", Udp6, Itself, range, "-s -c -x -n 5 -m 2", ByTheTool),
    Conversation("IPv6 all the way, no port", Udp6, Itself, none, "-s -c -x -n 5 -m 2", ByTheTool),
    Conversation("IPv6 over TCP", Tcp6, Itself, range, "-s -c -x -n 5 -m 2", ByTheTool),
    Conversation("clients that move (RFC 8016)", Udp, Itself, range, "-s -c -M -n 5 -m 4", ByTheTool),
    Conversation("clients that move, to a peer outside", Udp, ThePeer, range, "-s -c -M -n 5 -m 2", ByTheTool),
    Conversation("clients that move over TCP", Tcp, Itself, none, "-s -c -M -n 5 -m 2", ByTheTool),
    Conversation("IPv6 streams over TLS", Tls6, Itself, none, "-T -x -n 5 -m 2", ByTheTool),
];

/// As many at a time: waiting costs nothing, and their packets must not have to wait for a core either.
const SIDE_BY_SIDE: usize = 16;

#[test]
fn coturns_client_holds_every_conversation() {
    if !installed("turnutils_uclient") || !installed("turnutils_peer") {
        return;
    }
    let has_ipv6 = has_ipv6();
    let possible = |talk: &&Conversation| has_ipv6 || !talk.needs_ipv6();
    let waiting: Mutex<VecDeque<_>> = Mutex::new(CONVERSATIONS.iter().filter(possible).collect());
    let failures = Mutex::new(Vec::new());
    let next = || waiting.lock().unwrap().pop_front();
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(talk) = next() {
                    if let Err(said) = talk.hold() {
                        failures.lock().unwrap().push(format!("--- {} ({}):\n{said}", talk.0, talk.4));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} conversations failed:\n{}", failures.len(), failures.join("\n"));
}

impl Conversation {
    fn needs_ipv6(&self) -> bool {
        matches!(self.1, Udp6 | Tcp6 | Tls6) || self.4.split(' ').any(|flag| flag == "-x")
    }

    /// In a world of its own; an error is what the tool said.
    fn hold(&self) -> Result<(), String> {
        let &Conversation(_, door, with, ports, flags, judge) = self;
        let world = World::new(ports());
        let peer = (with == ThePeer).then(EchoPeer::start);
        let mut arguments: Vec<String> = flags.split(' ').map(str::to_owned).collect();
        match &peer {
            Some(peer) => arguments.extend(peer.arguments()),
            None => arguments.push("-y".to_owned()),
        }
        let server = door.of(&world);
        arguments.extend(door.flags().iter().map(|&flag| flag.to_owned()));
        if judge == UntilTheNumberIsGood {
            return until_the_number_is_good(server, &arguments);
        }
        let (lossless, said) = uclient(server, &arguments);
        match judge {
            ByCount => by_count(&world, said),
            _ => lossless.then_some(()).ok_or(said),
        }
    }
}

/// Five messages of each of two clients, there and back.
fn by_count(world: &World, said: String) -> Result<(), String> {
    let counts = world.running.as_ref().expect("running").counts();
    let all = said.contains("Total lost packets") && (counts.packets_to_peers, counts.packets_to_clients) == (10, 10);
    all.then_some(()).ok_or_else(|| format!("{said}\n{counts:?}"))
}

/// A quarter of the channel numbers is good, so that a hundred bad ones in a row do not happen.
fn until_the_number_is_good(server: SocketAddr, arguments: &[String]) -> Result<(), String> {
    for _ in 0..100 {
        match uclient(server, arguments) {
            (true, _) => return Ok(()),
            (false, said) if said.contains("channel bind: error 400") => {}
            (false, said) => return Err(said),
        }
    }
    Err("a hundred channel numbers, and none from 0x4000 to 0x4FFF".to_owned())
}

impl Door {
    fn of(self, world: &World) -> SocketAddr {
        match self {
            Udp => world.udp,
            Tcp => world.tcp,
            Tls => world.tls,
            Udp6 => world.v6().udp,
            Tcp6 => world.v6().tcp,
            Tls6 => world.v6().tls,
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Udp | Udp6 => &[],
            Tcp | Tcp6 => &["-t"],
            Tls | Tls6 => &["-t", "-S"],
        }
    }
}

/// Runs `turnutils_uclient` as the static user, unless the arguments bring the shared secret; whether it lost nothing, and
/// what it said.
fn uclient(server: SocketAddr, arguments: &[String]) -> (bool, String) {
    // It waits for ever for an answer that it has missed.
    let mut command = Command::new("timeout");
    command.args(["60", "turnutils_uclient"]);
    if !arguments.iter().any(|argument| argument == "-W") {
        command.args(["-u", USER, "-w", PASSWORD]);
    }
    let (ip, port) = (server.ip().to_string(), server.port().to_string());
    let output = command.args(arguments).args(["-p", &port, &ip]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success() && said.contains("Total lost packets 0 (0.000000%)"), said.into_owned())
}

/// Whether a tool is there; says so if not.
pub(crate) fn installed(tool: &str) -> bool {
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

    fn arguments(&self) -> [String; 4] {
        let (ip, port) = (self.address.ip().to_string(), self.address.port().to_string());
        ["-e".to_owned(), ip, "-r".to_owned(), port]
    }
}

impl Drop for EchoPeer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
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
