//! A network of its own for the benchmark: only loopback, no firewall rules that cost each packet something, no port
//! that anybody else uses.

use std::fs;
use std::io;
use std::process::Command;

use anyhow::{Result, ensure};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::Uid;

/// Moves this program, and what it starts from now on, into a network of its own; false where the system does not allow
/// it. To be called while there is only one thread.
pub(crate) fn enter() -> Result<bool> {
    if unshare(CloneFlags::CLONE_NEWNET).is_err() && isolate_as_user().is_err() {
        return Ok(false);
    }
    ip(&["link", "set", "lo", "up"])?;
    Ok(true)
}

/// Configures it. Only in a network of its own.
pub(crate) fn ip(arguments: &[&str]) -> Result<()> {
    let done = Command::new("ip").args(arguments).status();
    ensure!(done.is_ok_and(|done| done.success()), "cannot set up a network namespace: is iproute2 installed?");
    Ok(())
}

/// Without privileges: as the root of a user namespace.
fn isolate_as_user() -> io::Result<()> {
    let user = Uid::current();
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1"))
}
