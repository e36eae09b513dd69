//! What an Allocate was granted, kept so that a repeated request gets the same answer.

use std::net::SocketAddr;

use aws_lc_rs::constant_time;

use super::action::{NotOpened, Open, Opened, PortWish, Ticket, Token};
use super::options::RelayKind;
use super::refusal::Refusal;
use super::request::Family;
use crate::stun::{Writer, attribute};

/// The relayed transport addresses of an allocation, and what came with them.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    pub(super) kind: RelayKind,
    pub(super) v4: Option<SocketAddr>,
    pub(super) v6: Option<SocketAddr>,
    /// The family asked for in addition and not to be had: ADDRESS-ERROR-CODE (RFC 8656, 18.12).
    missing: Option<(u8, Refusal)>,
    /// Of the port kept for later.
    token: Option<Token>,
    pub(super) ticket: Option<Ticket>,
}

impl Granted {
    /// Holds what was asked against what could be opened. One of two families is a success (RFC 8656, 7.2).
    pub(super) fn new(asked: &Open, opened: Opened, ticket: Option<Ticket>) -> Result<Granted, Refusal> {
        let (v4, v6) = (opened.v4.ok(), opened.v6.ok());
        if v4.is_none() && v6.is_none() {
            return Err(refusal(if asked.v4 { opened.v4 } else { opened.v6 }));
        }
        let missing = match (asked.v4 && asked.v6, v4, v6) {
            (true, None, _) => Some((attribute::FAMILY_IPV4, refusal(opened.v4))),
            (true, _, None) => Some((attribute::FAMILY_IPV6, refusal(opened.v6))),
            _ => None,
        };
        let token = match asked.port {
            PortWish::EvenAndKeepNext(token) => Some(token),
            _ => None,
        };
        Ok(Granted { kind: asked.kind, v4, v6, missing, token, ticket })
    }

    /// The relayed transport address of the family of `like`.
    pub(super) fn relayed(&self, like: SocketAddr) -> Option<SocketAddr> {
        if like.is_ipv4() { self.v4 } else { self.v6 }
    }

    /// Whether there is a relayed transport address of that family.
    pub(super) fn has(&self, family: Family) -> bool {
        match family {
            Family::V4 => self.v4.is_some(),
            Family::V6 => self.v6.is_some(),
        }
    }

    /// One of the two relayed transport addresses is given up.
    pub(super) fn forget_family(&mut self, ipv6: bool) {
        if ipv6 { self.v6 = None } else { self.v4 = None }
    }

    /// Whether `ticket` is the one that moves this session; compared in the same time whatever it is.
    pub(super) fn redeem(&self, ticket: Option<&[u8]>) -> Result<(), Refusal> {
        match (&self.ticket, ticket) {
            (Some(own), Some(ticket)) if constant_time::verify_slices_are_equal(own, ticket).is_ok() => Ok(()),
            _ => Err(Refusal::AllocationMismatch),
        }
    }

    /// The attributes of the success (RFC 8656, 7.2), which depend on nothing that changes but the time left.
    pub(super) fn describe<'a>(&self, writer: Writer<'a>, client: SocketAddr, lifetime: u32) -> Writer<'a> {
        let mut writer = writer;
        for relayed in [self.v4, self.v6].into_iter().flatten() {
            writer = writer.put_xor_address(attribute::XOR_RELAYED_ADDRESS, relayed);
        }
        writer = writer.put_u32(attribute::LIFETIME, lifetime).put_xor_address(attribute::XOR_MAPPED_ADDRESS, client);
        if let Some((family, why)) = &self.missing {
            let code = why.code();
            writer = writer.put(attribute::ADDRESS_ERROR_CODE, &[*family, 0, (code / 100) as u8, (code % 100) as u8]);
        }
        if let Some(token) = &self.token {
            writer = writer.put(attribute::RESERVATION_TOKEN, token);
        }
        if let Some(ticket) = &self.ticket {
            writer = writer.put(attribute::MOBILITY_TICKET, ticket);
        }
        writer
    }
}

fn refusal(answer: Result<SocketAddr, NotOpened>) -> Refusal {
    match answer {
        Err(NotOpened::NoSuchFamily) => Refusal::AddressFamilyNotSupported,
        _ => Refusal::InsufficientCapacity,
    }
}
