//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Compares callbox's hub with hubs on Node: each in turn on a core of its own, the load generator on another.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench hub --")]
pub(crate) struct Options {
    /// One short round with few people: shows that everything works, not how fast it is
    #[arg(long)]
    pub(crate) quick: bool,

    /// Only these parts
    #[arg(long, value_enum)]
    part: Vec<Part>,

    /// Only hubs whose name contains one of these texts
    #[arg(long)]
    pub(crate) only: Vec<String>,

    /// Only without TLS
    #[arg(long)]
    pub(crate) clear: bool,

    /// Other callboxes than the one just built; given twice, the second one is compared with the first
    #[arg(long, default_value = env!("CARGO_BIN_EXE_callbox"))]
    pub(crate) callbox: Vec<PathBuf>,

    /// Rounds; every hub is run once in each, and medians over the rounds are shown
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// Seconds of each load
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,

    /// Be the least that is a hub, at this address
    #[arg(long, hide = true)]
    pub(crate) floor: Option<SocketAddr>,

    /// What `cargo bench` adds by itself
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be asked for with `--part`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Joins, memory, messages at a fixed rate and as many as can be, beside the other hubs
    Compare,
    /// Many idle sockets at once
    Idle,
    /// The server is killed and started again
    Restart,
    /// Words between two servers that share their rooms by a Redis
    Nodes,
}

impl Options {
    /// Rounds to run.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 1 } else { self.rounds.max(1) }
    }

    /// How long each load lasts.
    pub(crate) fn duration(&self) -> Duration {
        if self.quick { Duration::from_millis(500) } else { Duration::from_secs_f64(self.seconds) }
    }

    /// `many` people, or a quarter of them: fewer would each say more than one may.
    pub(crate) fn people(&self, many: usize) -> usize {
        if self.quick { many / 4 } else { many }
    }

    /// Whether this part is wanted.
    pub(crate) fn runs(&self, part: Part) -> bool {
        self.part.is_empty() || self.part.contains(&part)
    }

    /// Whether a hub of this name is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}
