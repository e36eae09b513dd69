//! A network of its own for the benchmark: only loopback, no firewall rules that cost each packet something, no port
//! that anybody else uses.

use std::fs;
use std::io;
use std::process::Command;

use anyhow::{Result, ensure};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::Uid;

/// Moves this program, and what it starts from now on, into a network of its own if the system allows it; says what
/// came of it. To be called while there is only one thread.
pub(crate) fn enter() -> Result<&'static str> {
    if unshare(CloneFlags::CLONE_NEWNET).is_err() && isolate_as_user().is_err() {
        return Ok("note: no network namespace to be had here: this machine's firewall rules are part of all figures");
    }
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
    ensure!(up.is_ok_and(|up| up.success()), "cannot bring loopback up in a network namespace: is iproute2 installed?");
    Ok("in a network namespace of its own: no firewall in the way")
}

/// Without privileges: as the root of a user namespace.
fn isolate_as_user() -> io::Result<()> {
    let user = Uid::current();
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1"))
}
