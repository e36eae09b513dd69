//! Serves requests: from the bytes of a message to what is done about it. The error of a request is its reply.

use std::time::Duration;

use super::action::{Action, Close, CloseFamily, Connect, Departure, Dropped, Join, Move, Reply, Ticket};
use super::allocation::Allocation;
use super::auth::{self, Proof};
use super::options::{Client, Lifetimes, RelayKind};
use super::refusal::Refusal;
use super::reply::ReplyTo;
use super::request::{self, Family};
use super::rules::Rules;
use super::session::{Opening, Session, State};
use super::{binding, quota, testing, token};
use crate::clock::Now;
use crate::pass;
use crate::stun::{Class, Message, Method, attribute};

/// USERNAME, REALM and NONCE at their longest (RFC 8489, 14.3, 14.9, 14.10) and a hundred peers: nobody makes us hash more.
const LONGEST_REQUEST: usize = 4096;

/// A request whose sender is known, and the way back.
struct Asked<'a> {
    rules: &'a Rules,
    request: &'a Message<'a>,
    username: Box<str>,
    to: ReplyTo,
    now: Now,
}

impl Session {
    /// A STUN message from the client.
    pub(super) fn message(&mut self, rules: &Rules, bytes: &[u8], now: Now, out: &mut Vec<u8>) -> Action {
        let Ok(message) = Message::read(bytes) else { return Action::Drop(Dropped::Malformed) };
        match (message.class(), message.method(), &mut self.state) {
            (Class::Indication, Some(Method::Send), State::Alive(allocation)) => allocation.send(rules, &message, now),
            (Class::Indication, Some(Method::Send), _) => Action::Drop(Dropped::NoAllocation),
            // These are only ever indications (RFC 8656, 17; RFC 6062, 6.1)
            (_, Some(Method::Send | Method::Data | Method::ConnectionAttempt), _) => Action::Drop(Dropped::Unexpected),
            (Class::Request, Some(method), _) => self.request(rules, method, &message, now, out),
            _ => Action::Drop(Dropped::Unexpected),
        }
    }

    fn request(&mut self, rules: &Rules, method: Method, request: &Message, now: Now, out: &mut Vec<u8>) -> Action {
        if request.len() > LONGEST_REQUEST {
            return Action::Drop(Dropped::Malformed);
        }
        let mut to = ReplyTo::new(method, request);
        let done = match method {
            Method::Binding => binding::answer(rules, self.client, request, &to, out),
            _ => auth::authenticate(rules, self.client, request, now).and_then(|Proof { username, signature }| {
                to.signature = Some(signature);
                request::unknown_attributes(request, &[])?;
                self.proven(Asked { rules, request, username, to: to.clone(), now }, out)
            }),
        };
        done.unwrap_or_else(|refusal| Action::Reply(to.refuse(&refusal, rules, self.client, now, out)))
    }

    fn proven(&mut self, asked: Asked, out: &mut Vec<u8>) -> Result<Action, Refusal> {
        match asked.to.method {
            Method::Allocate => return self.allocate(asked, out),
            Method::ConnectionBind => return self.join(asked),
            Method::Refresh if matches!(self.state, State::Stranger) => return self.move_here(asked, out),
            _ => {}
        }
        let client = self.client;
        let allocation = owned(self.alive(asked.now), &asked.username)?;
        match asked.to.method {
            Method::Refresh => {
                let action = refresh(allocation, asked, out)?;
                if matches!(action, Action::Close(_)) {
                    self.state = State::Stranger;
                }
                return Ok(action);
            }
            Method::CreatePermission => create_permission(allocation, &asked)?,
            Method::ChannelBind => channel_bind(allocation, &asked)?,
            Method::Connect => return connect(allocation, client, asked),
            _ => return Err(Refusal::BadRequest),
        }
        Ok(Action::Reply(asked.to.success(out, |writer| writer)))
    }

    /// RFC 8656, 7.2.
    fn allocate(&mut self, asked: Asked, out: &mut Vec<u8>) -> Result<Action, Refusal> {
        let Asked { rules, request, username, to, now } = asked;
        match &self.state {
            // A repeated request is answered again; any other one while there is an allocation is a 437
            State::Alive(allocation) if allocation.request == to.id => {
                return Ok(Action::Reply(self.granted(allocation, &to, now, out)));
            }
            State::Opening(opening) if opening.to.id == to.id => return Ok(Action::Drop(Dropped::Unexpected)),
            State::Stranger => {}
            _ => return Err(Refusal::AllocationMismatch),
        }
        if !rules.are_allocations_open() {
            return Err(Refusal::InsufficientCapacity);
        }
        let open = request::allocate(rules, self.client, request, token::make(rules, "port", self.client, to.id, now))?;
        let is_test = pass::is_for_test(&username);
        if is_test && open.kind == RelayKind::Tcp {
            return Err(Refusal::UnsupportedTransport);
        }
        let lifetime = lifetime(&rules.options.lifetimes, is_test, request::lifetime(request)?);
        let ticket =
            request::wants_ticket(rules, open.kind, request)?.then(|| token::ticket(rules, self.client, to.id, now));
        let place = quota::take(&rules.usage, &rules.live().quotas, &username, self.client.address.ip())?;
        self.state = State::Opening(Box::new(Opening { to, asked: open.clone(), lifetime, ticket, place }));
        Ok(Action::Open(open))
    }

    /// The success of an Allocate, the first time and every other.
    pub(super) fn granted(&self, allocation: &Allocation, to: &ReplyTo, now: Now, out: &mut Vec<u8>) -> Reply {
        let (client, lifetime) = (self.client.address, allocation.lifetime(now));
        to.success(out, |writer| allocation.granted.describe(writer, client, lifetime))
    }

    /// ConnectionBind (RFC 6062, 5.4): only over a connection that is nothing else.
    fn join(&mut self, asked: Asked) -> Result<Action, Refusal> {
        let id = asked.request.get_u32(attribute::CONNECTION_ID).and_then(Result::ok).ok_or(Refusal::BadRequest)?;
        if !matches!(self.state, State::Stranger) || !self.client.transport.is_stream() {
            return Err(Refusal::BadRequest);
        }
        self.state = State::Asking(Box::new(asked.to));
        Ok(Action::Join(Join { id, username: asked.username }))
    }

    /// A Refresh from a 5-tuple we do not know: of a client that moved, or of nobody.
    fn move_here(&mut self, asked: Asked, out: &mut Vec<u8>) -> Result<Action, Refusal> {
        let Asked { rules, request, to, now, .. } = asked;
        let ticket = request.get(attribute::MOBILITY_TICKET).ok_or(Refusal::AllocationMismatch)?;
        if !rules.options.mobility {
            return Err(Refusal::MobilityForbidden);
        }
        let ticket = Ticket::try_from(ticket).map_err(|_| Refusal::BadRequest)?;
        let otherwise = to.refuse(&Refusal::AllocationMismatch, rules, self.client, now, out);
        Ok(Action::Move(Move { ticket, otherwise }))
    }

    /// The Refresh that moves this session to `client` (RFC 8016, 3.2.3).
    pub(super) fn refresh_from(
        &mut self,
        rules: &Rules,
        client: Client,
        request: &Message,
        now: Now,
        out: &mut Vec<u8>,
    ) -> Departure {
        let mut to = ReplyTo::new(Method::Refresh, request);
        let done = auth::authenticate(rules, client, request, now).and_then(|Proof { username, signature }| {
            to.signature = Some(signature);
            let allocation = owned(self.alive(now), &username)?;
            move_to(allocation, client, Asked { rules, request, username, to: to.clone(), now }, out)
        });
        match &done {
            Ok(Departure::Moves(_)) => self.client = client,
            Ok(Departure::Ends(_)) => self.state = State::Stranger,
            _ => {}
        }
        done.unwrap_or_else(|refusal| Departure::Refused(to.refuse(&refusal, rules, client, now, out)))
    }
}

/// RFC 8656, 5: without an allocation a 437, with another user's a 441.
fn owned<'a>(allocation: Option<&'a mut Allocation>, username: &str) -> Result<&'a mut Allocation, Refusal> {
    match allocation {
        None => Err(Refusal::AllocationMismatch),
        Some(allocation) if allocation.username() != username => Err(Refusal::WrongCredentials),
        Some(allocation) => Ok(allocation),
    }
}

/// RFC 8656, 7.3: a Refresh with lifetime 0 ends the allocation, or one of its two relayed transport addresses where it
/// names a family.
fn refresh(allocation: &mut Allocation, asked: Asked, out: &mut Vec<u8>) -> Result<Action, Refusal> {
    let repeated = allocation.done_once == Some(asked.to.id);
    // RFC 8016, 3.2.2: from the 5-tuple the session lives under, a ticket is a 400, unless it has just led here
    if !repeated && asked.request.get(attribute::MOBILITY_TICKET).is_some() {
        let forbidden = !asked.rules.options.mobility;
        return Err(if forbidden { Refusal::MobilityForbidden } else { Refusal::BadRequest });
    }
    let (family, wanted) = (request::requested_family(asked.request)?, request::lifetime(asked.request)?);
    match (wanted, family) {
        (Some(0), _) if repeated => Ok(Action::Reply(gone(&asked, out))),
        (Some(0), None) => Ok(Action::Close(Close { reply: Some(gone(&asked, out)) })),
        (Some(0), Some(family)) => close_family(allocation, family, &asked, out),
        (_, Some(family)) if !allocation.granted.has(family) => Err(Refusal::PeerAddressFamilyMismatch),
        _ => Ok(Action::Reply(prolong(allocation, &asked, wanted, out))),
    }
}

fn close_family(
    allocation: &mut Allocation,
    family: Family,
    asked: &Asked,
    out: &mut Vec<u8>,
) -> Result<Action, Refusal> {
    let (ipv6, other) = match family {
        Family::V4 => (false, Family::V6),
        Family::V6 => (true, Family::V4),
    };
    if !allocation.granted.has(family) {
        return Err(Refusal::PeerAddressFamilyMismatch);
    }
    let reply = gone(asked, out);
    if !allocation.granted.has(other) {
        return Ok(Action::Close(Close { reply: Some(reply) }));
    }
    allocation.forget_family(ipv6);
    allocation.done_once = Some(asked.to.id);
    Ok(Action::CloseFamily(CloseFamily { reply, ipv6 }))
}

/// RFC 8016, 3.2.2: a ticket that is right moves the session, is used up by that, and another one takes its place.
fn move_to(allocation: &mut Allocation, client: Client, asked: Asked, out: &mut Vec<u8>) -> Result<Departure, Refusal> {
    let (rules, to, now) = (asked.rules, &asked.to, asked.now);
    allocation.granted.redeem(asked.request.get(attribute::MOBILITY_TICKET))?;
    let (family, wanted) = (request::requested_family(asked.request)?, request::lifetime(asked.request)?);
    if wanted == Some(0) && family.is_none() {
        return Ok(Departure::Ends(gone(&asked, out)));
    }
    // To move and to close a family are two requests
    if wanted == Some(0) {
        return Err(Refusal::BadRequest);
    }
    if family.is_some_and(|family| !allocation.granted.has(family)) {
        return Err(Refusal::PeerAddressFamilyMismatch);
    }
    allocation.place.move_to(&rules.live().quotas, client.address.ip())?;
    allocation.granted.ticket = Some(token::ticket(rules, client, to.id, now));
    allocation.done_once = Some(to.id);
    Ok(Departure::Moves(prolong(allocation, &asked, wanted, out)))
}

/// The success of a Refresh with lifetime 0.
fn gone(asked: &Asked, out: &mut Vec<u8>) -> Reply {
    asked.to.success(out, |writer| writer.put_u32(attribute::LIFETIME, 0))
}

/// Lets the allocation live on from now.
fn prolong(allocation: &mut Allocation, asked: &Asked, wanted: Option<u32>, out: &mut Vec<u8>) -> Reply {
    let lifetime = lifetime(&asked.rules.options.lifetimes, allocation.place.is_test(), wanted);
    allocation.expires = asked.now.monotonic + lifetime;
    asked.to.success(out, |writer| {
        let writer = writer.put_u32(attribute::LIFETIME, lifetime.as_secs() as u32);
        match &allocation.granted.ticket {
            Some(ticket) => writer.put(attribute::MOBILITY_TICKET, ticket),
            None => writer,
        }
    })
}

/// RFC 8656, 7.2: "the server computes the minimum of the client's proposed lifetime and the server's maximum allowed
/// lifetime. If this computed value is greater than the default lifetime, then the server uses the computed lifetime […]
/// Otherwise, the server uses the default lifetime." But a test is short.
fn lifetime(lifetimes: &Lifetimes, is_test: bool, wanted: Option<u32>) -> Duration {
    if is_test {
        return testing::LIFETIME;
    }
    let wanted = Duration::from_secs(wanted.unwrap_or(0).into());
    wanted.min(lifetimes.allocation_max).max(lifetimes.allocation)
}

/// RFC 8656, 10.2: all of the peers, or none.
fn create_permission(allocation: &mut Allocation, asked: &Asked) -> Result<(), Refusal> {
    let peers = request::peers(asked.rules, allocation, asked.request)?;
    let mut ips: Vec<_> = peers.iter().map(|(peer, _)| peer.ip()).collect();
    ips.sort_unstable();
    ips.dedup();
    allocation.room_for(asked.rules, &ips, asked.now)?;
    for (peer, route) in peers {
        allocation.permit(asked.rules, peer.ip(), route, asked.now);
    }
    Ok(())
}

/// RFC 8656, 12.2. RFC 6062, 5: TCP allocations have no channels.
fn channel_bind(allocation: &mut Allocation, asked: &Asked) -> Result<(), Refusal> {
    if allocation.granted.kind == RelayKind::Tcp {
        return Err(Refusal::BadRequest);
    }
    let (number, peer, route) = request::channel(asked.rules, allocation, asked.request)?;
    allocation.bind(asked.rules, number, peer, route, asked.now)
}

/// RFC 6062, 5.2: the reply waits for the peer.
fn connect(allocation: &mut Allocation, client: Client, asked: Asked) -> Result<Action, Refusal> {
    let Asked { rules, request, to, now, .. } = asked;
    if allocation.granted.kind != RelayKind::Tcp {
        return Err(Refusal::Forbidden);
    }
    let value = request.get(attribute::XOR_PEER_ADDRESS).ok_or(Refusal::BadRequest)?;
    let (peer, route) = request::peer(rules, allocation, request, value)?;
    let id = u32::from_be_bytes(token::make(rules, "connection", client, to.id, now));
    allocation.connections.open(id, peer, to, rules.live().quotas.connections)?;
    Ok(Action::Connect(Connect { id, peer, route }))
}
