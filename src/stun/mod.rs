//! Bytes into STUN messages and back (RFC 8489), ChannelData (RFC 8656, 12.4), and frames out of streams. Knows no
//! session, no user and no socket.

mod channel;
mod demux;
mod framer;

pub use channel::{CHANNEL_HEADER, channel_header, padding};
pub use demux::{FirstBytes, first_bytes};
pub use framer::{Framer, Unframeable};
