//! A TURN client over TLS, one record for each packet as browsers write them.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::ClientConnection;
use rustls_pki_types::ServerName;

use crate::client::{Client, HEADER, Link};
use crate::flows::{Direction, Flow, PAYLOAD, Sink, Source, UdpSink, UdpSource, framed, payload_stamp, stamp_payload};
use crate::identity::Identity;
use crate::udp::{Inbox, Port};

/// The first thing a TLS client says to `server`.
pub(crate) fn client_hello(identity: &Identity, server: SocketAddr) -> Result<Vec<u8>> {
    let mut hello = Vec::new();
    ClientConnection::new(identity.client(), ServerName::from(server.ip()))?.write_tls(&mut hello)?;
    Ok(hello)
}

/// A flow for each of `count` new TLS clients, between it and a UDP peer of its own.
pub(crate) fn flows(server: SocketAddr, identity: &Identity, count: usize, direction: Direction) -> Result<Vec<Flow>> {
    let inbox = Rc::new(Inbox::new());
    (0..count)
        .map(|number| flow(server, identity, direction, &inbox).with_context(|| format!("TLS client {number}")))
        .collect()
}

fn flow(server: SocketAddr, identity: &Identity, direction: Direction, inbox: &Rc<Inbox>) -> Result<Flow> {
    let mut client = Client::allocate(Stream::connect(server, identity)?)?;
    let mut peer = Port::peer()?;
    client.bind(peer.address()?)?;
    peer.connect(client.relayed)?;
    let stream = client.link;
    stream.tcp.set_nonblocking(true)?;
    let peer = Rc::new(peer);
    Ok(match direction {
        Direction::ToPeer => Flow::new(Writer { stream, frame: framed() }, UdpSink::peer(peer, inbox.clone())),
        Direction::ToClient => Flow::new(UdpSource::peer(peer), Reader { stream, waiting: Vec::new() }),
    })
}

/// A TLS connection to the server.
pub(crate) struct Stream {
    tcp: TcpStream,
    tls: ClientConnection,
}

impl Stream {
    /// Connects; the handshake happens with the first request.
    pub(crate) fn connect(server: SocketAddr, identity: &Identity) -> Result<Stream> {
        let tcp = TcpStream::connect(server)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(Duration::from_secs(5)))?;
        let tls = ClientConnection::new(identity.client(), ServerName::from(server.ip()))?;
        Ok(Stream { tcp, tls })
    }

    /// Writes what the connection has encrypted; false when the socket is full.
    fn flush(&mut self) -> io::Result<bool> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.tcp) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                other => other?,
            };
        }
        Ok(true)
    }
}

impl Link for Stream {
    fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        let mut tls = rustls::Stream::new(&mut self.tls, &mut self.tcp);
        tls.write_all(request)?;
        tls.flush()?;
        // RFC 8489, 5: a header of 20 bytes, whose bytes 2 and 3 are the length of the rest.
        let mut reply = vec![0; 20];
        tls.read_exact(&mut reply)?;
        let rest = u16::from_be_bytes([reply[2], reply[3]]);
        reply.resize(20 + usize::from(rest), 0);
        tls.read_exact(&mut reply[20..])?;
        Ok(reply)
    }
}

struct Writer {
    stream: Stream,
    frame: Vec<u8>,
}

impl Source for Writer {
    fn send(&mut self, burst: usize, stamp: u64) -> io::Result<usize> {
        if !self.stream.flush()? {
            return Ok(0);
        }
        stamp_payload(&mut self.frame[HEADER..], stamp);
        for _ in 0..burst {
            self.stream.tls.writer().write_all(&self.frame)?;
        }
        self.stream.flush()?;
        Ok(burst)
    }
}

struct Reader {
    stream: Stream,
    waiting: Vec<u8>,
}

impl Sink for Reader {
    fn drain(&mut self, seen: &mut dyn FnMut(u64)) -> io::Result<usize> {
        match self.stream.tls.read_tls(&mut self.stream.tcp) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Ok(0) => return Err(ErrorKind::ConnectionAborted.into()),
            other => other?,
        };
        self.stream.tls.process_new_packets().map_err(io::Error::other)?;
        match self.stream.tls.reader().read_to_end(&mut self.waiting) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => drop(other?),
        }
        let frames = self.waiting.chunks_exact(HEADER + PAYLOAD);
        let (count, rest) = (frames.len(), frames.remainder().len());
        frames.for_each(|frame| seen(payload_stamp(&frame[HEADER..])));
        self.waiting.drain(..self.waiting.len() - rest);
        Ok(count)
    }
}
