//! The body of an answer: nothing, bytes that are there, a file read piece by piece, or noise made as it is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::{Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, Take};
use tokio_util::io::ReaderStream;

use super::test_door::Noise;
use crate::admission::Place;

/// What is sent after the headers. Its length is always known.
#[derive(Debug)]
pub enum Body {
    /// Nothing at all: HTTP/2 must not carry a body for HEAD (RFC 9113, 8.1).
    Empty,
    /// Bytes in memory, usually of the binary itself.
    Bytes(Bytes),
    /// So many bytes of a file, from where it stands.
    File {
        /// What was not sent yet.
        stream: Pin<Box<ReaderStream<Take<File>>>>,
        /// How many bytes that are.
        left: u64,
        /// Its place among the downloads under way.
        place: Option<Place>,
    },
    /// For measuring a line.
    Noise {
        /// What was not sent yet.
        noise: Noise,
        /// Its place among the downloads under way.
        place: Option<Place>,
    },
}

impl Body {
    pub(super) fn file(file: File, length: u64) -> Body {
        let stream = Box::pin(ReaderStream::with_capacity(file.take(length), PIECE));
        Body::File { stream, left: length, place: None }
    }

    pub(super) fn noise(noise: Noise) -> Body {
        Body::Noise { noise, place: None }
    }

    /// Whether it is made piece by piece, so that somebody who takes nothing holds something of ours for as long.
    pub(super) fn is_download(&self) -> bool {
        matches!(self, Body::File { .. } | Body::Noise { .. })
    }

    /// Keeps `place` for as long as a download is on its way.
    pub(super) fn in_place(mut self, taken: Place) -> Body {
        if let Body::File { place, .. } | Body::Noise { place, .. } = &mut self {
            *place = Some(taken);
        }
        self
    }
}

/// Large enough that a gigabyte is not a million trips to the thread pool, small enough for many downloads that nobody takes:
/// over HTTP/2 one piece of each is read before anybody has room for it.
const PIECE: usize = 64 << 10;

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Body::Empty => Poll::Ready(None),
            whole @ Body::Bytes(_) => match std::mem::replace(whole, Body::Empty) {
                Body::Bytes(bytes) if !bytes.is_empty() => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                _ => Poll::Ready(None),
            },
            Body::File { stream, left, .. } => stream.as_mut().poll_next(context).map_ok(|piece| {
                *left = left.saturating_sub(piece.len() as u64);
                Frame::data(piece)
            }),
            Body::Noise { noise, .. } => Poll::Ready(noise.next().map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Empty => true,
            Body::Bytes(bytes) => bytes.is_empty(),
            Body::File { left, .. } => *left == 0,
            Body::Noise { noise, .. } => noise.left() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Body::Empty => 0,
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::File { left, .. } => *left,
            Body::Noise { noise, .. } => noise.left(),
        })
    }
}
