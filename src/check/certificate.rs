//! A server's certificate as a browser would see it. The handshake goes on whatever is wrong with it, so that everything
//! can be said about it; nothing secret is ever sent over such a connection.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::CertificateError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::printable::printable;
use crate::tls::Shown;

/// Why a browser would warn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "of")]
pub enum Problem {
    /// callbox made it itself: nobody but whoever was told to trusts it.
    OwnAuthority,
    /// Nobody signed it but itself.
    SelfSigned,
    /// Signed by somebody whom browsers do not know.
    UnknownIssuer(String),
    /// Over, by so many days.
    Expired(i64),
    /// Not yet good, for so many days.
    NotYetValid(i64),
    /// Good for these names and not for the one that was opened.
    OtherNames(Vec<String>),
    /// Something else, in these words.
    Other(String),
}

/// What a handshake showed.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// As the system's clock and the roots have it.
    pub(super) verdict: Result<(), Problem>,
    /// Whole days until the end.
    pub(super) days_left: i64,
    /// Who signed it.
    pub(super) issuer: String,
}

/// What the last handshake showed, once there was one.
#[derive(Clone, Debug, Default)]
pub(super) struct Record(Arc<Mutex<Option<Seen>>>);

impl Record {
    /// Takes down what is shown, as `judge` has it.
    pub(super) fn take_down(&self, judge: &WebPkiServerVerifier, shown: &Shown<'_>) {
        let Shown { end_entity, intermediates, name, ocsp, now } = shown;
        let verified = judge.verify_server_cert(end_entity, intermediates, name, ocsp, *now);
        let seen = judged(end_entity, verified.err(), now.as_secs() as i64);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    pub(super) fn seen(&self) -> Option<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the verifier's error means, with what the certificate says of itself. `now`: unix time in seconds.
fn judged(der: &CertificateDer<'_>, error: Option<rustls::Error>, now: i64) -> Seen {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        let unreadable = Problem::Other("it cannot be read".to_owned());
        return Seen { verdict: Err(unreadable), days_left: 0, issuer: String::new() };
    };
    let (from, until) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let issuer = certificate.issuer().to_string();
    let problem = error.map(|error| match error {
        // Asked before who signed it: an old certificate of one's own is told as old.
        _ if until < now => Problem::Expired((now - until) / DAY),
        _ if from > now => Problem::NotYetValid((from - now + DAY - 1) / DAY),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Problem::OtherNames(names(&certificate)),
        rustls::Error::InvalidCertificate(_) if issuer.contains("CN=callbox ") => Problem::OwnAuthority,
        rustls::Error::InvalidCertificate(_) if certificate.subject() == certificate.issuer() => Problem::SelfSigned,
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            Problem::UnknownIssuer(printable(&issuer, LONGEST))
        }
        other => Problem::Other(printable(&other.to_string(), LONGEST)),
    });
    Seen {
        verdict: problem.map_or(Ok(()), Err),
        days_left: (until - now).div_euclid(DAY),
        issuer: printable(&issuer, LONGEST),
    }
}

const DAY: i64 = 24 * 60 * 60;

/// What it is good for, as people read it.
fn names(certificate: &X509Certificate) -> Vec<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let names = alternative.into_iter().flat_map(|extension| &extension.value.general_names);
    let readable = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(printable(name, LONGEST)),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    });
    readable.take(MOST_NAMES).collect()
}

/// More of them nobody reads.
const MOST_NAMES: usize = 8;

/// Of one text: a certificate is written by whoever stands in between.
pub(super) const LONGEST: usize = 120;

/// By this machine's clock.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as i64
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::OwnAuthority => f.write_str("made by callbox itself, which browsers do not know"),
            Problem::SelfSigned => f.write_str("self-signed"),
            Problem::UnknownIssuer(issuer) => write!(f, "signed by {issuer}, whom browsers do not know"),
            Problem::Expired(0) => f.write_str("expired today"),
            Problem::Expired(days) => write!(f, "expired {days} days ago"),
            Problem::NotYetValid(days) => write!(f, "good only in {days} days"),
            Problem::OtherNames(names) => write!(f, "good for {}, not for this name", names.join(", ")),
            Problem::Other(why) => f.write_str(why),
        }
    }
}
