//! What one certificate is for: a DNS name or an IP address. Each has a certificate of its own, so that an IPv6 address
//! nobody can reach, or a name that points elsewhere, never holds up the others.

use std::fmt;
use std::net::IpAddr;

/// The one identifier of a certificate (RFC 8555, 9.7.7; RFC 8738 for addresses).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A DNS name, in lower case.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl Subject {
    /// What somebody wrote or found: an address if it reads as one, else a name.
    pub fn new(host: &str) -> Subject {
        host.parse().map_or_else(|_| Subject::Name(host.to_lowercase()), Subject::Address)
    }

    /// The server name of a validation handshake: of an address its IN-ADDR.ARPA or IP6.ARPA reverse mapping, as SNI
    /// cannot hold addresses (RFC 8738, 6).
    pub(super) fn server_name(&self) -> String {
        match self {
            Subject::Name(name) => name.clone(),
            Subject::Address(IpAddr::V4(ip)) => {
                let [a, b, c, d] = ip.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            Subject::Address(IpAddr::V6(ip)) => {
                let nibbles = (0..32).map(|at| format!("{:x}.", (ip.to_bits() >> (4 * at)) & 0xF));
                nibbles.chain(["ip6.arpa".to_owned()]).collect()
            }
        }
    }

    /// As part of a file's name.
    pub(super) fn file_stem(&self) -> String {
        format!("acme-{}", self.to_string().replace(':', "-"))
    }

    pub(super) fn is_address(&self) -> bool {
        matches!(self, Subject::Address(_))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Name(name) => f.write_str(name),
            Subject::Address(ip) => ip.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_asked_for_by_its_reverse_name() {
        assert_eq!(Subject::new("192.0.2.7").server_name(), "7.2.0.192.in-addr.arpa");
        let v6 = Subject::new("2001:db8::1").server_name();
        // RFC 3596, 2.5: the lowest nibble comes first
        assert_eq!(v6, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
        assert_eq!(Subject::new("Call.Example.org").server_name(), "call.example.org");
    }

    #[test]
    fn a_file_is_named_for_its_subject() {
        assert_eq!(Subject::new("2001:db8::7").file_stem(), "acme-2001-db8--7");
        assert_eq!(Subject::new("call.example.org").file_stem(), "acme-call.example.org");
    }
}
