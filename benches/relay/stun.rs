//! The few STUN messages a client needs to set up a relayed path, so that the generator depends on no TURN client's
//! opinions. Encoding is `stun-types`' work; which request follows which is `client`'s.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use stun_types::attribute::{ErrorCode, Nonce, Realm, Username};
use stun_types::message::{
    BINDING, IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, Message, MessageWriteVec,
};
use stun_types::prelude::*;
use turn_types::attribute::{ChannelNumber, RequestedTransport, XorPeerAddress, XorRelayedAddress};
use turn_types::message::{ALLOCATE, CHANNEL_BIND};

/// The one user every server under test is given.
pub(crate) const USER: &str = "bench";
/// That user's password.
pub(crate) const PASSWORD: &str = "bench";
/// The realm every server under test is given.
pub(crate) const REALM: &str = "callbox.bench";

/// What the server's 401 told us, ready to sign requests with.
pub(crate) struct Session {
    realm: String,
    nonce: String,
    key: IntegrityKey,
}

impl Session {
    /// Of somebody who was never challenged and knows no password.
    pub(crate) fn forged() -> Session {
        let (realm, nonce) = (REALM.to_owned(), "0123456789abcdef0123456789abcdef".to_owned());
        let key = LongTermKeyCredentials::new(USER.into(), "a guess".into(), realm.clone());
        Session { realm, nonce, key: key.make_key(IntegrityAlgorithm::Sha1) }
    }
}

/// A Binding request, to see whether a server is up.
pub(crate) fn binding() -> Vec<u8> {
    Message::builder_request(BINDING, MessageWriteVec::new()).finish()
}

/// An Allocate request for UDP (RFC 8656, 7.1); without a session the one that fetches the challenge.
pub(crate) fn allocate(session: Option<&Session>) -> Result<Vec<u8>> {
    let mut request = Message::builder_request(ALLOCATE, MessageWriteVec::new());
    request.add_attribute(&RequestedTransport::new(RequestedTransport::UDP))?;
    match session {
        Some(session) => sign(request, session),
        None => Ok(request.finish()),
    }
}

/// A ChannelBind request (RFC 8656, 12.1).
pub(crate) fn channel_bind(session: &Session, channel: u16, peer: SocketAddr) -> Result<Vec<u8>> {
    let mut request = Message::builder_request(CHANNEL_BIND, MessageWriteVec::new());
    let id = Message::from_bytes(request.data())?.transaction_id();
    request.add_attribute(&ChannelNumber::new(channel))?;
    request.add_attribute(&XorPeerAddress::new(peer, id))?;
    sign(request, session)
}

/// Reads the challenge out of a 401.
pub(crate) fn challenged(reply: &[u8]) -> Result<Session> {
    let reply = Message::from_bytes(reply)?;
    let code = reply.attribute::<ErrorCode>().map(|error| error.code());
    if code != Ok(401) {
        bail!("expected 401 Unauthorized to the first Allocate, got {code:?}");
    }
    let realm = reply.attribute::<Realm>().context("no REALM in the 401")?.realm().to_owned();
    let nonce = reply.attribute::<Nonce>().context("no NONCE in the 401")?.nonce().to_owned();
    let key =
        LongTermKeyCredentials::new(USER.into(), PASSWORD.into(), realm.clone()).make_key(IntegrityAlgorithm::Sha1);
    Ok(Session { realm, nonce, key })
}

/// Reads the relayed transport address out of an Allocate success.
pub(crate) fn relayed(reply: &[u8]) -> Result<SocketAddr> {
    let reply = success(reply)?;
    let address = reply.attribute::<XorRelayedAddress>().context("no XOR-RELAYED-ADDRESS")?;
    Ok(address.addr(reply.transaction_id()))
}

/// The message, when it is a success response; its error code as an error when not.
pub(crate) fn success(reply: &[u8]) -> Result<Message<'_>> {
    let message = Message::from_bytes(reply)?;
    if let Ok(error) = message.attribute::<ErrorCode>() {
        bail!("{} was refused: {} {}", message.method(), error.code(), error.reason());
    }
    Ok(message)
}

fn sign(mut request: MessageWriteVec, session: &Session) -> Result<Vec<u8>> {
    request.add_attribute(&Username::new(USER)?)?;
    request.add_attribute(&Realm::new(&session.realm)?)?;
    request.add_attribute(&Nonce::new(&session.nonce)?)?;
    request.add_message_integrity_with_key(&session.key, IntegrityAlgorithm::Sha1)?;
    Ok(request.finish())
}
