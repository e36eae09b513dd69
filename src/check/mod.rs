//! `callbox check`: reaches a server as a caller's browser would, from any machine, and says what is in the way. What is seen
//! (`run`) and why it is so (`judge`, pure) are apart: whoever knows a better cause changes one table.
//!
//! The TURN client is that of the crate `turn`, so that the relay is not asked by those who wrote it.

mod certificate;
mod dial;
mod disk;
mod json;
mod judge;
mod line;
mod phone;
mod relay;
mod report;
mod run;
mod stun;
mod table;
mod target;
mod visit;
mod web;
mod wire;
mod words;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use certificate::Problem;
pub use json::json;
pub use judge::{Cause, Family, Port, Verdict, is_good, judge};
pub use phone::{Phone, Way};
pub use report::{Facts, Failure, Observations, Outcome, Step, What};
pub use table::{Paper, phone_table, table};
pub use target::{NotATarget, Target};

use crate::tls::Roots;

/// How to check.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who may sign the certificate.
    pub roots: Roots,
    /// Go on behind a certificate that browsers would warn of.
    pub insecure: bool,
    /// For each step.
    pub patience: Duration,
    /// The check runs on the server's machine; its public addresses, as far as it knows them.
    pub inside: Option<Vec<IpAddr>>,
    /// The folder of the server on this machine.
    pub data_dir: Option<PathBuf>,
    /// What each TCP connection begins with: the PROXY protocol, for a server that wants it from here.
    pub preface: Vec<u8>,
}

impl Options {
    /// As a browser does it, with the roots that browsers have.
    pub fn new() -> Options {
        Options {
            roots: Roots::public(),
            insecure: false,
            patience: Duration::from_secs(5),
            inside: None,
            data_dir: None,
            preface: Vec::new(),
        }
    }

    /// Trusts what stands in a PEM file, too.
    pub fn trust(&mut self, file: &Path) -> anyhow::Result<()> {
        self.roots.add(file).map_err(|why| anyhow::anyhow!("--ca {} {why}", file.display()))
    }
}

impl Default for Options {
    fn default() -> Options {
        Options::new()
    }
}

/// Checks `target`. Call it in a tokio runtime.
pub async fn check(target: Target, options: &Options) -> anyhow::Result<Observations> {
    run::run(target, options).await.map_err(|failure| anyhow::anyhow!("cannot check: {failure}"))
}
