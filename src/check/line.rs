//! The line between this machine and the server, by STUN, once a family: who translates our addresses, how long packets may be, and
//! how many of them arrive.

use std::net::SocketAddr;
use std::time::Instant;

use super::dial::Dialer;
use super::report::{Failure, Step, What};
use super::stun::{self, Binding};
use crate::turn::is_special;

/// See the module's text.
pub(super) struct Line<'a> {
    family: &'static str,
    server: SocketAddr,
    binding: &'a Binding,
}

/// Servers that are asked, one after the other, how a NAT maps: two ports of two addresses are all that RFC 5780 needs.
const MOST_MAPPINGS: usize = 4;

/// Packets of a hundred, there and back, that may get lost without a word: pictures do not suffer from it.
const LOSS_TOLERANCE: usize = 2;

/// Sizes of IP packets: what Ethernet carries, and what every IPv6 path must (RFC 8200, 5).
const LARGE: usize = 1500;
const SMALL: usize = 1280;

impl Line<'_> {
    /// One to the first server of each family that answered.
    pub(super) fn all(bindings: &[(SocketAddr, Binding)]) -> impl Iterator<Item = Line<'_>> {
        [("IPv4", true), ("IPv6", false)].into_iter().filter_map(|(family, v4)| {
            let (server, binding) = bindings.iter().find(|(at, _)| at.is_ipv4() == v4)?;
            Some(Line { family, server: *server, binding })
        })
    }

    /// Whether something translates our addresses, and how.
    pub(super) async fn nat(&self, bindings: &[(SocketAddr, Binding)]) -> Step {
        let begun = Instant::now();
        let told = if self.binding.local.ip() == self.binding.mapped.ip() {
            "none: the server sees this machine's own address".to_owned()
        } else {
            translated(&stun::mappings(&who_to_ask(bindings, self.server.is_ipv4())).await)
        };
        Step::tried(What::Nat, self.family, self.server, begun.elapsed(), Ok(told))
    }

    /// Whether large packets come through.
    pub(super) async fn width(&self, dialer: &Dialer) -> Step {
        let ((took, large), (_, small)) =
            tokio::join!(dialer.timed(stun::takes(self.server, LARGE)), dialer.timed(stun::takes(self.server, SMALL)));
        let told = match (large, small) {
            (Ok(()), _) => Ok(format!("{LARGE} bytes come through")),
            (_, Ok(())) => Err(Failure::LargePacketsLost(LARGE)),
            _ => Err(Failure::LargePacketsLost(SMALL)),
        };
        Step::tried(What::PathMtu, self.family, self.server, took, told)
    }

    /// Whether packets get lost.
    pub(super) async fn loss(&self) -> Step {
        let begun = Instant::now();
        let told = stun::lost(self.server).await.and_then(|lost| match lost {
            lost if lost > LOSS_TOLERANCE => Err(Failure::PacketsLost(lost)),
            lost => Ok(format!("{lost} of 100 small packets lost")),
        });
        Step::tried(What::Loss, self.family, self.server, begun.elapsed(), told)
    }
}

/// The servers of one family that can tell how a NAT maps: those that answered, and the other ports and addresses that they
/// name; but a public one shall not have us knock at the doors of our own network.
fn who_to_ask(bindings: &[(SocketAddr, Binding)], v4: bool) -> Vec<SocketAddr> {
    let others = bindings.iter().filter_map(|(server, Binding { other, .. })| {
        other.filter(|other| is_special(server.ip()) || !is_special(other.ip()))
    });
    let all = bindings.iter().map(|(server, _)| *server).chain(others).filter(|at| at.is_ipv4() == v4);
    let mut servers: Vec<SocketAddr> = Vec::new();
    for server in all {
        if servers.len() < MOST_MAPPINGS && !servers.contains(&server) {
            servers.push(server);
        }
    }
    servers
}

/// How a NAT maps (RFC 5780, 4.3), as far as several ports of one server can tell.
fn translated(seen: &[Binding]) -> String {
    match seen {
        [] | [_] => "there is one; of which kind, a single port of the server cannot tell".to_owned(),
        [first, others @ ..] if others.iter().all(|other| other.mapped == first.mapped) => {
            "there is one that keeps its mapping: direct calls are likely".to_owned()
        }
        _ => "there is one with another mapping for each destination (symmetric): calls need the relay".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_server_does_not_have_our_own_network_searched() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let named = |server: &str, other: &str| {
            (at(server), Binding { local: at("192.0.2.7:5000"), mapped: at("192.0.2.7:5000"), other: Some(at(other)) })
        };
        let public = [named("8.8.4.4:443", "10.0.0.5:53"), named("8.8.4.4:3478", "8.8.4.4:443")];
        assert_eq!(who_to_ask(&public, true), [at("8.8.4.4:443"), at("8.8.4.4:3478")]);
        let at_home = [named("10.0.0.1:443", "10.0.0.1:3478")];
        assert_eq!(who_to_ask(&at_home, true), [at("10.0.0.1:443"), at("10.0.0.1:3478")]);
        let endless: Vec<_> = (1..50).map(|port| named(&format!("8.8.4.4:{port}"), "[2620:fe::1]:1")).collect();
        assert_eq!((who_to_ask(&endless, true).len(), who_to_ask(&endless, false).len()), (MOST_MAPPINGS, 1));
    }
}
