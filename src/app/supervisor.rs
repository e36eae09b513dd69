//! What the service manager is told (sd_notify(3)), and what it gives: sockets that it keeps while the server restarts. Without
//! one nothing is told to nobody. A thread of its own does the telling, in order: a manager that does not read for a while makes
//! a sender wait, and nobody who serves may.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::gate::Inherited;
use crate::http::Site;
use crate::relay::Streams;

/// The TCP sockets of a socket unit, or those that the last process left in its care.
pub(super) fn sockets() -> Inherited {
    let mut given = ListenFd::from_env();
    let taken = (0..given.len()).filter_map(|index| match given.take_tcp_listener(index) {
        Ok(socket) => socket,
        Err(cause) => {
            warn!(%cause, "the service manager gave a socket that is none for TCP; UDP is opened here");
            None
        }
    });
    Inherited::new(taken.collect::<Vec<_>>())
}

/// It serves, and what is in `sockets` shall be kept for the process after this one: connections that come while there is
/// none wait there.
pub(super) fn ready(address: SocketAddr, sockets: Vec<TcpListener>) {
    tell(move || {
        let sockets: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
        // systemd knows a socket again that it has already.
        sd_notify::notify_with_fds(&[NotifyState::FdStore, NotifyState::FdName("callbox")], &sockets)
    });
    tell(move || sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(&format!("serving on {address}"))]));
}

/// It reads its files again, after SIGHUP; [`reloaded`] follows.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(move || sd_notify::notify(&[NotifyState::Reloading, now])),
        Err(cause) => debug!(%cause, "the service manager cannot be told the time"),
    }
}

/// It has read its files.
pub(super) fn reloaded() {
    tell(|| sd_notify::notify(&[NotifyState::Ready]));
}

/// It stops.
pub(super) fn stopping() {
    const STATUS: &str = "carrying relayed calls to their end";
    tell(|| sd_notify::notify(&[NotifyState::Stopping, NotifyState::Status(STATUS)]));
}

/// That process is the service from here on; 0: one that cannot be seen from here. Blocks until it was told, or for [`PATIENCE`]:
/// if this process ended before, the service manager would believe that the service has.
pub(super) fn replaced_by(pid: u32) {
    if pid > 0 {
        let (say, said) = channel();
        tell(move || {
            let told = sd_notify::notify(&[NotifyState::MainPid(pid)]);
            // Whoever waited may have lost patience.
            let _ = say.send(());
            told
        });
        let _ = said.recv_timeout(PATIENCE);
    }
}

/// A service manager that has not read for so long is stuck itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says that it lives, if the service manager wants to hear it, as long as hub and relay do: whoever asks is answered.
pub(super) async fn keep_alive(site: Site, streams: Option<Streams>, shutdown: CancellationToken) {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let every = patience / 3;
    while shutdown.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        if lives(site.clone(), streams.clone(), every).await {
            still_alive();
        } else {
            error!("the hub or the relay does not answer; the service manager will start this anew");
        }
    }
}

/// Whether the hub lets itself be asked, and every worker of the relay answers, within `patience`.
pub(super) async fn lives(site: Site, streams: Option<Streams>, patience: Duration) -> bool {
    let asked = tokio::task::spawn_blocking(move || {
        site.answers();
        streams.is_none_or(|streams| streams.answers(patience))
    });
    tokio::time::timeout(patience, asked).await.is_ok_and(|answered| answered.is_ok_and(|lives| lives))
}

/// One at a time: those that waited would say nothing new.
fn still_alive() {
    static WAITING: AtomicBool = AtomicBool::new(false);
    if !WAITING.swap(true, Ordering::Relaxed) {
        tell(|| {
            let told = sd_notify::notify(&[NotifyState::Watchdog]);
            WAITING.store(false, Ordering::Relaxed);
            told
        });
    }
}

type Word = Box<dyn FnOnce() -> io::Result<()> + Send>;

/// The way to the thread that tells; `None`: there is nobody to tell, or no thread to be had. It ends with the process.
static TELLER: LazyLock<Option<Sender<Word>>> = LazyLock::new(|| {
    std::env::var_os("NOTIFY_SOCKET")?;
    let (say, words) = channel::<Word>();
    let telling = move || {
        for word in words {
            if let Err(cause) = word() {
                debug!(%cause, "the service manager cannot be told");
            }
        }
    };
    thread::Builder::new().name("supervisor".into()).spawn(telling).ok()?;
    Some(say)
});

fn tell(word: impl FnOnce() -> io::Result<()> + Send + 'static) {
    if let Some(teller) = &*TELLER {
        // Its end is that of the process.
        let _ = teller.send(Box::new(word));
    }
}
