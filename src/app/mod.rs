//! The running server: binds everything, then serves, and stops when it is told to. It knows every room by its door
//! and no message by its contents.

mod addresses;
mod banner;
mod bind;
mod budget;
mod door;
mod invitations;
mod keys;
mod logs;
mod reload;
mod stop;
mod trust;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::acme::Steward;
use crate::config::{Config, Inputs};
use crate::data_dir::DataDir;
use crate::discovery::{self, Machine};
use crate::firewall::{Listening, RelayPorts};
use crate::http::{self, Site};
use crate::tls::{self, Certificates};
use addresses::Addresses;
use banner::Banner;
use bind::Own;
use budget::Keeper;
use door::Door;
use reload::{Reloader, Watched};
use stop::{Hangup, Signals};
use trust::Ground;

pub use banner::code;
pub use invitations::{Wish, invite, revoke};
pub use logs::start as start_logs;

/// For requests and goodbyes under way after the first signal. Docker kills after ten seconds.
const GOODBYE: Duration = Duration::from_secs(8);

/// Runs the server until a signal stops it. An error says in one sentence what to do.
///
/// `inputs` are what `config` was made of: they are read again when they change.
pub fn serve(inputs: Inputs, config: Config) -> anyhow::Result<()> {
    raise_open_files();
    let runtime =
        tokio::runtime::Runtime::new().context("cannot start threads; raise the limit of processes (ulimit -u)")?;
    let served = runtime.block_on(run(inputs, config));
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

/// What is found about this machine's public addresses, in the words of the start, for `callbox config`.
pub fn public_addresses(config: &Config) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let found = runtime.block_on(async {
        let mut found = discovery::find(&Machine::this(), &config.discovery()).await;
        if config.turn.is_some() {
            found.confirm(config.listen.port()).await;
        }
        found
    });
    Ok(banner::public(&found))
}

async fn run(inputs: Inputs, config: Config) -> anyhow::Result<()> {
    let watched = Watched::now(&inputs);
    let dir = DataDir::open(&config.data_dir)?;
    let keys = keys::open(&dir, &config)?;
    let machine = Machine::this();
    let mut found = discovery::find(&machine, &config.discovery()).await;
    let addresses = Addresses::new(&config, machine.interfaces, &found);
    let certificates = certificates(&config, &dir, &addresses)?;
    let tls = certificates.as_ref().map(Certificates::door).transpose()?;
    let (gate, relay) = bind::bind(&config, &keys, Own { host: addresses.ips(), public: found.translated() })?;
    let (mut signals, hangup) = (Signals::listen()?, Hangup::listen()?);

    let address = gate.local_address();
    let relay = relay.map(crate::relay::Relay::serve);
    let streams = relay.as_ref().map(crate::relay::Running::streams);
    let options = http::Options { certificates: certificates.clone(), ..config.site(keys.clone(), address.port()) };
    let site = match &streams {
        Some(streams) => Site::with_relay(options, Arc::new(Door(streams.clone()))),
        None => Site::new(options),
    };
    let wanted = listening(&config);
    let redirect = wanted.redirect.and(gate.redirect_port());
    let bound = Listening { one_port: address.port(), redirect, ..wanted };

    let public: Vec<IpAddr> = found.addresses.iter().map(|address| address.ip).collect();
    let ground =
        Ground { config: &config, public: &public, one_port: bound.one_port, plain_port: gate.redirect_port() };
    let trust = ground.trust();
    let (wishes, wanted_certificates) = watch::channel(trust.clone().wishes(&config));
    let steward =
        certificates.as_ref().map(|certificates| Steward::new(dir.clone(), certificates.clone(), wanted_certificates));

    let shutdown = CancellationToken::new();
    let plain_port = gate.redirect_port();
    let limit = config.turn.as_ref().and_then(|turn| turn.monthly_budget);
    let keeper = limit.zip(streams.clone());
    let keeper = keeper.map(|(limit, streams)| Keeper::open(limit, dir.clone(), streams, site.clone()));
    let counting = keeper.map(|keeper| tokio::spawn(keeper.run(shutdown.clone())));
    let gate = tokio::spawn(gate.serve(site.clone(), streams.clone(), tls, shutdown.clone()));
    info!(%address, "serving");
    if relay.is_some() {
        found.confirm(address.port()).await;
    }
    let certificate = certificates.as_ref();
    let banner = Banner {
        config: &config,
        listening: bound,
        addresses: &addresses,
        found: &found,
        certificates: certificate,
        trust: &trust,
    };
    banner.print();
    let keeping = tokio::spawn(invitations::keep(site.clone(), dir.clone(), shutdown.clone()));
    let one_port = address.port();
    let reloader = Reloader {
        inputs,
        watched,
        config,
        dir,
        keys,
        found,
        one_port,
        plain_port,
        site: site.clone(),
        streams,
        certificates,
        wishes,
    };
    let reloading = tokio::spawn(reloader.run(hangup, shutdown.clone()));
    let ordering = steward.map(|steward| tokio::spawn(steward.run(shutdown.clone())));
    let ordering = async { drop(futures_util::future::OptionFuture::from(ordering).await) };
    signals.wait().await;
    info!("stopping; a second signal ends at once");
    shutdown.cancel();
    let goodbyes = async {
        let _ = tokio::join!(gate, site.drained(), reloading, keeping, ordering);
        if let Some(relay) = relay {
            let _ = tokio::task::spawn_blocking(move || relay.stop()).await;
        }
        if let Some(counting) = counting
            && let Ok(keeper) = counting.await
        {
            keeper.finish();
        }
    };
    tokio::select! {
        () = goodbyes => {}
        () = tokio::time::sleep(GOODBYE) => warn!("some connections did not end in time"),
        () = signals.wait() => warn!("ended at once by a second signal"),
    }
    Ok(())
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
