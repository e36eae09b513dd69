//! Binding: a client learns the address its packets come from (RFC 8489, 3) and, where the server has two addresses and two
//! ports, what kind of NAT they come through (RFC 5780). Needs no credentials, so it is as short as can be.

use std::net::SocketAddr;

use super::action::{Action, Reply};
use super::options::{Client, Discovery, Transport};
use super::refusal::Refusal;
use super::reply::ReplyTo;
use super::request;
use super::rules::Rules;
use crate::stun::{Message, attribute};

/// CHANGE-REQUEST's flags (RFC 5780, 7.2).
const CHANGE_IP: u8 = 0x04;
const CHANGE_PORT: u8 = 0x02;

pub(super) fn answer(
    rules: &Rules,
    client: Client,
    request: &Message,
    to: &ReplyTo,
    out: &mut Vec<u8>,
) -> Result<Action, Refusal> {
    let discovery = rules.options.discovery.filter(|_| client.transport == Transport::Udp);
    if let Some(discovery) = discovery.filter(|discovery| discovery.has(client.server)) {
        return discover(discovery, client, request, to, out).map(Action::Reply);
    }
    // RFC 5780, 6.1: a server without a second address knows no CHANGE-REQUEST, and the rest of it is of no use alone
    request::unknown_attributes(request, &[])?;
    let reply = to.success(out, |writer| writer.put_xor_address(attribute::XOR_MAPPED_ADDRESS, client.address));
    Ok(Action::Reply(reply))
}

fn discover(
    discovery: Discovery,
    client: Client,
    request: &Message,
    to: &ReplyTo,
    out: &mut Vec<u8>,
) -> Result<Reply, Refusal> {
    let known = [attribute::CHANGE_REQUEST, attribute::RESPONSE_PORT, attribute::PADDING];
    request::unknown_attributes(request, &known)?;
    let (ip, port) = change(request)?;
    let origin = discovery.seen_from(client.server, ip, port);
    let (to_port, padding) = (response_port(request)?, request.get(attribute::PADDING));
    // RFC 5780, 6.1: fragments to a port that did not ask for them are refused
    if to_port.is_some() && padding.is_some() {
        return Err(Refusal::BadRequest);
    }
    let reply = to.success(out, |writer| {
        let writer = writer
            .put_xor_address(attribute::XOR_MAPPED_ADDRESS, client.address)
            .put_address(attribute::RESPONSE_ORIGIN, origin)
            .put_address(attribute::OTHER_ADDRESS, discovery.seen_from(client.server, true, true));
        match padding {
            // As long as the client's own, never longer: whoever forges requests gains nothing
            Some(padding) => writer.put(attribute::PADDING, &vec![0; padding.len()]),
            None => writer,
        }
    });
    Ok(Reply { from: Some(origin).filter(|origin| *origin != client.server), to_port, ..reply })
}

/// Whether the answer shall come from the other IP address, and from the other port.
fn change(request: &Message) -> Result<(bool, bool), Refusal> {
    match request.get(attribute::CHANGE_REQUEST) {
        None => Ok((false, false)),
        Some(&[_, _, _, flags]) => Ok((flags & CHANGE_IP != 0, flags & CHANGE_PORT != 0)),
        Some(_) => Err(Refusal::BadRequest),
    }
}

/// RFC 5780, 7.5: another port of the same client. Some write two bytes of padding into the value.
fn response_port(request: &Message) -> Result<Option<u16>, Refusal> {
    match request.get(attribute::RESPONSE_PORT) {
        None => Ok(None),
        Some(&[0, 0] | &[0, 0, _, _]) => Err(Refusal::BadRequest),
        Some(&[p0, p1] | &[p0, p1, _, _]) => Ok(Some(u16::from_be_bytes([p0, p1]))),
        Some(_) => Err(Refusal::BadRequest),
    }
}

impl Discovery {
    /// Whether `address` is one of the four.
    fn has(&self, address: SocketAddr) -> bool {
        self.ips.contains(&address.ip()) && self.ports.contains(&address.port())
    }

    /// Of the four, the one with the same or the other IP address and port as `here`.
    fn seen_from(&self, here: SocketAddr, other_ip: bool, other_port: bool) -> SocketAddr {
        let ip = usize::from((here.ip() == self.ips[1]) != other_ip);
        let port = usize::from((here.port() == self.ports[1]) != other_port);
        SocketAddr::new(self.ips[ip], self.ports[port])
    }
}
