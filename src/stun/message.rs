//! Reads one STUN message in place: nothing is copied, and what does not count is never shown.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |0 0|     STUN Message Type     |         Message Length        |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                         Magic Cookie                          |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                     Transaction ID (96 bits)                  |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;

use super::attribute::{self, AttributeType};
use super::channel::padding;
use super::demux::MAGIC_COOKIE;
use super::fingerprint;
use super::integrity::{self, Key};

/// The size of a STUN header.
pub(crate) const HEADER: usize = 20;

/// The 96 bits that tie an answer to its request.
pub(crate) type TransactionId = [u8; 12];

/// A whole, well-formed STUN message whose FINGERPRINT, if it has one, is right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    /// Where the attributes that count end: at the first integrity or fingerprint attribute.
    counted: usize,
    integrity: Option<usize>,
    integrity_sha256: Option<usize>,
    has_fingerprint: bool,
}

/// The bytes are no STUN message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotStun;

/// What a message is for (RFC 8489, 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// What a message is about: the methods of RFC 8489, 8656 and 6062.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Binding = 0x001,
    Allocate = 0x003,
    Refresh = 0x004,
    Send = 0x006,
    Data = 0x007,
    CreatePermission = 0x008,
    ChannelBind = 0x009,
    Connect = 0x00A,
    ConnectionBind = 0x00B,
    ConnectionAttempt = 0x00C,
}

/// One attribute, as it stands in the message.
#[derive(Clone, Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) kind: AttributeType,
    pub(crate) value: &'a [u8],
    /// Where the value stands in the message.
    pub(crate) range: Range<usize>,
}

impl<'a> Message<'a> {
    /// Reads exactly one message: bytes behind it make it no message at all.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Message<'a>, NotStun> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or(NotStun)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        // RFC 8489, 5: "The most significant 2 bits of every STUN message MUST be zeroes", and "Since all STUN attributes
        // are padded to a multiple of 4 bytes, the last 2 bits of this field are always zero."
        if header[0] & 0xC0 != 0 || header[4..8] != MAGIC_COOKIE || length % 4 != 0 || bytes.len() != HEADER + length {
            return Err(NotStun);
        }
        let mut message =
            Message { bytes, counted: HEADER, integrity: None, integrity_sha256: None, has_fingerprint: false };
        message.survey()?;
        Ok(message)
    }

    /// Walks all attributes once: every one must lie inside the message, and those behind an integrity do not count.
    fn survey(&mut self) -> Result<(), NotStun> {
        let mut at = HEADER;
        while at < self.bytes.len() {
            let attribute = attribute_at(self.bytes, at).ok_or(NotStun)?;
            let next = attribute.range.end + padding(attribute.value.len());
            if next > self.bytes.len() {
                return Err(NotStun);
            }
            match attribute.kind {
                // RFC 8489, 14.7: "the FINGERPRINT attribute MUST be the last attribute in the message"
                attribute::FINGERPRINT if next != self.bytes.len() => return Err(NotStun),
                attribute::FINGERPRINT => {
                    self.has_fingerprint = true;
                    if attribute.value != fingerprint::of(self.bytes, at) {
                        return Err(NotStun);
                    }
                }
                attribute::MESSAGE_INTEGRITY if self.attributes_count() => self.integrity = Some(at),
                attribute::MESSAGE_INTEGRITY_SHA256 if self.integrity_sha256.is_none() => {
                    self.integrity_sha256 = Some(at);
                }
                // RFC 8489, 14.5: "agents MUST ignore all other attributes that follow MESSAGE-INTEGRITY"
                _ if self.attributes_count() => self.counted = next,
                _ => {}
            }
            at = next;
        }
        Ok(())
    }

    fn attributes_count(&self) -> bool {
        self.integrity.is_none() && self.integrity_sha256.is_none()
    }

    pub(crate) fn class(&self) -> Class {
        match ((self.bytes[0] & 1) << 1) | ((self.bytes[1] >> 4) & 1) {
            0 => Class::Request,
            1 => Class::Indication,
            2 => Class::Success,
            _ => Class::Error,
        }
    }

    /// `None` for a method we have never heard of.
    pub(crate) fn method(&self) -> Option<Method> {
        let kind = u16::from_be_bytes([self.bytes[0], self.bytes[1]]);
        Method::from_bits((kind & 0x000F) | ((kind & 0x00E0) >> 1) | ((kind & 0x3E00) >> 2))
    }

    pub(crate) fn transaction_id(&self) -> TransactionId {
        let mut id = [0; 12];
        id.copy_from_slice(&self.bytes[8..HEADER]);
        id
    }

    /// The attributes that count, in order.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let (bytes, mut at) = (&self.bytes[..self.counted], HEADER);
        std::iter::from_fn(move || {
            let attribute = attribute_at(bytes, at)?;
            at = attribute.range.end + padding(attribute.value.len());
            Some(attribute)
        })
    }

    /// The first attribute of that type. RFC 8489, 14: "only the first occurrence needs to be processed".
    pub(crate) fn get(&self, kind: AttributeType) -> Option<&'a [u8]> {
        self.attributes().find(|attribute| attribute.kind == kind).map(|attribute| attribute.value)
    }

    /// A four-byte number. `None` if it is not there; `Some(Err)` if it has another size.
    pub(crate) fn get_u32(&self, kind: AttributeType) -> Option<Result<u32, NotStun>> {
        self.get(kind).map(|value| value.try_into().map(u32::from_be_bytes).map_err(|_| NotStun))
    }

    /// An XOR-ed address in `value`. `None` if it is none.
    pub(crate) fn xor_address(&self, value: &[u8]) -> Option<SocketAddr> {
        let (&[_, family, p0, p1], ip) = value.split_first_chunk()?;
        let port = u16::from_be_bytes([p0 ^ MAGIC_COOKIE[0], p1 ^ MAGIC_COOKIE[1]]);
        // Bytes 4 to 19 are the cookie and the transaction id: the mask of RFC 8489, 14.2
        let mask = &self.bytes[4..HEADER];
        let ip: IpAddr = match family {
            attribute::FAMILY_IPV4 => Ipv4Addr::from(unmask::<4>(ip, mask)?).into(),
            attribute::FAMILY_IPV6 => Ipv6Addr::from(unmask::<16>(ip, mask)?).into(),
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }

    /// In bytes, header included.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn has_fingerprint(&self) -> bool {
        self.has_fingerprint
    }

    pub(crate) fn has_integrity(&self) -> bool {
        self.integrity.is_some() || self.integrity_sha256.is_some()
    }

    /// Whether the message carries MESSAGE-INTEGRITY-SHA256; then that one is checked, and answered with.
    pub(crate) fn has_integrity_sha256(&self) -> bool {
        self.integrity_sha256.is_some()
    }

    /// Whether the strongest integrity of the message was made with `key`. Takes the same time for every wrong key.
    pub(crate) fn proves(&self, key: &Key) -> bool {
        match (self.integrity_sha256, self.integrity) {
            (Some(at), _) => integrity::verify_sha256(self.bytes, at, key),
            (None, Some(at)) => integrity::verify_sha1(self.bytes, at, key),
            (None, None) => false,
        }
    }
}

impl Method {
    fn from_bits(bits: u16) -> Option<Method> {
        Some(match bits {
            0x001 => Method::Binding,
            0x003 => Method::Allocate,
            0x004 => Method::Refresh,
            0x006 => Method::Send,
            0x007 => Method::Data,
            0x008 => Method::CreatePermission,
            0x009 => Method::ChannelBind,
            0x00A => Method::Connect,
            0x00B => Method::ConnectionBind,
            0x00C => Method::ConnectionAttempt,
            _ => return None,
        })
    }
}

/// The attribute whose header stands at `at`, if it lies inside `bytes`.
fn attribute_at(bytes: &[u8], at: usize) -> Option<Attribute<'_>> {
    let (&[k0, k1, l0, l1], _) = bytes.get(at..)?.split_first_chunk()?;
    let range = at + 4..at + 4 + usize::from(u16::from_be_bytes([l0, l1]));
    Some(Attribute { kind: u16::from_be_bytes([k0, k1]), value: bytes.get(range.clone())?, range })
}

fn unmask<const N: usize>(bytes: &[u8], mask: &[u8]) -> Option<[u8; N]> {
    let mut ip: [u8; N] = bytes.try_into().ok()?;
    ip.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    Some(ip)
}
