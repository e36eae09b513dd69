//! Everything that can fail, done before anybody is let in: the lock, the ports, the certificate, the signals.

use std::net::TcpListener;

use anyhow::Context;

use super::bind::Own;
use super::entry::{Entry, Place};
use super::stop::{Hangup, Signals};
use super::{addresses::Addresses, admin, bind, keys, look_around};
use crate::admin::Listener;
use crate::config::{Config, Keys};
use crate::data_dir::DataDir;
use crate::discovery::Found;
use crate::gate::Gate;
use crate::relay::Relay;
use crate::tls::{self, Certificates, Door};

/// A server that has what it needs and serves nobody yet.
pub(super) struct Prepared {
    pub(super) found: Found,
    pub(super) keys: Keys,
    pub(super) gate: Gate,
    pub(super) relay: Option<Relay>,
    pub(super) certificates: Option<Certificates>,
    pub(super) tls: Option<Door>,
    pub(super) admin: Option<Listener>,
    pub(super) signals: Signals,
    pub(super) hangup: Hangup,
    /// For whoever takes over.
    pub(super) sockets: Vec<TcpListener>,
    pub(super) entry: Entry,
}

impl Prepared {
    /// A server that has to give way does so when all ports are bound: a failure before that leaves it as it is.
    pub(super) async fn new(config: &Config, dir: &DataDir, place: Place) -> anyhow::Result<Prepared> {
        let (found, addresses) = look_around(config).await;
        let mut entry = Entry::at(place, dir)?;
        let mut keys = keys::open(dir, config)?;
        let own = Own { host: addresses.ips(), public: found.translated() };
        let (gate, relay) = bind::bind(config, &keys, own, &mut entry)?;
        if entry.own(dir)? {
            keys.invitations = keys::invitations(dir, config)?;
        }
        let certificates = certificates(config, dir, &addresses)?;
        let tls = certificates.as_ref().map(Certificates::door).transpose()?;
        let admin = admin::bind(config).await?;
        let (signals, hangup) = (Signals::listen()?, Hangup::listen()?);
        let sockets = gate.share().context("no descriptors are left; raise the limit of open files (ulimit -n)")?;
        Ok(Prepared { found, keys, gate, relay, certificates, tls, admin, signals, hangup, sockets, entry })
    }
}

fn certificates(config: &Config, dir: &DataDir, addresses: &Addresses) -> Result<Option<Certificates>, tls::Error> {
    config.certificate(dir, addresses.names()).map(|source| Certificates::open(&source)).transpose()
}
