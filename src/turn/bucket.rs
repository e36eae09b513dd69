//! Bit rates: how much may still pass. A bucket is one moment, up to which what has passed is paid for; each packet moves
//! it by the time it takes at that rate, and it may run ahead of now by [`BURST`]. Datagrams that cannot pay are dropped;
//! a stream waits: see `throttle`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A second's worth passes at once, so that a key frame does.
pub(super) const BURST: Duration = Duration::from_secs(1);

/// The bucket of one allocation and direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    paid_until: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(now: Instant) -> Bucket {
        Bucket { paid_until: now }
    }

    /// Takes `bytes` out at `rate` bits per second, if they are there. A rate of 0 is no limit.
    pub(super) fn take(&mut self, bytes: usize, rate: u64, now: Instant) -> bool {
        if rate == 0 {
            return true;
        }
        let paid_until = self.paid_until.max(now) + cost(bytes, rate);
        let enough = paid_until <= now + BURST;
        if enough {
            self.paid_until = paid_until;
        }
        enough
    }
}

/// The bucket of a whole server, shared by all workers: one atomic, touched only where such a rate is set.
#[derive(Debug, Default)]
pub(super) struct SharedBucket {
    start: OnceLock<Instant>,
    /// In nanoseconds since the start.
    paid_until: AtomicU64,
}

impl SharedBucket {
    /// Takes `bytes` out at `rate` bits per second, if they are there, or says how long they will take to be. A rate of 0 is no limit.
    pub(super) fn take(&self, bytes: usize, rate: u64, now: Instant) -> Result<(), Duration> {
        if rate == 0 {
            return Ok(());
        }
        let now = now.saturating_duration_since(*self.start.get_or_init(|| now)).as_nanos() as u64;
        let (cost, burst) = (cost(bytes, rate).as_nanos() as u64, BURST.as_nanos() as u64);
        let pay = |paid_until: u64| Some(paid_until.max(now) + cost).filter(|paid_until| *paid_until <= now + burst);
        let paid = self.paid_until.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay);
        let missing = |paid_until: u64| Duration::from_nanos(paid_until.max(now) + cost - now - burst);
        paid.map(drop).map_err(missing)
    }

    /// Puts back what was taken and not used.
    pub(super) fn put_back(&self, bytes: usize, rate: u64) {
        if rate != 0 {
            let cost = cost(bytes, rate).as_nanos() as u64;
            self.paid_until.fetch_sub(cost, Ordering::Relaxed);
        }
    }
}

/// How long `bytes` take at `rate`. Fits: a datagram at one bit per second takes six days.
fn cost(bytes: usize, rate: u64) -> Duration {
    Duration::from_nanos(bytes as u64 * 8 * 1_000_000_000 / rate)
}
