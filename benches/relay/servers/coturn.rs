//! coturn with one relay thread: as it comes and, from 4.14 on, with its shared relay socket and GSO.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Server, Wanted};
use crate::loads::Load;
use crate::stun::{PASSWORD, REALM, USER};

/// One way to run one coturn.
#[derive(Clone)]
pub(crate) struct Coturn {
    path: PathBuf,
    name: String,
    multiplexed: bool,
}

impl Coturn {
    /// The ways to run the coturn at `path`, and a remark when there is only one.
    pub(crate) fn find(path: &Path) -> Result<(Vec<Coturn>, Option<String>)> {
        let version = said(path, "--version")?;
        let version = version.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        ensure!(version.starts_with(|first: char| first.is_ascii_digit()), "it does not tell its version");
        let plain = Coturn { path: path.to_owned(), name: format!("coturn {version}"), multiplexed: false };
        if !said(path, "--help")?.contains("--multiplex-peer") {
            let remark = format!(
                "{} has no --multiplex-peer --udp-gso; to compare with it give a newer one with --coturn PATH",
                plain.name
            );
            return Ok((vec![plain], Some(remark)));
        }
        let name = format!("{} GSO", plain.name);
        let multiplexed = Coturn { name, multiplexed: true, ..plain.clone() };
        Ok((vec![plain, multiplexed], None))
    }
}

impl Server for Coturn {
    fn name(&self) -> &str {
        &self.name
    }

    fn takes(&self, load: Load) -> Result<(), &'static str> {
        match load {
            Load::Hairpin if self.multiplexed => Err("all its allocations share one relayed address"),
            _ => Ok(()),
        }
    }

    fn goal(&self, load: Load) -> Option<f64> {
        let (plain, multiplexed) = match load {
            Load::One => (1.3, 1.0),
            Load::Burst8 => (1.8, 1.2),
            Load::Coalesced32 => (8.0, 3.0),
            Load::Hairpin => (3.0, 3.0),
            Load::Tls => (1.3, 1.3),
            Load::Latency | Load::Memory => (1.0, 1.0),
        };
        Some(if self.multiplexed { multiplexed } else { plain })
    }

    fn command(&self, wanted: &Wanted<'_>) -> Result<Command> {
        let mut command = Command::new(&self.path);
        command
            .args(["-n", "-m", "1", "--no-cli", "--allow-loopback-peers", "--log-file", "stdout"])
            .args(["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--lt-cred-mech"])
            .args(["--realm", REALM, "--user", &format!("{USER}:{PASSWORD}")])
            .args(["--listening-port", &wanted.udp.port().to_string()])
            .args(["--tls-listening-port", &wanted.tls.port().to_string()])
            .arg("--cert")
            .arg(wanted.identity.certificate_file())
            .arg("--pkey")
            .arg(wanted.identity.key_file())
            .arg("--userdb")
            .arg(wanted.directory.join("turndb"))
            .arg("--pidfile")
            .arg(wanted.directory.join("pid"));
        if self.multiplexed {
            // Its relay sockets take this port and the next; the TLS port's neighbours are as free as any.
            let port = wanted.udp.port().wrapping_add(1).max(1024).to_string();
            command.args(["--multiplex-peer", "--udp-gso", "--multiplex-peer-port", &port]);
        }
        Ok(command)
    }
}

fn said(path: &Path, argument: &str) -> Result<String> {
    let output = Command::new(path).arg(argument).output().context("cannot be run")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}
