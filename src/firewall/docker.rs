//! The image of README.md with this configuration's ports: as a command line, and as a compose file. With a range of UDP
//! ports on the host's network, because Docker starts a helper process for every port it publishes; else published.

use std::fmt::Write;

use super::ports::{Listening, RelayPorts, Rule, rules};

/// `ENV` in the Dockerfile.
const ONE_PORT: u16 = 443;

/// Defaults of `turn.listen` and `turn.ports`, which need not be said again.
const STANDARD: [u16; 1] = [3478];
const RANGE: std::ops::RangeInclusive<u16> = 49152..=65535;

/// The command.
pub(super) fn run(listening: &Listening) -> String {
    let mut line = "docker run -d --name callbox".to_owned();
    if on_host(listening) {
        line.push_str(" --network host");
    }
    for port in published(listening) {
        let _ = write!(line, " -p {port}");
    }
    line.push_str(" -v callbox:/data --restart unless-stopped");
    for (name, value) in variables(listening) {
        let _ = write!(line, " -e '{name}={value}'");
    }
    line + " callbox"
}

/// The file for `docker compose up -d`.
pub(super) fn compose(listening: &Listening) -> String {
    let mut text = "services:\n  callbox:\n    image: callbox\n".to_owned();
    if on_host(listening) {
        text.push_str("    network_mode: host\n");
    } else {
        text.push_str("    ports:\n");
    }
    for port in published(listening) {
        let _ = writeln!(text, "      - \"{port}\"");
    }
    let variables = variables(listening);
    if !variables.is_empty() {
        text.push_str("    environment:\n");
    }
    for (name, value) in variables {
        let _ = writeln!(text, "      {name}: \"{value}\"");
    }
    text + "    read_only: true\n    volumes:\n      - callbox:/data\n    restart: unless-stopped\nvolumes:\n  callbox:\n"
}

/// What the image has to be told to listen there.
fn variables(listening: &Listening) -> Vec<(&'static str, String)> {
    let mut variables = Vec::new();
    if listening.one_port != ONE_PORT {
        variables.push(("CALLBOX_LISTEN", everywhere(listening.one_port)));
    }
    if let Some(port) = listening.redirect {
        variables.push(("CALLBOX_HTTP__LISTEN", everywhere(port)));
    }
    if !listening.tls {
        variables.push(("CALLBOX_TLS__MODE", "off".to_owned()));
    }
    let Some(RelayPorts { listen, range }) = &listening.relay else {
        variables.push(("CALLBOX_TURN__ENABLED", "false".to_owned()));
        return variables;
    };
    if listen[..] != STANDARD {
        let all: Vec<String> = listen.iter().map(|port| everywhere(*port)).collect();
        variables.push(("CALLBOX_TURN__LISTEN", all.join(",")));
    }
    match range {
        None => variables.push(("CALLBOX_TURN__PORTS", "none".to_owned())),
        Some(range) if *range != RANGE => {
            variables.push(("CALLBOX_TURN__PORTS", format!("{}-{}", range.start(), range.end())));
        }
        Some(_) => {}
    }
    variables
}

fn everywhere(port: u16) -> String {
    format!("[::]:{port}")
}

fn on_host(listening: &Listening) -> bool {
    listening.relay.as_ref().is_some_and(|relay| relay.range.is_some())
}

fn published(listening: &Listening) -> Vec<String> {
    let publish = |rule: &Rule| format!("{0}:{0}/{1}", rule.ports.start(), rule.protocol);
    if on_host(listening) { Vec::new() } else { rules(listening).iter().map(publish).collect() }
}
