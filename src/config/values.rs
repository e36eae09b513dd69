//! How single values are written: addresses, names, blocks and port ranges. Every error says what to write instead.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;

use super::reader::unreadable;
use crate::invitation::JwtKey;

/// An address with a port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        let hint = match (text.strip_prefix(':').unwrap_or(text).parse::<u16>(), text.parse::<IpAddr>()) {
            (Ok(port), _) => format!("\"[::]:{port}\" for every address of this machine"),
            (_, Ok(IpAddr::V4(ip))) => format!("\"{ip}:8443\""),
            (_, Ok(IpAddr::V6(ip))) => format!("\"[{ip}]:8443\""),
            _ => "\"[::]:8443\" or \"192.0.2.7:443\"".to_owned(),
        };
        format!("must be an IP address with a port, such as {hint}")
    })
}

/// An address whose port is not left to chance: UDP and TCP must get the same.
pub(super) fn fixed_address(text: &str) -> Result<SocketAddr, String> {
    let address = address(text)?;
    if address.port() == 0 { Err("must name a port, such as \"[::]:3478\"".to_owned()) } else { Ok(address) }
}

/// The file of a key that signs invitations.
pub(super) fn invitation_key(path: &str) -> Result<JwtKey, String> {
    let text = fs::read_to_string(path).map_err(|cause| unreadable(Path::new(path), &cause))?;
    JwtKey::new(&text).map_err(|cause| cause.to_string())
}

/// Another machine's name or address, with a port.
pub(super) fn server(text: &str) -> Result<String, String> {
    let parts = text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0));
    let good = parts.is_some_and(|(host, _)| is_dns_name(host) || text.parse::<SocketAddr>().is_ok());
    if good { Ok(text.to_owned()) } else { Err("must be a name with a port, such as \"stun.example.org:3478\"".into()) }
}

/// A relay: a host, as in a link, with a port where it is another than ours.
pub(super) fn relay(text: &str) -> Result<(String, Option<u16>), String> {
    let wrong = || {
        "must be a relay's host, such as \"b.example.org\", \"b.example.org:444\" or \"[2001:db8::7]:444\"".to_owned()
    };
    if let Ok(SocketAddr::V6(address)) = text.parse() {
        return Ok((format!("[{}]", address.ip()), Some(address.port())));
    }
    if let Ok(IpAddr::V6(ip)) = text.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok((format!("[{ip}]"), None));
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse().map_err(|_| wrong())?)),
        None => (text, None),
    };
    let good = is_dns_name(name) && port != Some(0);
    if good { Ok((name.to_owned(), port)) } else { Err(wrong()) }
}

/// A DNS name or an IP address, as people type it into a browser, without scheme or port.
pub(super) fn host(text: &str) -> Result<String, String> {
    let bare = text.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    let bare = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(bare);
    if text == bare && (text.parse::<IpAddr>().is_ok() || is_dns_name(text)) {
        return Ok(text.to_lowercase());
    }
    let host = bare.rsplit_once(':').filter(|(host, _)| is_dns_name(host)).map_or(bare, |(host, _)| host);
    if is_dns_name(host) || host.parse::<IpAddr>().is_ok() {
        return Err(format!("must be a name without scheme and port: write \"{host}\""));
    }
    Err("must be a DNS name such as \"call.example.org\" or an IP address".to_owned())
}

/// RFC 1123, 2.1: letters, digits and hyphens, a hyphen neither first nor last, 63 to a label, 253 in all.
fn is_dns_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let label =
        |l: &str| !l.is_empty() && l.len() <= 63 && l.chars().all(letter) && !l.starts_with('-') && !l.ends_with('-');
    text.len() <= 253 && text.split('.').all(label)
}

/// An address block; a single address counts as a block of one.
pub(super) fn block(text: &str) -> Result<IpNet, String> {
    let block = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    block.map_err(|_| "must be an address block such as \"10.0.0.0/8\" or \"fd00::/8\"".to_owned())
}

/// The ports for relayed addresses; `None` for "none".
pub(super) fn ports(text: &str) -> Result<Option<RangeInclusive<u16>>, String> {
    if text == "none" {
        return Ok(None);
    }
    let range = text.split_once('-').and_then(|(low, high)| Some(low.trim().parse().ok()?..=high.trim().parse().ok()?));
    match range {
        Some(range) if range.is_empty() => {
            Err(format!("must begin with the lower port: write \"{}-{}\"", range.end(), range.start()))
        }
        Some(range) if *range.start() < 1024 => {
            Err("must begin at 1024 or above: lower ports are other services'".into())
        }
        Some(range) => Ok(Some(range)),
        None => Err("must be a range of ports such as \"49152-65535\", or \"none\"".to_owned()),
    }
}

/// An address under which others reach this machine.
pub(super) fn external_address(text: &str) -> Result<IpAddr, String> {
    let ip: IpAddr = text.parse().map_err(|_| "must be \"auto\" or an IP address without a port".to_owned())?;
    if ip.is_unspecified() || ip.is_multicast() {
        return Err("nobody can reach this address; write the one others reach this machine by, or \"auto\"".into());
    }
    Ok(ip)
}

/// An address of this machine, as others see it.
pub(super) fn own_address(text: &str) -> Result<IpAddr, String> {
    let ip: IpAddr = text.parse().map_err(|_| "must be an IP address without a port".to_owned())?;
    if ip.is_unspecified() || ip.is_multicast() { Err("must be an address of this machine".into()) } else { Ok(ip) }
}

/// A language tag (RFC 5646, 2.1): subtags of letters and digits with hyphens.
pub(super) fn language(text: &str) -> Result<String, String> {
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    let good = text.split('-').all(subtag);
    if good { Ok(text.to_owned()) } else { Err("must be a language tag such as \"en\" or \"zh-CN\"".to_owned()) }
}

/// A codec for pictures, by its name in SDP.
pub(super) fn video_codec(text: &str) -> Result<String, String> {
    choice(text, &["AV1", "H264", "VP8", "VP9"].map(|name| (name, name))).map(str::to_owned)
}

/// An amount of data, in bytes: a number, perhaps with a fraction, and a unit of 1000s ("TB") or of 1024s ("TiB").
pub(super) fn size(text: &str) -> Result<u64, String> {
    let wrong = || "must be an amount such as \"1 TB\", \"1.5 TB\" or \"500 GiB\", or empty for no limit".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
    let factor = match unit.trim_start().to_lowercase().as_str() {
        "" if number == "0" => 1.0,
        "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "pb" => 1e15,
        "kib" => 1024f64,
        "mib" => 1024f64.powi(2),
        "gib" => 1024f64.powi(3),
        "tib" => 1024f64.powi(4),
        "pib" => 1024f64.powi(5),
        _ => return Err(wrong()),
    };
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * factor;
    // Beyond, a fraction of a byte could not be told any more, and no line carries so much.
    const MOST: f64 = (1u64 << 53) as f64;
    if bytes < MOST {
        Ok(bytes as u64)
    } else {
        Err("is more than a relay can send in a month; leave it empty".to_owned())
    }
}

/// A length of time.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let longest = Duration::from_secs(24 * 3600);
    let wrong = "must be a time such as \"0s\", \"90s\" or \"5min\", a day at most";
    humantime::parse_duration(text).ok().filter(|time| *time <= longest).ok_or_else(|| wrong.to_owned())
}

/// A choice out of a few words.
pub(super) fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices.iter().find(|(word, _)| *word == text);
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        format!("must be {}", words.join(" or "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_port_is_answered_with_the_address_to_write() {
        assert!(address("8443").unwrap_err().contains("[::]:8443"));
        assert!(address(":443").unwrap_err().contains("[::]:443"));
        assert!(address("::1").unwrap_err().contains("[::1]:8443"));
        assert_eq!(address("[::]:8443"), Ok("[::]:8443".parse().unwrap()));
    }

    #[test]
    fn a_link_pasted_as_a_name_is_answered_with_its_host() {
        assert!(host("https://call.example.org/").unwrap_err().contains("\"call.example.org\""));
        assert!(host("call.example.org:8443").unwrap_err().contains("\"call.example.org\""));
        assert!(host("[2001:db8::7]").unwrap_err().contains("\"2001:db8::7\""));
        assert_eq!(host("Call.Example.org"), Ok("call.example.org".to_owned()));
        assert_eq!(host("2001:db8::7"), Ok("2001:db8::7".to_owned()));
        for bad in ["", "a b", "-x.org", "x..org", "*.example.org"] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn port_ranges_are_turned_round_in_the_remedy_and_keep_off_privileged_ports() {
        assert_eq!(ports("none"), Ok(None));
        assert_eq!(ports("50000-50100"), Ok(Some(50000..=50100)));
        assert!(ports("60000-50000").unwrap_err().contains("\"50000-60000\""));
        assert!(ports("80-90").is_err());
        assert!(ports("50000").is_err());
        assert!(ports("50000-99999").is_err());
    }

    #[test]
    fn a_stun_server_is_named_with_its_port() {
        for good in ["stun.example.org:3478", "192.0.2.1:3478", "[2001:db8::1]:3478"] {
            assert_eq!(server(good), Ok(good.to_owned()));
        }
        for bad in ["stun.example.org", "stun:stun.example.org:3478", "2001:db8::1:3478", "x:0", ":3478", ""] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn relays_are_written_as_in_a_link() {
        assert_eq!(relay("b.example.org"), Ok(("b.example.org".to_owned(), None)));
        assert_eq!(relay("192.0.2.7:444"), Ok(("192.0.2.7".to_owned(), Some(444))));
        for v6 in ["2001:db8::7", "[2001:db8::7]"] {
            assert_eq!(relay(v6), Ok(("[2001:db8::7]".to_owned(), None)));
        }
        assert_eq!(relay("[2001:db8::7]:444"), Ok(("[2001:db8::7]".to_owned(), Some(444))));
        for bad in ["", "turn:b.example.org", "b.example.org:", "b.example.org:0", "b example"] {
            assert!(relay(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_written_as_people_write_them() {
        assert_eq!(
            [size("1 TB"), size("1.5tb"), size("500GB")],
            [Ok(10u64.pow(12)), Ok(15 * 10u64.pow(11)), Ok(5 * 10u64.pow(11))]
        );
        assert_eq!([size("1 TiB"), size("64 KiB"), size("12 B"), size("0")], [Ok(1 << 40), Ok(1 << 16), Ok(12), Ok(0)]);
        for bad in ["1", "TB", "-1 TB", "1 T", "1,5 TB", "1 TB a month", "99 PB", "1.2.3 GB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_written_as_people_write_them() {
        assert_eq!([duration("0s"), duration("5min")], [Ok(Duration::ZERO), Ok(Duration::from_secs(300))]);
        for bad in ["", "5", "-1s", "2days"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_address_is_a_block_of_one() {
        assert_eq!(block("192.0.2.7"), Ok("192.0.2.7/32".parse().unwrap()));
        assert!(block("192.0.2.0/33").is_err());
    }
}
