//! Bytes into STUN messages and back (RFC 8489), ChannelData (RFC 8656, 12.4), and frames out of streams. Knows no
//! session, no user and no socket.
//!
//! The parser reads what a server reads, in place, and hides what RFC 8489 says to ignore. It is ours because a message
//! must end where its length says (`stun-types` reads on) and because the way of a Send indication goes through it.

pub(crate) mod attribute;
mod channel;
mod demux;
mod fingerprint;
mod framer;
mod integrity;
mod message;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use channel::read_channel_header;
pub use channel::{CHANNEL_HEADER, channel_header, padding};
pub use demux::{FirstBytes, first_bytes};
pub use framer::{Framer, Unframeable};
pub(crate) use integrity::{Key, PasswordAlgorithm};
pub(crate) use message::{Class, Message, Method, NotStun, TransactionId};
pub(crate) use writer::Writer;
