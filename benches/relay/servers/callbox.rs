//! callbox itself, with one UDP worker.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Server, Wanted};
use crate::loads::Load;
use crate::stun::{PASSWORD, REALM, USER};

/// The server of this repository.
pub(crate) struct Callbox {
    path: PathBuf,
    name: String,
}

impl Callbox {
    /// The binary at `path`, the `number`th of those compared.
    pub(crate) fn new(path: &Path, number: usize) -> Callbox {
        let name = match number {
            1 => concat!("callbox ", env!("CARGO_PKG_VERSION")).to_owned(),
            _ => format!("callbox, number {number}"),
        };
        Callbox { path: path.to_owned(), name }
    }
}

impl Server for Callbox {
    fn name(&self) -> &str {
        &self.name
    }

    fn takes(&self, _load: Load) -> Result<(), &'static str> {
        Ok(())
    }

    fn command(&self, wanted: &Wanted<'_>) -> Result<Command> {
        let file = wanted.directory.join("callbox.toml");
        fs::write(&file, configuration(wanted))?;
        let mut command = Command::new(&self.path);
        command.arg("--config").arg(file);
        Ok(command)
    }
}

fn configuration(wanted: &Wanted<'_>) -> String {
    format!(
        r#"
listen = "{tls}"
data_dir = {data:?}

[tls]
mode = "files"
cert = {cert:?}
key = {key:?}

[turn]
listen = ["{udp}"]
realm = "{REALM}"
external_ip = ["{host}"]
allowed_peers = ["127.0.0.0/8"]
workers = 1
max_allocations_per_user = 10000

[turn.users]
{USER} = "{PASSWORD}"
"#,
        tls = wanted.tls,
        udp = wanted.udp,
        host = wanted.udp.ip(),
        data = wanted.directory,
        cert = wanted.identity.certificate_file(),
        key = wanted.identity.key_file(),
    )
}
