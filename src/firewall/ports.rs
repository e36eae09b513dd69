//! Which ports must be open for whom, as data: what follows from where callbox listens.

use std::fmt;
use std::ops::RangeInclusive;

/// What is listened on, as far as firewalls care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// The one port.
    pub one_port: u16,
    /// Whether others than this machine reach it.
    pub one_port_outside: bool,
    /// Whether the one port speaks TLS.
    pub tls: bool,
    /// Where plain HTTP is redirected from.
    pub redirect: Option<u16>,
    /// The relay's further ports and its range for relayed addresses; `None`: the relay is off.
    pub relay: Option<RelayPorts>,
}

/// The relay's ports besides the one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayPorts {
    /// Further ports for STUN and TURN.
    pub listen: Vec<u16>,
    /// Ports of relayed addresses; `None`: none are opened.
    pub range: Option<RangeInclusive<u16>>,
}

/// One line of the guidance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// One port, or a range.
    pub ports: RangeInclusive<u16>,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Whether calls from outside work without it.
    pub need: Need,
    /// What goes through it, and what is lost without it.
    pub why: &'static str,
}

/// The transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// As firewalls write it: `tcp`.
    Tcp,
    /// As firewalls write it: `udp`.
    Udp,
}

/// Whether a port must be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing works from outside without it.
    Required,
    /// Calls are better with it.
    Optional,
}

/// The ports to open, the most important first.
pub fn rules(listening: &Listening) -> Vec<Rule> {
    let rule = |ports, protocol, need, why| Rule { ports, protocol, need, why };
    let one = |port| port..=port;
    use {Need::*, Protocol::*};
    let front = match (listening.tls, &listening.relay) {
        (true, Some(_)) => "the page, signaling, and the relay over TLS and TCP",
        (true, None) => "the page and signaling",
        (false, Some(_)) => "the page and signaling without TLS (for the proxy in front), and the relay over TCP",
        (false, None) => "the page and signaling without TLS (for the proxy in front)",
    };
    let mut rules = Vec::new();
    if listening.one_port_outside {
        rules.push(rule(one(listening.one_port), Tcp, Required, front));
    }
    if let Some(relay) = &listening.relay {
        if listening.one_port_outside {
            let udp = "the relay over UDP: without it calls through the relay use TCP and stutter on bad networks";
            rules.push(rule(one(listening.one_port), Udp, Optional, udp));
        }
        for port in &relay.listen {
            let further = "the relay's usual port, for networks that let it through and for other programs";
            rules.extend([Udp, Tcp].map(|protocol| rule(one(*port), protocol, Optional, further)));
        }
        if let Some(range) = &relay.range {
            let relayed = "relayed addresses: without them a relayed caller reaches only callers who are relayed too";
            rules.push(rule(range.clone(), Udp, Optional, relayed));
        }
    }
    if let Some(port) = listening.redirect {
        rules.push(rule(one(port), Tcp, Optional, "sends people who type no https:// to the right place"));
    }
    rules
}

impl Rule {
    /// With a dash for a range, as most firewalls write it.
    pub(super) fn dashed(&self) -> String {
        self.span('-')
    }

    /// With a colon for a range, as ufw and iptables write it.
    pub(super) fn colons(&self) -> String {
        self.span(':')
    }

    /// One port.
    pub(super) fn is_single(&self) -> bool {
        self.ports.start() == self.ports.end()
    }

    fn span(&self, separator: char) -> String {
        let (low, high) = (self.ports.start(), self.ports.end());
        if self.is_single() { low.to_string() } else { format!("{low}{separator}{high}") }
    }
}

/// The rules for TCP, then those for UDP; a protocol without any is left out.
pub(super) fn by_protocol(rules: &[Rule]) -> impl Iterator<Item = (Protocol, Vec<&Rule>)> {
    let of = |protocol| (protocol, rules.iter().filter(|rule| rule.protocol == protocol).collect::<Vec<_>>());
    [of(Protocol::Tcp), of(Protocol::Udp)].into_iter().filter(|(_, rules)| !rules.is_empty())
}

/// What people say and a cloud's console wants: `TCP 443, 80; UDP 443`.
pub(super) fn spoken(rules: &[Rule]) -> String {
    let line = |(protocol, rules): (Protocol, Vec<&Rule>)| {
        let ports: Vec<String> = rules.into_iter().map(Rule::dashed).collect();
        format!("{} {}", protocol.to_string().to_uppercase(), ports.join(", "))
    };
    by_protocol(rules).map(line).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        })
    }
}
