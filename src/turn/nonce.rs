//! Nonces that need no memory: each carries its own expiry and a keyed hash over it and the client's address, so that
//! a stranger can make us compute, but never store.
//!
//! Over UDP the port belongs to that address. Over a stream it does not: nobody forges the address of one, and each data
//! connection of a TCP allocation (RFC 6062, 4.3) is a new one, on which the client signs with the nonce that it has.
//!
//! `"obMatJos2"` + 4 characters of security features (RFC 8489, 9.2) + base64 of `expiry (4 bytes) | hash (8 bytes)`.

use std::net::IpAddr;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::options::Client;
use super::rules::Rules;
use crate::clock::Now;

/// RFC 8489, 9.2: a nonce that begins so is followed by the server's security features.
const COOKIE: &str = "obMatJos2";

/// Bit 0 of the features, counted from the left: we offer PASSWORD-ALGORITHMS.
const PASSWORD_ALGORITHMS: u8 = 0x80;
/// Bit 1: we take USERHASH in place of USERNAME.
const USERNAME_ANONYMITY: u8 = 0x40;

/// What every nonce of this server begins with. `anonymity`: whether a USERHASH can be resolved to each user we accept.
pub(super) fn prefix(anonymity: bool) -> String {
    let features = PASSWORD_ALGORITHMS | if anonymity { USERNAME_ANONYMITY } else { 0 };
    format!("{COOKIE}{}", STANDARD.encode([features, 0, 0]))
}

/// A nonce for this client, from now on.
pub(super) fn issue(rules: &Rules, client: Client, now: Now) -> String {
    let expiry = ((now.unix + rules.options.lifetimes.nonce).as_secs() as u32).to_be_bytes();
    let mut text = [0; 12];
    text[..4].copy_from_slice(&expiry);
    text[4..].copy_from_slice(&tag(rules, client, expiry));
    format!("{}{}", rules.nonce_prefix, STANDARD.encode(text))
}

/// Whether `nonce` was made here for this client and has not run out.
pub(super) fn is_valid(rules: &Rules, client: Client, nonce: &[u8], now: Now) -> bool {
    let Some(text) = nonce.strip_prefix(rules.nonce_prefix.as_bytes()) else { return false };
    let mut decoded = [0; 12];
    let Ok(12) = STANDARD.decode_slice(text, &mut decoded) else { return false };
    let [e0, e1, e2, e3, made @ ..] = decoded;
    let expiry = [e0, e1, e2, e3];
    now.unix.as_secs() < u64::from(u32::from_be_bytes(expiry))
        && constant_time::verify_slices_are_equal(&made, &tag(rules, client, expiry)).is_ok()
}

fn tag(rules: &Rules, client: Client, expiry: [u8; 4]) -> [u8; 8] {
    let mut context = hmac::Context::with_key(&rules.key);
    context.update(b"nonce");
    context.update(&expiry);
    if !client.transport.is_stream() {
        context.update(&client.address.port().to_be_bytes());
    }
    match client.address.ip() {
        IpAddr::V4(ip) => context.update(&ip.octets()),
        IpAddr::V6(ip) => context.update(&ip.octets()),
    }
    first_bytes(context.sign())
}

/// The first bytes of a keyed hash: 8 are enough where a guess needs a packet to us.
pub(super) fn first_bytes<const N: usize>(tag: hmac::Tag) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&tag.as_ref()[..N]);
    bytes
}
