//! TURN over TCP and TLS: one task per connection, owning one session (a TCP connection is one 5-tuple, so at most one
//! allocation). Whatever wakes it, it does all there is to do and then writes once.

mod inbox;
mod owners;
mod peer_connections;
mod pipe;
mod scratch;
mod session;
mod tcp_relay;
mod write_queue;

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

pub(super) use inbox::StreamInbox;
pub(super) use owners::Owners;
pub(super) use peer_connections::PeerConnections;

use super::shared::Shared;
use crate::clock::Now;
use crate::stun::Framer;
use crate::turn::Client;
use pipe::pipe;
use scratch::{Scratch, with_scratch};
use session::StreamSession;

/// How long a connection without an allocation may be silent between two whole messages, the first one included.
const STRANGERS_PATIENCE: Duration = Duration::from_secs(10);

/// The longest message from somebody without an allocation: an Allocate with every attribute there is stays far below.
const STRANGERS_FRAME: usize = 4096;

/// Reads in one go before others get their turn.
const ROUNDS: usize = 8;

thread_local! {
    static TURNS: Cell<u64> = const { Cell::new(0) };
}

/// How many turns streams have had on the calling thread.
pub(super) fn turns() -> u64 {
    TURNS.get()
}

/// Serves one connection to its end.
pub(super) async fn serve<S>(shared: Arc<Shared>, io: S, client: Client) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut connection = Connection {
        io,
        framer: Framer::new(STRANGERS_FRAME),
        session: StreamSession::new(shared.clone(), client),
        unflushed: false,
        timer: Box::pin(tokio::time::sleep(STRANGERS_PATIENCE)),
        last_frame: Instant::now(),
    };
    let served = async {
        let ended = poll_fn(|task| connection.poll(task)).await;
        connection.carry_on(&shared, ended).await
    };
    shared.streams_end.run_until_cancelled(served).await.unwrap_or(Ok(()))
}

/// One connection and its session.
struct Connection<S> {
    io: S,
    framer: Framer,
    session: StreamSession,
    /// Written to `io`, which may still hold it back (TLS does).
    unflushed: bool,
    timer: Pin<Box<Sleep>>,
    last_frame: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// One wake. Ready when the connection is over.
    fn poll(&mut self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        TURNS.set(TURNS.get() + 1);
        self.session.begin(Now::read());
        let read = with_scratch(|scratch| {
            let read = self.poll_read(task, scratch);
            // Whatever was read: nothing of this connection may stay in a queue that the next one uses.
            self.session.flush(&[], &mut scratch.queue);
            let read = read?;
            self.session.hear(task, scratch).map_err(invalid_data)?;
            self.session.hear_of_moves(task).map_err(invalid_data)?;
            self.session.hear_connections(task, &mut scratch.queue).map_err(invalid_data)?;
            Ok(read)
        })?;
        let _ = self.poll_write(task)?;
        self.session.end();
        let over = read.is_ready() || self.session.was_ended() || self.has_lost_patience(task);
        if over { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// A connection that was joined to a peer's goes on as a pipe (RFC 6062, 4.3). Any other one is over, but a session
    /// that may move lives on.
    async fn carry_on(mut self, shared: &Shared, ended: io::Result<()>) -> io::Result<()> {
        let Some(peer) = self.session.joined.take().filter(|_| ended.is_ok()) else {
            drop((self.io, self.framer));
            self.session.outlive().await;
            return ended;
        };
        let mut unwritten = Vec::new();
        while let chunk @ [_, ..] = self.session.writes.chunk() {
            unwritten.extend_from_slice(chunk);
            let count = chunk.len();
            self.session.writes.advance(count);
        }
        // The allocation, if it was this connection's own, has ended; a pipe may last for hours.
        drop(self.session);
        pipe(shared, self.io, peer, &unwritten, &self.framer.into_rest()).await
    }

    /// Reads and serves frames. Ready when the client has closed, or speaks to a peer from now on.
    fn poll_read(&mut self, task: &mut Context<'_>, scratch: &mut Scratch) -> io::Result<Poll<()>> {
        for _ in 0..ROUNDS {
            let mut space = ReadBuf::new(self.framer.space());
            let Poll::Ready(read) = Pin::new(&mut self.io).poll_read(task, &mut space) else {
                return Ok(Poll::Pending);
            };
            read?;
            let count = space.filled().len();
            if count == 0 {
                return Ok(Poll::Ready(()));
            }
            self.framer.filled(count);
            self.serve_frames(scratch)?;
            if self.session.joined.is_some() {
                return Ok(Poll::Ready(()));
            }
        }
        // More may be there: come back after the others.
        task.waker().wake_by_ref();
        Ok(Poll::Pending)
    }

    fn serve_frames(&mut self, scratch: &mut Scratch) -> io::Result<()> {
        // It may have become a session's, or a stranger's again, by a move.
        self.framer.set_limit(if self.session.is_alive() { Framer::LONGEST } else { STRANGERS_FRAME });
        while self.session.joined.is_none()
            && let Some(frame) = self.framer.next().map_err(invalid_data)?
        {
            self.session.frame(frame, &mut scratch.queue).map_err(invalid_data)?;
            self.last_frame = Instant::now();
        }
        self.framer.set_limit(if self.session.is_alive() { Framer::LONGEST } else { STRANGERS_FRAME });
        Ok(())
    }

    fn poll_write(&mut self, task: &mut Context<'_>) -> io::Result<Poll<()>> {
        loop {
            let chunk = self.session.writes.chunk();
            if chunk.is_empty() {
                break;
            }
            match Pin::new(&mut self.io).poll_write(task, chunk) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(written) => match written? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    count => self.session.writes.advance(count),
                },
            }
            self.unflushed = true;
        }
        if self.unflushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.io).poll_flush(task)
        {
            flushed?;
            self.unflushed = false;
        }
        Ok(Poll::Ready(()))
    }

    /// Ends an allocation that has run out, and says whether a connection without one has been silent for too long.
    fn has_lost_patience(&mut self, task: &mut Context<'_>) -> bool {
        loop {
            let until = self.session.deadline().map_or(self.last_frame + STRANGERS_PATIENCE, Instant::from_std);
            if self.timer.deadline() != until {
                self.timer.as_mut().reset(until);
            }
            if self.timer.as_mut().poll(task).is_pending() {
                return false;
            }
            if !self.session.expire(Now::read()) {
                return true;
            }
            self.last_frame = Instant::now();
        }
    }
}

fn invalid_data(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause)
}
