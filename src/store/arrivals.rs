//! What the store says unasked, on the way to who hears it: bounded by bytes like what goes out, so that a node that is too slow
//! for its neighbours loses the session, which the next one mends, and not its memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use redis::{PushInfo, Value};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::queue::MOST_BYTES;

/// What arrives, in order.
#[derive(Debug)]
pub(super) struct Arrivals {
    pushes: UnboundedReceiver<PushInfo>,
    load: Arc<Load>,
}

/// There was no room.
#[derive(Debug)]
pub(super) struct Overflown;

#[derive(Debug, Default)]
struct Load {
    bytes: AtomicUsize,
    is_over: AtomicBool,
}

/// Where the connection puts what it hears, and where it is taken out.
pub(super) fn arrivals() -> (impl Fn(PushInfo) -> Result<(), Overflown> + Send + Sync + 'static, Arrivals) {
    let (sender, pushes) = unbounded_channel();
    let load = Arc::new(Load::default());
    let shared = load.clone();
    let put = move |push: PushInfo| {
        if shared.is_over.load(Ordering::Relaxed) {
            return Err(Overflown);
        }
        if shared.bytes.fetch_add(weight(&push), Ordering::Relaxed) > MOST_BYTES {
            shared.is_over.store(true, Ordering::Relaxed);
        }
        sender.send(push).map_err(|_| Overflown)
    };
    (put, Arrivals { pushes, load })
}

impl Arrivals {
    /// The next one; or why there is none.
    pub(super) async fn next(&mut self) -> Result<PushInfo, &'static str> {
        let push = self.pushes.recv().await.ok_or("the connection broke")?;
        if self.load.is_over.load(Ordering::Relaxed) {
            return Err("it says more than this node can hear");
        }
        self.load.bytes.fetch_sub(weight(&push), Ordering::Relaxed);
        Ok(push)
    }
}

/// What it takes in memory, about.
fn weight(push: &PushInfo) -> usize {
    let length = |value: &Value| if let Value::BulkString(bytes) = value { bytes.len() } else { 0 };
    256 + push.data.iter().map(length).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use redis::PushKind;

    use super::*;

    fn word() -> PushInfo {
        PushInfo { kind: PushKind::Message, data: vec![Value::BulkString(vec![0; 64 << 10])] }
    }

    #[tokio::test]
    async fn neighbours_who_say_more_than_is_heard_cost_a_known_amount() {
        let (put, mut arrivals) = arrivals();
        let taken = (0..10_000).filter(|_| put(word()).is_ok()).count();
        assert!(taken <= MOST_BYTES / (64 << 10) + 1, "{taken}");
        assert_eq!(arrivals.next().await.err(), Some("it says more than this node can hear"));
    }

    #[tokio::test]
    async fn what_is_heard_in_time_makes_room_for_more() {
        let (put, mut arrivals) = arrivals();
        for _ in 0..2000 {
            put(word()).expect("room");
            arrivals.next().await.expect("the word");
        }
        drop(put);
        assert_eq!(arrivals.next().await.err(), Some("the connection broke"));
    }
}
