//! The rules as a table, and the lines that fit the machine they are printed on: those of the firewalls that were found there,
//! of all in a container, and what a cloud's console has to be told.

use std::fmt::Write;

use super::chain::Chain;
use super::dialects;
use super::found::Found;
use super::ports::{Need, Protocol, Rule, spoken};
use crate::surroundings::{Cloud, Container};

/// One firewall on this machine.
struct Dialect {
    /// How it is there, and what keeps the lines.
    heading: String,
    lines: Vec<String>,
}

/// For a start and for `callbox ports`.
pub fn guidance(rules: &[Rule], found: &Found) -> String {
    if rules.is_empty() {
        return "No port to open: callbox listens for this machine alone.\n".to_owned();
    }
    let mut text = String::from("Ports to open for people outside this machine:\n");
    for rule in rules {
        let need = if rule.need == Need::Required { "required" } else { "optional" };
        let _ =
            writeln!(text, "  {} {:<12} {need}  {}", rule.protocol.to_string().to_uppercase(), rule.dashed(), rule.why);
    }
    text.push('\n');
    text + &in_the_way(rules, found)
        + "What else stands before this machine nobody sees from inside: `callbox check --phone` has a phone try it.\n"
}

/// What of this machine may be closed, and the lines that open it for `rules`.
pub fn in_the_way(rules: &[Rule], found: &Found) -> String {
    let mut text = match found.container {
        Some(container) => unseen(rules, container),
        None => own(rules, found),
    };
    if let Some(cloud) = found.cloud {
        let _ = writeln!(text, "{}", before(cloud, rules));
    }
    text
}

/// How to open one port here, in one line of words; empty where nothing was found that could be closed.
pub fn opening(found: &Found, port: u16, protocol: Protocol) -> String {
    let rule = [Rule { ports: port..=port, protocol, need: Need::Required, why: "" }];
    let mut sentences = Vec::new();
    if found.container.is_none() {
        let dialects = dialects(&rule, found).into_iter();
        sentences.extend(dialects.map(|dialect| format!("{}: {}.", dialect.heading, dialect.lines.join(" && "))));
    }
    sentences.extend(found.cloud.map(|cloud| before(cloud, &rule)));
    sentences.join(" ")
}

/// What was found on a machine that is no container.
fn own(rules: &[Rule], found: &Found) -> String {
    let mut text = String::new();
    for Dialect { heading, lines } in dialects(rules, found) {
        let _ = writeln!(text, "{heading}:\n  {}", lines.join("\n  "));
    }
    if !found.decides() {
        text.push_str(
            "No firewall of this machine's own was found, and rules set by hand only root can see. If there are some:\n\
             `callbox ports --format ufw`, firewalld, nft or iptables has their lines.\n",
        );
    } else if found.docker {
        text.push_str(PAST);
    }
    text
}

/// Docker's rules forward to the container before the chains for the machine itself are asked (moby/moby#4737).
const PAST: &str = "Docker is here too: ports that a container publishes (-p) pass by these rules and are open at once. \
    callbox on the\nhost's network, or in no container, needs the lines.\n";

fn dialects(rules: &[Rule], found: &Found) -> Vec<Dialect> {
    let mut dialects = Vec::new();
    let mut add = |heading: &str, lines| dialects.push(Dialect { heading: heading.to_owned(), lines });
    if let Some(ufw) = found.ufw {
        let v6 = if ufw.v6 { "" } else { ", for IPv4 alone (IPV6=no in /etc/default/ufw)" };
        add(&format!("ufw is on here{v6}"), dialects::ufw(rules));
    }
    if found.firewalld {
        add("firewalld is on here", dialects::firewalld(rules));
    }
    if let Some(chains) = &found.nftables {
        add(&nftables(chains), dialects::nft(rules, chains));
    }
    if found.iptables {
        let heading = "iptables filters here (`sudo netfilter-persistent save`, or your system's way, keeps the lines)";
        add(heading, dialects::iptables(rules));
    }
    dialects
}

fn nftables(chains: &[Chain]) -> String {
    match chains {
        [] => "nftables filters here, by chains that only root sees (`sudo nft list chains`); if it is the usual one",
        _ => "nftables filters here (the rules belong into its configuration too, or they end with the next boot)",
    }
    .to_owned()
}

/// All of them, for a host that is out of sight.
fn unseen(rules: &[Rule], container: Container) -> String {
    let mut text = match container {
        Container::HostNetwork => "A container does not see its host's firewall. The lines for each:\n",
        Container::Bridge => {
            "A container does not see its host's firewall. Ports that Docker publishes (-p) pass by ufw and the like and are \
             open\nat once; other engines may need a line:\n"
        }
    }
    .to_owned();
    let all = [dialects::ufw(rules), dialects::firewalld(rules), dialects::nft(rules, &[]), dialects::iptables(rules)];
    for (name, lines) in ["ufw", "firewalld", "nftables", "iptables"].into_iter().zip(all) {
        let _ = writeln!(text, "  {name:<10} {}", lines.join(" && "));
    }
    text
}

/// What a cloud filters before the machine.
fn before(cloud: Cloud, rules: &[Rule]) -> String {
    let filter = cloud.rules();
    let how = if filter.always { "by its" } else { "where you set up its" };
    let also = match cloud {
        Cloud::Oracle => " Its images filter on the machine as well, by iptables or firewalld.",
        _ => "",
    };
    let spoken = spoken(rules);
    format!(
        "{cloud} filters before this machine, {how} {}: allow inbound {spoken} there, from 0.0.0.0/0 and ::/0.{also}",
        filter.name
    )
}
