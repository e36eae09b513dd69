//! What waits to be written on one socket: bounded, so that a reader who does not read costs a known amount of memory and
//! nobody's time.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;

use crate::hub::{Message, Refusal};

/// Filled by the switchboard, emptied by the socket's own task, the only one that waits for it.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    content: Mutex<Content>,
    /// The socket's own task.
    reader: AtomicWaker,
}

#[derive(Debug, Default)]
struct Content {
    messages: VecDeque<Message>,
    bytes: usize,
    end: Option<End>,
}

/// Why nothing more comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The hub closes the socket, once all that was said is out.
    Refused(Refusal),
    /// The reader did not keep up.
    TooSlow,
}

/// All that the hub may say to a page at once: everything that waited for somebody in a full room, twice.
const MOST_BYTES: usize = 256 << 10;

impl Outbox {
    pub(super) fn put(&self, message: Message) {
        let mut content = self.lock();
        if content.end.is_some() {
            return;
        }
        content.bytes += weight(&message);
        content.messages.push_back(message);
        if content.bytes > MOST_BYTES {
            *content = Content { end: Some(End::TooSlow), ..Content::default() };
        }
        drop(content);
        self.reader.wake();
    }

    pub(super) fn end(&self, refusal: Refusal) {
        self.lock().end.get_or_insert(End::Refused(refusal));
        self.reader.wake();
    }

    /// Takes all there is, waiting until there is something. After an end there is nothing to wait for.
    pub(super) async fn take(&self) -> (VecDeque<Message>, Option<End>) {
        self.wait_for(|content| {
            let has_some = !content.messages.is_empty() || content.end.is_some();
            has_some.then(|| {
                content.bytes = 0;
                (std::mem::take(&mut content.messages), content.end.clone())
            })
        })
        .await
    }

    /// Waits until the reader is known to be too slow.
    pub(super) async fn overflow(&self) {
        self.wait_for(|content| (content.end == Some(End::TooSlow)).then_some(())).await;
    }

    /// Looks, and looks again whenever something was put in.
    async fn wait_for<T>(&self, look: impl Fn(&mut Content) -> Option<T>) -> T {
        poll_fn(|context| {
            // Before the look: what is put in after it finds somebody to wake.
            self.reader.register(context.waker());
            look(&mut self.lock()).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        // Nothing in here can panic half way through a change.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a message takes in memory, about.
fn weight(message: &Message) -> usize {
    size_of::<Message>()
        + match message {
            Message::Signal { payload, .. } => payload.len(),
            Message::Joined(joined) => 256 + joined.peers.len() * 256,
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::PersonId;

    fn signal(bytes: usize) -> Message {
        Message::Signal { from: PersonId("a".into()), payload: "x".repeat(bytes).into() }
    }

    #[tokio::test]
    async fn a_reader_who_does_not_read_is_given_up_and_costs_nothing_more() {
        let outbox = Outbox::default();
        for _ in 0..100 {
            outbox.put(signal(10_000));
        }
        outbox.overflow().await;
        assert_eq!(outbox.take().await, (VecDeque::new(), Some(End::TooSlow)));
    }

    #[tokio::test]
    async fn what_was_said_before_the_end_is_still_delivered() {
        let outbox = Outbox::default();
        outbox.put(Message::Error(Refusal::Replaced));
        outbox.end(Refusal::Replaced);
        outbox.put(Message::Pong);
        let (messages, end) = outbox.take().await;
        assert_eq!(messages, [Message::Error(Refusal::Replaced)]);
        assert_eq!(end, Some(End::Refused(Refusal::Replaced)));
    }

    #[tokio::test]
    async fn a_full_room_s_signals_fit() {
        let outbox = Outbox::default();
        for _ in 0..14 {
            outbox.put(signal(16 << 10));
        }
        assert_eq!(outbox.take().await.0.len(), 14);
    }
}
