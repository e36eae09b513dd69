//! The hubs under test: ours, two on Node from npm that `peer/` pins, and the least that is one at all.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::dialects::{Bare, Callbox, Dialect, SocketIo};
use crate::identity::Identity;
use crate::process::{Cores, Process};

/// A hub that can be started.
pub(crate) struct Hub {
    /// Its name in the tables.
    pub(crate) name: String,
    /// How it is spoken to.
    pub(crate) dialect: Box<dyn Dialect>,
    program: Program,
}

enum Program {
    /// The binary.
    Callbox(PathBuf),
    /// This program itself: see [`floor`](crate::floor).
    Floor,
    /// The script and which hub it shall be.
    Node(PathBuf, &'static str),
}

/// A hub that answers.
pub(crate) struct Running<'a> {
    /// The process, for its CPU time and memory.
    pub(crate) process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    hub: &'a Hub,
    home: Home<'a>,
}

/// What a server finds again when it is started a second time.
struct Home<'a> {
    directory: TempDir,
    cores: Cores,
    /// With TLS, its certificate.
    identity: Option<&'a Identity>,
    /// The Redis by which it shares its rooms with others.
    store: Option<SocketAddr>,
}

/// Every hub to be had here, ours first; a remark for those that are missing.
pub(crate) fn find(callboxes: &[PathBuf]) -> (Vec<Hub>, Option<String>) {
    let mut hubs: Vec<Hub> = callboxes.iter().zip(1..).map(|(path, number)| ours(path, number)).collect();
    let remark = match install_peers() {
        Ok(script) => {
            hubs.push(on_node(&script, "socket.io", Box::new(SocketIo)));
            hubs.push(on_node(&script, "ws", Box::new(Bare)));
            None
        }
        Err(error) => Some(format!("no hubs on Node to compare with: {error:#}")),
    };
    hubs.push(Hub { name: "floor".to_owned(), dialect: Box::new(Bare), program: Program::Floor });
    (hubs, remark)
}

impl Hub {
    /// Whether it can be spoken to by TLS.
    pub(crate) fn has_tls(&self) -> bool {
        !matches!(self.program, Program::Floor)
    }

    /// Starts it on loopback and waits until it accepts connections.
    pub(crate) fn start<'a>(&'a self, cores: Cores, identity: Option<&'a Identity>) -> Result<Running<'a>> {
        self.start_in(Home { directory: tempfile::tempdir()?, cores, identity, store: None })
    }

    /// Starts it as one of several, and waits until it has found the others.
    pub(crate) fn join(&self, cores: Cores, store: SocketAddr) -> Result<Running<'_>> {
        let home = Home { directory: tempfile::tempdir()?, cores, identity: None, store: Some(store) };
        let running = self.start_in(home)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while !running.home.log().contains("store is reached") {
            ensure!(Instant::now() < deadline, "{} did not reach the store\n{}", self.name, running.home.log());
            thread::sleep(Duration::from_millis(5));
        }
        Ok(running)
    }

    fn start_in<'a>(&'a self, home: Home<'a>) -> Result<Running<'a>> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?.local_addr()?;
        Ok(Running { process: self.launch(address, &home)?, address, hub: self, home })
    }

    fn launch(&self, address: SocketAddr, home: &Home<'_>) -> Result<Process> {
        let mut process = Process::start(self.command(address, home)?, home.cores, home.directory.path())?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if !process.alive() || Instant::now() > deadline {
                bail!("{} did not start\n{}", self.name, home.log());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(process)
    }

    fn command(&self, address: SocketAddr, home: &Home<'_>) -> Result<Command> {
        Ok(match &self.program {
            Program::Callbox(path) => {
                let file = home.directory.path().join("callbox.toml");
                fs::write(&file, configuration(address, home))?;
                let mut command = Command::new(path);
                command.arg("--config").arg(file);
                command
            }
            Program::Floor => {
                let mut command = Command::new(env::current_exe()?);
                command.arg("--floor").arg(address.to_string());
                command
            }
            Program::Node(script, kind) => {
                let mut command = Command::new("node");
                command.arg("--expose-gc").arg(script).arg(kind).arg(address.port().to_string());
                if let Some(identity) = home.identity {
                    command.arg(identity.certificate_file()).arg(identity.key_file());
                }
                command
            }
        })
    }
}

impl Home<'_> {
    /// What the server has said.
    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Running<'_> {
    /// Resident memory in bytes; garbage, where there is such a thing, is collected before.
    pub(crate) fn resident(&self) -> Result<u64> {
        if matches!(self.hub.program, Program::Node(..)) {
            let process = Pid::from_raw(self.process.id() as i32);
            kill(process, Signal::SIGUSR2)?;
            thread::sleep(Duration::from_millis(700));
        }
        self.process.resident()
    }

    /// Kills it without a warning and starts it again at the same address, with what it kept in files.
    pub(crate) fn kill_and_start(self) -> Result<Self> {
        let Running { process, address, hub, home } = self;
        drop(process);
        Ok(Running { process: hub.launch(address, &home)?, address, hub, home })
    }
}

fn ours(path: &Path, number: usize) -> Hub {
    let name = if number == 1 { "callbox".to_owned() } else { format!("callbox {number}") };
    Hub { name, dialect: Box::new(Callbox), program: Program::Callbox(path.to_owned()) }
}

fn on_node(script: &Path, kind: &'static str, dialect: Box<dyn Dialect>) -> Hub {
    let version = version(script, kind).unwrap_or_default();
    Hub { name: format!("{kind} {version}"), dialect, program: Program::Node(script.to_owned(), kind) }
}

/// Puts the peers beside other things that were built, with the packages that their lock file names.
fn install_peers() -> Result<PathBuf> {
    const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/hub/peer");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hub-peer");
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json", "hub.js"] {
        fs::copy(Path::new(SOURCE).join(file), folder.join(file))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--silent", "--no-audit", "--no-fund", "--prefer-offline"])
        .current_dir(&folder)
        .stdin(Stdio::null());
    let done = npm.status().context("npm cannot be run: Node 20 is needed")?;
    ensure!(done.success(), "npm ci failed in {}", folder.display());
    Ok(folder.join("hub.js"))
}

fn version(script: &Path, package: &str) -> Option<String> {
    let about = fs::read(script.parent()?.join("node_modules").join(package).join("package.json")).ok()?;
    let about: serde_json::Value = serde_json::from_slice(&about).ok()?;
    about["version"].as_str().map(str::to_owned)
}

fn configuration(address: SocketAddr, home: &Home<'_>) -> String {
    let tls = match home.identity {
        Some(identity) => {
            format!("mode = \"files\"\ncert = {:?}\nkey = {:?}", identity.certificate_file(), identity.key_file())
        }
        None => "mode = \"off\"".to_owned(),
    };
    let cluster = home.store.map_or(String::new(), |store| {
        format!("[cluster]\nredis = \"redis://{store}\"\nsecret = \"a secret of twenty characters\"")
    });
    format!(
        r#"
listen = "{address}"
data_dir = {data:?}
max_connections = 65000

[tls]
{tls}

[turn]
listen = []
external_ip = ["127.0.0.1"]
workers = 1

[rooms]
max_rooms = 40000

{cluster}
"#,
        data = home.directory.path(),
    )
}
