//! Logs go to stderr, for people or for collectors; stdout belongs to what a command was asked for.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::config::Log;

/// From now on, events are written. A second call changes nothing.
pub fn start(log: &Log) {
    let filter: Targets = log.filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    // The STUN parser warns about every malformed packet: any stranger could fill the disk with that.
    let filter = filter.with_target("stun_types", LevelFilter::ERROR).with_target("turn_types", LevelFilter::ERROR);
    let registry = tracing_subscriber::registry();
    let started = if log.json {
        registry.with(fmt::layer().json().with_writer(io::stderr).with_filter(filter)).try_init()
    } else {
        let ansi = io::stderr().is_terminal();
        registry
            .with(fmt::layer().with_ansi(ansi).with_target(false).with_writer(io::stderr).with_filter(filter))
            .try_init()
    };
    drop(started);
}
