//! A WebSocket over a stream: one read brings in all there is and one write takes everything out, both by way of memory that
//! belongs to the thread. tokio-tungstenite's own stream holds 3 KiB for each idle socket and reads every second message in
//! two parts; `frames` has the protocol.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What one read takes: a page that meets another says a description and a handful of candidates at once.
const READ: usize = 16 << 10;

/// What a thread keeps for writing; whatever needed more gives it back.
const KEPT: usize = 64 << 10;

thread_local! {
    static RECEIVED: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
    static OUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// See the module's text. Whoever has something for the other side may write, one after the other; one task reads.
#[derive(Debug)]
pub(super) struct WebSocket<IO>(Mutex<Stream<IO>>);

#[derive(Debug)]
struct Stream<IO> {
    io: IO,
    /// What came together with the handshake.
    early: Option<Box<Bytes>>,
    /// What the stream did not take at once.
    unsent: Vec<u8>,
}

/// A WebSocket over any stream, for those who only write.
pub(super) trait Mouth: Send + Sync {
    /// Sends what `write` appends, if that can be begun at once; `false`: something is left for [`WebSocket::say`], perhaps all.
    fn say_at_once(&self, write: &mut dyn FnMut(&mut Vec<u8>)) -> bool;
}

impl<IO: AsyncRead + AsyncWrite + Unpin> WebSocket<IO> {
    /// The handshake is over; `early` was read beyond it.
    pub(super) fn new(io: IO, early: Bytes) -> WebSocket<IO> {
        let early = (!early.is_empty()).then(|| Box::new(early));
        WebSocket(Mutex::new(Stream { io, early, unsent: Vec::new() }))
    }

    /// Waits until something comes, and lets `take_in` have it. May be given up and begun again: nothing gets lost.
    ///
    /// # Errors
    /// The error of `take_in`; the stream's, which includes its end.
    pub(super) async fn hear<E: From<io::Error>>(
        &self,
        mut take_in: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        poll_fn(|cx| {
            RECEIVED.with_borrow_mut(|received| {
                let count = ready!(self.lock().poll_read(cx, received))?;
                Poll::Ready(take_in(&mut received[..count]))
            })
        })
        .await
    }

    /// Sends what `write` appends, behind what is unsent. Given up on the way, the rest goes before whatever is said next.
    ///
    /// # Errors
    /// The stream's.
    pub(super) async fn say(&self, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let mut write = Some(write);
        poll_fn(|cx| {
            let mut stream = self.lock();
            if let Some(write) = write.take() {
                stream.begin(cx, write)?;
            }
            stream.poll_sent(cx)
        })
        .await
    }

    /// Reads on without looking until the other side has ended the connection.
    pub(super) async fn ignore(&self) -> io::Result<()> {
        // On the heap: in here it would be part of every task from its beginning.
        let mut unread = vec![0; 1024];
        loop {
            poll_fn(|cx| self.lock().poll_read(cx, &mut unread)).await?;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stream<IO>> {
        // A stream that panicked is at worst one that fails again.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send> Mouth for WebSocket<IO> {
    fn say_at_once(&self, write: &mut dyn FnMut(&mut Vec<u8>)) -> bool {
        let Ok(mut stream) = self.0.try_lock() else { return false };
        if !stream.unsent.is_empty() {
            return false;
        }
        // Nobody waits here: where the stream is not ready, or has failed, that is found by whoever goes on.
        let cx = &mut Context::from_waker(Waker::noop());
        stream.begin(cx, write).is_ok() && matches!(stream.poll_sent(cx), Poll::Ready(Ok(())))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Stream<IO> {
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

    /// Writes by way of the thread's memory, and keeps what the stream does not take at once.
    fn begin(&mut self, cx: &mut Context<'_>, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        OUT.with_borrow_mut(|out| {
            out.clear();
            write(out);
            let (mut sent, mut written) = (0, Ok(()));
            while self.unsent.is_empty() && sent < out.len() && written.is_ok() {
                match self.poll_write(cx, Some(&out[sent..])) {
                    Poll::Ready(Ok(count)) => sent += count,
                    Poll::Ready(Err(error)) => written = Err(error),
                    Poll::Pending => break,
                }
            }
            self.unsent.extend_from_slice(&out[sent..]);
            out.shrink_to(KEPT);
            written
        })
    }

    /// Waits until all is out.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let count = ready!(self.poll_write(cx, None))?;
            self.unsent.drain(..count);
        }
        self.unsent = Vec::new();
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Writes some of `bytes`, or else of what is unsent.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: Option<&[u8]>) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.io).poll_write(cx, bytes.unwrap_or(&self.unsent)))? {
            0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            count => Poll::Ready(Ok(count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_was_given_up_half_way_is_finished_before_the_next_word() {
        let (ours, mut theirs) = duplex(8);
        let web_socket = WebSocket::new(ours, Bytes::new());
        assert!(web_socket.say(|out| out.extend([1; 20])).now_or_never().is_none(), "there is room for eight");
        let (said, heard) = tokio::join!(web_socket.say(|out| out.extend([2; 20])), async {
            let mut heard = [0; 40];
            theirs.read_exact(&mut heard).await.map(|_| heard)
        });
        said.unwrap();
        assert_eq!(heard.unwrap(), *[[1; 20], [2; 20]].as_flattened());
        assert_eq!(web_socket.lock().unsent.capacity(), 0, "an idle socket holds nothing");
    }
}
