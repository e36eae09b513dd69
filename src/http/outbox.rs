//! What waits to be written on one socket: bounded, so that a reader who does not read costs a known amount of memory and
//! nobody's time.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;

use super::web_socket::Mouth;
use super::{frames, wire};
use crate::hub::{Message, Refusal};

/// Filled by the switchboard. What pages say to each other is written by the task that heard it, where that can be done at once, and
/// the socket's own task sleeps on: a task that nobody has touched for a while costs more to wake than the message to write. All
/// the rest, and whatever has to wait, is for that task, the only one that waits here.
pub(super) struct Outbox<W: ?Sized = dyn Mouth> {
    content: Mutex<Content>,
    /// The socket's own task.
    owner: AtomicWaker,
    pub(super) web_socket: W,
}

#[derive(Debug, Default)]
struct Content {
    messages: VecDeque<Message>,
    bytes: usize,
    end: Option<End>,
    /// The web socket holds something that it did not take at once.
    is_stuck: bool,
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

impl<W> Outbox<W> {
    pub(super) fn new(web_socket: W) -> Outbox<W> {
        Outbox { content: Mutex::default(), owner: AtomicWaker::new(), web_socket }
    }
}

impl<W: ?Sized> Outbox<W> {
    /// Puts a message in, and says whether it is the first: then somebody has to [`wake`](Outbox::wake) the owner, or write.
    pub(super) fn put(&self, message: Message) -> bool {
        let mut content = self.lock();
        if content.end.is_some() {
            return false;
        }
        let is_first = content.messages.is_empty();
        content.bytes += weight(&message);
        content.messages.push_back(message);
        if content.bytes > MOST_BYTES {
            *content = Content { end: Some(End::TooSlow), ..Content::default() };
            return true;
        }
        is_first
    }

    /// Nothing more is to be put in; to be followed by a [`wake`](Outbox::wake).
    pub(super) fn end(&self, refusal: Refusal) {
        self.lock().end.get_or_insert(End::Refused(refusal));
    }

    /// Nothing that is in here will be taken any more.
    pub(super) fn close(&self) {
        *self.lock() = Content { end: Some(End::TooSlow), ..Content::default() };
    }

    /// Has the socket's own task look.
    pub(super) fn wake(&self) {
        self.owner.wake();
    }

    /// Waits until there is something. After an end there is nothing to wait for.
    pub(super) async fn filled(&self) {
        self.wait_for(Content::has_some).await;
    }

    /// Takes all there is, to be written behind what was taken before.
    pub(super) fn take(&self) -> VecDeque<Message> {
        let mut content = self.lock();
        (content.bytes, content.is_stuck) = (0, false);
        std::mem::take(&mut content.messages)
    }

    /// Why nothing more comes, once all was taken.
    pub(super) fn ended(&self) -> Option<End> {
        let content = self.lock();
        content.end.clone().filter(|_| content.messages.is_empty())
    }

    /// Waits until the reader is known to be too slow.
    pub(super) async fn overflow(&self) {
        self.wait_for(|content| content.end == Some(End::TooSlow)).await;
    }

    /// Looks, and looks again whenever something was put in.
    async fn wait_for(&self, look: impl Fn(&Content) -> bool) {
        poll_fn(|context| {
            // Before the look: what is put in after it finds somebody to wake.
            self.owner.register(context.waker());
            if look(&self.lock()) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        // Nothing in here can panic half way through a change.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: ?Sized> fmt::Debug for Outbox<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("content", &self.content).finish_non_exhaustive()
    }
}

impl Outbox {
    /// Writes what pages say to each other, if that can be done at once, and wakes the owner for all the rest.
    pub(super) fn pass_on(&self) {
        let all_is_out = self.web_socket.say_at_once(&mut |out| {
            for message in self.lock().take_signals() {
                if let Message::Signal { from, payload } = message {
                    frames::write_text(out, &wire::signal(&from, &payload));
                }
            }
        });
        let mut content = self.lock();
        content.is_stuck |= !all_is_out;
        let has_some = content.has_some();
        drop(content);
        if has_some {
            self.wake();
        }
    }
}

impl Content {
    fn has_some(&self) -> bool {
        !self.messages.is_empty() || self.end.is_some() || self.is_stuck
    }

    /// All there is, if that is nothing but what pages say to each other; the rest takes somebody who knows the socket.
    fn take_signals(&mut self) -> VecDeque<Message> {
        let is_signal = |message: &Message| matches!(message, Message::Signal { .. });
        if self.end.is_some() || !self.messages.iter().all(is_signal) {
            return VecDeque::new();
        }
        self.bytes = 0;
        std::mem::take(&mut self.messages)
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
    use std::sync::Arc;

    use bytes::Bytes;
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, duplex};

    use super::super::web_socket::WebSocket;
    use super::*;
    use crate::hub::PersonId;

    fn signal(bytes: usize) -> Message {
        Message::Signal { from: PersonId("a".into()), payload: "x".repeat(bytes).into() }
    }

    #[tokio::test]
    async fn a_reader_who_does_not_read_is_given_up_and_costs_nothing_more() {
        let outbox = Outbox::new(());
        for _ in 0..100 {
            outbox.put(signal(10_000));
        }
        outbox.overflow().await;
        assert_eq!((outbox.take(), outbox.ended()), (VecDeque::new(), Some(End::TooSlow)));
    }

    #[tokio::test]
    async fn what_was_said_before_the_end_is_still_delivered() {
        let outbox = Outbox::new(());
        outbox.put(Message::Error(Refusal::Replaced));
        outbox.end(Refusal::Replaced);
        outbox.put(Message::Pong);
        assert_eq!(outbox.ended(), None);
        assert_eq!(outbox.take(), [Message::Error(Refusal::Replaced)]);
        assert_eq!(outbox.ended(), Some(End::Refused(Refusal::Replaced)));
    }

    #[tokio::test]
    async fn what_the_stream_does_not_take_at_once_is_the_owner_s_and_goes_before_all_that_is_said_later() {
        let (ours, mut theirs) = duplex(64);
        let outbox = Arc::new(Outbox::new(WebSocket::new(ours, Bytes::new())));
        let anybody: Arc<Outbox> = outbox.clone();
        let payloads = ["1".to_owned(), "2".repeat(100), "3".to_owned()];
        for payload in &payloads {
            outbox.put(Message::Signal { from: PersonId("a".into()), payload: payload.as_str().into() });
            anybody.pass_on();
        }
        outbox.filled().await;
        let text: Vec<u8> = payloads
            .iter()
            .flat_map(|payload| {
                let mut frame = Vec::new();
                frames::write_text(&mut frame, &wire::signal(&PersonId("a".into()), payload));
                frame
            })
            .collect();
        let owner = async {
            while outbox.filled().now_or_never().is_some() {
                let taken = outbox.web_socket.say(|out| {
                    for message in outbox.take() {
                        frames::write_text(out, &wire::encode(&message, |_| unreachable!("nobody sat down")));
                    }
                });
                taken.await.expect("the reader is there");
            }
        };
        let mut heard = vec![0; text.len()];
        let (_, read) = tokio::join!(owner, theirs.read_exact(&mut heard));
        read.expect("all of it comes");
        assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(&text));
    }

    #[tokio::test]
    async fn what_only_the_owner_can_write_waits_for_it_with_all_that_comes_behind() {
        let (ours, mut theirs) = duplex(999);
        let outbox: Arc<Outbox> = Arc::new(Outbox::new(WebSocket::new(ours, Bytes::new())));
        outbox.put(Message::IceServers(PersonId("b".into())));
        outbox.put(signal(9));
        outbox.pass_on();
        assert!(theirs.read_u8().now_or_never().is_none(), "nothing was written");
        outbox.filled().await;
        assert_eq!(outbox.take().len(), 2);
        outbox.put(signal(9));
        outbox.pass_on();
        assert_eq!(theirs.read_u8().now_or_never().transpose().expect("the reader is there"), Some(0x81));
        assert!(outbox.filled().now_or_never().is_none(), "the owner sleeps on");
    }

    #[tokio::test]
    async fn a_full_room_s_signals_fit() {
        let outbox = Outbox::new(());
        for _ in 0..14 {
            outbox.put(signal(16 << 10));
        }
        assert_eq!(outbox.take().len(), 14);
    }
}
