//! Orders on the way to the store: bounded by bytes, so that a slow one costs a known amount of memory and nobody's time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::cluster::{Order, Word};
use crate::hub::{Message, Request};

/// Filled under the hub's lock, emptied by the session.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Vec<Order>>,
    bytes: AtomicUsize,
    changed: Notify,
    overflown: Notify,
}

/// Some seconds of a hundred calls that begin at once.
const MOST_BYTES: usize = 32 << 20;

impl Queue {
    /// An empty one.
    pub fn new() -> Arc<Queue> {
        Arc::default()
    }

    /// Puts one in. When there is no room all are lost, and the session with them: the next one mends that.
    pub fn put(&self, order: Order) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = self.bytes.fetch_add(weight(&order), Ordering::Relaxed);
        waiting.push(order);
        if bytes > MOST_BYTES {
            waiting.clear();
            self.bytes.store(0, Ordering::Relaxed);
            self.overflown.notify_one();
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// All there are, once there is one.
    pub(super) async fn take(&self) -> Vec<Order> {
        loop {
            let orders = self.empty();
            if !orders.is_empty() {
                return orders;
            }
            self.changed.notified().await;
        }
    }

    /// All there are.
    pub(super) fn empty(&self) -> Vec<Order> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.bytes.store(0, Ordering::Relaxed);
        std::mem::take(&mut waiting)
    }

    /// Waits until orders were lost.
    pub(super) async fn overflow(&self) {
        self.overflown.notified().await;
    }
}

/// What an order takes in memory, about.
fn weight(order: &Order) -> usize {
    let payload = match order {
        Order::Tell(
            _,
            Word::Asked(_, Request::Signal { payload, .. }) | Word::Said(_, Message::Signal { payload, .. }),
        ) => payload.len(),
        Order::Tell(_, Word::Said(_, Message::Joined(joined))) => 256 + joined.peers.len() * 256,
        Order::Tell(_, Word::Roll(sockets)) => sockets.len() * 8,
        _ => 0,
    };
    512 + payload
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::NodeId;
    use crate::hub::{PersonId, SocketId};

    #[tokio::test]
    async fn a_store_that_takes_nothing_costs_a_known_amount() {
        let queue = Queue::new();
        let signal = || Request::Signal { to: PersonId("a".into()), payload: "x".repeat(64 << 10).into() };
        for _ in 0..600 {
            queue.put(Order::Tell(NodeId(1), Word::Asked(SocketId(1), signal())));
        }
        queue.overflow().await;
        assert!(queue.empty().len() < 600);
    }
}
