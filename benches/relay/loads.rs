//! What is done to a server and what is taken down of it. Each case is set up anew, run once and its server ended: one
//! case cannot spoil the next.

use std::time::Duration;

use anyhow::Result;

use crate::clients;
use crate::engine::{Engine, Shape, Tally};
use crate::flows::{self, Arrival, Direction, Flow};
use crate::identity::Identity;
use crate::memory;
use crate::process::Cpu;
use crate::servers::Running;
use crate::tls;

/// Clients sending at once: enough that neighbouring packets belong to different people.
const CLIENTS: usize = 16;

/// Packets a second in the load that is timed.
const PACE: u32 = 40_000;

/// Time for caches, branch predictors and the server's own batching to settle before anything counts.
const WARM_UP: Duration = Duration::from_millis(300);

/// What can be asked for with `--load`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Load {
    /// Packets one by one, each from another client than the last
    One,
    /// Bursts of 8 from one client, arriving one by one
    Burst8,
    /// Bursts of 32 from one client, arriving coalesced
    Coalesced32,
    /// From one client's allocation to another's on the same server
    Hairpin,
    /// Clients over TLS
    Tls,
    /// 40 000 packets a second, timed
    Latency,
    /// Resident memory of idle allocations
    Memory,
}

impl Load {
    /// The cases this load consists of.
    pub(crate) fn cases(self) -> Vec<Case> {
        let relay = |path| Case { load: self, path };
        match self {
            Load::Memory => vec![relay(Path::None)],
            Load::Hairpin => vec![relay(Path::Hairpin(1)), relay(Path::Hairpin(8))],
            _ => vec![relay(Path::Peer(Direction::ToPeer)), relay(Path::Peer(Direction::ToClient))],
        }
    }
}

/// One load along one path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// The load.
    pub(crate) load: Load,
    path: Path,
}

/// Which way packets take.
#[derive(Clone, Copy, Debug)]
enum Path {
    /// Between a client and its peer.
    Peer(Direction),
    /// From client to client, in bursts of so many.
    Hairpin(usize),
    /// There are no packets.
    None,
}

/// What one run of one case showed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// A server kept busy.
    Saturated {
        /// What became of the packets.
        tally: Tally,
        /// How long it took.
        elapsed: Duration,
        /// CPU time of the server.
        cpu: Cpu,
    },
    /// A server at a fixed pace.
    Paced {
        /// What became of the packets.
        tally: Tally,
        /// CPU time of the server.
        cpu: Cpu,
        /// Half of the packets took no longer.
        median: Duration,
        /// 99 of 100 packets took no longer.
        p99: Duration,
    },
    /// A server at rest.
    Memory(memory::PerAllocation),
}

impl Case {
    /// A headline.
    pub(crate) fn title(&self) -> String {
        let load = match self.load {
            Load::One => "saturated, packets one by one",
            Load::Burst8 => "saturated, bursts of 8",
            Load::Coalesced32 => "saturated, bursts of 32 that arrive coalesced",
            Load::Hairpin => "saturated, relay to relay on one server",
            Load::Tls => "saturated, clients over TLS",
            Load::Latency => "40 000 packets/s, one by one",
            Load::Memory => "idle allocations",
        };
        match self.path {
            Path::Peer(Direction::ToPeer) => format!("{load}, client to peer"),
            Path::Peer(Direction::ToClient) => format!("{load}, peer to client"),
            Path::Hairpin(1) => format!("{load}, packets one by one"),
            Path::Hairpin(burst) => format!("{load}, bursts of {burst}"),
            Path::None => load.to_owned(),
        }
    }

    /// Does it to `server` for `duration`.
    pub(crate) fn run(&self, server: &Running, identity: &Identity, duration: Duration) -> Result<Outcome> {
        match self.load {
            Load::Memory => Ok(Outcome::Memory(memory::measure(server)?)),
            Load::Latency => paced(self.flows(server, identity)?, server, duration),
            _ => saturated(self.flows(server, identity)?, self.shape(), server, duration),
        }
    }

    /// Packets a second the generator can send and receive with no server between, in this case's shape.
    pub(crate) fn headroom(&self, duration: Duration) -> Result<Option<f64>> {
        if matches!(self.load, Load::Memory | Load::Tls | Load::Latency) {
            return Ok(None);
        }
        let mut engine = Engine::new(flows::without_server(CLIENTS, self.arrival())?);
        let tally = engine.saturate(self.shape(), duration)?;
        Ok(Some(tally.received as f64 / duration.as_secs_f64()))
    }

    fn flows(&self, server: &Running, identity: &Identity) -> Result<Vec<Flow>> {
        match self.path {
            Path::Hairpin(_) => {
                let pairs = clients::in_pairs(server.udp, 2 * CLIENTS)?;
                Ok(flows::between_clients(pairs, self.arrival()))
            }
            Path::Peer(direction) if self.load == Load::Tls => tls::flows(server.tls, identity, CLIENTS, direction),
            Path::Peer(direction) => {
                let clients = clients::with_peers(server.udp, CLIENTS)?;
                Ok(flows::with_peers(clients, direction, self.arrival()))
            }
            Path::None => Ok(Vec::new()),
        }
    }

    fn arrival(&self) -> Arrival {
        match self.load {
            Load::Coalesced32 => Arrival::Coalesced,
            _ => Arrival::Apart,
        }
    }

    fn shape(&self) -> Shape {
        match (self.load, self.path) {
            // A default socket buffer (212 992 bytes) holds 92 packets of 1204 bytes that come apart (2304 bytes each
            // with the kernel's bookkeeping): 64 under way are never too many.
            (Load::Burst8, _) => Shape { burst: 8, window: 64 },
            (_, Path::Hairpin(burst)) => Shape { burst, window: 64 },
            (Load::Coalesced32, _) => Shape { burst: 32, window: 96 },
            (Load::Tls, _) => Shape { burst: 8, window: 128 },
            _ => Shape { burst: 1, window: 64 },
        }
    }
}

fn saturated(flows: Vec<Flow>, shape: Shape, server: &Running, duration: Duration) -> Result<Outcome> {
    let mut engine = Engine::new(flows);
    engine.saturate(shape, WARM_UP)?;
    let before = server.process.cpu()?;
    let tally = engine.saturate(shape, duration)?;
    let cpu = server.process.cpu()? - before;
    Ok(Outcome::Saturated { tally, elapsed: duration, cpu })
}

fn paced(flows: Vec<Flow>, server: &Running, duration: Duration) -> Result<Outcome> {
    let mut engine = Engine::new(flows);
    engine.pace(PACE, WARM_UP, &mut Vec::new())?;
    let mut latencies = Vec::with_capacity((PACE as f64 * duration.as_secs_f64()) as usize);
    let before = server.process.cpu()?;
    let tally = engine.pace(PACE, duration, &mut latencies)?;
    let cpu = server.process.cpu()? - before;
    latencies.sort_unstable();
    let quantile = |part: f64| {
        let index = (latencies.len() as f64 * part) as usize;
        Duration::from_nanos(latencies.get(index).copied().unwrap_or(u64::MAX))
    };
    Ok(Outcome::Paced { tally, cpu, median: quantile(0.5), p99: quantile(0.99) })
}
