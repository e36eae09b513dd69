//! What a proxy in front says about who called: the PROXY protocol before the first byte, `Forwarded` and
//! `X-Forwarded-*` in a request. Pure: bytes and headers in, addresses out. Anybody can write these lines, so they count
//! only from proxies that the operator named.

mod forwarded;
mod preface;

use std::net::IpAddr;

use ipnet::IpNet;

pub use forwarded::{Contradiction, Told, told};
pub use preface::{FIRST_READ, LOCAL, MalformedPreface, Preface, read_preface};

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// By their address blocks.
    pub fn new(blocks: Vec<IpNet>) -> TrustedProxies {
        TrustedProxies(blocks)
    }

    /// Whether what `proxy` says about others counts.
    pub fn trusts(&self, proxy: IpAddr) -> bool {
        let proxy = proxy.to_canonical();
        self.0.iter().any(|block| block.contains(&proxy))
    }
}

#[cfg(test)]
mod tests;
