//! What a connection speaks, told from its first bytes, so that one port can serve many protocols.

/// The magic cookie in bytes 4 to 7 of every STUN message (RFC 8489, 5).
pub(crate) const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// What the first bytes of a stream say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstBytes {
    /// A STUN message: hand the stream to the relay.
    Stun,
    /// Something else: TLS, HTTP, noise.
    Other,
    /// STUN as far as one can see; eight bytes decide.
    TooFew,
}

/// Looks at the first bytes of a stream, which need not have come all at once. A TURN client always opens with a STUN
/// message, never with ChannelData, so eight bytes are enough: two zero bits, and the magic cookie.
pub fn first_bytes(bytes: &[u8]) -> FirstBytes {
    let cookie = bytes.get(4..).unwrap_or_default();
    let seen = cookie.len().min(MAGIC_COOKIE.len());
    if bytes.first().is_some_and(|first| first & 0xC0 != 0) || cookie[..seen] != MAGIC_COOKIE[..seen] {
        FirstBytes::Other
    } else if seen < MAGIC_COOKIE.len() {
        FirstBytes::TooFew
    } else {
        FirstBytes::Stun
    }
}
