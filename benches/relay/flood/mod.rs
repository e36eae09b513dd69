//! Strangers flood a server from many addresses while calls go through it: what it costs the calls, what the server sends
//! back, and what it remembers. Everybody has a real address here, not a loopback one, which servers may exempt from their
//! limits.
//!
//! The generator has one core for calls and strangers together, so a flood that the server never sees comes first: what
//! the calls suffer there is the generator's own doing.

mod connections;
mod datagrams;

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::client::Client;
use crate::clients;
use crate::engine::{Engine, Tally};
use crate::flows::{self, Arrival, Direction};
use crate::identity::Identity;
use crate::namespace;
use crate::process::{Cores, Process};
use crate::servers::{self, Running, Server};
use crate::tls;
use crate::udp::Port;

use connections::{Connections, Opening};
use datagrams::{Datagrams, Question};

/// Where the server is.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// Somebody who wants to make a call during the flood.
const NEWCOMER: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);

/// All of these belong to this machine in its namespace; strangers have the upper part.
const EVERYBODY: &str = "10.0.0.0/8";

/// Packets a second of all calls together: eight people's video.
const PACE: u32 = 8000;

/// Calls over UDP and over TLS.
const CALLS: [usize; 2] = [12, 4];

/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// By then every connection that said nothing useful must be gone, and the server's memory is looked at once more.
const AFTERWARDS: Duration = Duration::from_secs(20);

/// What strangers do.
pub(crate) trait Flood {
    /// Does a little of it, if it is time; must take far less than a millisecond.
    fn step(&mut self) -> io::Result<()>;

    /// Connections it still holds that the server has not ended.
    fn held(&mut self) -> usize;

    /// What was done so far.
    fn sums(&self) -> Sums;
}

/// What strangers have sent and got.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    /// Packets or connections.
    pub(crate) sent: u64,
    /// Bytes in them.
    pub(crate) bytes_sent: u64,
    /// Replies.
    pub(crate) replies: u64,
    /// Bytes in them.
    pub(crate) bytes_replied: u64,
}

/// Runs every flood, each against a fresh server.
pub(crate) fn run(server: &dyn Server, cores: Cores, identity: &Identity, duration: Duration) -> Result<()> {
    // Every address of it becomes one of this machine's own.
    namespace::ip(&["route", "add", "local", EVERYBODY, "dev", "lo"])?;
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    println!("{}: {} calls over UDP and {} over TLS, {PACE} packets/s in all", server.name(), CALLS[0], CALLS[1]);
    println!(
        "  {:<44} {:>8} {:>8} {:>6} | {:>21} | {:>7} {:>9} {:>9} {:>10} | {:>5}",
        "flood",
        "sent/s",
        "replies",
        "bytes",
        "MB before, most, after",
        "lost",
        "median µs",
        "p99 µs",
        "newcomer",
        "held"
    );
    for kind in Kind::ALL {
        let running = servers::start_at(SERVER, server, cores, identity)?;
        let seen = kind.run(&running, identity, duration).with_context(|| kind.title().to_owned())?;
        println!("{}", seen.line(kind.title(), duration));
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Nobody,
    Questions { question: Question, spread: bool },
    Connections { opening: Opening, spread: bool },
}

impl Kind {
    const ALL: [Kind; 8] = [
        Kind::Nobody,
        Kind::Questions { question: Question::Binding, spread: true },
        Kind::Questions { question: Question::Binding, spread: false },
        Kind::Questions { question: Question::Allocate, spread: true },
        Kind::Questions { question: Question::ForgedAllocate, spread: true },
        Kind::Connections { opening: Opening::Silence, spread: true },
        Kind::Connections { opening: Opening::ClientHello, spread: true },
        Kind::Connections { opening: Opening::ClientHello, spread: false },
    ];

    fn title(self) -> &'static str {
        match self {
            Kind::Nobody => "none: Binding requests to nobody",
            Kind::Questions { question: Question::Binding, spread: true } => "Binding, from 16 384 networks",
            Kind::Questions { question: Question::Binding, spread: false } => "Binding, from one network",
            Kind::Questions { question: Question::Allocate, .. } => "Allocate without proof, from 16 384 networks",
            Kind::Questions { question: Question::ForgedAllocate, .. } => "Allocate, forged, from 16 384 networks",
            Kind::Connections { opening: Opening::Silence, .. } => "TCP connections, silent",
            Kind::Connections { spread: true, .. } => "half TLS handshakes, from 16 384 networks",
            Kind::Connections { spread: false, .. } => "half TLS handshakes, from one network",
        }
    }

    fn flood(self, server: &Running, identity: &Identity) -> Result<Box<dyn Flood>> {
        Ok(match self {
            Kind::Nobody => Box::new(Datagrams::new(Port::peer()?.address()?, Question::Binding, true)?),
            Kind::Questions { question, spread } => Box::new(Datagrams::new(server.udp, question, spread)?),
            Kind::Connections { opening, spread } => Box::new(Connections::new(
                server.tls,
                match opening {
                    Opening::Silence => Vec::new(),
                    Opening::ClientHello => tls::client_hello(identity, server.tls)?,
                },
                spread,
            )),
        })
    }

    fn run(self, server: &Running, identity: &Identity, duration: Duration) -> Result<Seen> {
        let mut calls =
            flows::with_peers(clients::with_peers(server.udp, CALLS[0])?, Direction::ToPeer, Arrival::Apart);
        calls.extend(tls::flows(server.tls, identity, CALLS[1], Direction::ToPeer)?);
        let (mut calls, mut latencies) = (Engine::new(calls), Vec::new());
        calls.pace(PACE, duration, &mut latencies)?;
        latencies.clear();

        let before = server.process.resident()?;
        let (mut flood, mut memory) = (self.flood(server, identity)?, Memory::new(&server.process));
        let tally = calls.pace_and(PACE, duration, &mut latencies, &mut || {
            flood.step()?;
            memory.look()
        })?;
        let newcomer = Instant::now();
        Client::allocate(Port::connected_from(NEWCOMER, server.udp)?).context("a newcomer during the flood")?;
        let newcomer = newcomer.elapsed();
        let until = Instant::now() + AFTERWARDS;
        while flood.held() > 0 && Instant::now() < until {
            calls.pace_and(PACE, Duration::from_millis(500), &mut Vec::new(), &mut || memory.look())?;
        }
        let (sums, held, most) = (flood.sums(), flood.held(), memory.most);
        drop(flood);
        calls.pace(PACE, Duration::from_secs(1), &mut Vec::new())?;
        latencies.sort_unstable();
        Ok(Seen { sums, tally, latencies, newcomer, memory: [before, most, server.process.resident()?], held })
    }
}

/// The server's memory, watched.
struct Memory<'a> {
    server: &'a Process,
    most: u64,
    next: Instant,
}

impl Memory<'_> {
    fn new(server: &Process) -> Memory<'_> {
        Memory { server, most: 0, next: Instant::now() }
    }

    fn look(&mut self) -> io::Result<()> {
        if Instant::now() >= self.next {
            self.most = self.most.max(self.server.resident().map_err(io::Error::other)?);
            self.next += LOOK;
        }
        Ok(())
    }
}

/// What one flood showed.
struct Seen {
    sums: Sums,
    tally: Tally,
    /// In nanoseconds, sorted.
    latencies: Vec<u64>,
    newcomer: Duration,
    /// In bytes: before, at most, afterwards.
    memory: [u64; 3],
    held: usize,
}

impl Seen {
    fn line(&self, title: &str, duration: Duration) -> String {
        let Sums { sent, bytes_sent, replies, bytes_replied } = self.sums;
        let share = |part: u64, whole: u64| part as f64 * 100.0 / whole.max(1) as f64;
        let quantile = |part: f64| {
            let index = (self.latencies.len() as f64 * part) as usize;
            self.latencies.get(index).copied().unwrap_or(u64::MAX) as f64 / 1e3
        };
        let [before, most, after] = self.memory.map(|bytes| bytes as f64 / f64::from(1 << 20));
        format!(
            "  {title:<44} {:>8.0} {:>6.1} % {:>4.0} % | {before:>6.1} {most:>6.1} {after:>6.1}  | {:>5.2} % {:>9.0} {:>9.0} {:>7.1} ms | {:>5}",
            sent as f64 / duration.as_secs_f64(),
            share(replies, sent),
            share(bytes_replied, bytes_sent),
            share(self.tally.lost, self.tally.sent),
            quantile(0.5),
            quantile(0.99),
            self.newcomer.as_secs_f64() * 1e3,
            self.held,
        )
    }
}
