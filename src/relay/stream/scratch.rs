//! Buffers that a task needs only while it runs, so each thread has one set for all of its streams.

use std::cell::RefCell;
use std::io;

use crate::relay::socket::{ReceiveBuffers, SendQueue};

/// See the module's text.
pub(super) struct Scratch {
    /// What peers sent; empty between uses.
    pub(super) buffers: ReceiveBuffers,
    /// What goes to peers, and what the core wrote; flushed before the task rests.
    pub(super) queue: SendQueue,
}

thread_local! {
    static SCRATCH: RefCell<Option<Scratch>> = const { RefCell::new(None) };
}

/// Lends this thread's buffers. Never called within itself: what runs in `work` does not wait.
pub(super) fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> io::Result<R>) -> io::Result<R> {
    SCRATCH.with_borrow_mut(|scratch| match scratch {
        Some(scratch) => work(scratch),
        None => {
            let fresh = Scratch { buffers: ReceiveBuffers::new()?, queue: SendQueue::default() };
            work(scratch.insert(fresh))
        }
    })
}
