//! Binds every port before anything is served, and says in one sentence how to mend what could not be bound.

use std::io;
use std::net::{IpAddr, SocketAddr};

use anyhow::anyhow;

use super::entry::Entry;
use crate::config::{Config, Keys};
use crate::gate::{self, Gate};
use crate::relay::{self, Relay};

/// A free TCP port is not always free for UDP; this often another one is tried.
const ATTEMPTS: usize = 16;

/// This machine's addresses.
#[derive(Clone, Debug)]
pub(super) struct Own {
    /// Those of its interfaces.
    pub(super) host: Vec<IpAddr>,
    /// Those that peers reach it by and that no interface has.
    pub(super) public: Vec<IpAddr>,
}

/// The gate and the relay on the same port.
///
/// `entry`: the sockets there are already, and whether UDP is bound beside somebody.
pub(super) fn bind(config: &Config, keys: &Keys, own: Own, entry: &mut Entry) -> anyhow::Result<(Gate, Option<Relay>)> {
    let free_port = config.listen.port() == 0;
    let mut attempts = if free_port { ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        let gate = Gate::bind(&config.gate(), &mut entry.sockets).map_err(|error| gate_advice(config, &error))?;
        let options = config.relay(keys, gate.local_address(), own.host.clone(), own.public.clone());
        let Some(mut options) = options else { return Ok((gate, None)) };
        options.beside = entry.beside;
        match Relay::bind(options) {
            Ok(relay) => return Ok((gate, Some(relay))),
            Err(relay::BindError::Listen { address, cause })
                if attempts > 0 && address.port() == gate.local_address().port() && is_in_use(&cause) => {}
            Err(error) => return Err(relay_advice(config, error)),
        }
    }
}

fn gate_advice(config: &Config, error: &gate::BindError) -> anyhow::Error {
    advice(config, "TCP", error.address, &error.cause)
}

fn relay_advice(config: &Config, error: relay::BindError) -> anyhow::Error {
    match error {
        relay::BindError::Listen { address, cause } => advice(config, "UDP", address, &cause),
        error => error.into(),
    }
}

fn advice(config: &Config, protocol: &str, address: SocketAddr, cause: &io::Error) -> anyhow::Error {
    let (flag, other) = flag(config, address);
    let port = address.port();
    let what_to_do = match cause.kind() {
        io::ErrorKind::AddrInUse => {
            let list = if protocol == "TCP" { "-tlnp" } else { "-ulnp" };
            format!(
                "another program has the port: stop it (`ss {list} 'sport = :{port}'` shows it), or use {flag} {other}"
            )
        }
        io::ErrorKind::PermissionDenied => format!(
            "ports below 1024 need a privilege: use {flag} {other}, or allow it once with \
             `sudo setcap cap_net_bind_service=+ep callbox`, or for a container on the host's network with \
             `sudo sysctl net.ipv4.ip_unprivileged_port_start={port}`"
        ),
        io::ErrorKind::AddrNotAvailable => format!("this machine does not have that address: use {flag} {other}"),
        _ => format!("{cause}: use {flag} {other}"),
    };
    anyhow!("cannot listen on {protocol} {address}: {what_to_do}")
}

/// The flag that set `address`, with a value that would probably do.
fn flag(config: &Config, address: SocketAddr) -> (&'static str, &'static str) {
    if config.http_listen == Some(address) {
        ("--http-listen", "'[::]:8080'")
    } else if config.turn.as_ref().is_some_and(|turn| turn.listen.contains(&address)) {
        ("--turn-listen", "''")
    } else {
        ("--listen", "'[::]:8444'")
    }
}

fn is_in_use(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::AddrInUse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Inputs, load};

    fn said(address: &str, kind: io::ErrorKind) -> String {
        let file = Some("config.example.toml".into());
        let flags = vec![("http.listen", "--http-listen", "[::]:80".to_owned())];
        let config = load(Inputs { file, flags, ..Inputs::default() }).unwrap();
        advice(&config, "TCP", address.parse().unwrap(), &kind.into()).to_string()
    }

    #[test]
    fn each_address_is_answered_with_the_flag_that_changes_it() {
        assert!(said("[::]:8443", io::ErrorKind::AddrInUse).contains("use --listen "));
        assert!(said("[::]:3478", io::ErrorKind::AddrInUse).contains("use --turn-listen ''"));
        assert!(said("[::]:80", io::ErrorKind::AddrInUse).contains("use --http-listen "));
    }

    #[test]
    fn a_privileged_port_is_answered_with_both_ways_out() {
        let said = said("[::]:80", io::ErrorKind::PermissionDenied);
        assert!(said.contains("use --http-listen") && said.contains("setcap"), "{said}");
        assert_eq!(said.lines().count(), 1);
    }
}
