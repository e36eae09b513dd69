//! How long a word takes to somebody at another server, beside one within a server: two of ours that share their rooms by a Redis.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::Bench;
use crate::crowd::Crowd;
use crate::loads;
use crate::process::{Cores, Process};
use crate::report::{self, Goals};

/// People who speak in pairs, as many within one server and again between two; so many that each speaks once a second, and nobody
/// is taken for dead.
const PEOPLE: usize = 200;

/// Messages a second: a busy evening, so that what is measured is the way and not a queue.
const RATE: u32 = 200;

/// As much longer a word to another server may take.
const WANTED: Duration = Duration::from_millis(50);

/// Takes down both ways in the same minute, round after round.
pub(crate) fn nodes(bench: &Bench, goals: &mut Goals) -> Result<()> {
    let Some(hub) = bench.hubs.first() else { return Ok(()) };
    let Some(redis) = Redis::start(bench.cores)? else {
        println!("note: no redis-server here, so no words between servers");
        return Ok(());
    };
    let servers = [hub.join(bench.cores, redis.address)?, hub.join(bench.cores, redis.address)?];
    let [one, other] = [servers[0].address, servers[1].address];
    let crowd = |addresses: &[SocketAddr]| {
        let mut crowd = Crowd::new(hub.dialect.as_ref(), addresses, None)?;
        crowd.welcome(bench.options.people(PEOPLE)).map(|()| crowd)
    };
    let (mut neighbours, mut strangers) = (crowd(&[one])?, crowd(&[one, other])?);
    let mut longer: Vec<f64> = Vec::new();
    for round in 1..=bench.options.rounds() {
        let within = loads::timed(&mut neighbours, RATE, bench.options.duration())?;
        let across = loads::timed(&mut strangers, RATE, bench.options.duration())?;
        for (way, times) in [("within one server", &within), ("between two servers", &across)] {
            let title = |which: &str| format!("{RATE} messages/s {way}, round {round}: {which} µs");
            report::print_ours(false, &bench.hubs, &title("p50"), loads::quantile(times, 0.5));
            report::print_ours(false, &bench.hubs, &title("p99"), loads::quantile(times, 0.99));
        }
        longer.push(loads::quantile(&across, 0.99) - loads::quantile(&within, 0.99));
    }
    let longer = report::median(longer) / 1e3;
    let (title, wanted) = ("p99 between two servers above that within one, ms", WANTED.as_millis() as f64);
    report::print_wanted(false, &bench.hubs, title, longer, (&format!("< {wanted}"), longer < wanted), goals);
    Ok(())
}

/// One that keeps nothing on the disk.
struct Redis {
    address: SocketAddr,
    _process: Process,
    _folder: TempDir,
}

impl Redis {
    /// `None`: there is no such program here.
    fn start(cores: Cores) -> Result<Option<Redis>> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            return Ok(None);
        }
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?.local_addr()?;
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
        command.arg(address.port().to_string()).current_dir(folder.path());
        let process = Process::start(command, cores, folder.path())?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                bail!("redis-server did not start");
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Some(Redis { address, _process: process, _folder: folder }))
    }
}
