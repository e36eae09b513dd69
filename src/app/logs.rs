//! Logs go to stderr, for people or for collectors; stdout belongs to what a command was asked for. A storm of one event
//! becomes a few lines and one with a count.

mod storms;

use std::io::{self, IsTerminal};
use std::sync::OnceLock;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Registry, fmt, reload};

use crate::config::Log;
use storms::Storms;

pub(super) use storms::tell_storms;

/// By which the filter is changed later; there is one log in a process.
static FILTER: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// From now on, events are written. A second call changes nothing.
pub fn start(log: &Log) {
    let (filter, handle) = reload::Layer::new(filter(log));
    let registry = tracing_subscriber::registry().with(filter);
    let started = if log.json {
        registry.with(fmt::layer().json().with_writer(io::stderr).with_filter(Storms)).try_init()
    } else {
        let ansi = io::stderr().is_terminal();
        let lines = fmt::layer().with_ansi(ansi).with_target(false).with_writer(io::stderr);
        registry.with(lines.with_filter(Storms)).try_init()
    };
    if started.is_ok() {
        let _ = FILTER.set(handle);
    }
}

/// From now on, other events are written.
pub(super) fn change(log: &Log) {
    // Without a log of ours there is nothing to change.
    let _ = FILTER.get().map(|handle| handle.reload(filter(log)));
}

fn filter(log: &Log) -> Targets {
    let filter: Targets = log.filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    // The STUN parser warns about every malformed packet: any stranger could fill the disk with that.
    filter.with_target("stun_types", LevelFilter::ERROR).with_target("turn_types", LevelFilter::ERROR)
}
