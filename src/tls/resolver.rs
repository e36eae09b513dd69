//! Which certificate a handshake gets. Ours has a default, unlike rustls' own: a client that opened an IP address sends
//! no server name (RFC 6066, 3). Certificates can be exchanged at any moment; handshakes under way keep the one they got.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::challenges::Challenges;
use super::pair::Pair;
use super::{ALPN_ACME, Ends};

/// The certificates of the moment.
#[derive(Debug)]
pub(super) struct Resolver {
    /// For whoever asks for nothing that is in `by_host`.
    base: ArcSwap<Pair>,
    /// Trusted ones, each for its own DNS name or address.
    by_host: ArcSwap<HashMap<String, Pair>>,
    pub(super) challenges: Arc<Challenges>,
}

impl Resolver {
    pub(super) fn new(base: Pair) -> Resolver {
        let by_host = ArcSwap::default();
        Resolver { base: ArcSwap::from_pointee(base), by_host, challenges: Arc::default() }
    }

    pub(super) fn base(&self) -> Arc<Pair> {
        self.base.load_full()
    }

    pub(super) fn replace_base(&self, pair: Pair) {
        self.base.store(Arc::new(pair));
    }

    /// `None` takes the host's certificate away.
    pub(super) fn set(&self, host: &str, pair: Option<Pair>) {
        self.by_host.rcu(|by_host| {
            let mut by_host = HashMap::clone(by_host);
            match &pair {
                Some(pair) => by_host.insert(host.to_owned(), pair.clone()),
                None => by_host.remove(host),
            };
            by_host
        });
    }

    /// Each host that has its own certificate, with that one's beginning and end; in the order of the names.
    pub(super) fn own(&self) -> Vec<(String, Duration, Duration)> {
        let by_host = self.by_host.load();
        let mut own: Vec<_> = by_host.iter().map(|(host, pair)| (host.clone(), pair.begins(), pair.ends())).collect();
        own.sort();
        own
    }

    /// Whether there is a certificate in use besides the one for everybody.
    pub(super) fn has_trusted(&self) -> bool {
        !self.by_host.load().is_empty()
    }

    pub(super) fn has_trusted_for(&self, host: &str) -> bool {
        self.by_host.load().contains_key(host)
    }

    fn choose(&self, server_name: Option<&str>, ends: Ends) -> Arc<CertifiedKey> {
        let by_host = self.by_host.load();
        let chosen = match server_name {
            Some(name) => by_host.get(name),
            None => by_host.get(&ends.local.to_string()).or_else(|| behind_nat(&by_host, ends)),
        };
        chosen.map_or_else(|| self.base.load().certified.clone(), |pair| pair.certified.clone())
    }
}

/// Behind 1:1 NAT the address that was opened is not the one that was reached: a stranger from outside must have opened
/// the public one of its family. Somebody on our own network opened what they reached.
fn behind_nat(by_host: &HashMap<String, Pair>, ends: Ends) -> Option<&Pair> {
    let from_outside = !is_on_our_network(ends.client);
    let same_family = |host: &str| host.parse::<IpAddr>().is_ok_and(|public| public.is_ipv4() == ends.local.is_ipv4());
    let mut public = by_host.iter().filter(|(host, _)| from_outside && same_family(host));
    public.next().map(|(_, pair)| pair)
}

fn is_on_our_network(client: IpAddr) -> bool {
    match client {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local(),
    }
}

/// The resolver for one connection, whose addresses a [`ClientHello`] does not tell.
#[derive(Debug)]
pub(super) struct ForConnection {
    pub(super) resolver: Arc<Resolver>,
    pub(super) ends: Ends,
}

impl ResolvesServerCert for ForConnection {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // RFC 8737, 3: a validation offers this protocol and no other.
        let validation = hello.alpn().is_some_and(|mut offered| offered.any(|name| name == ALPN_ACME));
        let server_name = hello.server_name().map(str::to_lowercase);
        match (validation, server_name) {
            (true, name) => self.resolver.challenges.certificate(&name?),
            (false, name) => Some(self.resolver.choose(name.as_deref(), self.ends)),
        }
    }
}
