//! What can be typed: subcommands, and a flag for each common key. A flag's text goes to the configuration unread, so
//! that all sources are checked by the same rules and in the same words.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand};

use super::metrics::Monitoring;
use super::proxy::Proxy;
use crate::config::Inputs;
use crate::firewall::Format;

/// Private video calls on your own server: the call page, signaling, the relay and its certificate in one program.
#[derive(Debug, Parser)]
#[command(name = "callbox", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    /// Configuration file [default: callbox.toml, when it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    keys: Keys,
}

const AFTER_HELP: &str = "Every key of callbox.toml is also an environment variable: CALLBOX_TURN__REALM is realm in [turn].\n\
     `callbox config` lists all keys with their values and where each value came from.";

const PORTS_HELP: &str = "Nothing is changed: the lines are for you to run. `json` is one object: `ports` (protocol, from, to, required, why), \
     `found` (ufw, firewalld, nftables, iptables, docker: true or false; container: null, \"host-network\" or \"bridge\"; cloud and \
     cloud_rules: a name or null), `lines` (ufw, firewalld, nft, iptables, docker: commands) and `compose` (a file). Keys may be \
     added and are never taken away.";

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Command {
    /// Run the server (the default)
    Serve {
        /// Replace the server that runs with the same data directory: nobody is refused, and calls go on
        #[arg(long)]
        takeover: bool,
    },
    /// Print which ports to open, and the lines for the firewalls of this machine
    #[command(after_help = PORTS_HELP)]
    Ports {
        /// For people, for programs, or the lines of one kind alone
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print the effective configuration, each value with its origin; or every problem in it
    Config,
    /// Make an invitation's link, with a QR code, or take one back
    Invite(Invite),
    /// Print what a reverse proxy in front of callbox needs in its configuration
    Proxy {
        /// Which one
        #[arg(value_name = "NAME")]
        proxy: Proxy,
    },
    /// Reach a server as a caller's browser would, and say what is in the way
    Check(Check),
    /// Print what Prometheus or Grafana need to look at callbox
    Metrics {
        /// For which one
        #[arg(value_name = "NAME")]
        what: Monitoring,
    },
    /// Print a systemd unit for this configuration
    Unit,
    /// Exit with 0 when the running server is healthy
    Healthcheck,
    /// Print a script that completes commands and flags in a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What to check, and how.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Check {
    /// The link that people open; without it the server that this configuration describes is checked from inside
    pub(super) url: Option<String>,
    /// Also trust the certificates in this PEM file
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Have a phone in another network check the running server: prints a link and a code, and waits for what it finds
    #[arg(long, conflicts_with_all = ["url", "ca", "insecure"])]
    pub(super) phone: bool,
    /// Go on behind a certificate that browsers would warn of
    #[arg(long)]
    pub(super) insecure: bool,
    /// Print what was seen and judged as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// For each step, such as 10s
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "5s")]
    pub(super) timeout: Duration,
}

/// What the invitation shall grant.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Invite {
    /// The room
    #[arg(required_unless_present = "revoke", conflicts_with = "revoke")]
    pub(super) room: Option<String>,
    /// For how long, such as 2h or 30days; for ever when not given
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(super) life: Option<Duration>,
    /// For how many people; any number when not given
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) uses: Option<u16>,
    /// People come in as hosts: they may lock the room, let others in and send them out
    #[arg(long)]
    pub(super) host: bool,
    /// Let nobody in with this invitation any more
    #[arg(long, value_name = "LINK", conflicts_with_all = ["life", "uses", "host"])]
    pub(super) revoke: Option<String>,
}

/// The flags that are keys; each doc is the help text.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Configuration")]
struct Keys {
    /// The one port, such as [::]:8443
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// A DNS name or address people open; may be given more than once
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    name: Vec<String>,
    /// Where the certificate and keys are kept
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// Sends plain-HTTP visitors to https, such as [::]:80
    #[arg(long, global = true, value_name = "ADDRESS")]
    http_listen: Option<String>,
    /// A folder offered at /files/
    #[arg(long, global = true, value_name = "DIR")]
    public_dir: Option<String>,
    /// auto, acme, files, self-signed or off
    #[arg(long, global = true, value_name = "MODE")]
    tls_mode: Option<String>,
    /// The certificate chain, as a PEM file
    #[arg(long, global = true, value_name = "FILE")]
    cert: Option<String>,
    /// Its private key, as a PEM file
    #[arg(long, global = true, value_name = "FILE")]
    key: Option<String>,
    /// The relay's further addresses, with commas; '' for none
    #[arg(long, global = true, value_name = "ADDRESSES")]
    turn_listen: Option<String>,
    /// Ports for relayed addresses, such as 49152-65535, or none
    #[arg(long, global = true, value_name = "RANGE")]
    turn_ports: Option<String>,
    /// The addresses others reach this machine by, with commas, or auto
    #[arg(long, global = true, value_name = "ADDRESSES")]
    external_ip: Option<String>,
    /// error, warn, info, debug, trace, or a filter
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl Args {
    /// The subcommand; `serve` when none was typed.
    pub(super) fn wanted(&self) -> Command {
        self.command.clone().unwrap_or(Command::Serve { takeover: false })
    }

    /// The configuration file, if one was named.
    pub(super) fn file(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// What was typed, for a process that takes over from this one.
    pub(super) fn again(&self) -> Vec<OsString> {
        let mut again: Vec<_> = std::env::args_os().skip(1).collect();
        match self.command {
            Some(Command::Serve { takeover: true }) => {}
            Some(_) => again.push("--takeover".into()),
            None => again.extend(["serve".into(), "--takeover".into()]),
        }
        again
    }

    /// The flags that are keys, as they were typed: flag and value.
    pub(super) fn flags(&self) -> Vec<(&'static str, String)> {
        self.keys.given().into_iter().map(|(_, flag, value)| (flag, value)).collect()
    }

    /// The flags and the environment, as the configuration reads them.
    pub(super) fn inputs(&self) -> Inputs {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        Inputs { file: self.config.clone(), variables, flags: self.keys.given() }
    }
}

impl Keys {
    fn given(&self) -> Vec<(&'static str, &'static str, String)> {
        let names = (!self.name.is_empty()).then(|| self.name.join(","));
        let all = [
            ("listen", "--listen", &self.listen),
            ("names", "--name", &names),
            ("data_dir", "--data-dir", &self.data_dir),
            ("http.listen", "--http-listen", &self.http_listen),
            ("http.public_dir", "--public-dir", &self.public_dir),
            ("tls.mode", "--tls-mode", &self.tls_mode),
            ("tls.cert", "--cert", &self.cert),
            ("tls.key", "--key", &self.key),
            ("turn.listen", "--turn-listen", &self.turn_listen),
            ("turn.ports", "--turn-ports", &self.turn_ports),
            ("turn.external_ip", "--external-ip", &self.external_ip),
            ("log.level", "--log-level", &self.log_level),
        ];
        all.into_iter().filter_map(|(key, flag, text)| Some((key, flag, text.clone()?))).collect()
    }
}
