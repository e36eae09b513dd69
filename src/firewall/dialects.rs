//! The rules in the words of each firewall: commands for a shell, as few as it takes, that say nothing about anybody else's
//! ports. They ask for root and are never run from here.

use super::chain::Chain;
use super::ports::{Protocol, Rule, by_protocol};

/// Ports in one rule of iptables, where a range counts for two (iptables-extensions(8), multiport); ufw makes such rules.
const MULTIPORT: usize = 15;

/// It opens IPv4 and IPv6 at once.
pub(super) fn ufw(rules: &[Rule]) -> Vec<String> {
    let line = |(protocol, ports): (Protocol, String)| format!("sudo ufw allow {ports}/{protocol}");
    multiports(rules).map(line).collect()
}

/// In the default zone, for good and at once.
pub(super) fn firewalld(rules: &[Rule]) -> Vec<String> {
    let add = |rule: &Rule| format!("--add-port={}/{}", rule.dashed(), rule.protocol);
    let add: Vec<String> = rules.iter().map(add).collect();
    match add.is_empty() {
        true => Vec::new(),
        false => vec![format!("sudo firewall-cmd --permanent {} && sudo firewall-cmd --reload", add.join(" "))],
    }
}

/// Inserted, not added: a chain often ends with a rule that rejects the rest.
pub(super) fn nft(rules: &[Rule], chains: &[Chain]) -> Vec<String> {
    let usual = [Chain::usual()];
    let chains = if chains.is_empty() { &usual } else { chains };
    let line = |chain: &Chain, (protocol, rules): (Protocol, Vec<&Rule>)| {
        let ports: Vec<String> = rules.into_iter().map(Rule::dashed).collect();
        format!("sudo nft insert rule {chain} {protocol} dport '{{ {} }}' accept", ports.join(", "))
    };
    chains.iter().flat_map(|chain| by_protocol(rules).map(move |ports| line(chain, ports))).collect()
}

/// Inserted for the same reason (Oracle's images have such a rule); once for each family.
pub(super) fn iptables(rules: &[Rule]) -> Vec<String> {
    let line = |(protocol, ports): (Protocol, String)| {
        ["iptables", "ip6tables"]
            .map(|program| format!("sudo {program} -I INPUT -p {protocol} -m multiport --dports {ports} -j ACCEPT"))
    };
    multiports(rules).flat_map(line).collect()
}

/// `443,3478,49152:65535`, as many as one rule may have.
fn multiports(rules: &[Rule]) -> impl Iterator<Item = (Protocol, String)> {
    by_protocol(rules).flat_map(|(protocol, rules)| {
        let (mut lists, mut room) = (Vec::<String>::new(), 0);
        for rule in rules {
            let size = if rule.is_single() { 1 } else { 2 };
            match lists.last_mut().filter(|_| size <= room) {
                Some(list) => {
                    list.push(',');
                    list.push_str(&rule.colons());
                }
                None => {
                    room = MULTIPORT;
                    lists.push(rule.colons());
                }
            }
            room -= size;
        }
        lists.into_iter().map(move |list| (protocol, list))
    })
}
