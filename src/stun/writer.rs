//! Writes one STUN message at the end of a buffer, its length field right after every step.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::attribute::{self, AttributeType};
use super::channel::padding;
use super::demux::MAGIC_COOKIE;
use super::fingerprint;
use super::integrity::{self, Key};
use super::message::{Class, HEADER, Method, TransactionId};

/// A message being written. Attributes are few and small; only DATA is ever large, and it is not written here.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, class: Class, method: Method, id: TransactionId) -> Writer<'a> {
        let start = out.len();
        let (method, class) = (method as u16, class as u16);
        // RFC 8489, figure 3: the class bits C1 and C0 stand inside the method's
        let kind = (method & 0x000F) | ((method & 0x0070) << 1) | ((method & 0x0F80) << 2);
        let kind = kind | ((class & 1) << 4) | ((class & 2) << 7);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&MAGIC_COOKIE);
        out.extend_from_slice(&id);
        Writer { out, start }
    }

    /// Any attribute.
    pub(crate) fn put(mut self, kind: AttributeType, value: &[u8]) -> Writer<'a> {
        self.attribute(kind, value);
        self
    }

    /// A four-byte number.
    pub(crate) fn put_u32(self, kind: AttributeType, value: u32) -> Writer<'a> {
        self.put(kind, &value.to_be_bytes())
    }

    /// An XOR-ed address (RFC 8489, 14.2).
    pub(crate) fn put_xor_address(mut self, kind: AttributeType, address: SocketAddr) -> Writer<'a> {
        let mut value = plain_address(address);
        let mask = self.start + 4..self.start + HEADER;
        xor(&mut value.bytes[2..4], &MAGIC_COOKIE);
        xor(&mut value.bytes[4..], &self.out[mask]);
        self.attribute(kind, &value.bytes[..value.len]);
        self
    }

    /// An address as it is (RFC 8489, 14.1).
    pub(crate) fn put_address(self, kind: AttributeType, address: SocketAddr) -> Writer<'a> {
        let value = plain_address(address);
        self.put(kind, &value.bytes[..value.len])
    }

    /// ERROR-CODE without a reason phrase: nobody shows it, and every byte of a reply to a stranger counts.
    pub(crate) fn put_error(self, code: u16) -> Writer<'a> {
        self.put(attribute::ERROR_CODE, &[0, 0, (code / 100) as u8, (code % 100) as u8])
    }

    /// The header of a DATA attribute whose value follows the message; `len` is counted, padding too.
    pub(crate) fn put_data_header(mut self, len: usize) -> Writer<'a> {
        self.out.extend_from_slice(&attribute::DATA.to_be_bytes());
        self.out.extend_from_slice(&(len as u16).to_be_bytes());
        self.patch_length(len + padding(len));
        self
    }

    /// MESSAGE-INTEGRITY.
    pub(crate) fn sign_sha1(self, key: &Key) -> Writer<'a> {
        let tag = integrity::sign_sha1(&self.out[self.start..], key);
        self.put(attribute::MESSAGE_INTEGRITY, tag.as_ref())
    }

    /// MESSAGE-INTEGRITY-SHA256.
    pub(crate) fn sign_sha256(self, key: &Key) -> Writer<'a> {
        let tag = integrity::sign_sha256(&self.out[self.start..], key);
        self.put(attribute::MESSAGE_INTEGRITY_SHA256, tag.as_ref())
    }

    /// FINGERPRINT: nothing may be put behind it.
    pub(crate) fn fingerprint(mut self) -> Writer<'a> {
        self.patch_length(8);
        let at = self.out.len() - self.start;
        let value = fingerprint::of(&self.out[self.start..], at);
        self.put(attribute::FINGERPRINT, &value)
    }

    /// Where the message stands in the buffer.
    pub(crate) fn finish(self) -> Range<usize> {
        self.start..self.out.len()
    }

    fn attribute(&mut self, kind: AttributeType, value: &[u8]) {
        self.out.extend_from_slice(&kind.to_be_bytes());
        self.out.extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.out.extend_from_slice(value);
        self.out.resize(self.out.len() + padding(value.len()), 0);
        self.patch_length(0);
    }

    /// Sets the length field to what was written plus what is still to follow.
    fn patch_length(&mut self, following: usize) {
        let length = (self.out.len() - self.start - HEADER + following) as u16;
        self.out[self.start + 2..self.start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

/// The value of an address attribute, in a buffer that fits both families.
struct AddressValue {
    bytes: [u8; 20],
    len: usize,
}

fn plain_address(address: SocketAddr) -> AddressValue {
    let mut value = AddressValue { bytes: [0; 20], len: 8 };
    value.bytes[2..4].copy_from_slice(&address.port().to_be_bytes());
    match address.ip() {
        IpAddr::V4(ip) => {
            value.bytes[1] = attribute::FAMILY_IPV4;
            value.bytes[4..8].copy_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            value.len = 20;
            value.bytes[1] = attribute::FAMILY_IPV6;
            value.bytes[4..].copy_from_slice(&ip.octets());
        }
    }
    value
}

fn xor(bytes: &mut [u8], mask: &[u8]) {
    bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}
