//! Whether the kernel does what it says: a run is sent to ourselves over loopback and compared byte for byte. Some
//! kernels accept UDP_SEGMENT and then cut wrongly.

use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use super::send::{Message, send};

/// Sends three packets in one message, the last one shorter, with a slice boundary inside each.
pub(super) fn segmentation_works() -> bool {
    try_segmentation().unwrap_or(false)
}

fn try_segmentation() -> io::Result<bool> {
    let (from, to) = (UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?, UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?);
    to.set_read_timeout(Some(Duration::from_millis(200)))?;
    let packets: [&[u8]; 3] = [b"first packet", b"other packet", b"last"];
    let halves = packets.iter().flat_map(|packet| [IoSlice::new(&packet[..2]), IoSlice::new(&packet[2..])]);
    let slices: Vec<_> = halves.collect();
    let message = Message::new(to.local_addr()?, None, packets.len(), Some(packets[0].len() as u16), 0..slices.len());
    send(from.as_fd(), &[message], &slices, false)?;
    for packet in packets {
        let mut buffer = [0; 64];
        let length = to.recv(&mut buffer)?;
        if &buffer[..length] != packet {
            return Ok(false);
        }
    }
    Ok(true)
}
