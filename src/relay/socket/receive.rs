//! Reading in batches: one `recvmmsg` fills many slots, and each slot may hold a run of datagrams that the kernel
//! coalesced (UDP_GRO). The slots are one piece of memory, so that a packet is known by its range and nothing is copied.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::os::fd::AsFd;

use quinn_udp::{RecvMeta, UdpSocketState};

use super::canonical;

/// As many as quinn-udp takes in one call.
const SLOTS: usize = quinn_udp::BATCH_SIZE;

/// The largest coalesced run, and a bit: were slots 64 KiB apart, they would all fall into the same cache sets.
const SLOT: usize = (64 << 10) + 33 * 64;

/// Memory for one batch, and what is known of the datagrams in it.
pub(in crate::relay) struct ReceiveBuffers {
    memory: Box<[u8]>,
    metas: [RecvMeta; SLOTS],
    used: usize,
    reader: UdpSocketState,
}

/// One datagram as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::relay) struct Datagram {
    /// Its sender.
    pub(in crate::relay) from: SocketAddr,
    /// The local address it was sent to, where the socket reports it.
    pub(in crate::relay) to: Option<IpAddr>,
    /// Where its bytes are in [`ReceiveBuffers::memory`].
    pub(in crate::relay) range: Range<usize>,
}

impl ReceiveBuffers {
    /// 2 MiB of address space, of which only pages that packets touched are ever real.
    pub(in crate::relay) fn new() -> io::Result<ReceiveBuffers> {
        let model = std::net::UdpSocket::bind(("127.0.0.1", 0))?;
        Ok(ReceiveBuffers {
            memory: vec![0; SLOTS * SLOT].into_boxed_slice(),
            metas: [RecvMeta::default(); SLOTS],
            used: 0,
            // quinn-udp keeps nothing per socket for reading on Linux: one state reads them all.
            reader: UdpSocketState::new((&model).into())?,
        })
    }

    /// Reads what `socket` has into the free slots. `Ok` holds the slots filled and whether the socket is now empty.
    pub(in crate::relay) fn receive(&mut self, socket: &impl AsFd) -> io::Result<(Range<usize>, bool)> {
        let first = self.used;
        let free = SLOTS - first;
        let mut slices: [IoSliceMut<'_>; SLOTS] = std::array::from_fn(|_| IoSliceMut::new(&mut []));
        for (slice, slot) in slices.iter_mut().zip(self.memory[first * SLOT..].chunks_exact_mut(SLOT)) {
            *slice = IoSliceMut::new(slot);
        }
        let count = match self.reader.recv(socket.into(), &mut slices[..free], &mut self.metas[first..]) {
            Ok(count) => count,
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return Ok((first..first, true)),
            Err(cause) => return Err(cause),
        };
        self.used += count;
        // recvmmsg stops early only at an empty queue, and what comes later raises a new edge.
        Ok((first..self.used, count < free))
    }

    /// The datagrams of one filled slot, in the order they were sent.
    pub(in crate::relay) fn datagrams(&self, slot: usize) -> impl Iterator<Item = Datagram> + use<> {
        let meta = self.metas[slot];
        let (from, to) = (canonical(meta.addr), meta.dst_ip.map(|ip| ip.to_canonical()));
        let (start, end) = (slot * SLOT, slot * SLOT + meta.len);
        // An empty datagram is one, too.
        let count = meta.len.div_ceil(meta.stride.max(1)).max(1);
        (0..count).map(move |n| start + n * meta.stride).map(move |at| Datagram {
            from,
            to,
            range: at..(at + meta.stride).min(end),
        })
    }

    /// No slot is left: handle and [`clear`](Self::clear) before the next read.
    pub(in crate::relay) fn is_full(&self) -> bool {
        self.used == SLOTS
    }

    /// All bytes; a [`Datagram::range`] points into them.
    pub(in crate::relay) fn memory(&self) -> &[u8] {
        &self.memory
    }

    /// Frees every slot.
    pub(in crate::relay) fn clear(&mut self) {
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::socket::relay_socket;
    use std::net::UdpSocket;

    fn received(buffers: &mut ReceiveBuffers, socket: &UdpSocket) -> (Vec<Vec<u8>>, bool) {
        let (slots, empty) = buffers.receive(socket).unwrap();
        let datagrams = slots.flat_map(|slot| buffers.datagrams(slot));
        (datagrams.map(|datagram| buffers.memory()[datagram.range].to_vec()).collect(), empty)
    }

    #[test]
    fn a_burst_comes_in_order_whether_or_not_the_kernel_coalesces() {
        for gro in [true, false] {
            let mut buffers = ReceiveBuffers::new().unwrap();
            let socket = relay_socket("127.0.0.1:0".parse().unwrap(), gro).unwrap();
            let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
            let sent: Vec<Vec<u8>> = (1..=20u8).map(|n| vec![n; 100 + usize::from(n % 3)]).collect();
            for packet in &sent {
                sender.send_to(packet, socket.local_addr().unwrap()).unwrap();
            }
            assert_eq!(received(&mut buffers, &socket), (sent, true));
        }
    }

    #[test]
    fn an_empty_datagram_is_seen() {
        let mut buffers = ReceiveBuffers::new().unwrap();
        let socket = relay_socket("127.0.0.1:0".parse().unwrap(), true).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(&[], socket.local_addr().unwrap()).unwrap();
        assert_eq!(received(&mut buffers, &socket), (vec![vec![]], true));
    }

    #[test]
    fn a_full_batch_says_that_there_may_be_more() {
        let mut buffers = ReceiveBuffers::new().unwrap();
        let socket = relay_socket("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..SLOTS + 1 {
            sender.send_to(b"x", socket.local_addr().unwrap()).unwrap();
        }
        let (first, empty) = received(&mut buffers, &socket);
        assert!(first.len() == SLOTS && !empty && buffers.is_full());
        buffers.clear();
        let (rest, empty) = received(&mut buffers, &socket);
        assert!(rest.len() == 1 && empty);
    }
}
