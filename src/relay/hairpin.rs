//! The way from one session to another inside the process: what crosses from thread to thread, in batches, bounded,
//! dropped when the other side cannot keep up. Sessions of one worker need none of it.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use super::moving::{Arrival, Summons};

/// Parcels that may wait at a worker. One holds what another worker read in one wake, at most 2 MiB and mostly a few
/// packets; more than a few wakes behind, media is worthless.
const PARCELS: usize = 64;

/// Calls for sessions that may wait at a worker; a client whose call is lost repeats it.
const SUMMONSES: usize = 64;

/// A session at a worker. The serial tells it from later ones in the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SessionId {
    pub(super) slot: usize,
    pub(super) serial: u64,
}

/// Payloads for sessions of one worker.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    bytes: Vec<u8>,
    payloads: Vec<(SessionId, SocketAddr, Range<usize>)>,
}

impl Parcel {
    /// Adds a payload for `to`; `from` is the relayed transport address it comes from.
    pub(super) fn add(&mut self, to: SessionId, from: SocketAddr, payload: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        self.payloads.push((to, from, start..self.bytes.len()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.payloads.len()
    }

    /// Every payload with whom it is for and whom it is from.
    pub(super) fn payloads(&self) -> impl Iterator<Item = (SessionId, SocketAddr, &[u8])> {
        self.payloads.iter().map(|(to, from, range)| (*to, *from, &self.bytes[range.clone()]))
    }
}

/// Where others leave something for a worker.
#[derive(Debug)]
pub(super) struct Mailbox {
    parcels: SyncSender<Parcel>,
    summonses: SyncSender<(SessionId, Summons)>,
    /// Unbounded, as a session must not get lost: each answers a summons that this very worker sent.
    arrivals: Sender<Arrival>,
    waker: mio::Waker,
}

/// The worker's end of its [`Mailbox`].
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) parcels: Receiver<Parcel>,
    /// For sessions here that are called elsewhere.
    pub(super) summonses: Receiver<(SessionId, Summons)>,
    /// Sessions that come here.
    pub(super) arrivals: Receiver<Arrival>,
}

impl Mailbox {
    /// The two ends; `waker` must belong to the poll of the worker that reads.
    pub(super) fn new(waker: mio::Waker) -> (Mailbox, Inbox) {
        let (parcels, parcels_here) = sync_channel(PARCELS);
        let (summonses, summonses_here) = sync_channel(SUMMONSES);
        let (arrivals, arrivals_here) = channel();
        let mailbox = Mailbox { parcels, summonses, arrivals, waker };
        (mailbox, Inbox { parcels: parcels_here, summonses: summonses_here, arrivals: arrivals_here })
    }

    /// Leaves a parcel, or returns how many payloads were lost because the worker is too far behind.
    pub(super) fn post(&self, parcel: Parcel) -> u64 {
        match self.parcels.try_send(parcel) {
            Ok(()) => {
                self.wake();
                0
            }
            Err(full) => {
                let (std::sync::mpsc::TrySendError::Full(parcel) | std::sync::mpsc::TrySendError::Disconnected(parcel)) =
                    full;
                parcel.len() as u64
            }
        }
    }

    /// Calls for a session; `false`: too many calls wait.
    pub(super) fn summon(&self, session: SessionId, summons: Summons) -> bool {
        let sent = self.summonses.try_send((session, summons)).is_ok();
        self.wake();
        sent
    }

    /// Hands over what a call of this worker has brought about; back if the worker has ended.
    pub(super) fn arrive(&self, arrival: Arrival) -> Result<(), Box<Arrival>> {
        self.arrivals.send(arrival).map_err(|unsent| Box::new(unsent.0))?;
        self.wake();
        Ok(())
    }

    /// Wakes the worker without a parcel: there is something else to see.
    pub(super) fn wake(&self) {
        if let Err(cause) = self.waker.wake() {
            tracing::error!(%cause, "a relay worker cannot be woken");
        }
    }
}
