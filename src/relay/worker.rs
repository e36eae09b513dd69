//! One UDP worker: a thread with its own poll, listeners, sessions and timers. It reads a batch, lets [`Traffic`] decide
//! and queue, and sends everything at once; one reading of the clocks serves a whole wake. While packets come fast it
//! rests between two wakes, as [`Pace`] says. A panic costs the allocation whose packet it was, and nobody else's.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use nix::sys::prctl;

use super::hairpin::Inbox;
use super::listeners::Listener;
use super::pace::{Pace, REST};
use super::shared::Shared;
use super::socket::ReceiveBuffers;
use super::traffic::Traffic;
use crate::clock::Now;

/// Never a listener's and never a relay socket's.
pub(super) const WAKER: Token = Token(usize::MAX);

/// Sockets reported ready in one wake; more come in the next.
const EVENTS: usize = 1024;

/// See the module's text.
pub(super) struct Worker {
    poll: Poll,
    events: Events,
    buffers: ReceiveBuffers,
    inbox: Inbox,
    /// Sockets not yet read empty: the poll reports an edge, not a level.
    ready: Vec<Token>,
    pace: Pace,
    traffic: Traffic,
}

impl Worker {
    /// Worker number `me`, with its share of the listeners.
    pub(super) fn new(
        me: usize,
        poll: Poll,
        mut listeners: Vec<Listener>,
        inbox: Inbox,
        shared: Arc<Shared>,
    ) -> io::Result<Worker> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            if let Some(socket) = &mut listener.socket {
                poll.registry().register(socket, Token(index), mio::Interest::READABLE)?;
            }
        }
        let traffic = Traffic::new(me, listeners, poll.registry().try_clone()?, shared);
        let events = Events::with_capacity(EVENTS);
        Ok(Worker {
            poll,
            events,
            buffers: ReceiveBuffers::new()?,
            inbox,
            ready: Vec::new(),
            pace: Pace::new(Instant::now()),
            traffic,
        })
    }

    /// Works until the relay stops.
    pub(super) fn run(mut self) {
        // Sound to go on with: what a panic may have left half-done is thrown away by `recover`.
        while catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            tracing::error!("a relay worker panicked; it gives up the allocation it was serving and goes on");
            self.recover();
        }
    }

    fn work(&mut self) {
        // Sleeps end up to 50 µs late unless a thread asks for more exactness. Where it may not, rests are longer.
        let _ = prctl::set_timerslack(1);
        while !self.traffic.is_stopping() {
            let patience = self.patience();
            if let Err(cause) = self.poll.poll(&mut self.events, patience)
                && cause.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%cause, "a relay worker cannot wait for its sockets and ends");
                return;
            }
            self.wake();
            if self.pace.is_fast() && self.ready.is_empty() {
                thread::sleep(REST);
            }
        }
    }

    /// How long nothing will have to be done if no packet comes.
    fn patience(&self) -> Option<Duration> {
        match self.ready.is_empty() {
            true => self.traffic.until_deadline(Now::read()),
            false => Some(Duration::ZERO),
        }
    }

    fn wake(&mut self) {
        let now = Now::read();
        self.traffic.begin(now);
        // Before anything is done: what a mistake cuts short here is read in the next wake.
        self.ready.extend(self.events.iter().map(|event| event.token()).filter(|token| *token != WAKER));
        let errors = self.events.iter().filter(|event| event.is_error()).map(|event| event.token());
        errors.for_each(|token| self.traffic.hear_errors(token, None));
        self.ready.sort_unstable();
        self.ready.dedup();
        // Each socket gets one batch a wake, so that a busy one cannot starve the others.
        let mut unfinished = 0;
        for index in 0..self.ready.len() {
            let token = self.ready[index];
            let (lone, empty) = self.read(token);
            self.pace.count(lone, now.monotonic);
            if !empty {
                self.ready[unfinished] = token;
                unfinished += 1;
            }
        }
        self.ready.truncate(unfinished);
        while let Ok(parcel) = self.inbox.parcels.try_recv() {
            self.traffic.unpack(&parcel);
            self.flush();
        }
        self.flush();
        self.move_sessions();
        self.traffic.end();
    }

    /// Lets sessions go that are called elsewhere, and takes those in that come here. Their packets have been sent.
    fn move_sessions(&mut self) {
        while let Ok((session, summons)) = self.inbox.summonses.try_recv() {
            self.traffic.let_go(session, summons);
        }
        while let Ok(arrival) = self.inbox.arrivals.try_recv() {
            self.traffic.take_in(arrival);
            self.flush();
        }
    }

    /// Reads one batch; says how many packets came alone in their buffer, and whether the socket is empty now.
    fn read(&mut self, token: Token) -> (usize, bool) {
        let Some(socket) = self.traffic.socket(token) else { return (0, true) };
        let (slots, empty) = match self.buffers.receive(&socket) {
            Ok(read) => read,
            // An ICMP error of an earlier packet: it is told once, and the packets behind it are still there.
            Err(cause) => {
                tracing::debug!(%cause, "a relay socket reports an error");
                return (0, false);
            }
        };
        let mut lone = 0;
        for slot in slots {
            let mut together = 0;
            for datagram in self.buffers.datagrams(slot) {
                self.traffic.handle(token, datagram, self.buffers.memory());
                together += 1;
            }
            lone += usize::from(together == 1);
        }
        if self.buffers.is_full() {
            self.flush();
        }
        (lone, empty)
    }

    /// After a panic: sockets stay in `ready`, what was read from them is lost.
    fn recover(&mut self) {
        self.traffic.recover();
        self.buffers.clear();
    }

    fn flush(&mut self) {
        self.traffic.flush(self.buffers.memory());
        self.buffers.clear();
    }
}
