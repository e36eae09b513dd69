//! Binding: a client learns the address its packets come from (RFC 8489, 3) and, where the server has a second address,
//! what kind of NAT they come through (RFC 5780). Needs no credentials, so it is as short as can be.

use std::net::SocketAddr;

use super::action::{Action, Reply, ReplyFrom};
use super::options::{Client, SecondAddress, Transport};
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
    let second = rules.options.second.filter(|_| client.transport == Transport::Udp);
    // RFC 5780, 6.1: a server without a second address knows no CHANGE-REQUEST
    request::unknown_attributes(request, second.map(|_| attribute::CHANGE_REQUEST))?;
    let from = reply_from(request)?;
    let reply = to.success(out, |writer| {
        let writer = writer.put_xor_address(attribute::XOR_MAPPED_ADDRESS, client.address);
        let Some(second) = second else { return writer };
        writer
            .put_address(attribute::RESPONSE_ORIGIN, second.seen(client.server, from))
            .put_address(attribute::OTHER_ADDRESS, second.seen(client.server, ReplyFrom::OtherBoth))
    });
    Ok(Action::Reply(Reply { from, ..reply }))
}

fn reply_from(request: &Message) -> Result<ReplyFrom, Refusal> {
    let flags = match request.get(attribute::CHANGE_REQUEST) {
        None => 0,
        Some(&[_, _, _, flags]) => flags,
        Some(_) => return Err(Refusal::BadRequest),
    };
    Ok(match (flags & CHANGE_IP != 0, flags & CHANGE_PORT != 0) {
        (false, false) => ReplyFrom::Here,
        (false, true) => ReplyFrom::OtherPort,
        (true, false) => ReplyFrom::OtherAddress,
        (true, true) => ReplyFrom::OtherBoth,
    })
}

impl SecondAddress {
    /// The address of ours that `from` means to somebody who wrote to `here`.
    fn seen(&self, here: SocketAddr, from: ReplyFrom) -> SocketAddr {
        let (ip, port) = match from {
            ReplyFrom::Here => (false, false),
            ReplyFrom::OtherPort => (false, true),
            ReplyFrom::OtherAddress => (true, false),
            ReplyFrom::OtherBoth => (true, true),
        };
        let other_ip = (here.ip() == self.other.ip()) != ip;
        let other_port = (here.port() == self.other.port()) != port;
        SocketAddr::new(
            if other_ip { self.other.ip() } else { self.primary.ip() },
            if other_port { self.other.port() } else { self.primary.port() },
        )
    }
}
