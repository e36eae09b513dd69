//! Which ports must be open for whom, as data, and the lines that open them in the words of each firewall. It prints;
//! it never changes a firewall.

use std::fmt::Write;
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

/// The rules as a table, and the lines that open them for every firewall we know.
pub fn guidance(rules: &[Rule]) -> String {
    if rules.is_empty() {
        return "No port to open: callbox listens for this machine alone.\n".to_owned();
    }
    let mut text = String::from("Ports to open for people outside this machine:\n");
    for rule in rules {
        let need = if rule.need == Need::Required { "required" } else { "optional" };
        let _ = writeln!(text, "  {} {:<12} {need}  {}", name(rule.protocol).to_uppercase(), dashed(rule), rule.why);
    }
    text.push('\n');
    for dialect in DIALECTS {
        let _ = writeln!(text, "  {:<10} {}", dialect.name, (dialect.line)(rules));
    }
    text
}

/// One firewall's way to say it.
struct Dialect {
    name: &'static str,
    line: fn(&[Rule]) -> String,
}

const DIALECTS: [Dialect; 6] = [
    Dialect { name: "ufw", line: ufw },
    Dialect { name: "firewalld", line: firewalld },
    Dialect { name: "nftables", line: nftables },
    Dialect { name: "iptables", line: iptables },
    Dialect { name: "cloud", line: cloud },
    Dialect { name: "docker", line: docker },
];

fn ufw(rules: &[Rule]) -> String {
    let allow = |rule: &Rule| format!("sudo ufw allow {}/{}", colons(rule), name(rule.protocol));
    each(rules, allow).join(" && ")
}

fn firewalld(rules: &[Rule]) -> String {
    let add = |rule: &Rule| format!("--add-port={}/{}", dashed(rule), name(rule.protocol));
    format!("sudo firewall-cmd --permanent {} && sudo firewall-cmd --reload", each(rules, add).join(" "))
}

/// `inet filter input` is the chain of Debian's and most guides' /etc/nftables.conf.
fn nftables(rules: &[Rule]) -> String {
    let line = |(protocol, ports): (Protocol, Vec<&Rule>)| {
        let set = ports.into_iter().map(dashed).collect::<Vec<_>>().join(", ");
        format!("sudo nft insert rule inet filter input {} dport '{{ {set} }}' accept", name(protocol))
    };
    by_protocol(rules).map(line).collect::<Vec<_>>().join(" && ")
}

fn iptables(rules: &[Rule]) -> String {
    let line = |(protocol, ports): (Protocol, Vec<&Rule>)| {
        let list = ports.into_iter().map(colons).collect::<Vec<_>>().join(",");
        format!("-I INPUT -p {} -m multiport --dports {list} -j ACCEPT", name(protocol))
    };
    let lines = by_protocol(rules).map(line);
    lines.map(|line| format!("sudo iptables {line} && sudo ip6tables {line}")).collect::<Vec<_>>().join(" && ")
}

fn cloud(rules: &[Rule]) -> String {
    let line = |(protocol, ports): (Protocol, Vec<&Rule>)| {
        let list = ports.into_iter().map(dashed).collect::<Vec<_>>().join(", ");
        format!("{} {list}", name(protocol).to_uppercase())
    };
    let lines = by_protocol(rules).map(line).collect::<Vec<_>>().join("; ");
    format!("security group, inbound from 0.0.0.0/0 and ::/0: {lines}")
}

/// Docker starts one helper process for each published port, so the range is left to the host's network.
fn docker(rules: &[Rule]) -> String {
    let (single, ranges): (Vec<&Rule>, Vec<&Rule>) = rules.iter().partition(|rule| is_single(rule));
    let publish = |rule: &&Rule| format!("-p {0}:{0}/{1}", rule.ports.start(), name(rule.protocol));
    let published = single.iter().map(publish).collect::<Vec<_>>().join(" ");
    let without_range = if ranges.is_empty() { "" } else { " -e CALLBOX_TURN__PORTS=none" };
    format!("docker run --network host, or docker run {published}{without_range}")
}

fn each(rules: &[Rule], line: impl Fn(&Rule) -> String) -> Vec<String> {
    rules.iter().map(line).collect()
}

fn by_protocol(rules: &[Rule]) -> impl Iterator<Item = (Protocol, Vec<&Rule>)> {
    let of = |protocol| (protocol, rules.iter().filter(|rule| rule.protocol == protocol).collect::<Vec<_>>());
    [of(Protocol::Tcp), of(Protocol::Udp)].into_iter().filter(|(_, rules)| !rules.is_empty())
}

fn is_single(rule: &Rule) -> bool {
    rule.ports.start() == rule.ports.end()
}

fn dashed(rule: &Rule) -> String {
    span(rule, '-')
}

fn colons(rule: &Rule) -> String {
    span(rule, ':')
}

fn span(rule: &Rule, separator: char) -> String {
    let (low, high) = (rule.ports.start(), rule.ports.end());
    if is_single(rule) { low.to_string() } else { format!("{low}{separator}{high}") }
}

fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Listening {
        let relay = RelayPorts { listen: vec![3478], range: Some(49152..=65535) };
        Listening { one_port: 443, one_port_outside: true, tls: true, redirect: Some(80), relay: Some(relay) }
    }

    fn line(listening: &Listening, dialect: &str) -> String {
        let text = guidance(&rules(listening));
        let line = text.lines().find(|line| line.trim_start().starts_with(dialect)).unwrap();
        line.trim_start().trim_start_matches(dialect).trim().to_owned()
    }

    #[test]
    fn only_the_one_port_over_tcp_is_required() {
        let required: Vec<Rule> = rules(&full()).into_iter().filter(|rule| rule.need == Need::Required).collect();
        assert_eq!(required.len(), 1);
        assert_eq!((required[0].ports.clone(), required[0].protocol), (443..=443, Protocol::Tcp));
    }

    #[test]
    fn each_firewall_gets_the_range_in_its_own_notation() {
        assert!(line(&full(), "ufw").contains("sudo ufw allow 49152:65535/udp"));
        assert!(line(&full(), "firewalld").contains("--add-port=49152-65535/udp"));
        assert!(line(&full(), "nftables").contains("udp dport '{ 443, 3478, 49152-65535 }' accept"));
        assert!(
            line(&full(), "iptables").contains("ip6tables -I INPUT -p tcp -m multiport --dports 443,3478,80 -j ACCEPT")
        );
        assert!(line(&full(), "cloud").contains("UDP 443, 3478, 49152-65535"));
    }

    #[test]
    fn docker_publishes_no_range_and_tells_the_relay_so() {
        let docker = line(&full(), "docker");
        assert!(docker.contains("-p 443:443/tcp -p 443:443/udp") && docker.contains("CALLBOX_TURN__PORTS=none"));
        assert!(!docker.contains("49152"));
    }

    #[test]
    fn what_only_this_machine_reaches_needs_no_firewall_line() {
        let own = Listening { one_port_outside: false, redirect: None, ..full() };
        assert!(
            rules(&own).iter().all(|rule| *rule.ports.start() != 443),
            "3478 and the range are still open to others"
        );
        let all = guidance(&rules(&Listening { relay: None, ..own }));
        assert!(all.contains("this machine alone") && !all.contains("ufw"), "{all}");
    }

    #[test]
    fn without_a_relay_nothing_over_udp_is_asked_for() {
        let listening = Listening { relay: None, ..full() };
        assert!(rules(&listening).iter().all(|rule| rule.protocol == Protocol::Tcp));
        assert!(!line(&listening, "nftables").contains("udp"));
    }
}
