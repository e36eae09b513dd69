//! What is printed on machines of every kind. That the lines do what they say is shown in `tests/cli/ports.rs`, by the tools
//! they are for.

use std::fs;

use super::*;
use crate::surroundings::{Cloud, Container};

fn full() -> Listening {
    let relay = RelayPorts { listen: vec![3478], range: Some(49152..=65535) };
    Listening { one_port: 443, one_port_outside: true, tls: true, redirect: Some(80), relay: Some(relay) }
}

fn printed(found: &Found) -> String {
    written(&full(), found, Format::Text)
}

fn ufw() -> Found {
    Found { ufw: Some(Ufw { v6: true }), ..Found::default() }
}

#[test]
fn only_the_one_port_over_tcp_is_required() {
    let required: Vec<Rule> = rules(&full()).into_iter().filter(|rule| rule.need == Need::Required).collect();
    assert_eq!(required.len(), 1);
    assert_eq!((required[0].ports.clone(), required[0].protocol), (443..=443, Protocol::Tcp));
}

#[test]
fn a_machine_hears_of_its_own_firewall_and_of_no_other() {
    let text = printed(&ufw());
    assert!(
        text.contains("ufw is on here:\n  sudo ufw allow 443,3478,80/tcp\n  sudo ufw allow 443,3478,49152:65535/udp\n")
    );
    assert!(!text.contains("firewall-cmd") && !text.contains("nft") && !text.contains("iptables"), "{text}");
    let text = printed(&Found { firewalld: true, ..Found::default() });
    assert!(text.contains("--add-port=49152-65535/udp") && !text.contains("ufw"), "{text}");
    let nftables = Found {
        nftables: Some(Chain::all("table ip own { chain here { type filter hook input priority 0; } }")),
        ..Found::default()
    };
    assert!(
        printed(&nftables).contains("sudo nft insert rule ip own here udp dport '{ 443, 3478, 49152-65535 }' accept")
    );
    let text = printed(&Found { iptables: true, ..Found::default() });
    assert!(text.contains("sudo ip6tables -I INPUT -p tcp -m multiport --dports 443,3478,80 -j ACCEPT"), "{text}");
}

#[test]
fn a_machine_without_a_firewall_is_not_told_one_to_open() {
    let text = printed(&Found::default());
    assert!(!text.contains("sudo") && text.contains("only root can see") && text.contains("--format ufw"), "{text}");
}

#[test]
fn dockers_way_past_ufw_is_told() {
    let text = printed(&Found { docker: true, ..ufw() });
    assert!(text.contains("(-p) pass by these rules"), "{text}");
    assert!(!printed(&ufw()).contains("Docker"));
    assert!(!printed(&Found { docker: true, ..Found::default() }).contains("pass by"), "by what?");
}

#[test]
fn in_a_container_all_lines_are_printed_and_what_it_sees_itself_counts_for_nothing() {
    for container in [Container::HostNetwork, Container::Bridge] {
        let text = printed(&Found { container: Some(container), ..ufw() });
        for tool in ["ufw allow", "firewall-cmd", "nft insert", "ip6tables -I"] {
            assert!(text.contains(tool), "{text}");
        }
        assert!(!text.contains("is on here"), "{text}");
        assert_eq!(text.contains("pass by ufw"), container == Container::Bridge, "{text}");
    }
}

#[test]
fn each_cloud_is_spoken_to_in_its_own_words() {
    let text = printed(&Found { cloud: Some(Cloud::Aws), ..ufw() });
    assert!(text.contains("Amazon EC2 filters before this machine, by its security group: allow inbound TCP 443, 3478, 80; UDP 443, 3478, 49152-65535"), "{text}");
    assert!(text.contains("ufw is on here"), "both are in the way");
    let text = printed(&Found { cloud: Some(Cloud::Oracle), ..Found::default() });
    assert!(text.contains("security list") && text.contains("images filter on the machine as well"), "{text}");
    let text = printed(&Found { cloud: Some(Cloud::Hetzner), ..Found::default() });
    assert!(text.contains("where you set up its Firewall"), "Hetzner's machines have none by themselves: {text}");
    assert!(!printed(&ufw()).contains("before this machine,"));
}

#[test]
fn one_port_is_opened_in_one_sentence() {
    let found = Found { cloud: Some(Cloud::Azure), ..ufw() };
    let words = opening(&found, 443, Protocol::Udp);
    assert!(words.starts_with("ufw is on here: sudo ufw allow 443/udp. Azure filters"), "{words}");
    assert!(words.contains("(NSG): allow inbound UDP 443 there"), "{words}");
    assert_eq!(opening(&Found::default(), 443, Protocol::Udp), "");
    let contained = Found { container: Some(Container::Bridge), ..ufw() };
    assert_eq!(opening(&contained, 443, Protocol::Udp), "", "what a container sees is not what filters");
}

#[test]
fn what_only_this_machine_reaches_needs_no_firewall_line() {
    let own = Listening { one_port_outside: false, redirect: None, ..full() };
    assert!(rules(&own).iter().all(|rule| *rule.ports.start() != 443), "3478 and the range are still open to others");
    let alone = Listening { relay: None, ..own };
    let text = written(&alone, &ufw(), Format::Text);
    assert!(text.contains("this machine alone") && !text.contains("ufw"), "{text}");
    for format in [Format::Ufw, Format::Firewalld, Format::Nft, Format::Iptables, Format::Docker, Format::Compose] {
        let text = written(&alone, &ufw(), format);
        assert!(text.lines().all(|line| line.starts_with('#')), "a shell that gets this does nothing: {text}");
    }
}

#[test]
fn without_a_relay_nothing_over_udp_is_asked_for() {
    let listening = Listening { relay: None, ..full() };
    assert!(rules(&listening).iter().all(|rule| rule.protocol == Protocol::Tcp));
    assert!(!written(&listening, &Found::default(), Format::Nft).contains("udp"));
}

#[test]
fn more_ports_than_one_rule_may_have_become_two_rules() {
    let relay = RelayPorts { listen: (5001..=5020).collect(), range: Some(49152..=65535) };
    let text = written(&Listening { relay: Some(relay), ..full() }, &Found::default(), Format::Ufw);
    let lists = text.lines().filter_map(|line| line.strip_prefix("sudo ufw allow ")?.split('/').next());
    let sizes: Vec<usize> = lists.map(|list| list.split([',', ':']).count()).collect();
    assert_eq!(sizes, [15, 7, 15, 8], "TCP: 22 ports; UDP: 21 and a range that counts for two");
}

#[test]
fn docker_publishes_no_range_and_the_image_is_told_what_differs_from_it() {
    let line = written(&full(), &Found::default(), Format::Docker);
    assert!(line.contains("--network host") && !line.contains(" -p ") && !line.contains("CALLBOX_LISTEN"), "{line}");
    let relay = RelayPorts { listen: Vec::new(), range: None };
    let published = Listening { one_port: 8443, redirect: None, relay: Some(relay), ..full() };
    let line = written(&published, &Found::default(), Format::Docker);
    assert!(
        line.contains("-p 8443:8443/tcp -p 8443:8443/udp") && line.contains("-e 'CALLBOX_TURN__PORTS=none'"),
        "{line}"
    );
    assert!(line.contains("-e 'CALLBOX_LISTEN=[::]:8443'") && line.contains("-e 'CALLBOX_TURN__LISTEN='"), "{line}");
}

#[test]
fn the_document_for_programs_keeps_its_shape() {
    let found = Found { cloud: Some(Cloud::Google), docker: true, container: Some(Container::HostNetwork), ..ufw() };
    let told: serde_json::Value = serde_json::from_str(&written(&full(), &found, Format::Json)).unwrap();
    let expected: serde_json::Value = serde_json::from_str(include_str!("ports.json")).unwrap();
    assert_eq!(told, expected);
}

#[test]
fn a_made_up_machine_is_read_and_answered() {
    let root = tempfile::tempdir().unwrap();
    let says = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    says("etc/ufw/ufw.conf", "ENABLED=yes\n");
    says("etc/default/ufw", "IPV6=no\n");
    says("run/docker.sock", "");
    says("sys/class/dmi/id/sys_vendor", "DigitalOcean\n");
    let text = printed(&Found::below(root.path(), None));
    assert!(text.contains("ufw is on here, for IPv4 alone") && text.contains("Docker is here too"), "{text}");
    assert!(text.contains("DigitalOcean filters before this machine, where you set up its Cloud Firewall"), "{text}");
}
