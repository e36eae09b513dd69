//! A WebSocket over a stream: one read brings in all there is and one write takes everything out, both by way of memory that
//! belongs to the thread. tokio-tungstenite's own stream holds 3 KiB for each idle socket and reads every second message in
//! two parts; `frames` has the protocol.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{Fault, Frame, Frames};

/// What one read takes: a page that meets another says a description and a handful of candidates at once.
const READ: usize = 16 << 10;

/// What a thread keeps for writing; whatever needed more gives it back.
const KEPT: usize = 64 << 10;

thread_local! {
    static RECEIVED: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
    static OUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct WebSocket<IO> {
    io: IO,
    /// What came together with the handshake.
    early: Option<Box<Bytes>>,
    frames: Frames,
    /// What the stream did not take at once.
    unsent: Vec<u8>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> WebSocket<IO> {
    /// The handshake is over; `early` was read beyond it.
    pub(super) fn new(io: IO, early: Bytes) -> WebSocket<IO> {
        let early = (!early.is_empty()).then(|| Box::new(early));
        WebSocket { io, early, frames: Frames::default(), unsent: Vec::new() }
    }

    /// Waits until something comes, and calls `heed` for each frame that is complete with it. May be given up and begun again:
    /// nothing gets lost.
    ///
    /// # Errors
    /// The first fault or error of `heed`, after which there is no sense in another call; the stream's, which includes its end.
    pub(super) async fn hear<E>(&mut self, mut heed: impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E>
    where
        E: From<Fault> + From<io::Error>,
    {
        poll_fn(|cx| {
            RECEIVED.with_borrow_mut(|received| {
                let count = ready!(self.poll_read(cx, received))?;
                Poll::Ready(self.frames.take_in(&mut received[..count], &mut heed))
            })
        })
        .await
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        if let Some(early) = &mut self.early {
            let count = into.len().min(early.len());
            into[..count].copy_from_slice(&early.split_to(count));
            self.early.take_if(|early| early.is_empty());
            return Poll::Ready(Ok(count));
        }
        let mut buf = ReadBuf::new(into);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf))?;
        match buf.filled().len() {
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            count => Poll::Ready(Ok(count)),
        }
    }

    /// Sends what `write` appends. Given up on the way, the rest goes before whatever is said next.
    ///
    /// # Errors
    /// The stream's.
    pub(super) async fn say(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let mut write = Some(write);
        poll_fn(|cx| {
            if let Some(write) = write.take() {
                OUT.with_borrow_mut(|out| self.begin(cx, out, write))?;
            }
            while !self.unsent.is_empty() {
                let count = ready!(self.poll_write(cx, None))?;
                self.unsent.drain(..count);
            }
            Pin::new(&mut self.io).poll_flush(cx)
        })
        .await?;
        self.unsent = Vec::new();
        Ok(())
    }

    /// Writes by way of `out`, and keeps what the stream does not take at once.
    fn begin(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        out.clear();
        write(out);
        let mut sent = 0;
        while self.unsent.is_empty() && sent < out.len() {
            match self.poll_write(cx, Some(&out[sent..])) {
                Poll::Ready(count) => sent += count?,
                Poll::Pending => break,
            }
        }
        self.unsent.extend_from_slice(&out[sent..]);
        out.shrink_to(KEPT);
        Ok(())
    }

    /// Writes some of `bytes`, or else of what is unsent.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: Option<&[u8]>) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.io).poll_write(cx, bytes.unwrap_or(&self.unsent)))? {
            0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            count => Poll::Ready(Ok(count)),
        }
    }

    /// The stream beneath.
    pub(super) fn into_inner(self) -> IO {
        self.io
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_was_given_up_half_way_is_finished_before_the_next_word() {
        let (ours, mut theirs) = duplex(8);
        let mut web_socket = WebSocket::new(ours, Bytes::new());
        assert!(web_socket.say(|out| out.extend([1; 20])).now_or_never().is_none(), "there is room for eight");
        let (said, heard) = tokio::join!(web_socket.say(|out| out.extend([2; 20])), async {
            let mut heard = [0; 40];
            theirs.read_exact(&mut heard).await.map(|_| heard)
        });
        said.unwrap();
        assert_eq!(heard.unwrap(), *[[1; 20], [2; 20]].as_flattened());
        assert_eq!(web_socket.unsent.capacity(), 0, "an idle socket holds nothing");
    }

    #[tokio::test]
    async fn a_word_that_came_with_the_handshake_is_heard_first() {
        let (ours, mut theirs) = duplex(99);
        // RFC 6455, 5.7: "Hello" masked, the second one cut in two by the end of the handshake's read.
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        let mut web_socket = WebSocket::new(ours, Bytes::from([&hello[..], &hello[..4]].concat()));
        theirs.write_all(&hello[4..]).await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < 2 {
            let heed = |frame: Frame<'_>| {
                if let Frame::Text(text) = frame {
                    heard.push(text.to_owned());
                }
                Ok::<(), Fallen>(())
            };
            web_socket.hear(heed).await.unwrap();
        }
        assert_eq!(heard, ["Hello", "Hello"]);
    }

    #[derive(Debug)]
    struct Fallen;

    impl From<Fault> for Fallen {
        fn from(_: Fault) -> Fallen {
            Fallen
        }
    }

    impl From<io::Error> for Fallen {
        fn from(_: io::Error) -> Fallen {
            Fallen
        }
    }
}
