//! Whether this is a container, and whether it shares the host's network: behind a bridge, its own address is nobody's
//! business and the relay sees no caller's real one.

use std::fs;
use std::path::Path;

use super::Machine;

/// The kind of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// `--network host`: the interfaces are the host's.
    HostNetwork,
    /// A network of its own behind a bridge; ports come in only where they are published.
    Bridge,
}

/// Files that Docker and Podman put into every container.
const MARKS: [&str; 2] = [".dockerenv", "run/.containerenv"];

pub(super) fn detect(machine: &Machine) -> Option<Container> {
    if !MARKS.iter().any(|mark| machine.root.join(mark).exists()) {
        return None;
    }
    let net = machine.root.join("sys/class/net");
    let own = machine.interfaces.iter();
    let bridged = own.clone().all(|interface| is_veth(&net.join(&interface.name))) && own.len() > 0;
    Some(if bridged { Container::Bridge } else { Container::HostNetwork })
}

/// One end of a pair whose other end is in another network namespace: the kernel then shows the other end's number as the
/// link beneath it (`iflink` in Linux' Documentation/ABI/testing/sysfs-class-net).
fn is_veth(interface: &Path) -> bool {
    let number = |file: &str| fs::read_to_string(interface.join(file)).ok().map(|text| text.trim().to_owned());
    let (link, own) = (number("iflink"), number("ifindex"));
    link.is_some() && link != own
}
