//! A connection that holds its place until it is closed, whoever closes it; and that ends when its peer takes nothing of
//! what it asked for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::admission::Place;

/// The stream with its place.
#[derive(Debug)]
pub(super) struct Admitted<IO = TcpStream> {
    stream: IO,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

/// A peer whose window stays closed for so long is gone, or wants the connection only for holding it. What is sent here
/// is small or paced, so that a slow line always takes some of it in a minute.
const STALLED: Duration = Duration::from_secs(60);

impl<IO> Admitted<IO> {
    pub(super) fn new(stream: IO, place: Place) -> Admitted<IO> {
        Admitted { stream, stalled: None, _place: place }
    }

    /// What a write came to, or its end after it has waited for too long.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALLED)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Admitted<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Admitted<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.in_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::admission::Admission;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_for_a_minute_is_given_up_and_a_slow_one_is_not() {
        let place = Arc::new(Admission::new(9, 9)).admit([192, 0, 2, 7].into(), false).unwrap();
        let (ours, mut theirs) = duplex(8);
        let mut admitted = Admitted::new(ours, place);
        let slow = tokio::spawn(async move {
            for _ in 0..4 {
                tokio::time::sleep(STALLED / 2).await;
                theirs.read_exact(&mut [0; 8]).await.unwrap();
            }
            theirs
        });
        admitted.write_all(&[1; 40]).await.expect("two minutes for forty bytes, but never one without a byte");
        let _theirs = slow.await.unwrap();
        assert_eq!(admitted.write_all(&[1; 9]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
