//! What is checked: the address people open, as it was typed.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use thiserror::Error;

/// Where the page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A DNS name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// The port people open.
    pub port: u16,
    /// Whether that is https.
    pub tls: bool,
}

/// This is no address of a page.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not the address of a page: write a link such as https://call.example.org:8443/, or a name")]
pub struct NotATarget(String);

impl Target {
    /// Reads a link, or what a person would type instead of one: a name or an address, with or without a port.
    pub fn read(text: &str) -> Result<Target, NotATarget> {
        let wrong = || NotATarget(text.to_owned());
        let typed = match text.parse::<IpAddr>() {
            Ok(IpAddr::V6(ip)) => format!("https://[{ip}]/"),
            _ if text.contains("://") => text.to_owned(),
            _ => format!("https://{text}"),
        };
        let uri: Uri = typed.parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        let host = host.trim_matches(['[', ']']).to_lowercase();
        let port = match uri.authority().and_then(|authority| authority.as_str().rsplit_once(':')) {
            Some((_, port)) if !port.ends_with(']') => port.parse().map_err(|_| wrong())?,
            _ => {
                if tls {
                    443
                } else {
                    80
                }
            }
        };
        Ok(Target { host, port, tls })
    }

    /// The address, if nobody has to be asked for it.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// As it stands in `Host`.
    pub(super) fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/", if self.tls { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_people_type_for_a_page_leads_to_it() {
        for (typed, link) in [
            ("call.example.org", "https://call.example.org/"),
            ("CALL.example.org:8443", "https://call.example.org:8443/"),
            ("https://call.example.org/r/kitchen?relay#key", "https://call.example.org/"),
            ("http://call.example.org", "http://call.example.org/"),
            ("http://192.0.2.7:8080/", "http://192.0.2.7:8080/"),
            ("192.0.2.7", "https://192.0.2.7/"),
            ("2001:db8::7", "https://[2001:db8::7]/"),
            ("[2001:db8::7]:8443", "https://[2001:db8::7]:8443/"),
            ("https://[2001:db8::7]", "https://[2001:db8::7]/"),
        ] {
            assert_eq!(Target::read(typed).unwrap().to_string(), link, "{typed}");
        }
    }

    #[test]
    fn what_is_no_address_is_said_to_be_none() {
        for typed in ["", "ftp://call.example.org", "https://", "call example", "call.example.org:99999", "https:///r"]
        {
            assert!(Target::read(typed).is_err(), "{typed}");
        }
    }
}
