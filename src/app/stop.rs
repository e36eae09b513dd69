//! The signals that stop the server, and the one that makes it look at its files again.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, as service managers and Docker send it, and SIGINT, as Ctrl-C does.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Signals> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Signals { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// The next of them.
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// SIGHUP, by which daemons are asked to read their files again.
pub(super) struct Hangup(Signal);

impl Hangup {
    pub(super) fn listen() -> anyhow::Result<Hangup> {
        Ok(Hangup(signal(SignalKind::hangup()).context("cannot listen for signals")?))
    }

    /// The next one.
    pub(super) async fn wait(&mut self) {
        self.0.recv().await;
    }
}
