//! Trusted certificates by ACME (RFC 8555): which are ordered and when is decided by a pure plan, the talking is done by
//! instant-acme, and the answers to challenges are shown by `tls`. What goes wrong here is told in words and tried again;
//! it never touches a certificate that works.
//!
//! ```text
//! Steward (one task) ── asks ──► Plan (pure): order, ask for the renewal window, or wait?
//!    │  one attempt                ▲
//!    └──► Order ── CA ── Proof ────┘ issued, or a Failure with its words
//! ```

mod account;
mod client;
mod failure;
mod kept;
mod order;
mod plan;
mod report;
mod steward;
mod subject;
mod words;

use std::path::PathBuf;

use crate::pass::Secret;

pub use report::{Report, Standing};
pub use steward::{Steward, Wishes};
pub use subject::Subject;

/// How certificates are ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The authority's directory (RFC 8555, 7.1.1).
    pub directory: String,
    /// Where it may write to; `None`: nowhere.
    pub email: Option<String>,
    /// The profile to ask for; `None`: `shortlived` for addresses if it is offered, else the authority's default.
    pub profile: Option<String>,
    /// An account made elsewhere to which ours is bound (RFC 8555, 7.3.4).
    pub eab: Option<ExternalAccount>,
    /// The authority's own root certificates, as PEM; `None`: those that browsers trust.
    pub ca_file: Option<PathBuf>,
}

/// See [`Options::eab`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalAccount {
    /// As the authority named it.
    pub key_id: String,
    /// The HMAC key, base64url.
    pub key: Secret,
}

/// How a subject is proved to be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A certificate in a TLS handshake on port 443 (RFC 8737).
    TlsAlpn01,
    /// A text over plain HTTP on port 80 (RFC 8555, 8.3).
    Http01,
}

impl Challenge {
    /// As in the configuration and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Challenge::TlsAlpn01 => "tls-alpn-01",
            Challenge::Http01 => "http-01",
        }
    }

    /// Where authorities come to see.
    pub fn port(self) -> u16 {
        match self {
            Challenge::TlsAlpn01 => 443,
            Challenge::Http01 => 80,
        }
    }

    fn other(self) -> Challenge {
        match self {
            Challenge::TlsAlpn01 => Challenge::Http01,
            Challenge::Http01 => Challenge::TlsAlpn01,
        }
    }
}
