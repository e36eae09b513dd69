//! What runs between the start and the end: the site, the relay and the tasks around them, and in which order they end.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::budget::Keeper;
use super::door::Door;
use super::stop::{Signals, Wish};
use super::supervisor;
use super::takeover::{self, Offer, Program, Successor};
use crate::admin::Budget;
use crate::data_dir::{DataDir, Lock};
use crate::gate::Inherited;
use crate::http::{self, Site};
use crate::relay::{Relay, Running, Streams};

/// For requests and goodbyes under way after the first signal. Docker kills after ten seconds.
const GOODBYE: Duration = Duration::from_secs(8);

/// How often is looked whether the relay still carries something for somebody.
const LOOK: Duration = Duration::from_millis(100);

/// What came of a server.
#[derive(Debug)]
pub(super) enum Fate {
    /// It has ended, or another one serves.
    Ended,
    /// It gave everything to another one, which then did not serve: these sockets want a server.
    Orphaned(Inherited),
}

/// See the module's text.
pub(super) struct Serving {
    pub(super) site: Site,
    /// Asked to be drained, by whatever way; also tells that it is.
    pub(super) drain: CancellationToken,
    relay: Option<Running>,
    /// The gate, which ends when the last connection has.
    gate: Option<JoinHandle<()>>,
    /// Counts for the relay's budget; it ends after the relay, whose last bytes it counts.
    counting: Option<JoinHandle<Keeper>>,
    /// Everything that ends by itself when it is told to.
    tasks: JoinSet<()>,
    shutdown: CancellationToken,
    /// Cuts off connections that have not asked for anything yet: not when another server follows, as some were accepted a
    /// moment ago.
    cut: CancellationToken,
}

impl Serving {
    /// The relay works from now on; the site has no connections yet.
    pub(super) fn new(options: http::Options, relay: Option<Relay>) -> Serving {
        let relay = relay.map(Relay::serve);
        let site = match &relay {
            Some(relay) => Site::with_relay(options, Arc::new(Door(relay.streams()))),
            None => Site::new(options),
        };
        let [drain, shutdown, cut] = std::array::from_fn(|_| CancellationToken::new());
        Serving { site, drain, relay, gate: None, counting: None, tasks: JoinSet::new(), shutdown, cut }
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

    /// Lets callers in.
    pub(super) fn open<T>(&mut self, gate: impl FnOnce(CancellationToken, CancellationToken) -> T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        self.gate = Some(tokio::spawn(gate(self.shutdown.clone(), self.cut.clone())));
    }

    /// Runs what `task` makes of the token that tells it to end.
    pub(super) fn run<T>(&mut self, task: impl FnOnce(CancellationToken) -> T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task(self.shutdown.clone()));
    }

    /// The same, with a second token that is cancelled before the first one where no other server follows.
    pub(super) fn run_to_the_end<T>(&mut self, task: impl FnOnce(CancellationToken, CancellationToken) -> T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task(self.shutdown.clone(), self.cut.clone()));
    }

    /// Goes on until it is to stop, or somebody takes over, and then until nobody needs it, everybody has said goodbye, or has had
    /// the time for it. `lock`: while this server may write to `data_dir`.
    pub(super) async fn until(mut self, mut end: Ending, lock: Option<Lock>) -> Fate {
        let (successors, mut ready) = mpsc::channel(1);
        let offer = Offer { dir: end.dir.clone(), sockets: share(&end.sockets), streams: self.streams() };
        self.run(|shutdown| offer.stand(successors, shutdown));
        loop {
            let wish = tokio::select! {
                wish = end.signals.next() => wish,
                () = self.drain.cancelled() => Wish::Drain,
                Some(successor) = ready.recv() => return self.hand_over(successor, end, lock).await,
            };
            match wish {
                Wish::Upgrade => takeover::call_successor(&end.program),
                Wish::Drain => break self.drain(&mut end).await,
                Wish::End => break,
            }
        }
        info!("stopping; a second signal ends at once");
        supervisor::stopping();
        end.sockets.clear();
        self.cut.cancel();
        self.bow_out(&mut end.signals).await;
        drop(lock);
        Fate::Ended
    }

    /// Carries what the relay carries to its end, as long as that may take, while everything else goes on; only no new rooms
    /// are opened, and everybody is told.
    async fn drain(&mut self, end: &mut Ending) {
        supervisor::stopping();
        self.drain.cancel();
        self.site.restarting();
        self.carry_on(end).await;
    }

    async fn carry_on(&self, end: &mut Ending) {
        let Some(streams) = self.streams().filter(|streams| streams.carries() > 0) else { return };
        let (left, time) = (streams.carries(), humantime::format_duration(end.drain_timeout));
        info!("stopping: {left} relayed connections may go on for {time}; a signal ends them");
        let idle = async {
            while streams.carries() > 0 {
                sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = idle => info!("the last relayed connection has ended"),
            () = sleep(end.drain_timeout) => warn!("{} relayed connections end with this server", streams.carries()),
            () = end.signals.again() => {}
        }
    }

    /// Everything this server has, its successor gets: what waits in the sockets, what is kept, and then UDP. What is relayed
    /// already goes on here, uncounted: the budget's file is the successor's.
    async fn hand_over(mut self, successor: Successor, mut end: Ending, lock: Option<Lock>) -> Fate {
        info!("another callbox takes over");
        self.shutdown.cancel();
        let written = async {
            while self.tasks.join_next().await.is_some() {}
            finish(self.counting.take()).await;
        };
        if timeout(GOODBYE, written).await.is_err() {
            warn!("some of the work did not end in time");
        }
        drop(lock);
        let pid = successor.pid();
        let served = tokio::task::spawn_blocking(move || successor.begin()).await.unwrap_or(false);
        if let Some(streams) = self.streams() {
            let deaf = tokio::task::spawn_blocking(move || streams.deafen(GOODBYE)).await;
            if !deaf.unwrap_or(false) {
                warn!("a worker of the relay does not answer");
            }
        }
        if !served {
            error!("it ended before it served: this callbox starts again in its place");
            let sockets = Inherited::new(std::mem::take(&mut end.sockets));
            // On its own: what it relays goes on while the next one in this process serves.
            tokio::spawn(async move {
                self.carry_on(&mut end).await;
                self.end().await;
            });
            return Fate::Orphaned(sockets);
        }
        let _ = tokio::task::spawn_blocking(move || supervisor::replaced_by(pid)).await;
        end.sockets.clear();
        info!("the other callbox serves");
        self.carry_on(&mut end).await;
        self.bow_out(&mut end.signals).await;
        Fate::Ended
    }

    /// Says goodbye to everybody who is still here.
    async fn bow_out(self, signals: &mut Signals) {
        tokio::select! {
            () = self.end() => {}
            () = sleep(GOODBYE) => warn!("some connections did not end in time"),
            () = signals.again() => warn!("ended at once by a second signal"),
        }
    }

    async fn end(mut self) {
        self.shutdown.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let gate = futures_util::future::OptionFuture::from(self.gate);
        let relay = futures_util::future::OptionFuture::from(
            self.relay.map(|relay| tokio::task::spawn_blocking(move || relay.stop())),
        );
        tokio::join!(ended, gate, relay, self.site.drained());
        finish(self.counting).await;
    }
}

/// What a server's end needs to know.
pub(super) struct Ending {
    pub(super) signals: Signals,
    pub(super) dir: DataDir,
    /// The listening sockets, for whoever comes next.
    pub(super) sockets: Vec<TcpListener>,
    pub(super) drain_timeout: Duration,
    pub(super) program: Program,
}

/// The relay has sent its last byte, as far as it is counted here.
async fn finish(counting: Option<JoinHandle<Keeper>>) {
    if let Some(counting) = counting
        && let Ok(keeper) = counting.await
    {
        keeper.finish();
    }
}

/// As many as there are descriptors for: without them nobody can take over, and nothing else is lost.
pub(super) fn share(sockets: &[TcpListener]) -> Vec<TcpListener> {
    sockets.iter().filter_map(|socket| socket.try_clone().ok()).collect()
}
