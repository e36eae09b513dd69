//! Which firewalls a machine has, by the traces they leave in its files: their rules only root may read, these everybody. A
//! trace is a good sign and no proof, in either direction; what is printed says so.

use std::path::Path;

use super::chain::Chain;
use crate::surroundings::{Cloud, Container, is_there, text};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Uncomplicated Firewall, switched on.
    pub ufw: Option<Ufw>,
    /// firewalld, running or started at boot.
    pub firewalld: bool,
    /// nftables' own service, which loads rules at boot; with the chains that decide, where they could be read.
    pub nftables: Option<Vec<Chain>>,
    /// Rules of iptables that are in force, or loaded at boot.
    pub iptables: bool,
    /// Docker's engine, whose rules come before those of others.
    pub docker: bool,
    /// All of the above is then the container's own business, and the host's cannot be seen.
    pub container: Option<Container>,
    /// The cloud, whose rules cannot be seen either.
    pub cloud: Option<Cloud>,
}

/// What matters of its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ufw {
    /// Whether its rules hold for IPv6 too.
    pub v6: bool,
}

/// systemd keeps a folder for a service while it runs (control groups of version 2, or 1), OpenRC a link.
const FIREWALLD: [&str; 6] = [
    "sys/fs/cgroup/system.slice/firewalld.service",
    "sys/fs/cgroup/systemd/system.slice/firewalld.service",
    "run/firewalld.pid",
    "run/openrc/started/firewalld",
    "etc/systemd/system/multi-user.target.wants/firewalld.service",
    "etc/runlevels/default/firewalld",
];

/// Debian's place, then that of others.
const NFTABLES: [&str; 4] = [
    "etc/systemd/system/sysinit.target.wants/nftables.service",
    "etc/systemd/system/multi-user.target.wants/nftables.service",
    "run/openrc/started/nftables",
    "etc/runlevels/default/nftables",
];
const NFTABLES_FILES: [&str; 3] = ["etc/nftables.conf", "etc/sysconfig/nftables.conf", "etc/nftables.nft"];

/// Debian's netfilter-persistent, the service of Red Hat's family, that of Alpine.
const IPTABLES: [&str; 5] = [
    "etc/iptables/rules.v4",
    "etc/systemd/system/multi-user.target.wants/iptables.service",
    "etc/systemd/system/basic.target.wants/iptables.service",
    "run/openrc/started/iptables",
    "etc/runlevels/default/iptables",
];

/// The tables of iptables that this network has; for root alone.
const TABLES: [&str; 2] = ["proc/net/ip_tables_names", "proc/net/ip6_tables_names"];

const DOCKER: [&str; 2] = ["run/docker.sock", "sys/class/net/docker0"];

impl Found {
    /// Looks at the machine below `root`, which is `/` but for tests.
    pub fn below(root: &Path, container: Option<Container>) -> Found {
        let any = |paths: &[&str]| paths.iter().any(|path| is_there(root, path));
        let (ufw, firewalld, docker) = (ufw(root), any(&FIREWALLD), any(&DOCKER));
        // ufw, Docker and some firewalld fill these tables as well: then they are nobody's own.
        let filters = |path: &str| text(root, path).lines().any(|table| table == "filter");
        let own_tables = ufw.is_none() && !firewalld && !docker && TABLES.iter().any(|path| filters(path));
        Found {
            ufw,
            firewalld,
            nftables: any(&NFTABLES).then(|| chains(root)),
            iptables: any(&IPTABLES) || own_tables,
            docker,
            container,
            cloud: Cloud::below(root),
        }
    }

    /// Whether one of the machine's own decides about ports. Docker's rules alone do not: they open what it publishes.
    pub(super) fn decides(&self) -> bool {
        self.ufw.is_some() || self.firewalld || self.nftables.is_some() || self.iptables
    }
}

/// Switched off it stands there as well.
fn ufw(root: &Path) -> Option<Ufw> {
    let says = |path: &str, setting: &str| {
        let plain = |line: &str| line.replace(['"', '\''], "").trim().eq_ignore_ascii_case(setting);
        text(root, path).lines().any(plain)
    };
    says("etc/ufw/ufw.conf", "ENABLED=yes").then(|| Ufw { v6: !says("etc/default/ufw", "IPV6=no") })
}

fn chains(root: &Path) -> Vec<Chain> {
    let files = NFTABLES_FILES.iter().map(|path| text(root, path));
    files.map(|text| Chain::all(&text)).find(|chains| !chains.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn machine(files: &[(&str, &str)]) -> Found {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Found::below(root.path(), None)
    }

    #[test]
    fn each_firewall_is_known_by_what_it_leaves_behind() {
        assert_eq!(machine(&[]), Found::default());
        assert!(machine(&[("sys/fs/cgroup/system.slice/firewalld.service/cgroup.procs", "")]).firewalld, "it runs");
        assert!(machine(&[("etc/systemd/system/multi-user.target.wants/firewalld.service", "")]).firewalld);
        assert!(machine(&[("etc/iptables/rules.v4", "*filter\nCOMMIT\n")]).iptables);
        let docker = machine(&[("run/docker.sock", "")]);
        assert!(docker.docker && !docker.decides());
    }

    #[test]
    fn ufw_counts_only_when_it_is_switched_on() {
        let on = ("etc/ufw/ufw.conf", "# comment\nENABLED=yes\nLOGLEVEL=low\n");
        assert_eq!(machine(&[on]).ufw, Some(Ufw { v6: true }));
        assert_eq!(machine(&[on, ("etc/default/ufw", "IPV6=\"no\"\n")]).ufw, Some(Ufw { v6: false }));
        assert_eq!(machine(&[on, ("etc/default/ufw", "# IPV6=no\nIPV6=yes\n")]).ufw, Some(Ufw { v6: true }));
        assert_eq!(machine(&[("etc/ufw/ufw.conf", "ENABLED=no\n")]).ufw, None);
    }

    #[test]
    fn nftables_counts_when_its_rules_are_loaded_at_boot() {
        let conf = ("etc/nftables.conf", "table ip own {\n chain here {\n type filter hook input priority 0;\n }\n}\n");
        assert_eq!(machine(&[conf]).nftables, None, "Debian has the file on every machine");
        let boot = ("etc/systemd/system/sysinit.target.wants/nftables.service", "");
        assert_eq!(machine(&[conf, boot]).nftables.unwrap()[0].to_string(), "ip own here");
        assert_eq!(machine(&[boot]).nftables, Some(Vec::new()));
    }

    #[test]
    fn tables_of_iptables_are_somebodys_own_unless_another_program_made_them() {
        let tables = ("proc/net/ip_tables_names", "nat\nfilter\n");
        assert!(machine(&[tables]).iptables);
        assert!(!machine(&[tables, ("run/docker.sock", "")]).iptables);
        assert!(!machine(&[tables, ("etc/ufw/ufw.conf", "ENABLED=yes\n")]).iptables);
        assert!(!machine(&[("proc/net/ip_tables_names", "nat\n")]).iptables);
    }
}
