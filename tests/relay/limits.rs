//! What the relay does about those who want more than their share.

use tokio::net::UdpSocket;

use crate::world::{Allocation, OUTSIDE, World, range};

#[test]
fn what_is_beyond_the_rate_is_dropped_and_counted_and_the_rest_arrives() {
    // One packet a second: of a hundred at once nearly all are too many, however slow the machine.
    for total in [false, true] {
        let world = World::with(range(), |options| match total {
            true => options.turn.quotas.total_bits_per_second = 8_000,
            false => options.turn.quotas.bits_per_second = 8_000,
        });
        world.runtime.block_on(async {
            let (client, peer) = (Allocation::new(world.udp).await, UdpSocket::bind((OUTSIDE, 0)).await.unwrap());
            for n in 0..100u8 {
                client.send(&[n; 900], peer.local_addr().unwrap()).await;
            }
            assert_eq!(peer.recv_from(&mut [0; 1000]).await.unwrap().0, 900);
        });
        world.wait_for("most are given up", |counts| {
            counts.packets_over_rate > 50 && counts.packets_over_rate <= counts.packets_dropped
        });
    }
}
