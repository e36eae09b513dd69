//! Where others leave payloads for the session of a stream, and what concerns its moving (RFC 8016).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use crate::relay::moving::{Arrival, Summons};
use crate::relay::overview::Question;

/// Payloads that may wait for a stream's task; it wakes for the first, so more means it cannot keep up.
const WAITING: usize = 256;

/// Bounded; the oldest gives way, as it is the latest already.
#[derive(Debug, Default)]
pub(in crate::relay) struct StreamInbox {
    waiting: Mutex<VecDeque<(SocketAddr, Box<[u8]>)>>,
    moves: Mutex<Moves>,
    task: AtomicWaker,
    over: AtomicBool,
}

/// A stream has one session, so the last call for it is the one that counts.
#[derive(Debug, Default)]
struct Moves {
    summons: Option<Summons>,
    arrivals: Vec<Arrival>,
    /// Who wants to know about the session; the last one counts.
    question: Option<Question>,
    /// Nobody will ever take these.
    is_closed: bool,
}

impl StreamInbox {
    /// Calls for the session of this stream.
    pub(in crate::relay) fn summon(&self, summons: Summons) -> bool {
        self.moves().summons = Some(summons);
        self.task.wake();
        true
    }

    /// Hands over what a call of this stream has brought about; back if the stream has ended.
    pub(in crate::relay) fn arrive(&self, arrival: Arrival) -> Result<(), Box<Arrival>> {
        let mut moves = self.moves();
        if moves.is_closed {
            return Err(Box::new(arrival));
        }
        moves.arrivals.push(arrival);
        drop(moves);
        self.task.wake();
        Ok(())
    }

    /// Asks about the session of this stream.
    pub(in crate::relay) fn ask(&self, question: Question) {
        self.moves().question = Some(question);
        self.task.wake();
    }

    /// Takes the question. Call after [`StreamInbox::take`], which has the task woken.
    pub(super) fn take_question(&self) -> Option<Question> {
        self.moves().question.take()
    }

    /// Takes what concerns moving. Call after [`StreamInbox::take`], which has the task woken.
    pub(super) fn take_moves(&self) -> (Option<Summons>, Vec<Arrival>) {
        let mut moves = self.moves();
        (moves.summons.take(), std::mem::take(&mut moves.arrivals))
    }

    /// The stream ends: what arrived too late.
    pub(super) fn close(&self) -> Vec<Arrival> {
        let mut moves = self.moves();
        moves.is_closed = true;
        std::mem::take(&mut moves.arrivals)
    }

    fn moves(&self) -> MutexGuard<'_, Moves> {
        self.moves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a payload from the relayed transport address `from`; returns how many were given up for it.
    pub(in crate::relay) fn push(&self, from: SocketAddr, payload: &[u8]) -> u64 {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = if waiting.len() == WAITING { waiting.pop_front() } else { None };
        waiting.push_back((from, payload.into()));
        drop(waiting);
        self.task.wake();
        u64::from(lost.is_some())
    }

    /// Ends the stream: its task hears of it at once.
    pub(super) fn end(&self) {
        self.over.store(true, Release);
        self.task.wake();
    }

    /// Whether somebody ended the stream. Ask after [`StreamInbox::take`], which sees to it that nobody ends it unheard.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Acquire)
    }

    /// Takes all that waits, and has `task` woken for the next payload.
    pub(super) fn take(&self, task: &Waker) -> VecDeque<(SocketAddr, Box<[u8]>)> {
        self.task.register(task);
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_payload_gives_way() {
        let (inbox, from) = (StreamInbox::default(), "192.0.2.1:1".parse().unwrap());
        let lost: u64 = (0..WAITING + 3).map(|n| inbox.push(from, &n.to_be_bytes())).sum();
        assert_eq!(lost, 3);
        let kept = inbox.take(Waker::noop());
        assert_eq!(kept.len(), WAITING);
        assert_eq!(*kept[0].1, 3usize.to_be_bytes());
    }
}
