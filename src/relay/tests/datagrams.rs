//! A TURN client over UDP, as plain as the one over streams: it asks one thing at a time.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use super::PATIENCE;
use super::client::{Heard, sign};
use crate::stun::{Class, Method, Writer, attribute, channel_header};

/// One socket of one user.
pub(super) struct UdpClient {
    pub(super) socket: UdpSocket,
    pub(super) server: SocketAddr,
    username: &'static str,
    nonce: Vec<u8>,
    asked: u8,
}

impl UdpClient {
    /// Opens a socket and fetches a nonce.
    pub(super) fn arrives(server: SocketAddr, username: &'static str) -> UdpClient {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        socket.set_read_timeout(Some(PATIENCE)).expect("set");
        let mut client = UdpClient { socket, server, username, nonce: Vec::new(), asked: 0 };
        let challenge = client.ask(Method::Allocate, |writer| writer);
        client.nonce = challenge.get(attribute::NONCE).to_vec();
        client
    }

    /// Asks with proof, and hears what comes next.
    pub(super) fn ask(&mut self, method: Method, fill: impl FnOnce(Writer) -> Writer) -> Heard {
        let request = self.request(method, fill);
        self.say(&request);
        Heard(self.hear())
    }

    pub(super) fn request(&mut self, method: Method, fill: impl FnOnce(Writer) -> Writer) -> Vec<u8> {
        self.asked = self.asked.wrapping_add(1);
        let mut request = Vec::new();
        let writer = fill(Writer::new(&mut request, Class::Request, method, [self.asked; 12]));
        let writer = if self.nonce.is_empty() { writer } else { sign(writer, self.username, &self.nonce) };
        writer.finish();
        request
    }

    pub(super) fn say(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.server).expect("sent");
    }

    pub(super) fn say_on_channel(&self, number: u16, payload: &[u8]) {
        self.say(&[&channel_header(number, payload.len())[..], payload].concat());
    }

    /// The next datagram.
    pub(super) fn hear(&self) -> Vec<u8> {
        hear(&self.socket).0
    }
}

/// The next datagram, and who sent it.
pub(super) fn hear(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 65_536];
    let (length, from) = socket.recv_from(&mut buffer).expect("something arrives");
    buffer.truncate(length);
    (buffer, from)
}

/// A peer outside of the relay.
pub(super) fn peer() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.2:0").expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("set");
    socket
}
