//! Buffers that a task needs only while it runs, so each thread has one set for all of its streams.

use std::cell::Cell;
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
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Lends this thread's buffers. A panic in `work` loses them, and with them whatever half-done work they hold.
pub(super) fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> io::Result<R>) -> io::Result<R> {
    let mut scratch = match SCRATCH.take() {
        Some(scratch) => scratch,
        None => Box::new(Scratch { buffers: ReceiveBuffers::new()?, queue: SendQueue::default() }),
    };
    let result = work(&mut scratch);
    SCRATCH.set(Some(scratch));
    result
}
