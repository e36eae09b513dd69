//! A client's data connection (RFC 6062, 4.3): once joined, bytes go through as they are, both ways, until either side
//! or the allocation ends.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::peer_connections::PeerConnection;
use crate::relay::counters::Counts;
use crate::relay::shared::Shared;

/// What is read before it is written on: as much as one TLS record carries. A slow side is not read from ahead of this.
const CHUNK: usize = 16 << 10;

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
    let PeerConnection { stream, mut allocation, ended: _ended } = peer;
    let (mut from_client, mut client) = tokio::io::split(io);
    let (mut from_peer, mut peer) = tokio::io::split(stream);
    let down = async {
        client.write_all(to_client).await?;
        client.flush().await?;
        carry(&mut from_peer, &mut client, |count| {
            count_bytes(shared, Counts { bytes_to_clients: count, ..Counts::default() });
        })
        .await
    };
    let up = async {
        peer.write_all(to_peer).await?;
        carry(&mut from_client, &mut peer, |count| {
            count_bytes(shared, Counts { bytes_to_peers: count, ..Counts::default() });
        })
        .await
    };
    tokio::select! {
        both = async { tokio::try_join!(down, up) } => both.map(|_| ()),
        // The sender is never used: it only ends.
        _ = allocation.changed() => Ok(()),
    }
}

/// From one side to the other until its end, which is passed on: the other direction may still have something to say.
async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    count: impl Fn(u64),
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk).await? {
            0 => return to.shutdown().await,
            length => {
                to.write_all(&chunk[..length]).await?;
                to.flush().await?;
                count(length as u64);
            }
        }
    }
}

fn count_bytes(shared: &Shared, mut counts: Counts) {
    if let Some(counters) = shared.counters.last() {
        counters.take(&mut counts);
    }
}
