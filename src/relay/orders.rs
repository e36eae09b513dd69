//! What a worker is told about its sessions from outside: few words, seldom, and never lost, unlike parcels.

use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Release};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

use super::overview::Question;

/// Something to be done before the next packet is served.
#[derive(Clone, Debug)]
pub(super) enum Order {
    /// End every allocation that was made with credentials made out to this id.
    End(Box<str>),
    /// Tell of your allocations.
    Tell(Question),
    /// Say that you are there.
    Answer(Sender<()>),
    /// Give each client a socket of its own, and say when it is done.
    Steer(Sender<()>),
    /// Hear nobody new from here on, and say when it is done.
    Deafen(Sender<()>),
}

/// The orders for one worker. As many as people leave between two wakes.
#[derive(Debug, Default)]
pub(super) struct Orders {
    waiting: AtomicBool,
    list: Mutex<Vec<Order>>,
}

impl Orders {
    /// Leaves an order; wake the worker afterwards.
    pub(super) fn give(&self, order: Order) {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).push(order);
        self.waiting.store(true, Release);
    }

    /// Takes all there are. Costs one atomic when there is none.
    pub(super) fn take(&self) -> Vec<Order> {
        match self.waiting.swap(false, AcqRel) {
            true => std::mem::take(&mut self.list.lock().unwrap_or_else(PoisonError::into_inner)),
            false => Vec::new(),
        }
    }
}
