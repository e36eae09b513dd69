//! ChannelData: four bytes in front of a payload.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------------------------------+-------------------------------+
//! |         Channel Number        |            Length             |
//! +-------------------------------+-------------------------------+
//! ```

/// The size of a ChannelData header.
pub const CHANNEL_HEADER: usize = 4;

/// The header in front of a payload of `len` bytes. A payload is a datagram's, so `len` always fits.
pub fn channel_header(number: u16, len: usize) -> [u8; CHANNEL_HEADER] {
    debug_assert!(len <= usize::from(u16::MAX));
    let ([n0, n1], [l0, l1]) = (number.to_be_bytes(), (len as u16).to_be_bytes());
    [n0, n1, l0, l1]
}

/// How many zero bytes round `len` up to a multiple of four: behind the payload of a Data indication always, behind
/// ChannelData over a stream (RFC 8656, 12.5), behind ChannelData over UDP never.
pub const fn padding(len: usize) -> usize {
    len.wrapping_neg() & 3
}

/// Reads number and payload length; the number may be any. `None`: shorter than a header.
pub(crate) fn read_channel_header(bytes: &[u8]) -> Option<(u16, usize)> {
    let header: &[u8; CHANNEL_HEADER] = bytes.first_chunk()?;
    let [n0, n1, l0, l1] = *header;
    Some((u16::from_be_bytes([n0, n1]), u16::from_be_bytes([l0, l1]).into()))
}
