//! Cuts STUN messages and ChannelData out of a stream (RFC 8656, 3.1 and 12.5), however the stream was split on its way.

use std::fmt;

/// Buffers what a stream brought until it is a whole frame. Holds no more memory than the frame at hand needs.
///
/// Read into [`space`](Framer::space), say how much by [`filled`](Framer::filled), then call [`next`](Framer::next)
/// until it gives `None`.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
}

impl Framer {
    /// `limit`: the longest frame to accept, in bytes with its header and padding. 65 556 takes every frame there is; less
    /// bounds what a stranger can make us hold, see [`Framer::set_limit`].
    pub fn new(limit: usize) -> Framer {
        Framer { limit }
    }

    /// Changes the longest frame to accept, when a stranger has become a session.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Where to read the next bytes into: never empty.
    pub fn space(&mut self) -> &mut [u8] {
        &mut []
    }

    /// `count` bytes were read into the front of [`space`](Framer::space).
    pub fn filled(&mut self, _count: usize) {}

    /// The next whole frame, ChannelData without its padding. `Ok(None)`: read more first. After an error the stream
    /// has lost its frames for good: close it.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its items")]
    pub fn next(&mut self) -> Result<Option<&[u8]>, Unframeable> {
        Ok(None)
    }

    /// Whether part of a frame has come and the rest has not: the time for a partial-frame timeout runs.
    pub fn is_partial(&self) -> bool {
        false
    }

    /// The bytes behind the last frame: after a ConnectionBind they are the peer's (RFC 6062, 4.3).
    pub fn into_rest(self) -> Vec<u8> {
        Vec::new()
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
