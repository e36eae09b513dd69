//! A TURN client as far as the generator needs one: allocate, bind a channel. It works over any [`Link`], so that UDP
//! and TLS clients are set up by the same lines.

use std::net::SocketAddr;

use anyhow::Result;

use crate::stun;

/// The first channel number there is (RFC 8656, 12). Every client binds just one.
pub(crate) const CHANNEL: u16 = 0x4000;

/// Bytes of the ChannelData header: number and length.
pub(crate) const HEADER: usize = 4;

/// A way to ask the server something and wait for its answer.
pub(crate) trait Link {
    /// Sends `request` and returns the response to it.
    fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>>;
}

/// A client with an allocation of its own.
pub(crate) struct Client<L> {
    /// How it reaches the server.
    pub(crate) link: L,
    /// Its relayed transport address.
    pub(crate) relayed: SocketAddr,
    session: stun::Session,
}

impl<L: Link> Client<L> {
    /// Allocates a relayed transport address over `link`.
    pub(crate) fn allocate(mut link: L) -> Result<Client<L>> {
        let session = stun::challenged(&link.ask(&stun::allocate(None)?)?)?;
        let relayed = stun::relayed(&link.ask(&stun::allocate(Some(&session))?)?)?;
        Ok(Client { link, relayed, session })
    }

    /// Binds [`CHANNEL`] to `peer`, which also permits it.
    pub(crate) fn bind(&mut self, peer: SocketAddr) -> Result<()> {
        let reply = self.link.ask(&stun::channel_bind(&self.session, CHANNEL, peer)?)?;
        stun::success(&reply).map(|_| ())
    }
}

/// The ChannelData header (RFC 8656, 12.4) of a packet with `length` bytes of payload.
pub(crate) fn channel_header(length: u16) -> [u8; HEADER] {
    let [c0, c1] = CHANNEL.to_be_bytes();
    let [l0, l1] = length.to_be_bytes();
    [c0, c1, l0, l1]
}
