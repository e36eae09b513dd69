//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::loads::Load;

/// Compares callbox's relay with other TURN servers: each in turn on a core of its own, the load generator on another.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench relay --")]
pub(crate) struct Options {
    /// One short round: shows that everything works, not how fast it is
    #[arg(long)]
    pub(crate) quick: bool,

    /// Only these loads
    #[arg(long, value_enum)]
    pub(crate) load: Vec<Load>,

    /// Instead of all loads: strangers flood callbox while calls go through it
    #[arg(long)]
    pub(crate) flood: bool,

    /// Only servers whose name contains one of these texts; the first one found is what the ratios compare
    #[arg(long)]
    pub(crate) only: Vec<String>,

    /// A coturn to compare with; may be given more than once
    #[arg(long, default_value = "turnserver")]
    pub(crate) coturn: Vec<PathBuf>,

    /// The binary of the crate turn-server
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/bin/turn-server"))]
    pub(crate) turn_server: PathBuf,

    /// Other callboxes than the one just built; given twice, the second one is compared with the first
    #[arg(long, default_value = env!("CARGO_BIN_EXE_callbox"))]
    pub(crate) callbox: Vec<PathBuf>,

    /// Rounds; every server is run once in each, and medians over the rounds are shown
    #[arg(long, default_value_t = 4)]
    rounds: usize,

    /// Seconds of each run
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,

    /// What `cargo bench` adds by itself
    #[arg(long, hide = true)]
    bench: bool,

    /// Be the server of the crate `turn` at this address, for the comparison
    #[arg(long, hide = true)]
    pub(crate) serve_turn_crate: Option<SocketAddr>,
}

impl Options {
    /// Rounds to run.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 1 } else { self.rounds.max(1) }
    }

    /// How long each run lasts.
    pub(crate) fn duration(&self) -> Duration {
        if self.quick { Duration::from_millis(500) } else { Duration::from_secs_f64(self.seconds) }
    }

    /// The loads to run, in the order of the help text unless asked otherwise.
    pub(crate) fn loads(&self) -> Vec<Load> {
        if self.load.is_empty() { clap::ValueEnum::value_variants().to_vec() } else { self.load.clone() }
    }

    /// Whether a server of this name is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}
