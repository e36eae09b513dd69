//! Python's aioice, an ICE agent with a TURN client of its own, against our relay: two of them find each other. Skipped, with
//! words, where `tests/run` has not put it into target/python.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use callbox::relay::Ports;
use serde_json::{Value, json};

use crate::world::{OUTSIDE, PASSWORD, USER, World, range};

/// An agent that can be reached through the relay only.
fn relayed(server: SocketAddr, transport: &str, tls: bool) -> Value {
    // By name, because that is what the certificate says.
    let host = if tls { "localhost".to_owned() } else { server.ip().to_string() };
    let (port, login) = (server.port(), (USER, PASSWORD));
    json!({ "server": host, "port": port, "username": login.0, "password": login.1, "transport": transport, "tls": tls, "host": null })
}

/// An agent at an address of its own, without any relay.
fn outside() -> Value {
    let host = OUTSIDE.to_string();
    json!({ "server": "", "port": 0, "username": "", "password": "", "transport": "udp", "tls": false, "host": host })
}

#[test]
fn two_aioice_agents_find_each_other_through_the_relay() {
    let Some(python) = python() else { return };
    type Agents = fn(&World) -> [Value; 2];
    let calls: [(&str, Ports, Agents, &str); 4] = [
        ("UDP", range(), |world| [relayed(world.udp, "udp", false), relayed(world.udp, "udp", false)], "relay relay"),
        (
            "TCP and UDP, no port",
            Ports::None,
            |world| [relayed(world.tcp, "tcp", false), relayed(world.udp, "udp", false)],
            "relay relay",
        ),
        (
            "TLS, no port",
            Ports::None,
            |world| [relayed(world.tls, "tcp", true), relayed(world.tls, "tcp", true)],
            "relay relay",
        ),
        ("a peer without a relay", range(), |world| [relayed(world.udp, "udp", false), outside()], "relay host"),
    ];
    std::thread::scope(|scope| {
        for (name, ports, agents, pair) in calls {
            let python = &python;
            scope.spawn(move || {
                let world = World::new(ports);
                assert_eq!(call(python, &world, &agents(&world)), pair, "{name}");
            });
        }
    });
}

/// Plays one call; the candidates' types in the end.
fn call(modules: &Path, world: &World, agents: &[Value]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, world.certificate_pem()).unwrap();
    let mut child = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay/aioice_call.py"))
        .envs([("PYTHONPATH", modules), ("SSL_CERT_FILE", &roots), ("PYTHONDONTWRITEBYTECODE", Path::new("1"))])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(Value::from(agents).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Where `tests/run` puts Python's packages; says so if they are not there.
fn python() -> Option<PathBuf> {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python");
    let found = modules.join("aioice").is_dir();
    if !found {
        eprintln!(
            "skipped: aioice is not installed (pip3 install --target target/python -r tests/relay/requirements.txt)"
        );
    }
    found.then_some(modules)
}
