//! The signals that stop the server or have it replaced, and the one that makes it look at its files again.

use std::io::{self, IsTerminal};

use anyhow::Context;
use futures_util::future::OptionFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To stop as soon as nobody needs the server: SIGTERM, as service managers and Docker send it.
    Drain,
    /// To stop: SIGINT, as Ctrl-C does, and for whoever started it by hand the end of the terminal. Somebody is waiting there.
    End,
    /// To start the program anew and let it take over: SIGUSR2.
    Upgrade,
}

/// See the module's text.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    terminal_closed: Option<Signal>,
    upgrade: Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Signals> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            terminal_closed: io::stdin().is_terminal().then(|| listen(SignalKind::hangup())).transpose()?,
            upgrade: listen(SignalKind::user_defined2())?,
        })
    }

    /// The next of them.
    pub(super) async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Drain,
            _ = self.interrupt.recv() => Wish::End,
            Some(_) = OptionFuture::from(self.terminal_closed.as_mut().map(Signal::recv)) => Wish::End,
            _ = self.upgrade.recv() => Wish::Upgrade,
        }
    }

    /// The next one that stops the server, while it stops already.
    pub(super) async fn again(&mut self) {
        while self.next().await == Wish::Upgrade {}
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
