//! What people without credentials can do to a relay: nothing.

use std::net::UdpSocket;
use std::time::Duration;

use crate::world::{Allocation, PATIENCE, World, range};

/// An Allocate request without credentials: the one every client begins with.
fn allocate(transaction: u32) -> [u8; 28] {
    let mut request = [0; 28];
    request[..8].copy_from_slice(&[0x00, 0x03, 0x00, 0x08, 0x21, 0x12, 0xA4, 0x42]);
    request[16..20].copy_from_slice(&transaction.to_be_bytes());
    // REQUESTED-TRANSPORT: UDP
    request[20..].copy_from_slice(&[0x00, 0x19, 0x00, 0x04, 17, 0, 0, 0]);
    request
}

#[test]
fn a_flood_of_unauthenticated_requests_leaves_nothing_behind() {
    let world = World::new(range());
    let running = world.running.as_ref().unwrap();
    // Every socket is a new 5-tuple; each waits for its 401, so all of them were really handled.
    for n in 0..2000 {
        let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
        stranger.set_read_timeout(Some(PATIENCE)).unwrap();
        stranger.send_to(&allocate(n), world.udp).unwrap();
        let mut reply = [0; 500];
        let length = stranger.recv(&mut reply).expect("a challenge");
        assert_eq!(reply[..2], [0x01, 0x13], "an Allocate error response");
        assert!(length < 200, "{length} bytes for 28 would make us an amplifier");
    }
    assert_eq!(running.counts().allocations_opened, 0);
    // And the relay is as good as before.
    world.runtime.block_on(Allocation::new(world.udp));
}

#[test]
fn noise_is_answered_with_silence() {
    let world = World::new(range());
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for noise in [&b""[..], b"x", b"GET / HTTP/1.1\r\n\r\n", &[0x40, 0x00, 0x00, 0x01, 1], &[0; 1500], &[0xff; 20]] {
        stranger.send_to(noise, world.udp).unwrap();
    }
    world.wait_for("all of it was seen", |counts| counts.packets_dropped >= 6);
    stranger.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert!(stranger.recv(&mut [0; 100]).is_err());
}
