//! The numbers of attributes and families, each with its source. Those below 0x8000 must be understood by whoever reads
//! them.

/// An attribute's type.
pub(crate) type AttributeType = u16;

// RFC 8489, 18.3
pub(crate) const USERNAME: AttributeType = 0x0006;
pub(crate) const MESSAGE_INTEGRITY: AttributeType = 0x0008;
pub(crate) const ERROR_CODE: AttributeType = 0x0009;
pub(crate) const UNKNOWN_ATTRIBUTES: AttributeType = 0x000A;
pub(crate) const REALM: AttributeType = 0x0014;
pub(crate) const NONCE: AttributeType = 0x0015;
pub(crate) const MESSAGE_INTEGRITY_SHA256: AttributeType = 0x001C;
pub(crate) const PASSWORD_ALGORITHM: AttributeType = 0x001D;
pub(crate) const USERHASH: AttributeType = 0x001E;
pub(crate) const XOR_MAPPED_ADDRESS: AttributeType = 0x0020;
pub(crate) const PASSWORD_ALGORITHMS: AttributeType = 0x8002;
pub(crate) const FINGERPRINT: AttributeType = 0x8028;

// RFC 8656, 18
pub(crate) const CHANNEL_NUMBER: AttributeType = 0x000C;
pub(crate) const LIFETIME: AttributeType = 0x000D;
pub(crate) const XOR_PEER_ADDRESS: AttributeType = 0x0012;
pub(crate) const DATA: AttributeType = 0x0013;
pub(crate) const XOR_RELAYED_ADDRESS: AttributeType = 0x0016;
pub(crate) const REQUESTED_ADDRESS_FAMILY: AttributeType = 0x0017;
pub(crate) const EVEN_PORT: AttributeType = 0x0018;
pub(crate) const REQUESTED_TRANSPORT: AttributeType = 0x0019;
pub(crate) const DONT_FRAGMENT: AttributeType = 0x001A;
pub(crate) const RESERVATION_TOKEN: AttributeType = 0x0022;
pub(crate) const ADDITIONAL_ADDRESS_FAMILY: AttributeType = 0x8000;
pub(crate) const ADDRESS_ERROR_CODE: AttributeType = 0x8001;
pub(crate) const ICMP: AttributeType = 0x8004;

// RFC 6062, 6.2
pub(crate) const CONNECTION_ID: AttributeType = 0x002A;

// RFC 8016, 3.5
pub(crate) const MOBILITY_TICKET: AttributeType = 0x8030;

// RFC 5780, 7
pub(crate) const CHANGE_REQUEST: AttributeType = 0x0003;
pub(crate) const PADDING: AttributeType = 0x0026;
pub(crate) const RESPONSE_PORT: AttributeType = 0x0027;
pub(crate) const RESPONSE_ORIGIN: AttributeType = 0x802B;
pub(crate) const OTHER_ADDRESS: AttributeType = 0x802C;

// The two families of every address attribute (RFC 8489, 14.1)
pub(crate) const FAMILY_IPV4: u8 = 0x01;
pub(crate) const FAMILY_IPV6: u8 = 0x02;

/// Whether a message with an attribute of this type has to be refused by somebody who does not know it (RFC 8489, 14).
pub(crate) const fn must_be_understood(kind: AttributeType) -> bool {
    kind < 0x8000
}
