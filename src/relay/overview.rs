//! The allocations that there are, for whoever runs the server. Nobody keeps a list of them: every worker and every stream is
//! asked, and tells of its own between two packets. So a list costs when it is asked for, and packets cost nothing for it.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use super::Streams;
use super::orders::Order;
use crate::turn::AllocationView;

/// A worker answers after its wake, a stream when its task runs: milliseconds. Whoever takes longer is left out.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who wants to know, and how many at most from one worker: what it has to tell holds up its packets.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) most: usize,
    pub(super) tell: UnboundedSender<Vec<AllocationView>>,
}

impl Streams {
    /// At most `most` of the allocations there are, in no order. [`Streams::counts`] says how many there are.
    pub async fn allocations(&self, most: usize) -> Vec<AllocationView> {
        let (tell, mut told) = unbounded_channel();
        let question = Question { most, tell };
        self.shared.owners.ask(&question);
        self.shared.order(&Order::Tell(question));
        let (until, mut all) = (Instant::now() + PATIENCE, Vec::new());
        while let Ok(Some(some)) = timeout_at(until, told.recv()).await {
            all.extend(some);
        }
        all.truncate(most);
        all
    }

    /// How often requests were refused since the start, by error code.
    pub fn refused(&self) -> impl Iterator<Item = (u16, u64)> + use<> {
        self.shared.rules.refused().into_iter()
    }
}
