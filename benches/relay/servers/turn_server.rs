//! The crate `turn-server` (turn-rs) with one thread. It opens no relayed sockets: data only goes from client to client.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{Server, Wanted};
use crate::loads::Load;
use crate::stun::{PASSWORD, REALM, USER};

/// The binary of the crate `turn-server`.
pub(crate) struct TurnServer {
    path: PathBuf,
}

impl TurnServer {
    /// The binary at `path`; when there is none, how to get it.
    pub(crate) fn find(path: PathBuf) -> Result<TurnServer, String> {
        if path.exists() {
            return Ok(TurnServer { path });
        }
        Err(format!(
            "no turn-server at {}: cargo install turn-server --version 4.1.5 --no-default-features --features udp \
             --root target/peers",
            path.display()
        ))
    }
}

impl Server for TurnServer {
    fn name(&self) -> &str {
        "turn-server (crate)"
    }

    fn takes(&self, load: Load) -> Result<(), &'static str> {
        match load {
            Load::Hairpin => Ok(()),
            _ => Err("relays between its own clients only"),
        }
    }

    fn goal(&self, load: Load) -> Option<f64> {
        (load == Load::Hairpin).then_some(1.4)
    }

    fn command(&self, wanted: &Wanted<'_>) -> Result<Command> {
        let file = wanted.directory.join("turn-server.toml");
        fs::write(&file, configuration(wanted))?;
        let mut command = Command::new(&self.path);
        command.arg("--config").arg(file);
        Ok(command)
    }
}

fn configuration(wanted: &Wanted<'_>) -> String {
    format!(
        r#"
[server]
realm = "{REALM}"
max-threads = 1

[[server.interfaces]]
transport = "udp"
listen = "{udp}"
external = "{udp}"
idle-timeout = 600

[log]
level = "error"

[auth]
enable-hooks-auth = false

[auth.static-credentials]
{USER} = "{PASSWORD}"
"#,
        udp = wanted.udp,
    )
}
