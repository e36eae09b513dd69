//! The signals that stop the server, and the one that makes it look at its files again.

use std::io::{self, IsTerminal};

use anyhow::Context;
use futures_util::future::OptionFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, as service managers and Docker send it, SIGINT, as Ctrl-C does, and for whoever started it by hand the end of
/// the terminal.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    terminal_closed: Option<Signal>,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Signals> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            terminal_closed: io::stdin().is_terminal().then(|| listen(SignalKind::hangup())).transpose()?,
        })
    }

    /// The next of them.
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            Some(_) = OptionFuture::from(self.terminal_closed.as_mut().map(Signal::recv)) => {}
        }
    }
}

/// SIGHUP, by which daemons, which have no terminal, are asked to read their files again.
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
