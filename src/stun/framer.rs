//! Cuts STUN messages and ChannelData out of a stream (RFC 8656, 3.1 and 12.5), however the stream was split on its way.

use std::fmt;
use std::ops::Range;

use super::channel::{CHANNEL_HEADER, padding, read_channel_header};
use super::demux::{FirstBytes, first_bytes};
use super::message::HEADER;

/// Buffers what a stream brought until it is a whole frame.
///
/// Read into [`space`](Framer::space), say how much by [`filled`](Framer::filled), then call [`next`](Framer::next)
/// until it gives `None`. The buffer starts at nothing, has room for [`READ`](Framer::READ) bytes from the first read on,
/// and grows beyond only for a frame that needs it, up to the limit.
#[derive(Debug)]
pub struct Framer {
    buffer: Vec<u8>,
    /// What was read and not yet handed out: `start..end` of the buffer.
    start: usize,
    end: usize,
    limit: usize,
}

impl Framer {
    /// The longest frame there is: ChannelData with 65 535 bytes and its padding, and a STUN message of 65 552.
    pub const LONGEST: usize = HEADER + 65_536;

    /// How much one read can bring at least: a few video packets, so that one wake serves them all.
    pub const READ: usize = 8 * 1024;

    /// `limit`: the longest frame to accept, in bytes with its header and padding; [`Framer::LONGEST`] takes every frame
    /// there is, less bounds what a stranger can make us hold. 4096 fits every request that opens an allocation.
    pub fn new(limit: usize) -> Framer {
        Framer { buffer: Vec::new(), start: 0, end: 0, limit }
    }

    /// Changes the longest frame to accept, when a stranger has become a session.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Where to read the next bytes into: never empty.
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let wanted = match self.frame() {
            Ok(Some(frame)) => frame.whole.max(Framer::READ),
            _ => Framer::READ,
        };
        // A caller who leaves whole frames behind still finds room for a byte
        let wanted = wanted.max(self.end + 1);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// `count` bytes were read into the front of [`space`](Framer::space).
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// The next whole frame, ChannelData without its padding. `Ok(None)`: read more first. After an error the stream
    /// has lost its frames for good: close it.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its items")]
    pub fn next(&mut self) -> Result<Option<&[u8]>, Unframeable> {
        let Some(frame) = self.frame()? else { return Ok(None) };
        if self.end - self.start < frame.whole {
            return Ok(None);
        }
        let bytes = self.start..self.start + frame.bytes;
        self.start += frame.whole;
        Ok(Some(&self.buffer[bytes]))
    }

    /// Whether part of a frame has come and the rest has not: the time for a partial-frame timeout runs.
    pub fn is_partial(&self) -> bool {
        self.start != self.end
    }

    /// The bytes behind the last frame: after a ConnectionBind they are the peer's (RFC 6062, 4.3).
    pub fn into_rest(mut self) -> Vec<u8> {
        let rest: Range<usize> = self.start..self.end;
        self.buffer.truncate(rest.end);
        self.buffer.drain(..rest.start);
        self.buffer
    }

    /// How long the frame at the front is, as soon as its first bytes say so.
    fn frame(&self) -> Result<Option<Frame>, Unframeable> {
        let bytes = &self.buffer[self.start..self.end];
        let Some((first, length)) = read_channel_header(bytes) else { return Ok(None) };
        let frame = match first {
            0x0000..=0x3FFF if first_bytes(bytes) != FirstBytes::Other => Frame::of(HEADER + length),
            0x4000..=0x4FFF => Frame::of(CHANNEL_HEADER + length),
            _ => return Err(Unframeable::NotStun),
        };
        if frame.whole > self.limit {
            return Err(Unframeable::TooLong { declared: frame.whole, limit: self.limit });
        }
        Ok(Some(frame))
    }
}

/// A frame's length without and with its padding.
struct Frame {
    bytes: usize,
    whole: usize,
}

impl Frame {
    /// RFC 8656, 12.5: "Over TCP and TLS-over-TCP, the ChannelData message MUST be padded to a multiple of four bytes […]
    /// The padding is not reflected in the length field". A STUN message's length is a multiple of four by itself; one
    /// that lies about it loses its padding here and is refused as malformed later.
    fn of(bytes: usize) -> Frame {
        Frame { bytes, whole: bytes + padding(bytes) }
    }
}

/// Why a stream cannot be cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unframeable {
    /// The next bytes begin neither a STUN message nor ChannelData.
    NotStun,
    /// The next frame is longer than the limit.
    TooLong {
        /// The length it declares.
        declared: usize,
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for Unframeable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unframeable::NotStun => f.write_str("the stream holds neither a STUN message nor ChannelData"),
            Unframeable::TooLong { declared, limit } => {
                write!(f, "a frame of {declared} bytes, more than the {limit} this client may send")
            }
        }
    }
}

impl std::error::Error for Unframeable {}
