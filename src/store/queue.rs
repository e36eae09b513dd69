//! Orders on the way to the store: bounded by bytes, so that a slow one costs a known amount of memory and nobody's time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::cluster::{Order, Word};
use crate::hub::Message;

/// Filled under the hub's lock, emptied by the session.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Vec<Order>>,
    bytes: AtomicUsize,
    changed: Notify,
    overflown: Notify,
}

/// Some seconds of a hundred calls that begin at once.
pub(super) const MOST_BYTES: usize = 32 << 20;

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
    let texts = match order {
        Order::Tell(_, Word::Asked(_, request)) => request.text_length(),
        Order::Tell(_, Word::Enter { join, .. }) => join.text_length(),
        Order::Tell(_, Word::Said(_, message)) => match message {
            Message::Signal { payload, .. } => payload.len(),
            Message::Revoked(token) => token.len(),
            Message::Joined(joined) => 256 + joined.peers.len() * 256,
            _ => 0,
        },
        Order::Tell(_, Word::Roll(sockets)) => sockets.len() * 8,
        Order::PutDoor(..) => DOOR,
        _ => 0,
    };
    512 + texts
}

/// A door with everybody who was ever sent out.
const DOOR: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{NodeId, Visit};
    use crate::hub::{Command, Join, Network, PersonId, Request, SocketId};

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

    #[test]
    fn whatever_carries_what_a_page_wrote_weighs_as_much() {
        let long = || "x".repeat(60 << 10);
        let join = Join {
            room: "kitchen".to_owned(),
            name: "Mallory".to_owned(),
            instance: String::new(),
            seat: None,
            invitation: Some(long()),
            password: None,
            fresh: PersonId("fresh".into()),
        };
        let visit = Visit { socket: SocketId(1), number: 1 };
        for word in [
            Word::Enter { visit, network: Network(1), counted: true, join },
            Word::Asked(SocketId(1), Request::Host(Command::Revoke(long()))),
            Word::Asked(SocketId(1), Request::Signal { to: PersonId("a".into()), payload: long().into() }),
            Word::Said(visit, Message::Signal { from: PersonId("a".into()), payload: long().into() }),
            Word::Said(visit, Message::Revoked(long())),
        ] {
            let order = Order::Tell(NodeId(1), word);
            assert!(weight(&order) > 60 << 10, "{order:?}");
        }
    }
}
