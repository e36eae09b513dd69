//! What whoever runs the server sees of the relay's clients.

use super::bound;
use super::client::Client;
use crate::relay::Ports;
use crate::stun::{Method, attribute};
use crate::turn::{AllocationView, RelayKind, Transport};

const UDP: &[u8] = &[17, 0, 0, 0];

async fn allocates(client: &mut Client) -> u16 {
    client.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).await.code()
}

/// By user, as told once everybody's is there.
async fn told(running: &crate::relay::Running, most: usize) -> Vec<AllocationView> {
    let mut told = running.streams().allocations(most).await;
    told.sort_by(|a, b| a.user.cmp(&b.user));
    told
}

#[tokio::test]
async fn every_worker_and_every_stream_tells_of_its_allocations() {
    let relay = bound(Ports::None);
    let server = relay.local_addresses()[0];
    let running = relay.serve();
    let streams = running.streams();
    assert_eq!(told(&running, 10).await, []);
    let mut alice = Client::arrives(&streams, "alice").await;
    let mut guest = Client::arrives(&streams, "1:guest").await;
    let mut by_udp = Client::arrives_by_udp(server, "bob").await;
    assert_eq!([allocates(&mut alice).await, allocates(&mut guest).await, allocates(&mut by_udp).await], [0; 3]);

    let all = told(&running, 10).await;
    let seen: Vec<_> = all.iter().map(|view| (&*view.user, view.is_static, view.client.transport, view.kind)).collect();
    let expected = [
        ("alice", true, Transport::Tcp, RelayKind::Virtual),
        ("bob", true, Transport::Udp, RelayKind::Virtual),
        ("guest", false, Transport::Tcp, RelayKind::Virtual),
    ];
    assert_eq!(seen, expected);
    assert!(all.iter().all(|view| view.v4 && view.permissions == 0 && view.left.as_secs() > 500), "{all:?}");
    assert_eq!(told(&running, 2).await.len(), 2, "no more than were asked for");
    let refused: Vec<_> = streams.refused().filter(|(_, times)| *times > 0).collect();
    assert_eq!(refused, [(401, 3)], "each began without a nonce");
}
