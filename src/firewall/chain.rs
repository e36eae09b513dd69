//! The chains of nftables that decide about what is for this machine, found in its configuration: what is in force only root
//! may ask, what is loaded at boot everybody may read.

use std::fmt;

/// A chain that all packets for this machine pass, as `nft` is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    family: Family,
    table: String,
    name: String,
}

/// Which packets a table sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Inet,
    Ip,
    Ip6,
}

/// Nobody has more; each takes lines of its own.
const MOST: usize = 4;

impl Chain {
    /// That of Debian's configuration and of most guides.
    pub(super) fn usual() -> Chain {
        Chain { family: Family::Inet, table: "filter".to_owned(), name: "input".to_owned() }
    }

    /// The base chains of the input hook in `configuration`, in the notation of /etc/nftables.conf. Files that it includes and
    /// tables made by commands are not seen.
    pub(super) fn all(configuration: &str) -> Vec<Chain> {
        let (mut chains, mut scopes, mut statement) = (Vec::new(), Vec::<Vec<&str>>::new(), Vec::new());
        for token in tokens(configuration) {
            match token {
                "{" => scopes.push(std::mem::take(&mut statement)),
                "}" | ";" => {
                    if statement.starts_with(&["type", "filter", "hook", "input"]) {
                        chains.extend(Chain::within(&scopes));
                    }
                    statement.clear();
                    if token == "}" {
                        scopes.pop();
                    }
                }
                word => statement.push(word),
            }
        }
        chains.truncate(MOST);
        chains
    }

    /// The one whose braces are open.
    fn within(scopes: &[Vec<&str>]) -> Option<Chain> {
        let [table, chain] = scopes else { return None };
        let (family, table) = match table[..] {
            // nft(8): "If no address family is specified, ip is used."
            ["table", name] | ["table", "ip", name] => (Family::Ip, name),
            ["table", "ip6", name] => (Family::Ip6, name),
            ["table", "inet", name] => (Family::Inet, name),
            _ => return None,
        };
        let ["chain", name] = chain[..] else { return None };
        // They end in a line for a shell.
        let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        (plain(table) && plain(name)).then(|| Chain { family, table: table.to_owned(), name: name.to_owned() })
    }
}

/// Words, braces and the ends of statements, which a line's end is too.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(|line| {
        let pieces = line.split_inclusive(|c: char| c.is_whitespace() || "{};".contains(c));
        let both = pieces.flat_map(|piece| {
            let at = piece.rfind(|c: char| c.is_whitespace() || "{};".contains(c)).unwrap_or(piece.len());
            [&piece[..at], piece[at..].trim()]
        });
        both.filter(|token| !token.is_empty()).chain([";"])
    })
}

/// `inet filter input`.
impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = match self.family {
            Family::Inet => "inet",
            Family::Ip => "ip",
            Family::Ip6 => "ip6",
        };
        write!(f, "{family} {} {}", self.table, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        Chain::all(text).iter().map(Chain::to_string).collect()
    }

    #[test]
    fn debians_own_configuration_has_the_usual_chain() {
        let text = "#!/usr/sbin/nft -f\n\nflush ruleset\n\ntable inet filter {\n\tchain input {\n\t\ttype filter hook input \
                    priority filter;\n\t}\n\tchain forward {\n\t\ttype filter hook forward priority filter;\n\t}\n}\n";
        assert_eq!(found(text), [Chain::usual().to_string()]);
    }

    #[test]
    fn tables_of_other_names_and_both_families_are_found() {
        let text = "define ports = { 22, 80 }\ntable firewall { set a { type ipv4_addr; elements = { 10.0.0.1 } }\n\
                    chain IN { type filter hook input priority 0; policy drop; tcp dport { 22 } accept } }\n\
                    table ip6 six { chain in6 { type filter hook input priority 0 ; } }\n";
        assert_eq!(found(text), ["ip firewall IN", "ip6 six in6"]);
    }

    #[test]
    fn what_does_not_decide_about_packets_for_this_machine_is_left_out() {
        assert!(found("table inet nat { chain input { type nat hook input priority 100; } }").is_empty());
        assert!(found("table bridge filter { chain input { type filter hook input priority 0; } }").is_empty());
        assert!(found("# table inet filter { chain input { type filter hook input priority 0; } }").is_empty());
        assert!(found("chain input { type filter hook input priority 0; }").is_empty());
    }

    #[test]
    fn rubbish_is_no_chain_and_no_command() {
        assert!(found("table inet `reboot` { chain input { type filter hook input priority 0; } }").is_empty());
        assert!(found("}}}} table { { { ; chain").is_empty());
        let many = "table inet filter { chain input { type filter hook input priority 0; } }\n".repeat(50);
        assert_eq!(found(&many).len(), MOST);
    }
}
