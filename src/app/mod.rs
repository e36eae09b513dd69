//! The running server: binds everything, then serves, and stops when it is told to. It knows every room by its door
//! and no message by its contents.

mod addresses;
mod banner;
mod bind;
mod keys;
mod logs;
mod stop;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::firewall::{Listening, RelayPorts};
use crate::http::Site;
use crate::tls::{self, Certificates, Refreshed};
use addresses::Addresses;
use banner::Banner;
use stop::Signals;

pub use logs::start as start_logs;

/// How often the certificate is looked at again: a laptop that changed networks is covered within a minute.
const CERTIFICATE_TICK: Duration = Duration::from_secs(60);

/// For requests and goodbyes under way after the first signal. Docker kills after ten seconds.
const GOODBYE: Duration = Duration::from_secs(8);

/// Runs the server until a signal stops it. An error says in one sentence what to do.
pub fn serve(config: Config) -> anyhow::Result<()> {
    raise_open_files();
    let runtime =
        tokio::runtime::Runtime::new().context("cannot start threads; raise the limit of processes (ulimit -u)")?;
    let served = runtime.block_on(run(config));
    // What still blocks (a lookup, a file) must not hold up the end.
    runtime.shutdown_background();
    served
}

/// The ports that `config` asks for, for firewalls.
pub fn listening(config: &Config) -> Listening {
    Listening {
        one_port: config.listen.port(),
        tls: config.tls != crate::config::Tls::Off,
        redirect: config.http_listen.map(|address| address.port()),
        relay: config.turn.as_ref().map(|turn| RelayPorts {
            listen: turn.listen.iter().map(std::net::SocketAddr::port).collect(),
            range: turn.ports.clone(),
        }),
    }
}

async fn run(config: Config) -> anyhow::Result<()> {
    let dir = DataDir::open(&config.data_dir)?;
    let keys = keys::open(&dir, config.turn.as_ref())?;
    let addresses = Addresses::of_this_machine(&config.names);
    let certificates = certificates(&config, &dir, &addresses)?;
    let tls = certificates.as_ref().map(Certificates::server_config).transpose()?;
    let (gate, relay) = bind::bind(&config, &keys, &addresses.ips())?;
    let mut signals = Signals::listen()?;

    let address = gate.local_address();
    let site = Site::new(config.site(keys, address.port()));
    let relay = relay.map(crate::relay::Relay::serve);
    let streams = relay.as_ref().map(crate::relay::Running::streams);
    let bound = Listening { one_port: address.port(), redirect: gate.redirect_port(), ..listening(&config) };
    Banner { config: &config, listening: bound, addresses: &addresses, certificates: certificates.as_ref() }.print();
    info!(%address, "serving");

    let shutdown = CancellationToken::new();
    let refreshing = refresh_certificate(config, dir, certificates, shutdown.clone());
    let gate = tokio::spawn(gate.serve(site.clone(), streams, tls, shutdown.clone()));
    let refreshing = tokio::spawn(refreshing);
    signals.wait().await;
    info!("stopping; a second signal ends at once");
    shutdown.cancel();
    let goodbyes = async {
        let _ = tokio::join!(gate, site.drained(), refreshing);
        if let Some(relay) = relay {
            let _ = tokio::task::spawn_blocking(move || relay.stop()).await;
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

async fn refresh_certificate(
    config: Config,
    dir: DataDir,
    certificates: Option<Certificates>,
    shutdown: CancellationToken,
) {
    let Some(certificates) = certificates else { return };
    let certificates = Arc::new(certificates);
    while shutdown.run_until_cancelled(tokio::time::sleep(CERTIFICATE_TICK)).await.is_some() {
        let addresses = Addresses::of_this_machine(&config.names);
        let Some(source) = config.certificate(&dir, addresses.names()) else { return };
        let looking = certificates.clone();
        match tokio::task::spawn_blocking(move || looking.refresh(&source)).await {
            Ok(Ok(Refreshed::Changed)) => info!(fingerprint = certificates.fingerprint(), "new certificate in use"),
            Ok(Ok(Refreshed::Unchanged)) | Err(_) => {}
            Ok(Err(cause)) => warn!(cause = %anyhow::Error::from(cause), "the certificate in use stays"),
        }
    }
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
