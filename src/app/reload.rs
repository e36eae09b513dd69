//! Looks again, while calls go on: at the configuration and the files it names when one of them changed or SIGHUP came, at
//! the certificate and this machine's addresses every minute. What is wrong is told and changes nothing.
//!
//! Files are watched by their time, size and inode every two seconds: that sees what inotify does not (network file
//! systems, a container's mounts, Kubernetes' exchanged links), and costs a few system calls.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::addresses::Addresses;
use super::router::Forwarded;
use super::stop::Hangup;
use super::trust::{Ground, Trust};
use super::{invitations, keys, logs, supervisor};
use crate::acme;
use crate::admin::{Changes, Reloaded};
use crate::config::{self, Config, Inputs, Keys, Reload, Snapshot};
use crate::data_dir::DataDir;
use crate::discovery::{Found, Machine};
use crate::http::{self, Site};
use crate::relay::Streams;
use crate::tls::{Certificates, Refreshed};

/// All that can be told something new.
pub(super) struct Reloader {
    pub(super) inputs: Inputs,
    pub(super) watched: Watched,
    pub(super) config: Config,
    pub(super) dir: DataDir,
    pub(super) keys: Keys,
    pub(super) found: Found,
    pub(super) one_port: u16,
    pub(super) plain_port: Option<u16>,
    pub(super) site: Site,
    pub(super) streams: Option<Streams>,
    pub(super) certificates: Option<Certificates>,
    pub(super) wishes: watch::Sender<acme::Wishes>,
    /// The page's address as people open it.
    pub(super) link: watch::Sender<String>,
    /// What the router in front says; `None`: it is not asked.
    pub(super) router: Option<Forwarded>,
    /// From the admin API, each with where to answer.
    pub(super) orders: mpsc::Receiver<oneshot::Sender<Reloaded>>,
}

/// The configuration in force, and the files it came from as they were then.
pub(super) struct Watched {
    snapshot: Snapshot,
    seen: Vec<(PathBuf, Stamp)>,
}

impl Watched {
    /// Take it before anything is done with the configuration: a change during the start is a change, too.
    pub(super) fn now(inputs: &Inputs) -> Watched {
        Snapshot::of(inputs).into()
    }
}

impl From<Snapshot> for Watched {
    fn from(snapshot: Snapshot) -> Watched {
        Watched { seen: stamps(&snapshot), snapshot }
    }
}

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(2);

/// How often the certificate is looked at again: a laptop that changed networks is covered within a minute.
const CERTIFICATE_TICK: Duration = Duration::from_secs(60);

impl Reloader {
    /// Works until `shutdown`.
    pub(super) async fn run(mut self, mut hangup: Hangup, shutdown: CancellationToken) {
        let mut refresh_at = Instant::now() + CERTIFICATE_TICK;
        loop {
            let (asked, answer) = tokio::select! {
                () = shutdown.cancelled() => return,
                () = hangup.wait() => (true, None),
                Some(answer) = self.orders.recv() => (true, Some(answer)),
                () = Forwarded::changed(&mut self.router) => {
                    self.follow_router().await;
                    continue;
                }
                () = sleep(LOOK) => (false, None),
            };
            let seen = stamps(&self.watched.snapshot);
            if asked || seen != self.watched.seen {
                // Before reading: what changes meanwhile is read once more.
                self.watched.seen = seen;
                if asked {
                    supervisor::reloading();
                }
                let reloaded = self.reload(asked);
                if asked {
                    supervisor::reloaded();
                    self.router.iter().for_each(Forwarded::ask_again);
                }
                // Whoever asked may have left.
                let _ = answer.map(|answer| answer.send(reloaded));
                refresh_at = Instant::now();
            }
            if Instant::now() >= refresh_at {
                self.refresh_certificate().await;
                refresh_at = Instant::now() + CERTIFICATE_TICK;
            }
        }
    }

    /// `asked`: somebody wants it, not only a file changed.
    fn reload(&mut self, asked: bool) -> Reloaded {
        match config::reload(self.inputs.clone(), &self.watched.snapshot) {
            Ok(reload) => Ok(self.take(reload, asked)),
            Err(problems) => {
                warn!("the configuration in force stays: {problems}");
                Err(problems.to_string())
            }
        }
    }

    fn take(&mut self, reload: Reload, asked: bool) -> Changes {
        let Reload { config, snapshot, taken, waiting } = reload;
        self.config = config;
        if snapshot.files() != self.watched.snapshot.files() {
            self.watched.seen = stamps(&snapshot);
        }
        self.watched.snapshot = snapshot;
        match keys::turn_passes(&self.dir, &self.config) {
            Ok(passes) => self.keys.turn = passes,
            Err(cause) => warn!(cause = %anyhow::Error::from(cause), "the relay's secrets in force stay"),
        }
        self.take_router();
        logs::change(&self.config.log);
        self.spread(asked);
        let named = if taken.is_empty() { "no key differs".to_owned() } else { taken.join(", ") };
        info!("configuration and its files read again: {named}");
        if !waiting.is_empty() {
            warn!("these changes wait for a restart: {}", waiting.join(", "));
        }
        Changes { taken, waiting }
    }

    /// Tells every room that can be told.
    fn spread(&self, asked: bool) {
        let site = self.config.site(self.keys.clone(), self.one_port);
        self.site.change(http::Options { certificates: self.certificates.clone(), ..site });
        self.change_relay();
        let wishes = self.trust().wishes(&self.config);
        self.wishes.send_if_modified(|before| {
            // Somebody who asks has perhaps opened a port; a file that changes each minute has not.
            let news = asked || *before != wishes;
            *before = wishes;
            news
        });
        self.link.send_replace(invitations::link_base(&self.config, &self.addresses(), self.one_port));
    }

    /// Has all that hangs on this machine's public address follow what the router says, and says it.
    async fn follow_router(&mut self) {
        self.take_router();
        if let Some(router) = &self.router {
            let standing = router.standing();
            for words in standing.says() {
                if standing.is_good() { info!("{words}") } else { warn!("{words}") }
            }
        }
        self.spread(false);
        self.refresh_certificate().await;
    }

    /// At the start, which waits a moment for the router, and then tries whether this machine reaches itself by its addresses.
    pub(super) async fn settle(&mut self) {
        if let Some(router) = &mut self.router {
            router.first().await;
            self.take_router();
            self.refresh_certificate().await;
        }
        self.spread(false);
        if self.streams.is_some() {
            let mapped = self.config.public_port.unwrap_or(self.one_port);
            self.found.confirm(self.one_port, mapped).await;
        }
    }

    fn take_router(&mut self) {
        if let Some(router) = &self.router {
            router.apply(&mut self.config, &mut self.found, self.one_port);
        }
    }

    /// Which certificates are ordered as things stand.
    pub(super) fn trust(&self) -> Trust {
        // What the router forwards is at the port where an authority looks.
        let one_port = self.router.as_ref().and_then(Forwarded::port).unwrap_or(self.one_port);
        let (config, public) = (&self.config, self.found.public());
        Ground { config, public: &public, one_port, plain_port: self.plain_port }.trust()
    }

    /// This machine's addresses as they are now.
    pub(super) fn addresses(&self) -> Addresses {
        Addresses::new(&self.config, Machine::this().interfaces, &self.found)
    }

    fn change_relay(&self) {
        let Some(streams) = &self.streams else { return };
        let interfaces = Machine::this().interfaces.iter().map(|interface| interface.ip).collect();
        let one_port = (self.config.listen.ip(), self.one_port).into();
        if let Some(options) = self.config.relay(&self.keys, one_port, interfaces, self.found.translated()) {
            streams.change(&options.turn);
            streams.know_as(options.external_ips);
        }
    }

    async fn refresh_certificate(&self) {
        let Some(certificates) = &self.certificates else { return };
        let Some(source) = self.config.certificate(&self.dir, self.addresses().names()) else { return };
        let looking = certificates.clone();
        match tokio::task::spawn_blocking(move || looking.refresh(&source)).await {
            Ok(Ok(Refreshed::Changed)) => info!(fingerprint = certificates.fingerprint(), "new certificate in use"),
            Ok(Ok(Refreshed::Unchanged)) | Err(_) => {}
            Ok(Err(cause)) => warn!("the certificate in use stays: {:#}", anyhow::Error::from(cause)),
        }
    }
}

/// What tells one state of a file from another; `None`: it is not there.
type Stamp = Option<(SystemTime, u64, u64)>;

fn stamps(snapshot: &Snapshot) -> Vec<(PathBuf, Stamp)> {
    let stamp = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
    };
    snapshot.files().into_iter().map(|path| (path.clone(), stamp(&path))).collect()
}
