//! Reads requests into what they ask for: each function checks one request's attributes by the RFC's rules and says what
//! is wrong with them. Nothing is changed here.

use std::net::SocketAddr;

use super::action::{Open, PortWish, Route, Token};
use super::allocation::Allocation;
use super::options::{Client, RelayKind, Transport};
use super::refusal::Refusal;
use super::rules::Rules;
use crate::pass;
use crate::stun::attribute::{self, AttributeType};
use crate::stun::{Message, NotStun};

/// IP protocol numbers, as REQUESTED-TRANSPORT names them (RFC 8656, 18.8).
const UDP: u8 = 17;
const TCP: u8 = 6;

/// Whether this server knows an attribute, or may ignore it.
pub(super) fn is_understood(kind: AttributeType) -> bool {
    !attribute::must_be_understood(kind)
        || matches!(
            kind,
            attribute::USERNAME
                | attribute::REALM
                | attribute::NONCE
                | attribute::PASSWORD_ALGORITHM
                | attribute::USERHASH
                | attribute::CHANNEL_NUMBER
                | attribute::LIFETIME
                | attribute::XOR_PEER_ADDRESS
                | attribute::DATA
                | attribute::REQUESTED_ADDRESS_FAMILY
                | attribute::EVEN_PORT
                | attribute::REQUESTED_TRANSPORT
                | attribute::DONT_FRAGMENT
                | attribute::RESERVATION_TOKEN
                | attribute::CONNECTION_ID
        )
}

/// How many unknown attributes a 420 lists at most: who sends more is no client to be helped.
const UNKNOWN_LISTED: usize = 16;

/// RFC 8489, 6.3.1: unknown comprehension-required attributes are refused with their list. `also`: those that
/// are known for this request besides.
pub(super) fn unknown_attributes(request: &Message, also: &[AttributeType]) -> Result<(), Refusal> {
    let unknown = request.attributes().map(|attribute| attribute.kind);
    let unknown: Vec<u16> =
        unknown.filter(|kind| !is_understood(*kind) && !also.contains(kind)).take(UNKNOWN_LISTED).collect();
    if unknown.is_empty() { Ok(()) } else { Err(Refusal::UnknownAttributes(unknown)) }
}

/// What an Allocate asks the shell to open (RFC 8656, 7.2). `token` names a port to be kept, if one is.
pub(super) fn allocate(rules: &Rules, client: Client, request: &Message, token: Token) -> Result<Open, Refusal> {
    let kind = relay_kind(rules, client, request)?;
    let port = port_wish(request, token)?;
    let (v4, v6) = families(request)?;
    // RFC 8656, 7.2 points 7 to 9: a kept port brings its family along, and only one port can be kept
    if matches!(port, PortWish::Kept(_)) && has_family(request)
        || matches!(port, PortWish::EvenAndKeepNext(_)) && v4 && v6
        // RFC 6062, 5.1: "the request MUST NOT include" DONT-FRAGMENT, EVEN-PORT or RESERVATION-TOKEN
        || kind == RelayKind::Tcp && (port != PortWish::Any || request.get(attribute::DONT_FRAGMENT).is_some())
    {
        return Err(Refusal::BadRequest);
    }
    Ok(Open { v4, v6, kind, port })
}

fn relay_kind(rules: &Rules, client: Client, request: &Message) -> Result<RelayKind, Refusal> {
    match request.get(attribute::REQUESTED_TRANSPORT) {
        Some([UDP, _, _, _]) if rules.options.virtual_only => Ok(RelayKind::Virtual),
        Some([UDP, _, _, _]) => Ok(RelayKind::Udp),
        // RFC 6062, 5.1: over UDP to the server it is a 400
        Some([TCP, _, _, _]) if rules.options.tcp_relay && client.transport == Transport::Udp => {
            Err(Refusal::BadRequest)
        }
        Some([TCP, _, _, _]) if rules.options.tcp_relay => Ok(RelayKind::Tcp),
        Some([_, _, _, _]) => Err(Refusal::UnsupportedTransport),
        _ => Err(Refusal::BadRequest),
    }
}

fn port_wish(request: &Message, token: Token) -> Result<PortWish, Refusal> {
    match (request.get(attribute::EVEN_PORT), request.get(attribute::RESERVATION_TOKEN)) {
        (None, None) => Ok(PortWish::Any),
        (Some([bits]), None) if bits & 0x80 != 0 => Ok(PortWish::EvenAndKeepNext(token)),
        (Some([_]), None) => Ok(PortWish::Even),
        (None, Some(kept)) => kept.try_into().map(PortWish::Kept).map_err(|_| Refusal::BadRequest),
        _ => Err(Refusal::BadRequest),
    }
}

/// Whether an Allocate asks for leave to move (RFC 8016, 3.1.2): an empty ticket does, one with a value is a 400. A TCP
/// allocation is bound to its connection, and so are the connections of its peers: those are refused (405).
pub(super) fn wants_ticket(rules: &Rules, kind: RelayKind, request: &Message) -> Result<bool, Refusal> {
    match request.get(attribute::MOBILITY_TICKET) {
        None => Ok(false),
        Some(_) if !rules.options.mobility || kind == RelayKind::Tcp => Err(Refusal::MobilityForbidden),
        Some([]) => Ok(true),
        Some(_) => Err(Refusal::BadRequest),
    }
}

fn has_family(request: &Message) -> bool {
    request.get(attribute::REQUESTED_ADDRESS_FAMILY).is_some()
        || request.get(attribute::ADDITIONAL_ADDRESS_FAMILY).is_some()
}

/// Which families: one that is named, both, or IPv4.
fn families(request: &Message) -> Result<(bool, bool), Refusal> {
    match (requested_family(request)?, request.get(attribute::ADDITIONAL_ADDRESS_FAMILY)) {
        (None, None) | (Some(Family::V4), None) => Ok((true, false)),
        (Some(Family::V6), None) => Ok((false, true)),
        // RFC 8656, 18.11: only IPv6 can be had in addition
        (None, Some([attribute::FAMILY_IPV6, _, _, _])) => Ok((true, true)),
        _ => Err(Refusal::BadRequest),
    }
}

/// The two families a REQUESTED-ADDRESS-FAMILY can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// REQUESTED-ADDRESS-FAMILY; 440 for a family that is none.
pub(super) fn requested_family(request: &Message) -> Result<Option<Family>, Refusal> {
    match request.get(attribute::REQUESTED_ADDRESS_FAMILY) {
        None => Ok(None),
        Some([attribute::FAMILY_IPV4, _, _, _]) => Ok(Some(Family::V4)),
        Some([attribute::FAMILY_IPV6, _, _, _]) => Ok(Some(Family::V6)),
        Some([_, _, _, _]) => Err(Refusal::AddressFamilyNotSupported),
        Some(_) => Err(Refusal::BadRequest),
    }
}

/// LIFETIME, in seconds.
pub(super) fn lifetime(request: &Message) -> Result<Option<u32>, Refusal> {
    request.get_u32(attribute::LIFETIME).transpose().map_err(|NotStun| Refusal::BadRequest)
}

/// The peers a CreatePermission names: at least one (RFC 8656, 10.2), each allowed.
pub(super) fn peers(
    rules: &Rules,
    allocation: &Allocation,
    request: &Message,
) -> Result<Vec<(SocketAddr, Route)>, Refusal> {
    let peers: Vec<_> = request
        .attributes()
        .filter(|attribute| attribute.kind == attribute::XOR_PEER_ADDRESS)
        .map(|attribute| peer(rules, allocation, request, attribute.value))
        .collect::<Result<_, _>>()?;
    if peers.is_empty() { Err(Refusal::BadRequest) } else { Ok(peers) }
}

/// The channel number and peer of a ChannelBind, both there (RFC 8656, 12.2).
pub(super) fn channel(
    rules: &Rules,
    allocation: &Allocation,
    request: &Message,
) -> Result<(u16, SocketAddr, Route), Refusal> {
    let Some(&[n0, n1, _, _]) = request.get(attribute::CHANNEL_NUMBER) else { return Err(Refusal::BadRequest) };
    let value = request.get(attribute::XOR_PEER_ADDRESS).ok_or(Refusal::BadRequest)?;
    let (peer, route) = peer(rules, allocation, request, value)?;
    Ok((u16::from_be_bytes([n0, n1]), peer, route))
}

/// A peer that can be reached from this allocation's family (443) and may be reached at all (403).
pub(super) fn peer(
    rules: &Rules,
    allocation: &Allocation,
    request: &Message,
    value: &[u8],
) -> Result<(SocketAddr, Route), Refusal> {
    let peer = request.xor_address(value).ok_or(Refusal::BadRequest)?;
    if allocation.granted.relayed(peer).is_none() {
        return Err(Refusal::PeerAddressFamilyMismatch);
    }
    let route = rules.route(pass::holder(allocation.username()), peer.ip()).ok_or(Refusal::Forbidden)?;
    Ok((peer, route))
}
