//! The servers under test: how each one is started so that it serves one user, loopback peers and a few thousand
//! allocations. What is measured on them is decided elsewhere.

mod callbox;
mod coturn;
mod turn_crate;
mod turn_server;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

pub(crate) use turn_crate::serve as serve_turn_crate;

use crate::client::Link;
use crate::identity::Identity;
use crate::loads::Load;
use crate::process::{Cores, Process};
use crate::stun;
use crate::udp::Port;

/// A server that can be compared.
pub(crate) trait Server {
    /// Its name in the tables, with its version.
    fn name(&self) -> &str;

    /// Whether `load` makes sense for it; the reason when not.
    fn takes(&self, load: Load) -> Result<(), &'static str>;

    /// How many times as much as callbox it is to cost under `load` at least, where a goal is set.
    fn goal(&self, _load: Load) -> Option<f64> {
        None
    }

    /// The command that starts it with what is `wanted`.
    fn command(&self, wanted: &Wanted<'_>) -> Result<Command>;
}

/// What a server is to be started with.
pub(crate) struct Wanted<'a> {
    /// Where to serve TURN over UDP.
    udp: SocketAddr,
    /// Where to serve TURN over TLS.
    tls: SocketAddr,
    /// The certificate to show there.
    identity: &'a Identity,
    /// A folder of its own.
    directory: &'a Path,
}

/// A server that answers.
pub(crate) struct Running {
    /// The process, for its CPU time and memory.
    pub(crate) process: Process,
    /// Where it serves TURN over UDP.
    pub(crate) udp: SocketAddr,
    /// Where it serves TURN over TLS, if it does.
    pub(crate) tls: SocketAddr,
    _directory: TempDir,
}

/// Every server to be had here, ours first, then what it is compared with; and a remark for each that is missing.
pub(crate) fn find(
    callboxes: &[PathBuf],
    coturns: &[PathBuf],
    turn_server: PathBuf,
) -> (Vec<Box<dyn Server>>, Vec<String>) {
    let ours = callboxes.iter().zip(1..).map(|(path, number)| callbox::Callbox::new(path, number));
    let mut found: Vec<Box<dyn Server>> = ours.map(|callbox| Box::new(callbox) as Box<dyn Server>).collect();
    let mut remarks = Vec::new();
    for path in coturns {
        match coturn::Coturn::find(path) {
            Ok((variants, remark)) => {
                found.extend(variants.into_iter().map(|variant| Box::new(variant) as Box<dyn Server>));
                remarks.extend(remark);
            }
            Err(error) => remarks.push(format!("no coturn at {}: {error:#}", path.display())),
        }
    }
    found.push(Box::new(turn_crate::TurnCrate));
    match turn_server::TurnServer::find(turn_server) {
        Ok(server) => found.push(Box::new(server)),
        Err(remark) => remarks.push(remark),
    }
    (found, remarks)
}

/// Starts `server` on loopback and waits until it answers a Binding request.
pub(crate) fn start(server: &dyn Server, cores: Cores, identity: &Identity) -> Result<Running> {
    start_at(Ipv4Addr::LOCALHOST, server, cores, identity)
}

/// The same on another address of this machine.
pub(crate) fn start_at(host: Ipv4Addr, server: &dyn Server, cores: Cores, identity: &Identity) -> Result<Running> {
    let directory = tempfile::tempdir()?;
    let (udp, tls) = (free_port(host)?, free_port(host)?);
    let wanted = Wanted { udp, tls, identity, directory: directory.path() };
    let mut process = Process::start(server.command(&wanted)?, cores, directory.path())?;
    if let Err(error) = wait_for_answer(&mut process, udp) {
        let log = fs::read_to_string(directory.path().join("log")).unwrap_or_default();
        bail!("{} did not start: {error:#}\n{log}", server.name());
    }
    Ok(Running { process, udp, tls, _directory: directory })
}

fn wait_for_answer(process: &mut Process, server: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while process.alive() {
        if Port::connected(server)?.ask(&stun::binding()).is_ok() {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("no answer to a Binding request within 10 seconds");
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("it ended by itself")
}

/// A port nobody uses at this moment: none of these servers can tell which port it took for itself.
fn free_port(host: Ipv4Addr) -> Result<SocketAddr> {
    let socket = UdpSocket::bind((host, 0)).context("no free port")?;
    Ok(socket.local_addr()?)
}
