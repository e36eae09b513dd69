//! The running server: binds everything, then serves, and stops when it is told to. It knows every room by its door
//! and no message by its contents.

mod addresses;
mod admin;
mod banner;
mod bind;
mod budget;
mod checking;
mod cluster;
mod door;
mod entry;
mod invitations;
mod keys;
mod logs;
mod phone;
mod prepared;
mod reload;
mod rest;
mod router;
mod serving;
mod stop;
mod supervisor;
mod takeover;
mod trust;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;

use anyhow::Context;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{info, warn};

use crate::acme::{self, Steward};
use crate::admin::{Budget, Listener, Parts, Reloaded};
use crate::config::{Config, Inputs};
use crate::data_dir::DataDir;
use crate::discovery::{self, Found, Machine};
use crate::firewall::{self, Listening, RelayPorts};
use crate::gate;
use crate::http;
use addresses::Addresses;
use banner::Banner;
use cluster::Membership;
use entry::Place;
use prepared::Prepared;
use reload::{Reloader, Watched};
use router::Forwarded;
use serving::{Ending, Fate, Serving};
use takeover::Program;
use trust::Trust;

pub use banner::code;
pub use checking::{Inside, inside};
pub use invitations::{Wish, invite, revoke, stays_inside};
pub use logs::start as start_logs;

/// How the server is started, and how it would be started anew.
#[derive(Clone, Debug)]
pub struct Start {
    /// In the place of the one that runs with the same `data_dir`, if there is one.
    pub takeover: bool,
    /// The arguments with which a new process takes over from this one.
    pub again: Vec<OsString>,
}

/// Runs the server until a signal stops it or another one takes over. An error says in one sentence what to do.
///
/// `inputs` are what `config` was made of: they are read again when they change.
pub fn serve(inputs: Inputs, config: Config, start: Start) -> anyhow::Result<()> {
    raise_open_files();
    // Where it is when it is started: a new version replaces it there.
    let path = std::env::current_exe().context("cannot tell where this program is")?;
    let program = Program { path, arguments: start.again };
    let mut place = if start.takeover { Place::Another } else { Place::Free };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().on_thread_park(rest::before_waiting).build();
    let runtime = runtime.context("cannot start threads; raise the limit of processes (ulimit -u)")?;
    let served = loop {
        match runtime.block_on(run(inputs.clone(), config.clone(), place, program.clone())) {
            Ok(Fate::Orphaned(sockets)) => place = Place::Own(sockets),
            Ok(Fate::Ended) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    // What still blocks (a lookup, a file) must not hold up the end.
    runtime.shutdown_background();
    served
}

/// The ports that `config` asks for, for firewalls: what listens for this machine alone needs none.
pub fn listening(config: &Config) -> Listening {
    let outside = |address: &SocketAddr| !address.ip().to_canonical().is_loopback();
    let relay = config.turn.as_ref().map(|turn| RelayPorts {
        listen: turn.listen.iter().filter(|address| outside(address)).map(SocketAddr::port).collect(),
        range: turn.ports.clone(),
    });
    let one_port_outside = outside(&config.listen);
    Listening {
        one_port: config.listen.port(),
        one_port_outside,
        tls: config.tls != crate::config::Tls::Off,
        redirect: config.http_listen.filter(outside).map(|address| address.port()),
        // Nobody outside who could ask for a relayed address.
        relay: relay.filter(|relay| one_port_outside || !relay.listen.is_empty()),
    }
}

/// The firewalls of this machine, as far as anybody but root can tell.
pub fn firewalls() -> firewall::Found {
    let machine = Machine::this();
    firewall::Found::below(&machine.root, machine.container())
}

/// What is found about this machine's public addresses, in the words of the start, for `callbox config`.
pub fn public_addresses(config: &Config) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let found = runtime.block_on(async {
        let mut found = discovery::find(&Machine::this(), &config.discovery()).await;
        if config.turn.is_some() {
            let port = config.listen.port();
            found.confirm(port, config.public_port.unwrap_or(port)).await;
        }
        found
    });
    Ok(banner::public(&found))
}

async fn run(inputs: Inputs, config: Config, place: Place, program: Program) -> anyhow::Result<Fate> {
    let watched = Watched::now(&inputs);
    let dir = DataDir::open(&config.data_dir)?;
    let prepared = Prepared::new(&config, &dir, place).await?;
    let Prepared { found, keys, gate, relay, certificates, tls, admin, signals, hangup, sockets, entry } = prepared;

    let (address, plain_port) = (gate.local_address(), gate.redirect_port());
    let one_port = address.port();
    let member = Membership::new(&config);
    let cluster = member.as_ref().map(Membership::site);
    let options = http::Options { certificates: certificates.clone(), cluster, ..config.site(keys.clone(), one_port) };
    let mut serving = Serving::new(options, relay);
    let (site, streams) = (serving.site.clone(), serving.streams());
    let limit = config.turn.as_ref().and_then(|turn| turn.monthly_budget);
    let budget = limit.and_then(|limit| serving.count(limit, dir.clone()));
    let gate_counts = gate.counts();
    serving.open(|shutdown, cut| gate.serve(site.clone(), streams.clone(), tls, shutdown, cut));
    info!(%address, "serving");
    supervisor::ready(address, serving::share(&sockets));
    let lock = entry.done();
    serving.run(|shutdown| supervisor::keep_alive(site.clone(), streams.clone(), shutdown));

    let listening = bound(&config, one_port, plain_port);
    let router = router::start(&config, &listening, &found, &dir, &mut serving)?;
    let (wishes, wanted) = watch::channel(Trust::Nothing("").wishes(&config));
    let (reload, orders) = mpsc::channel(1);
    let mut reloader = Reloader {
        inputs,
        watched,
        config,
        dir,
        keys,
        found,
        one_port,
        plain_port,
        site,
        streams,
        certificates,
        wishes,
        link: watch::Sender::default(),
        router,
        orders,
    };
    reloader.settle().await;
    greet(&reloader, listening, admin.as_ref(), &mut serving);
    let trusted = order_certificates(&reloader, wanted, &mut serving);
    if let Some(member) = member {
        serving.run(|shutdown| member.run(reloader.site.clone(), shutdown));
    }
    serving.run(|shutdown| invitations::keep(reloader.site.clone(), reloader.dir.clone(), shutdown));
    if let Some(admin) = admin {
        administer(admin, &reloader, gate_counts, trusted, budget, reload, &mut serving);
    }
    let ending =
        Ending { signals, dir: reloader.dir.clone(), sockets, drain_timeout: reloader.config.drain_timeout, program };
    serving.run(|shutdown| reloader.run(hangup, shutdown));
    serving.run(logs::tell_storms);
    Ok(serving.until(ending, lock).await)
}

/// Tells whoever has started it where it is and what is open, and what a phone outside finds.
fn greet(reloader: &Reloader, listening: Listening, admin: Option<&Listener>, serving: &mut Serving) {
    let Reloader { config, found, link, .. } = reloader;
    let (trust, addresses) = (reloader.trust(), reloader.addresses());
    let router = reloader.router.as_ref().map(Forwarded::standing);
    let from_outside = !config.names.is_empty() || !found.addresses.is_empty();
    let phone = from_outside.then(|| phone::wait_for(&reloader.site, config, &trust, &link.borrow())).flatten();
    let banner = Banner {
        config,
        listening,
        addresses: &addresses,
        found,
        router: router.as_ref(),
        certificates: reloader.certificates.as_ref(),
        trust: &trust,
        admin: admin.map(Listener::local_address),
        phone: phone.as_ref().map(|phone| &*phone.link),
    };
    banner.print();
    if let Some(phone) = phone {
        serving.run(|shutdown| phone.print(shutdown));
    }
}

/// Has the certificates ordered that are wanted from time to time; how that goes.
fn order_certificates(
    reloader: &Reloader,
    wanted: watch::Receiver<acme::Wishes>,
    serving: &mut Serving,
) -> acme::Report {
    let Some(certificates) = reloader.certificates.clone() else { return acme::Report::default() };
    let steward = Steward::new(reloader.dir.clone(), certificates, wanted);
    let report = steward.report();
    serving.run(|shutdown| steward.run(shutdown));
    report
}

/// Answers operators.
fn administer(
    listener: Listener,
    reloader: &Reloader,
    gate: gate::Counts,
    trusted: acme::Report,
    budget: Option<watch::Receiver<Budget>>,
    reload: mpsc::Sender<oneshot::Sender<Reloaded>>,
    serving: &mut Serving,
) {
    let parts = Parts {
        site: reloader.site.clone(),
        relay: reloader.streams.clone(),
        gate,
        certificates: reloader.certificates.clone(),
        trusted,
        link: reloader.link.subscribe(),
        router: reloader.router.as_ref().map(Forwarded::told),
        budget,
        reload,
        drain: serving.drain.clone(),
    };
    serving.run(|shutdown| listener.serve(parts, shutdown));
}

/// Which addresses this machine has, and which the world knows it by.
async fn look_around(config: &Config) -> (Found, Addresses) {
    let machine = Machine::this();
    let found = discovery::find(&machine, &config.discovery()).await;
    let addresses = Addresses::new(config, machine.interfaces, &found);
    (found, addresses)
}

/// What firewalls are to be told of, with the ports as bound.
fn bound(config: &Config, one_port: u16, plain_port: Option<u16>) -> Listening {
    let wanted = listening(config);
    Listening { one_port, redirect: wanted.redirect.and(plain_port), ..wanted }
}

/// Every caller holds a descriptor or two, and the usual limit of 1024 is from another time. The hard limit is the
/// operator's decision and stays.
fn raise_open_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(cause) = raised {
        warn!(cause = %io::Error::from(cause), "cannot raise the limit of open files");
    }
}
