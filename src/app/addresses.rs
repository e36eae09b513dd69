//! Under which names and addresses this machine can be opened: for the certificate and for the printed links.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Config;
use crate::discovery::{Found, Interface};
use crate::surroundings::Container;

/// What is known of this machine's names, and what of that `listen` lets in.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    configured: Vec<String>,
    host_name: Option<String>,
    listen: IpAddr,
    interfaces: Vec<Interface>,
    /// Those that no interface has among the public ones.
    translated: Vec<IpAddr>,
    /// In a container behind a bridge: its interfaces are out of everybody's reach.
    bridged: bool,
}

impl Addresses {
    /// `interfaces` as they are at the moment, with what was `found` at the start.
    pub(super) fn new(config: &Config, interfaces: Vec<Interface>, found: &Found) -> Addresses {
        let translated = found.addresses.iter().filter(|address| !address.on_interface);
        Addresses {
            configured: config.names.clone(),
            host_name: host_name(),
            listen: config.listen.ip().to_canonical(),
            interfaces,
            translated: translated.map(|address| address.ip).collect(),
            bridged: found.container == Some(Container::Bridge),
        }
    }

    /// Everything a certificate must be good for.
    pub(super) fn names(&self) -> Vec<String> {
        let local = ["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()];
        let own = self.interfaces.iter().map(|interface| interface.ip).chain(self.translated.iter().copied());
        let mut names: Vec<String> =
            self.configured.iter().cloned().chain(local).chain(self.host_name.clone()).collect();
        names.extend(own.map(|ip| ip.to_string()));
        names.sort();
        names.dedup();
        names
    }

    /// The interfaces' addresses.
    pub(super) fn ips(&self) -> Vec<IpAddr> {
        self.interfaces.iter().map(|interface| interface.ip).collect()
    }

    /// Whether `localhost` leads here.
    pub(super) fn is_local(&self) -> bool {
        self.listen.is_unspecified() || self.listen.is_loopback()
    }

    /// Where people on other machines open the page, the best first: what was configured, else the public addresses,
    /// else those of the network here. Empty when nobody outside gets in.
    pub(super) fn outside(&self) -> Vec<String> {
        if !self.configured.is_empty() {
            return self.configured.clone();
        }
        let reachable = |interface: &&Interface| {
            !self.bridged && !interface.is_inner() && (self.listen.is_unspecified() || self.listen == interface.ip)
        };
        let own = self.interfaces.iter().filter(reachable).map(|interface| interface.ip);
        let translated = self.translated.iter().copied().filter(|_| !self.listen.is_loopback());
        let mut ips: Vec<IpAddr> = translated.chain(own).collect();
        // People type and read IPv4 addresses more easily.
        ips.sort_by_key(IpAddr::is_ipv6);
        ips.iter().map(IpAddr::to_string).collect()
    }
}

/// `host` as it stands in a link.
pub(super) fn in_link(host: &str) -> String {
    if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.to_owned() }
}

fn host_name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?.to_lowercase();
    let fit = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    (fit && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Inputs, load};
    use crate::discovery::{How, PublicAddress, Reached};

    /// A machine in two networks, with Docker on it, reached by 198.51.100.7 from outside.
    fn machine(listen: &'static str, container: Option<Container>) -> Addresses {
        let flags = vec![("listen", "--listen", listen.to_owned())];
        let config = load(Inputs { file: Some("config.example.toml".into()), flags, ..Inputs::default() }).unwrap();
        let interface = |name: &str, ip: &str| Interface { name: name.to_owned(), ip: ip.parse().unwrap() };
        let interfaces = vec![
            interface("eth0", "2001:db8::5"),
            interface("eth0", "192.168.1.5"),
            interface("docker0", "172.17.0.1"),
            interface("wlan0", "10.0.0.5"),
        ];
        let ip = "198.51.100.7".parse().unwrap();
        let seen = PublicAddress { ip, how: How::Typed, on_interface: false, reached: Reached::Unknown };
        Addresses::new(&config, interfaces, &Found { addresses: vec![seen], cloud: None, container })
    }

    #[test]
    fn links_lead_to_the_public_address_first_and_never_to_a_bridge() {
        let links = machine("[::]:8443", None).outside();
        assert_eq!(links, ["198.51.100.7", "192.168.1.5", "10.0.0.5", "2001:db8::5"]);
    }

    #[test]
    fn no_link_leads_where_nothing_listens() {
        assert!(machine("127.0.0.1:8443", None).outside().is_empty());
        assert!(machine("[::1]:8443", None).outside().is_empty());
        assert_eq!(machine("10.0.0.5:8443", None).outside(), ["198.51.100.7", "10.0.0.5"]);
        assert!(!machine("10.0.0.5:8443", None).is_local() && machine("[::]:8443", None).is_local());
    }

    #[test]
    fn a_container_behind_a_bridge_does_not_offer_its_own_address() {
        assert_eq!(machine("[::]:443", Some(Container::Bridge)).outside(), ["198.51.100.7"]);
        assert!(machine("[::]:443", Some(Container::HostNetwork)).outside().contains(&"192.168.1.5".to_owned()));
    }

    #[test]
    fn the_certificate_covers_the_public_address_too() {
        assert!(machine("[::]:443", Some(Container::Bridge)).names().contains(&"198.51.100.7".to_owned()));
    }
}
