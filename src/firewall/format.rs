//! The rules in the words of one firewall and nothing else, for a shell or a program; what people have to know stands in
//! comments.

use clap::ValueEnum;
use serde::Serialize;

use super::found::Found;
use super::guidance::guidance;
use super::ports::{Listening, Need, Rule, rules};
use super::{Protocol, dialects, docker};
use crate::surroundings::Container;

/// Whose words; the command line has its names and help from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table, and the lines for what was found on this machine; in a container, for every firewall
    #[default]
    Text,
    /// Everything that the others hold, as one document
    Json,
    /// Uncomplicated Firewall
    Ufw,
    /// firewalld
    Firewalld,
    /// nftables, in the chains of this machine or the usual one
    Nft,
    /// iptables, for both families
    Iptables,
    /// The command that runs the image with these ports
    Docker,
    /// The same as a compose file
    Compose,
}

/// What is printed for `format`.
pub fn written(listening: &Listening, found: &Found, format: Format) -> String {
    let rules = rules(listening);
    // Whatever reads these gets something it can take and that does nothing.
    if rules.is_empty() && !matches!(format, Format::Text | Format::Json) {
        return "# no port to open: callbox listens for this machine alone\n".to_owned();
    }
    match format {
        Format::Text => guidance(&rules, found),
        Format::Json => json(listening, &rules, found),
        Format::Ufw => commands("opens IPv6 too, unless IPV6=no in /etc/default/ufw", &dialects::ufw(&rules)),
        Format::Firewalld => commands("in the default zone; others need --zone", &dialects::firewalld(&rules)),
        Format::Nft => nft(&rules, found),
        Format::Iptables => {
            commands("gone with the next boot, unless: sudo netfilter-persistent save", &dialects::iptables(&rules))
        }
        Format::Docker => commands(&settings(listening), &[docker::run(listening)]),
        Format::Compose => commands(&settings(listening), &[docker::compose(listening).trim_end().to_owned()]),
    }
}

fn commands(comment: &str, lines: &[String]) -> String {
    format!("# {comment}\n{}\n", lines.join("\n"))
}

fn nft(rules: &[Rule], found: &Found) -> String {
    let chains = found.nftables.as_deref().unwrap_or_default();
    let comment = match chains {
        [] => {
            "the chain of Debian and most guides; `sudo nft list chains` shows yours. They end with the next boot, unless \
               they\n# stand in /etc/nftables.conf too"
        }
        _ => "the chain of this machine's configuration; write them there too, or they end with the next boot",
    };
    commands(comment, &dialects::nft(rules, chains))
}

fn settings(listening: &Listening) -> String {
    let ports = match listening.relay.as_ref().map(|relay| relay.range.is_some()) {
        Some(true) => {
            "on the host's network, for the range of UDP ports; with turn.ports = \"none\" ports are published"
        }
        _ => "Docker opens the ports it publishes by itself, past ufw",
    };
    format!("{ports}.\n# Your other settings: CALLBOX_ variables, or callbox.toml in the volume")
}

/// The document of `--format json`. Keys are added to it, and none is taken away.
#[derive(Serialize)]
struct Document {
    ports: Vec<Port>,
    found: Traces,
    lines: Lines,
    /// A compose file.
    compose: String,
}

#[derive(Serialize)]
struct Port {
    protocol: &'static str,
    from: u16,
    to: u16,
    required: bool,
    why: &'static str,
}

#[derive(Serialize)]
struct Traces {
    ufw: bool,
    firewalld: bool,
    nftables: bool,
    iptables: bool,
    docker: bool,
    /// `host-network` or `bridge`; the five before are then the container's own.
    container: Option<&'static str>,
    cloud: Option<String>,
    /// What that cloud calls its rules.
    cloud_rules: Option<&'static str>,
}

/// One command each.
#[derive(Serialize)]
struct Lines {
    ufw: Vec<String>,
    firewalld: Vec<String>,
    nft: Vec<String>,
    iptables: Vec<String>,
    docker: Vec<String>,
}

fn json(listening: &Listening, rules: &[Rule], found: &Found) -> String {
    let port = |rule: &Rule| Port {
        protocol: if rule.protocol == Protocol::Tcp { "tcp" } else { "udp" },
        from: *rule.ports.start(),
        to: *rule.ports.end(),
        required: rule.need == Need::Required,
        why: rule.why,
    };
    let container = |container| match container {
        Container::HostNetwork => "host-network",
        Container::Bridge => "bridge",
    };
    let document = Document {
        ports: rules.iter().map(port).collect(),
        found: Traces {
            ufw: found.ufw.is_some(),
            firewalld: found.firewalld,
            nftables: found.nftables.is_some(),
            iptables: found.iptables,
            docker: found.docker,
            container: found.container.map(container),
            cloud: found.cloud.map(|cloud| cloud.to_string()),
            cloud_rules: found.cloud.map(|cloud| cloud.rules().name),
        },
        lines: Lines {
            ufw: dialects::ufw(rules),
            firewalld: dialects::firewalld(rules),
            nft: dialects::nft(rules, found.nftables.as_deref().unwrap_or_default()),
            iptables: dialects::iptables(rules),
            docker: vec![docker::run(listening)],
        },
        compose: docker::compose(listening),
    };
    serde_json::to_string_pretty(&document).expect("texts, numbers and lists of them always have a JSON form") + "\n"
}
