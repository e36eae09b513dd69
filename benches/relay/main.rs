//! Compares callbox's relay with other TURN servers by the CPU time a relayed packet costs them.
//!
//! ```text
//! cargo bench --bench relay                                   everything; about 7 minutes
//! cargo bench --bench relay -- --quick --load one             does it work
//! cargo bench --bench relay -- --flood                        strangers flood callbox while calls go through it
//! cargo bench --bench relay -- --coturn /opt/coturn/bin/turnserver
//! ```
//!
//! Each server gets a core of its own and runs with one thread; the generator, that is clients and peers, runs on another
//! core. All over loopback with packets of 1200 bytes on bound channels. The generator keeps so many packets under way that the
//! server always has work and its socket buffer never overflows; it sends with GSO where a load says so, and always
//! receives with GRO. What it can do with no server between is printed above each table: where a server comes near that,
//! it was not saturated, and its packets a second are the generator's. CPU time per packet holds all the same.

mod client;
mod clients;
mod engine;
mod flood;
mod flows;
#[path = "../shared/identity.rs"]
mod identity;
mod loads;
mod memory;
#[path = "../shared/namespace.rs"]
mod namespace;
mod options;
#[path = "../shared/process.rs"]
mod process;
mod report;
mod servers;
mod stun;
mod tls;
mod udp;

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use identity::Identity;
use loads::{Case, Outcome};
use options::Options;
use process::Cores;
use report::{Goals, Row};
use servers::Server;

const SHARED: &str = "note: no network namespace to be had here: this machine's firewall rules are part of all figures";

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(address) = options.serve_turn_crate {
        return servers::serve_turn_crate(address);
    }
    let alone = namespace::enter()?;
    let cores = Cores::choose()?;
    Cores::pin(cores.generator)?;
    let identity = Identity::new(&[Ipv4Addr::LOCALHOST, flood::SERVER])?;
    let (mut servers, remarks) = servers::find(&options.callbox, &options.coturn, options.turn_server.clone());
    servers.retain(|server| options.wants(server.name()));
    println!("servers on core {}, generator on core {}", cores.server, cores.generator);
    println!("{} rounds of {:?} each; medians", options.rounds(), options.duration());
    println!("{}", if alone { "in a network of its own: no firewall in the way" } else { SHARED });
    if options.flood {
        ensure!(alone, "a flood from many addresses needs a network namespace, which this system does not allow");
        return flood::run(servers[0].as_ref(), cores, &identity, options.duration());
    }
    remarks.iter().for_each(|remark| println!("note: {remark}"));
    let bench = Bench { options, cores, identity, servers };
    let mut goals = Goals::default();
    bench.options.loads().iter().flat_map(|load| load.cases()).try_for_each(|case| bench.compare(case, &mut goals))?;
    goals.print();
    Ok(())
}

struct Bench {
    options: Options,
    cores: Cores,
    identity: Identity,
    servers: Vec<Box<dyn Server>>,
}

impl Bench {
    /// Runs one case against every server that takes it, in turn, round after round.
    fn compare(&self, case: Case, goals: &mut Goals) -> Result<()> {
        println!("\n{}", case.title());
        if let Some(rate) = case.headroom(Duration::from_millis(500))? {
            println!("  the generator alone: {:.0} kpackets/s", rate / 1e3);
        }
        let mut rows: Vec<Row> = Vec::new();
        for _ in 0..self.options.rounds() {
            for (index, server) in self.servers_for(case).enumerate() {
                if index == rows.len() {
                    let (name, goal) = (server.name().to_owned(), server.goal(case.load));
                    rows.push(Row { name, goal, outcomes: Vec::new() });
                }
                let outcome = self.run(case, server).or_else(|error| {
                    println!("  once more, since it failed: {error:#}");
                    self.run(case, server)
                })?;
                rows[index].outcomes.push(outcome);
            }
        }
        report::print(&case.title(), &rows, goals);
        for server in &self.servers {
            if let Err(reason) = server.takes(case.load) {
                println!("  {:<22} left out: {reason}", server.name());
            }
        }
        Ok(())
    }

    fn servers_for(&self, case: Case) -> impl Iterator<Item = &dyn Server> {
        self.servers.iter().map(Box::as_ref).filter(move |server| server.takes(case.load).is_ok())
    }

    fn run(&self, case: Case, server: &dyn Server) -> Result<Outcome> {
        let running = servers::start(server, self.cores, &self.identity)?;
        case.run(&running, &self.identity, self.options.duration())
            .with_context(|| format!("{}: {}", server.name(), case.title()))
    }
}
