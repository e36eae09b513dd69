//! The paths packets take through a server: which socket a client's packets leave from, which one they must reach, and
//! what they look like on the way in.

use std::io;
use std::rc::Rc;

use anyhow::Result;

use crate::client::{Client, HEADER, channel_header};
use crate::clients::UdpClient;
use crate::udp::{Inbox, Port};

/// Bytes of payload of every packet: a full video packet.
pub(crate) const PAYLOAD: usize = 1200;

/// The longest burst any load sends.
pub(crate) const LONGEST_BURST: usize = 32;

/// Where packets start.
pub(crate) trait Source {
    /// Sends `burst` packets carrying `stamp` and returns how many the socket took.
    fn send(&mut self, burst: usize, stamp: u64) -> io::Result<usize>;
}

/// Where packets end.
pub(crate) trait Sink {
    /// Takes in everything that has arrived, shows the stamp of each packet and returns how many there were.
    fn drain(&mut self, seen: &mut dyn FnMut(u64)) -> io::Result<usize>;
}

/// One relayed path.
pub(crate) struct Flow {
    /// Where its packets start.
    pub(crate) source: Box<dyn Source>,
    /// Where they end.
    pub(crate) sink: Box<dyn Sink>,
    /// Packets sent and neither seen nor given up.
    pub(crate) outstanding: usize,
}

impl Flow {
    /// A path without packets on it.
    pub(crate) fn new(source: impl Source + 'static, sink: impl Sink + 'static) -> Flow {
        Flow { source: Box::new(source), sink: Box::new(sink), outstanding: 0 }
    }
}

/// Which way packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the client through its allocation to the peer.
    ToPeer,
    /// From the peer to the allocation and on to the client.
    ToClient,
}

/// Whether the packets of a burst arrive at the server one by one or as one train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A system call and a socket buffer for each packet.
    Apart,
    /// Sent with GSO: a server that asks for GRO receives them together.
    Coalesced,
}

/// A flow for each client, between it and a peer of its own.
pub(crate) fn with_peers(clients: Vec<UdpClient>, direction: Direction, arrival: Arrival) -> Vec<Flow> {
    let inbox = Rc::new(Inbox::new());
    let flow = |UdpClient { client, peer }| {
        let client = Rc::new(client.link);
        match direction {
            Direction::ToPeer => udp_flow(client, &framed(), peer, 0, arrival, &inbox),
            Direction::ToClient => udp_flow(peer, &[0; PAYLOAD], client, HEADER, arrival, &inbox),
        }
    };
    clients.into_iter().map(flow).collect()
}

/// A flow for each pair of clients, from the first one's allocation to the second one's on the same server.
pub(crate) fn between_clients(pairs: Vec<[Client<Port>; 2]>, arrival: Arrival) -> Vec<Flow> {
    let inbox = Rc::new(Inbox::new());
    let flow = |[left, right]: [Client<Port>; 2]| {
        udp_flow(Rc::new(left.link), &framed(), Rc::new(right.link), HEADER, arrival, &inbox)
    };
    pairs.into_iter().map(flow).collect()
}

/// A flow for each client straight to a socket of the generator, with no server between: what the generator itself can
/// do at most.
pub(crate) fn without_server(count: usize, arrival: Arrival) -> Result<Vec<Flow>> {
    let inbox = Rc::new(Inbox::new());
    let flow = |_| {
        let sink = Port::peer()?;
        let source = Port::connected(sink.address()?)?;
        Ok(udp_flow(Rc::new(source), &framed(), Rc::new(sink), HEADER, arrival, &inbox))
    };
    (0..count).map(flow).collect()
}

/// A packet as a client sends it on its channel.
pub(crate) fn framed() -> Vec<u8> {
    let mut packet = channel_header(PAYLOAD as u16).to_vec();
    packet.resize(HEADER + PAYLOAD, 0);
    packet
}

fn udp_flow(from: Rc<Port>, packet: &[u8], to: Rc<Port>, header: usize, arrival: Arrival, inbox: &Rc<Inbox>) -> Flow {
    let source = UdpSource { port: from, packets: packet.repeat(LONGEST_BURST), size: packet.len(), arrival };
    let sink = UdpSink { port: to, inbox: inbox.clone(), header };
    Flow::new(source, sink)
}

/// Sends packets of one shape from one socket.
pub(crate) struct UdpSource {
    port: Rc<Port>,
    packets: Vec<u8>,
    size: usize,
    arrival: Arrival,
}

impl UdpSource {
    /// Sends plain payloads, one by one, as a peer does.
    pub(crate) fn peer(port: Rc<Port>) -> UdpSource {
        UdpSource { port, packets: vec![0; PAYLOAD * LONGEST_BURST], size: PAYLOAD, arrival: Arrival::Apart }
    }
}

impl Source for UdpSource {
    fn send(&mut self, burst: usize, stamp: u64) -> io::Result<usize> {
        let train = &mut self.packets[..burst * self.size];
        for packet in train.chunks_exact_mut(self.size) {
            stamp_payload(&mut packet[self.size - PAYLOAD..], stamp);
        }
        if self.arrival == Arrival::Coalesced {
            return Ok(if self.port.send_coalesced(train, self.size)? { burst } else { 0 });
        }
        for (sent, packet) in train.chunks_exact(self.size).enumerate() {
            if !self.port.send(packet)? {
                return Ok(sent);
            }
        }
        Ok(burst)
    }
}

/// Receives packets of one shape on one socket.
pub(crate) struct UdpSink {
    port: Rc<Port>,
    inbox: Rc<Inbox>,
    header: usize,
}

impl UdpSink {
    /// Receives plain payloads, as a peer does.
    pub(crate) fn peer(port: Rc<Port>, inbox: Rc<Inbox>) -> UdpSink {
        UdpSink { port, inbox, header: 0 }
    }
}

impl Sink for UdpSink {
    fn drain(&mut self, seen: &mut dyn FnMut(u64)) -> io::Result<usize> {
        let whole = self.header + PAYLOAD;
        self.port.drain(&self.inbox, |packet| {
            if packet.len() >= whole {
                seen(payload_stamp(&packet[self.header..]));
            }
        })
    }
}

/// Writes `stamp` where [`payload_stamp`] finds it.
pub(crate) fn stamp_payload(payload: &mut [u8], stamp: u64) {
    payload[..8].copy_from_slice(&stamp.to_be_bytes());
}

/// The stamp a payload carries.
pub(crate) fn payload_stamp(payload: &[u8]) -> u64 {
    payload[..8].iter().fold(0, |stamp, byte| stamp << 8 | u64::from(*byte))
}
