//! A connected UDP socket that sends and receives in bulk: GSO out, GRO and recvmmsg in, so that the generator costs a
//! fraction of what the servers cost. `quinn-udp` makes the system calls; nothing here is unsafe.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, Result};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};

use crate::client::Link;

/// One UDP socket on loopback.
pub(crate) struct Port {
    socket: UdpSocket,
    state: UdpSocketState,
    to: Option<SocketAddr>,
}

impl Port {
    /// A socket of a peer, on a free port. Not on the servers' own address: a relay may keep peers away from that.
    pub(crate) fn peer() -> io::Result<Port> {
        Port::new(Ipv4Addr::new(127, 0, 0, 2))
    }

    /// A socket of a client, talking to `server` only.
    pub(crate) fn connected(server: SocketAddr) -> io::Result<Port> {
        let mut port = Port::new(Ipv4Addr::LOCALHOST)?;
        port.connect(server)?;
        Ok(port)
    }

    /// The same from another address of this machine.
    pub(crate) fn connected_from(host: Ipv4Addr, server: SocketAddr) -> io::Result<Port> {
        let mut port = Port::new(host)?;
        port.connect(server)?;
        Ok(port)
    }

    /// A socket that speaks from any address of this machine, and hears what comes back to any.
    pub(crate) fn anywhere() -> io::Result<Port> {
        Port::new(Ipv4Addr::UNSPECIFIED)
    }

    fn new(host: Ipv4Addr) -> io::Result<Port> {
        let socket = UdpSocket::bind((host, 0))?;
        // The sink must never be what loses packets: ask for more than a whole window, take what the kernel gives.
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20);
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Port { socket, state, to: None })
    }

    /// From now on talks to `to` only.
    pub(crate) fn connect(&mut self, to: SocketAddr) -> io::Result<()> {
        self.to = Some(to);
        self.socket.connect(to)
    }

    /// Where it is bound.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Sends one packet; false when the socket's send buffer is full.
    pub(crate) fn send(&self, packet: &[u8]) -> io::Result<bool> {
        unless_full(self.socket.send(packet).map(|_| ()))
    }

    /// Sends one packet to `to`, from `from`; false when the socket's send buffer is full.
    pub(crate) fn send_from(&self, from: Ipv4Addr, to: SocketAddr, packet: &[u8]) -> io::Result<bool> {
        let (destination, src_ip) = (to, Some(from.into()));
        let transmit = Transmit { destination, ecn: None, contents: packet, segment_size: None, src_ip };
        unless_full(self.state.try_send((&self.socket).into(), &transmit))
    }

    /// Sends packets of `size` bytes laid end to end in one GSO call, so that they arrive coalesced.
    pub(crate) fn send_coalesced(&self, packets: &[u8], size: usize) -> io::Result<bool> {
        let transmit = Transmit {
            destination: self.to.ok_or(ErrorKind::NotConnected)?,
            ecn: None,
            contents: packets,
            segment_size: Some(size),
            src_ip: None,
        };
        unless_full(self.state.try_send((&self.socket).into(), &transmit))
    }

    /// Hands everything that waits in the receive buffer to `each`, packet by packet; returns how many there were.
    pub(crate) fn drain(&self, inbox: &Inbox, mut each: impl FnMut(&[u8])) -> io::Result<usize> {
        let mut inbox = inbox.0.borrow_mut();
        let mut packets = 0;
        loop {
            let filled = match inbox.receive(self) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(packets),
                other => other?,
            };
            for (buffer, meta) in inbox.buffers.iter().zip(&inbox.metas).take(filled) {
                for packet in buffer[..meta.len].chunks(meta.stride.max(1)) {
                    each(packet);
                    packets += 1;
                }
            }
            if filled < BATCH_SIZE {
                return Ok(packets);
            }
        }
    }
}

/// Receive buffers for one whole recvmmsg, shared by all ports of the generator: one thread drains them in turn.
pub(crate) struct Inbox(RefCell<Slots>);

impl Inbox {
    /// Buffers that hold the largest train GRO may deliver.
    pub(crate) fn new() -> Inbox {
        Inbox(RefCell::new(Slots {
            buffers: (0..BATCH_SIZE).map(|_| vec![0; 64 << 10]).collect(),
            metas: vec![RecvMeta::default(); BATCH_SIZE],
        }))
    }
}

struct Slots {
    buffers: Vec<Vec<u8>>,
    metas: Vec<RecvMeta>,
}

impl Slots {
    fn receive(&mut self, port: &Port) -> io::Result<usize> {
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] = std::array::from_fn(|_| IoSliceMut::new(&mut []));
        for (slice, buffer) in slices.iter_mut().zip(&mut self.buffers) {
            *slice = IoSliceMut::new(buffer);
        }
        port.state.recv((&port.socket).into(), &mut slices, &mut self.metas)
    }
}

impl Link for Port {
    /// RFC 8489, 6.2.1: a client retransmits over UDP; here every 200 ms, since the server is on this machine.
    fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.socket.set_nonblocking(false)?;
        self.socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        let reply = (0..25).find_map(|_| exchange(&self.socket, request));
        self.socket.set_nonblocking(true)?;
        reply.context("the server did not answer within 5 seconds")
    }
}

fn exchange(socket: &UdpSocket, request: &[u8]) -> Option<Vec<u8>> {
    // A refused send means that the server is not up yet: the read below times out or is refused too.
    let _ = socket.send(request);
    let mut reply = vec![0; 2048];
    let length = socket.recv(&mut reply).ok()?;
    // RFC 8489, 6.3: a response is matched to its request by the transaction id.
    let answers = length >= 20 && reply[4..20] == request[4..20];
    answers.then(|| reply[..length].to_vec())
}

fn unless_full(sent: io::Result<()>) -> io::Result<bool> {
    match sent {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
