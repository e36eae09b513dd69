//! Compares callbox's hub with hubs on Node, and with the least that any hub has to do here, by what a join, a message and an idle
//! connection cost, and shows what it bears.
//!
//! ```text
//! cargo bench --bench hub                                everything; about 5 minutes
//! cargo bench --bench hub -- --quick                     does it work
//! cargo bench --bench hub -- --part compare --clear      only the comparison, only without TLS
//! ```
//!
//! Each hub gets a core of its own; the generator runs on another. People sit in rooms of two and say 1000 bytes of JSON to each
//! other; every message is looked at when it arrives. CPU time is the scheduler's account of all threads of the server.

mod crowd;
mod dialects;
mod floor;
mod frames;
#[path = "../shared/identity.rs"]
mod identity;
mod loads;
#[path = "../shared/namespace.rs"]
mod namespace;
mod nodes;
mod numbers;
mod options;
#[path = "../shared/process.rs"]
mod process;
mod report;
mod servers;
mod socket;

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use identity::Identity;
use options::{Options, Part};
use process::Cores;
use report::{Goals, Row};
use servers::Hub;

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(address) = options.floor {
        return floor::serve(address);
    }
    // Before the network is left behind: npm may need it.
    let (mut hubs, remark) = servers::find(&options.callbox);
    hubs.retain(|hub| options.wants(&hub.name));
    let alone = namespace::enter()?;
    let cores = Cores::choose()?;
    Cores::pin(cores.generator)?;
    raise_descriptors()?;
    println!("servers on core {}, generator on core {}", cores.server, cores.generator);
    println!("{} rounds of {:?} each; medians", options.rounds(), options.duration());
    println!("{}", if alone { "in a network of its own" } else { "in this machine's network" });
    remark.iter().for_each(|remark| println!("note: {remark}"));
    let identity = Identity::new(&[Ipv4Addr::LOCALHOST])?;
    let bench = Bench { options, cores, identity, hubs };
    let mut goals = Goals::default();
    report::heading(&bench.hubs);
    if bench.options.runs(Part::Compare) {
        bench.compare(&mut goals)?;
    }
    if bench.options.runs(Part::Idle) {
        numbers::idle(&bench, &mut goals)?;
    }
    if bench.options.runs(Part::Restart) {
        numbers::restart(&bench, &mut goals)?;
    }
    if bench.options.runs(Part::Nodes) {
        nodes::nodes(&bench, &mut goals)?;
    }
    goals.print();
    Ok(())
}

/// Every socket is a descriptor, here and in the servers, which inherit the limit.
fn raise_descriptors() -> Result<()> {
    const WANTED: u64 = 65_536;
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let raised = setrlimit(Resource::RLIMIT_NOFILE, WANTED, WANTED.max(most));
    raised.or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, most, most)).context("cannot raise the limit of descriptors")
}

/// What all parts need.
struct Bench {
    options: Options,
    cores: Cores,
    identity: Identity,
    hubs: Vec<Hub>,
}

impl Bench {
    /// Runs every hub in turn, round after round, without TLS and then with it.
    fn compare(&self, goals: &mut Goals) -> Result<()> {
        for identity in self.ways() {
            let mut rows: Vec<Row> = self.hubs.iter().map(|_| Row::default()).collect();
            for _ in 0..self.options.rounds() {
                for (hub, row) in self.hubs.iter().zip(&mut rows).filter(|(hub, _)| identity.is_none() || hub.has_tls())
                {
                    let figures = loads::measure(hub, self.cores, identity, &self.options);
                    row.push(figures.with_context(|| hub.name.clone())?);
                }
            }
            report::print(identity.is_some(), &self.hubs, &rows, goals);
        }
        Ok(())
    }

    /// Without TLS, and with it.
    fn ways(&self) -> Vec<Option<&Identity>> {
        let mut ways = vec![None];
        if !self.options.clear {
            ways.push(Some(&self.identity));
        }
        ways
    }
}
