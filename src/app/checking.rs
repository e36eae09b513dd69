//! What `callbox check` has to know about the server on this machine: by which links people open it.

use std::net::IpAddr;

use anyhow::Context;

use super::{banner, look_around};
use crate::config::Config;

/// The server that a configuration describes, as people reach it.
#[derive(Clone, Debug)]
pub struct Inside {
    /// This machine's public addresses, as far as it knows them.
    pub public: Vec<IpAddr>,
    /// The page's addresses as the start prints them; none when nobody outside gets in.
    pub links: Vec<String>,
}

/// Looks around as a start does.
pub fn inside(config: &Config) -> anyhow::Result<Inside> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let (found, addresses) = runtime.block_on(look_around(config));
    let link = |host: &String| banner::public_link(config, host, config.listen.port());
    let public = found.addresses.iter().map(|address| address.ip).collect();
    Ok(Inside { public, links: addresses.outside().iter().map(link).collect() })
}
