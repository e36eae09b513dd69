//! The addresses in what one page says to another: ICE candidates (RFC 8839, 5.1), in a line of SDP or by themselves. Looked
//! for in the text as it came, and only where `turn.peers = "room"` asks for them: whoever hides an address from this search
//! only hides it from the relay, which then does not let it be reached.

use std::net::IpAddr;

/// A description of a laptop with many networks has two dozen.
const MOST: usize = 64;

/// Every address that is a candidate in `payload`; names (mDNS) are none.
pub(super) fn addresses(payload: &str) -> Vec<IpAddr> {
    // candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE
    const ADDRESS: usize = 4;
    let lines = payload.split("candidate:").skip(1).take(MOST);
    lines.filter_map(|line| line.split(' ').nth(ADDRESS)?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_found_alone_and_in_descriptions_and_names_are_not() {
        let alone = r#"{"connection":"call","candidate":{"candidate":"candidate:1 1 udp 2122260223 203.0.113.7 51000 typ host generation 0","sdpMid":"0"}}"#;
        assert_eq!(addresses(alone), ["203.0.113.7".parse::<IpAddr>().unwrap()]);
        let sdp = r#"{"description":{"type":"offer","sdp":"v=0\r\na=candidate:2 1 tcp 1 2001:db8::7 9 typ host\r\na=candidate:3 1 udp 1 0d9c.local 5 typ host\r\na=candidate:4 1 UDP 9 198.51.100.9 6 typ relay\r\n"}}"#;
        let expected = ["2001:db8::7", "198.51.100.9"].map(|ip| ip.parse::<IpAddr>().unwrap());
        assert_eq!(addresses(sdp), expected);
    }

    #[test]
    fn a_payload_of_nothing_but_candidates_is_searched_to_an_end() {
        assert_eq!(addresses(&"candidate:1 1 udp 1 8.8.4.4 9 ".repeat(1000)).len(), MOST);
        assert!(addresses("candidate:").is_empty());
    }
}
