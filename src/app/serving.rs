//! What runs between the start and the end: the site, the relay and the tasks around them, and in which order they end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::budget::Keeper;
use super::door::Door;
use super::stop::Signals;
use crate::admin::Budget;
use crate::data_dir::DataDir;
use crate::http::{self, Site};
use crate::relay::{Relay, Running, Streams};

/// For requests and goodbyes under way after the first signal. Docker kills after ten seconds.
const GOODBYE: Duration = Duration::from_secs(8);

/// See the module's text.
pub(super) struct Serving {
    pub(super) site: Site,
    relay: Option<Running>,
    /// Counts for the relay's budget; it ends after the relay, whose last bytes it counts.
    counting: Option<JoinHandle<Keeper>>,
    /// Everything that ends by itself when it is told to.
    tasks: JoinSet<()>,
    shutdown: CancellationToken,
}

impl Serving {
    /// The relay works from now on; the site has no connections yet.
    pub(super) fn new(options: http::Options, relay: Option<Relay>) -> Serving {
        let relay = relay.map(Relay::serve);
        let site = match &relay {
            Some(relay) => Site::with_relay(options, Arc::new(Door(relay.streams()))),
            None => Site::new(options),
        };
        Serving { site, relay, counting: None, tasks: JoinSet::new(), shutdown: CancellationToken::new() }
    }

    /// The relay's door for connections; `None`: it is off.
    pub(super) fn streams(&self) -> Option<Streams> {
        self.relay.as_ref().map(Running::streams)
    }

    /// Holds the relay to a month's budget of so many bytes, and tells how that stands.
    pub(super) fn count(&mut self, limit: u64, dir: DataDir) -> Option<watch::Receiver<Budget>> {
        let keeper = Keeper::open(limit, dir, self.streams()?, self.site.clone());
        let told = keeper.told();
        self.counting = Some(tokio::spawn(keeper.run(self.shutdown.clone())));
        Some(told)
    }

    /// Runs what `task` makes of the token that tells it to end.
    pub(super) fn run<T>(&mut self, task: impl FnOnce(CancellationToken) -> T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task(self.shutdown.clone()));
    }

    /// Goes on until a signal, and then until everybody has said goodbye, or has had the time for it.
    pub(super) async fn until(self, signals: &mut Signals) {
        signals.wait().await;
        info!("stopping; a second signal ends at once");
        self.shutdown.cancel();
        tokio::select! {
            () = self.end() => {}
            () = tokio::time::sleep(GOODBYE) => warn!("some connections did not end in time"),
            () = signals.wait() => warn!("ended at once by a second signal"),
        }
    }

    async fn end(mut self) {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        tokio::join!(ended, self.site.drained());
        if let Some(relay) = self.relay {
            let _ = tokio::task::spawn_blocking(move || relay.stop()).await;
        }
        if let Some(counting) = self.counting
            && let Ok(keeper) = counting.await
        {
            keeper.finish();
        }
    }
}
