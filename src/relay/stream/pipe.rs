//! A client's data connection (RFC 6062, 4.3): once joined, bytes go through as they are, both ways and no faster than the
//! allocation may, until either side, the permission or the allocation ends, or nothing was said for too long.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until};

use super::peer_connections::PeerConnection;
use crate::clock::Now;
use crate::relay::counters::Counts;
use crate::relay::shared::Shared;
use crate::turn::{Direction, Throttle};

/// What is read before it is written on: as much as one TLS record carries. A slow side is not read from ahead of this.
const CHUNK: usize = 16 << 10;

/// A connection that carries nothing for so long is given up, as it holds two descriptors and its allocation is easily kept
/// alive: as long as a channel lives that nobody refreshes (RFC 8656, 12). RFC 6062 names no time.
const IDLE: Duration = Duration::from_secs(600);

/// Carries `io`'s bytes to the peer and back. `to_client`: what the client has to get first, the reply to its
/// ConnectionBind; `to_peer`: what it sent behind that already.
pub(super) async fn pipe<S>(
    shared: &Shared,
    io: S,
    peer: PeerConnection,
    to_client: &[u8],
    to_peer: &[u8],
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let PeerConnection { stream, end, throttle, ended: _ended } = peer;
    let (mut from_client, mut client) = tokio::io::split(io);
    let (mut from_peer, mut peer) = tokio::io::split(stream);
    let meter = Meter { shared, throttle: &throttle, start: Instant::now(), carried: AtomicU64::new(0) };
    let down = async {
        client.write_all(to_client).await?;
        client.flush().await?;
        meter.carry(Direction::ToClient, &mut from_peer, &mut client).await
    };
    let up = async {
        peer.write_all(to_peer).await?;
        meter.carry(Direction::ToPeer, &mut from_client, &mut peer).await
    };
    tokio::select! {
        both = async { tokio::try_join!(down, up) } => both.map(|_| ()),
        () = end.cancelled() => Ok(()),
        () = meter.silence() => Ok(()),
    }
}

/// Holds the bytes of one connection to their rate, counts them, and knows when there were none for too long.
struct Meter<'a> {
    shared: &'a Shared,
    throttle: &'a Throttle,
    start: Instant,
    /// When the last bytes went on, in milliseconds since the start.
    carried: AtomicU64,
}

impl Meter<'_> {
    /// From one side to the other until its end, which is passed on: the other direction may still have something to say.
    async fn carry(
        &self,
        way: Direction,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK.min(Throttle::most(&self.shared.rules))];
        loop {
            match from.read(&mut chunk).await? {
                0 => return to.shutdown().await,
                length => {
                    self.wait_for_leave(way, length).await;
                    to.write_all(&chunk[..length]).await?;
                    to.flush().await?;
                    self.count(way, length);
                }
            }
        }
    }

    /// In pieces that can be granted: the rate may have been lowered since the bytes were read.
    async fn wait_for_leave(&self, way: Direction, mut bytes: usize) {
        while bytes > 0 {
            let piece = bytes.min(Throttle::most(&self.shared.rules));
            match self.throttle.take(&self.shared.rules, way, piece, Now::read()) {
                Ok(()) => bytes -= piece,
                Err(missing) => sleep(missing).await,
            }
        }
    }

    fn count(&self, way: Direction, bytes: usize) {
        self.carried.store(self.start.elapsed().as_millis() as u64, Relaxed);
        let bytes = bytes as u64;
        let mut counts = match way {
            Direction::ToClient => Counts { bytes_to_clients: bytes, ..Counts::default() },
            Direction::ToPeer => Counts { bytes_to_peers: bytes, ..Counts::default() },
        };
        if let Some(counters) = self.shared.counters.last() {
            counters.take(&mut counts);
        }
    }

    /// Until nothing was carried for [`IDLE`].
    async fn silence(&self) {
        loop {
            let until = self.start + Duration::from_millis(self.carried.load(Relaxed)) + IDLE;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{DuplexStream, duplex};
    use tokio::sync::mpsc;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::relay::stream::peer_connections::Ended;

    /// A relay without sockets whose allocations may carry `rate` bits per second.
    fn shared(rate: u64) -> Shared {
        let mut rules = crate::turn::Options::new("callbox", [7; 32], Default::default());
        rules.quotas.bits_per_second = rate;
        crate::relay::share(crate::relay::Options::new(rules), crate::relay::FastPaths::default(), Vec::new())
    }

    /// The far ends of a joined connection: the client's and the peer's.
    fn joined(shared: Shared) -> (DuplexStream, DuplexStream, CancellationToken) {
        let ((client, io), (peer, stream)) = (duplex(64), duplex(64));
        let end = CancellationToken::new();
        let ended = Ended { id: 1, tell: mpsc::unbounded_channel().0 };
        let throttle = Arc::new(Throttle::default());
        let connection = PeerConnection { stream: Box::new(stream), end: end.clone(), throttle, ended };
        tokio::spawn(async move { pipe(&shared, io, connection, b"", b"").await });
        (client, peer, end)
    }

    async fn carried_in(span: Duration, client: &mut DuplexStream, peer: &mut DuplexStream) -> usize {
        let (sent, mut heard) = ([0; 64], [0; 64]);
        let mut carried = 0;
        let carrying = async {
            while carried < 100_000 {
                tokio::select! {
                    written = client.write(&sent) => assert_ne!(written.expect("a reader"), 0),
                    read = peer.read(&mut heard) => carried += read.expect("a writer"),
                }
            }
        };
        let _ = tokio::time::timeout(span, carrying).await;
        carried
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_is_slowed_down_to_its_rate_and_loses_nothing() {
        let (mut client, mut peer, _end) = joined(shared(8_000));
        // The buckets read the real clock, which hardly moves here: a burst of one second's worth passes, no more.
        let carried = carried_in(Duration::from_millis(500), &mut client, &mut peer).await;
        assert!((500..=1500).contains(&carried), "{carried} bytes of 1000 a second");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_is_lowered_on_the_way_stops_nobody() {
        let mut rules = crate::turn::Options::new("callbox", [7; 32], Default::default());
        let shared = Arc::new(crate::relay::share(
            crate::relay::Options::new(rules.clone()),
            crate::relay::FastPaths::default(),
            Vec::new(),
        ));
        let throttle = Throttle::default();
        let meter = Meter { shared: &shared, throttle: &throttle, start: Instant::now(), carried: AtomicU64::new(0) };
        rules.quotas.bits_per_second = 8 * 1000;
        shared.rules.change(&rules);
        // More than a second's worth is never granted at once.
        let leave = meter.wait_for_leave(Direction::ToPeer, 1001);
        tokio::time::timeout(Duration::from_secs(60), leave).await.expect("leave in the end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_carries_nothing_is_given_up_and_one_that_does_is_not() {
        let (mut client, mut peer, _end) = joined(shared(0));
        for _ in 0..3 {
            tokio::time::sleep(IDLE * 3 / 4).await;
            client.write_all(b"still here").await.expect("carried");
            peer.read_exact(&mut [0; 10]).await.expect("carried");
        }
        let before = Instant::now();
        let mut nothing = [0; 1];
        let end = tokio::time::timeout(2 * IDLE, peer.read(&mut nothing)).await.expect("an end in time");
        assert_eq!(end.expect("an end"), 0);
        assert!(before.elapsed() >= IDLE - Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_must_end_ends_at_once() {
        let (mut client, _peer, end) = joined(shared(8));
        client.write_all(&[0; 64]).await.expect("taken in");
        end.cancel();
        let mut nothing = [0; 1];
        let end = tokio::time::timeout(IDLE / 2, client.read(&mut nothing)).await.expect("an end in time");
        assert_eq!(end.expect("an end"), 0);
    }
}
