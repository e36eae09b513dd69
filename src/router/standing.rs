//! What came of asking the router, in words: what works, what does not, why, and what to do about it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use super::{MOST_OF_A_RANGE, Transport, Wanted};
use crate::turn::is_special;

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// No answer yet.
    #[default]
    Asking,
    /// This machine has a public IPv4 address of its own: there is nothing to forward.
    Unneeded,
    /// There is no default route over IPv4.
    NoRouter,
    /// This one answered in no language.
    Silent(Ipv4Addr),
    /// It answered.
    Answered(Answer),
}

/// What a router said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its address in our network.
    pub router: Ipv4Addr,
    /// The language it speaks.
    pub language: Language,
    /// Its address on the other side.
    pub outside: Outside,
    /// Every port that was asked for.
    pub ports: Vec<Port>,
    /// What was not asked for.
    pub too_wide: Option<RangeInclusive<u16>>,
}

/// How routers are spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// RFC 6887.
    Pcp,
    /// RFC 6886.
    NatPmp,
    /// WANIPConnection and WANPPPConnection of the UPnP Forum.
    Upnp,
}

/// The router's address on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// Everybody reaches it.
    Public(Ipv4Addr),
    /// In 100.64.0.0/10, the provider's: many customers share one public address (RFC 6598).
    Shared(Ipv4Addr),
    /// Private (RFC 1918) or special in another way: there is another router in front of this one.
    Private(Ipv4Addr),
    /// It tells none.
    Unknown,
}

/// One port, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// As it was asked for.
    pub wanted: Wanted,
    /// The port of the router.
    pub got: Result<u16, Refusal>,
}

/// Why a port is not forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The router forwards this port already, to somebody else.
    Taken,
    /// It offered this port instead, by which nobody would come; it was given back.
    Elsewhere(u16),
    /// It has no address outside.
    Unconnected,
    /// What it said.
    Said(String),
}

impl Outside {
    pub(super) fn of(told: Option<Ipv4Addr>) -> Outside {
        match told {
            None => Outside::Unknown,
            // RFC 6598, 7: 100.64.0.0/10.
            Some(ip) if ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64 => Outside::Shared(ip),
            Some(ip) if is_special(IpAddr::V4(ip)) => Outside::Private(ip),
            Some(ip) => Outside::Public(ip),
        }
    }
}

impl Standing {
    /// The address and the port by which people outside reach the first of the ports, and how they are known.
    pub fn reached(&self) -> Option<(Ipv4Addr, u16, Language)> {
        let Standing::Answered(answer) = self else { return None };
        let Outside::Public(ip) = answer.outside else { return None };
        let first = answer.ports.first()?;
        Some((ip, *first.got.as_ref().ok()?, answer.language))
    }

    /// How many ports are forwarded, and how many were asked for.
    pub fn count(&self) -> (usize, usize) {
        let Standing::Answered(answer) = self else { return (0, 0) };
        (answer.ports.iter().filter(|port| port.got.is_ok()).count(), answer.ports.len())
    }

    /// Whether there is nothing to mend.
    pub fn is_good(&self) -> bool {
        match self {
            Standing::Unneeded => true,
            Standing::Asking | Standing::NoRouter | Standing::Silent(_) => false,
            Standing::Answered(answer) => self.reached().is_some() && answer.ports.iter().all(|port| port.got.is_ok()),
        }
    }

    /// A sentence for each thing there is to know.
    pub fn says(&self) -> Vec<String> {
        match self {
            Standing::Asking => vec!["the router has not answered yet; what it says will stand in the log".into()],
            Standing::Unneeded => {
                vec!["this machine has a public address of its own: no router is asked to forward ports".into()]
            }
            Standing::NoRouter => vec!["there is no router to ask: this machine has no default route over IPv4".into()],
            Standing::Silent(router) => vec![format!(
                "the router {router} answers neither PCP, NAT-PMP nor UPnP: switch one of them on in its settings, or forward \
                 the ports there by hand (a container reaches it on the host's network alone)"
            )],
            Standing::Answered(answer) => answer.says(),
        }
    }
}

impl Answer {
    fn says(&self) -> Vec<String> {
        let mut says = Vec::new();
        let forwarded: Vec<String> = spans(self.ports.iter().filter(|port| port.got.is_ok()));
        let (router, language) = (self.router, self.language);
        if !forwarded.is_empty() {
            says.push(format!("the router {router} forwards {}, asked by {language}", forwarded.join(", ")));
        }
        says.extend(self.about_outside(forwarded.is_empty()));
        let refused = self.ports.iter().filter_map(|port| Some((port.wanted, port.got.as_ref().err()?)));
        let mut refused: Vec<_> = refused.collect();
        // A reason that holds for all of them is one line.
        if let [(_, why), rest @ ..] = &refused[..]
            && forwarded.is_empty()
            && rest.iter().all(|(_, other)| other == why)
        {
            says.push(format!("the router {router}, asked by {language}, forwards no port: {why}"));
            refused.clear();
        }
        says.extend(
            refused
                .iter()
                .map(|(wanted, why)| format!("{} {} is not forwarded: {why}", wanted.transport, wanted.outside)),
        );
        says.extend(self.too_wide.as_ref().map(|range| {
            format!(
                "the relay's ports {}-{} are not asked for, as routers keep an entry for each: calls go on without them; \
                 turn.ports = \"none\" says so, and up to {MOST_OF_A_RANGE} would be forwarded",
                range.start(),
                range.end()
            )
        }));
        says
    }

    fn about_outside(&self, nothing_is_forwarded: bool) -> Option<String> {
        const OTHERS: &str =
            "Ask the provider for a public IPv4 address, let people come by IPv6, or run callbox on a rented server";
        match self.outside {
            Outside::Public(_) => None,
            Outside::Shared(ip) => Some(format!(
                "the provider has its customers share public addresses (carrier-grade NAT: the router's own is {ip}), so nobody \
                 outside reaches this machine over IPv4 whatever the router forwards. {OTHERS}"
            )),
            Outside::Private(ip) => Some(format!(
                "the router is behind another one (its address there is {ip}), which has to forward the same ports: in its \
                 settings, or by connecting this machine to it instead. Where it is the provider's: {}{}",
                OTHERS[..1].to_lowercase(),
                &OTHERS[1..]
            )),
            Outside::Unknown if nothing_is_forwarded => Some(format!(
                "the router has no public address: either it is not connected, or the provider has its customers share \
                 addresses (carrier-grade NAT), and then nobody outside reaches this machine over IPv4. {OTHERS}"
            )),
            Outside::Unknown => Some(
                "the router does not tell its address outside: say it with --external-ip, or name a server that sees it in \
                 turn.external_ip_stun"
                    .into(),
            ),
        }
    }
}

/// "TCP 443 (as 8443 here), UDP 50000-50063": neighbours as one.
fn spans<'a>(ports: impl Iterator<Item = &'a Port>) -> Vec<String> {
    let mut spans: Vec<(Transport, RangeInclusive<u16>, u16)> = Vec::new();
    for port in ports {
        let (transport, here) = (port.wanted.transport, port.wanted.port);
        let outside = port.got.clone().unwrap_or(here);
        match spans.last_mut() {
            Some((same, range, first)) if *same == transport && next(range, *first, outside, here) => {
                *range = *range.start()..=outside;
            }
            _ => spans.push((transport, outside..=outside, here)),
        }
    }
    let words = spans.into_iter().map(|(transport, range, here)| {
        let (low, high) = (*range.start(), *range.end());
        let ports = if low == high { low.to_string() } else { format!("{low}-{high}") };
        let moved = if here == low { String::new() } else { format!(" (to {here} here)") };
        format!("{transport} {ports}{moved}")
    });
    words.collect()
}

/// Whether the port after `range`, whose first one leads to `first`, is `outside` and leads to `here`.
fn next(range: &RangeInclusive<u16>, first: u16, outside: u16, here: u16) -> bool {
    range.end().checked_add(1) == Some(outside) && here.wrapping_sub(first) == outside.wrapping_sub(*range.start())
}

impl Language {
    /// As people know it.
    pub fn name(self) -> &'static str {
        match self {
            Language::Pcp => "PCP",
            Language::NatPmp => "NAT-PMP",
            Language::Upnp => "UPnP",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Taken => {
                f.write_str("the router forwards it to another device; remove that entry in its settings")
            }
            Refusal::Elsewhere(port) => write!(f, "the router offered {port} in its place, where nobody would look"),
            Refusal::Unconnected => f.write_str("it has no address to forward from"),
            Refusal::Said(words) => write!(f, "it said: {words}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(transport: Transport, port: u16, got: Result<u16, Refusal>) -> Port {
        Port { wanted: Wanted { transport, port, outside: port, movable: false }, got }
    }

    fn answer(outside: &str, ports: Vec<Port>) -> Standing {
        Standing::Answered(Answer {
            router: Ipv4Addr::new(192, 168, 1, 1),
            language: Language::Pcp,
            outside: Outside::of(outside.parse().ok()),
            ports,
            too_wide: None,
        })
    }

    fn said(standing: &Standing) -> String {
        standing.says().join("\n")
    }

    #[test]
    fn neighbouring_ports_are_one_and_a_moved_one_says_where_it_leads() {
        let mut ports = vec![port(Transport::Tcp, 8443, Ok(40000))];
        ports.extend((50000..50064).map(|number| port(Transport::Udp, number, Ok(number))));
        let standing = answer("11.0.0.7", ports);
        assert_eq!(
            said(&standing),
            "the router 192.168.1.1 forwards TCP 40000 (to 8443 here), UDP 50000-50063, asked by PCP"
        );
        assert_eq!(standing.reached(), Some((Ipv4Addr::new(11, 0, 0, 7), 40000, Language::Pcp)));
        assert!(standing.is_good());
    }

    #[test]
    fn whoever_shares_an_address_is_told_what_that_means_and_what_to_do() {
        for (outside, words) in
            [("100.64.0.1", "carrier-grade NAT"), ("100.127.255.254", "carrier-grade NAT"), ("100.128.0.1", "")]
        {
            let standing = answer(outside, vec![port(Transport::Tcp, 443, Ok(443))]);
            assert!(said(&standing).contains(words), "{outside}: {}", said(&standing));
            assert_eq!(standing.reached().is_none(), !words.is_empty(), "{outside}");
        }
        let behind = answer("10.0.0.2", vec![port(Transport::Tcp, 443, Ok(443))]);
        assert!(said(&behind).contains("behind another one (its address there is 10.0.0.2)"), "{}", said(&behind));
        assert!(said(&behind).contains("provider's: ask the provider"), "{}", said(&behind));
        assert_eq!(behind.reached(), None);
    }

    #[test]
    fn one_reason_for_all_ports_is_one_line() {
        let refused = |number| port(Transport::Udp, number, Err(Refusal::Unconnected));
        let standing = answer("", (1..=9).map(refused).collect());
        let said = standing.says();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said[0].contains("not connected")
                && said[1].ends_with("forwards no port: it has no address to forward from")
        );
        assert!(!standing.is_good());
    }

    #[test]
    fn each_port_that_is_not_forwarded_is_named_with_its_reason() {
        let ports = vec![
            port(Transport::Tcp, 443, Ok(443)),
            port(Transport::Tcp, 80, Err(Refusal::Elsewhere(1024))),
            port(Transport::Udp, 3478, Err(Refusal::Taken)),
        ];
        let standing = answer("11.0.0.7", ports);
        let said = said(&standing);
        assert!(said.contains("TCP 80 is not forwarded: the router offered 1024"), "{said}");
        assert!(said.contains("UDP 3478 is not forwarded: the router forwards it to another device"), "{said}");
        assert!(!standing.is_good() && standing.reached().is_some());
    }
}
