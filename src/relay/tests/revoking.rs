//! People who are put out while the relay carries something for them.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::client::Client;
use super::{PATIENCE, relay};
use crate::clock::Now;
use crate::relay::Ports;
use crate::stun::{Method, attribute};

const UDP: &[u8] = &[17, 0, 0, 0];

async fn allocates(client: &mut Client) -> u16 {
    client.ask(Method::Allocate, |writer| writer.put(attribute::REQUESTED_TRANSPORT, UDP)).await.code()
}

#[tokio::test]
async fn streams_of_whoever_is_put_out_end_at_once_and_others_do_not() {
    let running = relay(Ports::None);
    let streams = running.streams();
    let mut alice = Client::arrives(&streams, "alice").await;
    let (mut one, mut two) = (Client::arrives(&streams, "1:guest").await, Client::arrives(&streams, "1:guest").await);
    assert_eq!([allocates(&mut alice).await, allocates(&mut one).await, allocates(&mut two).await], [0; 3]);
    streams.revoke("guest", Now::read().unix + Duration::from_secs(3600));
    for guest in [&mut one, &mut two] {
        let mut nothing = [0; 1];
        let read = tokio::time::timeout(PATIENCE, guest.io.read(&mut nothing)).await.expect("an end in time");
        assert_eq!(read.expect("an end"), 0);
    }
    let counted = async {
        while running.counts().allocations_closed != 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.expect("both are counted");
    let refreshed = alice.ask(Method::Refresh, |writer| writer).await;
    assert_eq!(refreshed.code(), 0);
    let mut again = Client::arrives(&streams, "1:guest").await;
    assert_eq!(allocates(&mut again).await, 401);
    streams.admit("guest", "kitchen");
    assert_eq!(allocates(&mut again).await, 0);
}
