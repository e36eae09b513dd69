//! Whether this is a container, and whether it shares the host's network: behind a bridge, its own address is nobody's
//! business and the relay sees no caller's real one.

use std::path::Path;

use super::{is_there, text};

/// The kind of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// `--network host`: the interfaces are the host's.
    HostNetwork,
    /// A network of its own behind a bridge; ports come in only where they are published.
    Bridge,
}

/// Files that Docker, Podman and Kubernetes put into every container.
const MARKS: [&str; 3] = [".dockerenv", "run/.containerenv", "run/secrets/kubernetes.io"];

/// Where a control group says whose it is, unless it has a namespace of its own.
const GROUPS: [&str; 4] = ["/docker", "/kubepods", "/libpod", "/containerd"];

impl Container {
    /// The one that the machine below `root` with these `interfaces` is in, if it is in one.
    pub fn below<'a>(root: &Path, mut interfaces: impl Iterator<Item = &'a str>) -> Option<Container> {
        let groups = text(root, "proc/1/cgroup");
        let is_container =
            MARKS.iter().any(|mark| is_there(root, mark)) || GROUPS.iter().any(|group| groups.contains(group));
        if !is_container {
            return None;
        }
        let first = interfaces.next();
        let bridged = first.is_some() && first.into_iter().chain(interfaces).all(|name| is_veth(root, name));
        Some(if bridged { Container::Bridge } else { Container::HostNetwork })
    }
}

/// One end of a pair whose other end is in another network namespace: the kernel then shows the other end's number as the
/// link beneath it (`iflink` in Linux' Documentation/ABI/testing/sysfs-class-net).
fn is_veth(root: &Path, interface: &str) -> bool {
    let number = |file: &str| text(root, &format!("sys/class/net/{interface}/{file}")).trim().to_owned();
    let (link, own) = (number("iflink"), number("ifindex"));
    !link.is_empty() && link != own
}
