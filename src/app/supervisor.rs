//! What the service manager is told (sd_notify(3)), and what it gives: sockets that it keeps while the server restarts. Without
//! one nothing is told to nobody.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
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
pub(super) fn ready(address: SocketAddr, sockets: &[TcpListener]) {
    let sockets: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
    // systemd knows a socket again that it has already.
    told(sd_notify::notify_with_fds(&[NotifyState::FdStore, NotifyState::FdName("callbox")], &sockets));
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("serving on {address}"))]);
}

/// It reads its files again, after SIGHUP; [`reloaded`] follows.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(cause) => debug!(%cause, "the service manager cannot be told the time"),
    }
}

/// It has read its files.
pub(super) fn reloaded() {
    tell(&[NotifyState::Ready]);
}

/// It stops.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("carrying relayed calls to their end")]);
}

/// That process is the service from here on; 0: one that cannot be seen from here.
pub(super) fn replaced_by(pid: u32) {
    if pid > 0 {
        tell(&[NotifyState::MainPid(pid)]);
    }
}

/// Says that it lives, if the service manager wants to hear it, as long as hub and relay do: whoever asks is answered.
pub(super) async fn keep_alive(site: Site, streams: Option<Streams>, shutdown: CancellationToken) {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let every = patience / 3;
    while shutdown.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        if lives(site.clone(), streams.clone(), every).await {
            tell(&[NotifyState::Watchdog]);
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

fn tell(states: &[NotifyState<'_>]) {
    told(sd_notify::notify(states));
}

fn told(result: std::io::Result<()>) {
    if let Err(cause) = result {
        debug!(%cause, "the service manager cannot be told");
    }
}
