//! The UDP sockets that clients write to: one group an address, a share of each group for every worker; and, where NAT
//! behaviour discovery is wanted (RFC 5780), sockets for all four of its addresses.

use std::net::{IpAddr, SocketAddr};

use super::options::{FastPaths, Options};
use super::{BindError, socket};
use crate::turn::Discovery;

/// A socket that clients write to.
#[derive(Debug)]
pub(super) struct Listener {
    /// `None`: it was closed, and its place stays.
    pub(super) socket: Option<mio::net::UdpSocket>,
    pub(super) bound: SocketAddr,
    /// The one client it is connected to; `None`: everybody.
    pub(super) client: Option<SocketAddr>,
}

impl Listener {
    /// Of a group that everybody may write to.
    fn open(socket: mio::net::UdpSocket, bound: SocketAddr) -> Listener {
        Listener { socket: Some(socket), bound, client: None }
    }

    /// Whether what is sent to `address` comes here.
    pub(super) fn hears(&self, address: SocketAddr) -> bool {
        hears(self.bound, address)
    }
}

/// All that is bound.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    /// The addresses, in the order of [`Options::listen`], and then those for NAT behaviour discovery.
    pub(super) local: Vec<SocketAddr>,
    /// For each worker its share of every address, in the same order.
    pub(super) shares: Vec<Vec<Listener>>,
    pub(super) discovery: Option<Discovery>,
}

impl Listeners {
    /// Binds everything `options` ask for.
    pub(super) fn bind(options: &Options, workers: usize, fast: FastPaths) -> Result<Listeners, BindError> {
        let mut listeners = Listeners::default();
        listeners.shares.resize_with(workers, Vec::new);
        for &address in &options.listen {
            listeners.add(address, options, fast)?;
        }
        if let Some(ips) = options.nat_discovery {
            listeners.prepare_discovery(ips, options, fast)?;
        }
        Ok(listeners)
    }

    fn add(&mut self, address: SocketAddr, options: &Options, fast: FastPaths) -> Result<(), BindError> {
        let (bound, group) = socket::listener_group(address, self.shares.len(), fast.gro, options.beside)
            .map_err(|cause| BindError::Listen { address, cause })?;
        self.local.push(bound);
        for (share, socket) in self.shares.iter_mut().zip(group) {
            share.push(Listener::open(socket, bound));
        }
        Ok(())
    }

    /// The first two ports there are, at both addresses. With one port only there is nothing to discover by.
    fn prepare_discovery(&mut self, ips: [IpAddr; 2], options: &Options, fast: FastPaths) -> Result<(), BindError> {
        let mut ports = self.local.iter().map(SocketAddr::port);
        let Some(first) = ports.next() else { return Ok(()) };
        let Some(second) = ports.find(|port| *port != first) else { return Ok(()) };
        for (ip, port) in ips.into_iter().flat_map(|ip| [(ip, first), (ip, second)]) {
            let address = SocketAddr::new(ip, port);
            if !self.local.iter().any(|bound| hears(*bound, address)) {
                self.add(address, options, fast)?;
            }
        }
        self.discovery = Some(Discovery { ips, ports: [first, second] });
        Ok(())
    }
}

/// Whether a socket bound to `bound` gets what is sent to `address`. A wildcard IPv6 address hears IPv4, too.
fn hears(bound: SocketAddr, address: SocketAddr) -> bool {
    let everywhere = bound.ip().is_unspecified() && (bound.is_ipv6() || address.is_ipv4());
    bound.port() == address.port() && (everywhere || bound.ip() == address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(listen: &[&str]) -> Listeners {
        let mut options = Options::new(crate::turn::Options::new("callbox", [7; 32], Default::default()));
        options.listen = listen.iter().map(|address| address.parse().expect("an address")).collect();
        options.nat_discovery = Some(["127.0.0.1", "127.0.0.2"].map(|ip| ip.parse().expect("an address")));
        Listeners::bind(&options, 2, FastPaths::default()).expect("loopback has free ports")
    }

    #[test]
    fn every_address_of_the_four_has_a_socket_and_none_has_two() {
        for (listen, sockets) in [(&["127.0.0.1:0", "127.0.0.1:0"][..], 4), (&["0.0.0.0:0", "127.0.0.2:0"], 3)] {
            let listeners = bound(listen);
            let Discovery { ips, ports } = listeners.discovery.expect("two ports");
            assert_eq!(listeners.local.len(), sockets);
            for (ip, port) in ips.into_iter().flat_map(|ip| ports.map(|port| (ip, port))) {
                let hearing = |share: &Vec<Listener>| share.iter().filter(|l| l.hears((ip, port).into())).count();
                assert!(listeners.shares.iter().all(|share| hearing(share) == 1), "{ip}:{port} of {listen:?}");
            }
        }
    }

    #[test]
    fn one_port_is_not_enough() {
        assert_eq!(bound(&["127.0.0.1:0"]).discovery, None);
    }
}
