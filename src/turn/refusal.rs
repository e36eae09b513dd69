//! Everything a request can be refused for, each with the code the client reads.

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400: an attribute is missing, malformed or contradicts another.
    BadRequest,
    /// 401: no proof of who it is, or a wrong one. Carries a challenge. Nobody learns which user names exist.
    Unauthorized,
    /// 403: the peer policy forbids that address.
    Forbidden,
    /// 405: sessions may not move (RFC 8016, 3.2.1).
    MobilityForbidden,
    /// 420: attributes that must be understood, and are not.
    UnknownAttributes(Vec<u16>),
    /// 437: no allocation where one is needed, or one where none may be.
    AllocationMismatch,
    /// 438: the nonce is too old or somebody else's. Carries a challenge.
    StaleNonce,
    /// 440: a family that is not relayed here.
    AddressFamilyNotSupported,
    /// 441: proven, but another user's allocation.
    WrongCredentials,
    /// 442: neither UDP nor, where offered, TCP.
    UnsupportedTransport,
    /// 443: the peer's family is not the allocation's.
    PeerAddressFamilyMismatch,
    /// 446: there is a connection to that peer already (RFC 6062, 5.2).
    ConnectionAlreadyExists,
    /// 447: the peer could not be reached (RFC 6062, 5.2).
    ConnectionFailed,
    /// 486: this user or this address has enough allocations.
    QuotaReached,
    /// 508: this server has no more to give.
    InsufficientCapacity,
}

impl Refusal {
    /// RFC 8489, 14.8; RFC 8656, 19; RFC 6062, 6.3; RFC 8016, 3.4.
    pub(super) fn code(&self) -> u16 {
        match self {
            Refusal::BadRequest => 400,
            Refusal::Unauthorized => 401,
            Refusal::Forbidden => 403,
            Refusal::MobilityForbidden => 405,
            Refusal::UnknownAttributes(_) => 420,
            Refusal::AllocationMismatch => 437,
            Refusal::StaleNonce => 438,
            Refusal::AddressFamilyNotSupported => 440,
            Refusal::WrongCredentials => 441,
            Refusal::UnsupportedTransport => 442,
            Refusal::PeerAddressFamilyMismatch => 443,
            Refusal::ConnectionAlreadyExists => 446,
            Refusal::ConnectionFailed => 447,
            Refusal::QuotaReached => 486,
            Refusal::InsufficientCapacity => 508,
        }
    }
}
