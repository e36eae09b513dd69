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
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use crate::acme::{self, Steward};
use crate::admin::{Listener, Parts};
use crate::config::{Config, Inputs};
use crate::data_dir::DataDir;
use crate::discovery::{self, Found, Machine};
use crate::firewall::{self, Listening, RelayPorts};
use crate::http;
use crate::tls::{self, Certificates};
use addresses::Addresses;
use banner::Banner;
use bind::Own;
use cluster::Membership;
use entry::{Entry, Place};
use reload::{Reloader, Watched};
use router::Forwarded;
use serving::{Ending, Fate, Serving};
use stop::{Hangup, Signals};
use takeover::Program;
use trust::Trust;

pub use banner::code;
pub use checking::{Inside, inside};
pub use invitations::{Wish, invite, revoke};
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
    let (found, addresses) = look_around(&config).await;
    let mut entry = Entry::at(place, &dir)?;
    let mut keys = keys::open(&dir, &config)?;
    let own = Own { host: addresses.ips(), public: found.translated() };
    let (gate, relay) = bind::bind(&config, &keys, own, &mut entry)?;
    if entry.own(&dir)? {
        keys.invitations = keys::invitations(&dir, &config)?;
    }
    let certificates = certificates(&config, &dir, &addresses)?;
    let tls = certificates.as_ref().map(Certificates::door).transpose()?;
    let admin = admin::bind(&config).await?;
    let (signals, hangup) = (Signals::listen()?, Hangup::listen()?);
    let sockets = gate.share().context("no descriptors are left; raise the limit of open files (ulimit -n)")?;

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
    let (router, keeper) = router::start(&config, &listening, &found, &dir)?.unzip();
    if let Some(keeper) = keeper.flatten() {
        serving.run_to_the_end(|shutdown, leave| keeper.run(shutdown, leave));
    }
    let (wishes, wanted_certificates) = watch::channel(Trust::Nothing("").wishes(&config));
    let (reload, orders) = mpsc::channel(1);
    let mut reloader = Reloader {
        inputs,
        watched,
        config,
        dir: dir.clone(),
        keys,
        found,
        one_port,
        plain_port,
        site: site.clone(),
        streams: streams.clone(),
        certificates: certificates.clone(),
        wishes,
        link: watch::Sender::default(),
        router,
        orders,
    };
    reloader.settle().await;
    let base = reloader.link.borrow().clone();
    if streams.is_some() {
        let mapped = reloader.config.public_port.unwrap_or(one_port);
        reloader.found.confirm(one_port, mapped).await;
    }

    let (trust, addresses) = (reloader.trust(), reloader.addresses());
    let Reloader { config, found, .. } = &reloader;
    let forwarded = reloader.router.as_ref().map(Forwarded::standing);
    let from_outside = !config.names.is_empty() || !found.addresses.is_empty();
    let phone = from_outside.then(|| phone::wait_for(&site, config, &trust, &base)).flatten();
    let banner = Banner {
        config,
        listening,
        addresses: &addresses,
        found,
        router: forwarded.as_ref(),
        certificates: certificates.as_ref(),
        trust: &trust,
        admin: admin.as_ref().map(Listener::local_address),
        phone: phone.as_ref().map(|phone| &*phone.link),
    };
    banner.print();
    if let Some(phone) = phone {
        serving.run(|shutdown| phone.print(shutdown));
    }

    let mut trusted = acme::Report::default();
    if let Some(certificates) = certificates.clone() {
        let steward = Steward::new(dir.clone(), certificates, wanted_certificates);
        trusted = steward.report();
        serving.run(|shutdown| steward.run(shutdown));
    }
    if let Some(member) = member {
        serving.run(|shutdown| member.run(site.clone(), shutdown));
    }
    serving.run(|shutdown| invitations::keep(site.clone(), dir.clone(), shutdown));
    if let Some(admin) = admin {
        let parts = Parts {
            site: site.clone(),
            relay: streams.clone(),
            gate: gate_counts,
            certificates: certificates.clone(),
            trusted,
            link: reloader.link.subscribe(),
            router: reloader.router.as_ref().map(Forwarded::told),
            budget,
            reload,
            drain: serving.drain.clone(),
        };
        serving.run(|shutdown| admin.serve(parts, shutdown));
    }
    let ending = Ending { signals, dir: dir.clone(), sockets, drain_timeout: reloader.config.drain_timeout, program };
    serving.run(|shutdown| reloader.run(hangup, shutdown));
    serving.run(logs::tell_storms);
    Ok(serving.until(ending, lock).await)
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

fn certificates(config: &Config, dir: &DataDir, addresses: &Addresses) -> Result<Option<Certificates>, tls::Error> {
    config.certificate(dir, addresses.names()).map(|source| Certificates::open(&source)).transpose()
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
