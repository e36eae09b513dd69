//! A TURN client over a stream or UDP, as plain as possible: it asks one thing at a time.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::UdpSocket;

use super::PATIENCE;
use crate::relay::{StreamTransport, Streams};
use crate::stun::{Class, Framer, Key, Message, Method, PasswordAlgorithm, Writer, attribute};

pub(super) const REALM: &str = "callbox";

/// One connection of one user.
pub(super) struct Client {
    pub(super) io: DuplexStream,
    framer: Framer,
    username: &'static str,
    nonce: Vec<u8>,
    asked: u8,
}

/// A whole message.
#[derive(Debug)]
pub(super) struct Heard(pub(super) Vec<u8>);

impl Client {
    /// Connects and fetches a nonce.
    pub(super) async fn arrives(streams: &Streams, username: &'static str) -> Client {
        let (io, theirs) = tokio::io::duplex(1 << 16);
        let (streams, [client, server]) = (streams.clone(), ["127.0.0.1:999", "127.0.0.1:443"]);
        let [client, server] = [client, server].map(|address| address.parse().expect("an address"));
        tokio::spawn(async move { streams.serve(theirs, client, server, StreamTransport::Tcp).await });
        Client::challenged(io, username).await
    }

    /// The same over UDP: what it writes at once is one datagram.
    pub(super) async fn arrives_by_udp(server: SocketAddr, username: &'static str) -> Client {
        let (io, mut theirs) = tokio::io::duplex(1 << 16);
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
        socket.connect(server).await.expect("connected");
        tokio::spawn(async move {
            let (mut out, mut back) = (vec![0; 2048], vec![0; 2048]);
            loop {
                tokio::select! {
                    Ok(count @ 1..) = theirs.read(&mut out) => socket.send(&out[..count]).await?,
                    Ok(count) = socket.recv(&mut back) => theirs.write(&back[..count]).await?,
                    else => return io::Result::Ok(()),
                };
            }
        });
        Client::challenged(io, username).await
    }

    async fn challenged(io: DuplexStream, username: &'static str) -> Client {
        let mut client = Client { io, framer: Framer::new(4096), username, nonce: Vec::new(), asked: 0 };
        let challenge = client.ask(Method::Allocate, |writer| writer).await;
        client.nonce = challenge.get(attribute::NONCE).to_vec();
        client
    }

    /// Asks with proof, and hears what comes next.
    pub(super) async fn ask(&mut self, method: Method, fill: impl FnOnce(Writer) -> Writer) -> Heard {
        self.ask_and_say(method, fill, b"").await
    }

    /// The same, with something in the same packet behind the request.
    pub(super) async fn ask_and_say(
        &mut self,
        method: Method,
        fill: impl FnOnce(Writer) -> Writer,
        behind: &[u8],
    ) -> Heard {
        let mut request = self.request(method, fill);
        request.extend_from_slice(behind);
        self.io.write_all(&request).await.expect("the relay listens");
        self.hear().await
    }

    /// Says something that nobody answers.
    pub(super) async fn say(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.expect("the relay listens");
    }

    fn request(&mut self, method: Method, fill: impl FnOnce(Writer) -> Writer) -> Vec<u8> {
        self.asked = self.asked.wrapping_add(1);
        let mut request = Vec::new();
        let writer = fill(Writer::new(&mut request, Class::Request, method, [self.asked; 12]));
        let writer = if self.nonce.is_empty() { writer } else { sign(writer, self.username, &self.nonce) };
        writer.finish();
        request
    }

    /// The next message.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            if let Some(frame) = self.framer.next().expect("frames") {
                return Heard(frame.to_vec());
            }
            let read = tokio::time::timeout(PATIENCE, self.io.read(self.framer.space())).await;
            let count = read.expect("something arrives").expect("received");
            assert_ne!(count, 0, "the relay hung up");
            self.framer.filled(count);
        }
    }

    /// The next bytes of a connection that carries a peer's.
    pub(super) async fn hear_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = std::mem::replace(&mut self.framer, Framer::new(4096)).into_rest();
        let rest = count.checked_sub(bytes.len()).expect("no more than was sent");
        let start = bytes.len();
        bytes.resize(start + rest, 0);
        let read = tokio::time::timeout(PATIENCE, self.io.read_exact(&mut bytes[start..])).await;
        read.expect("something arrives").expect("received");
        bytes
    }
}

pub(super) fn sign<'a>(writer: Writer<'a>, username: &str, nonce: &[u8]) -> Writer<'a> {
    let key = Key::long_term(PasswordAlgorithm::Md5, username, REALM, &format!("{username}'s password"));
    writer
        .put(attribute::USERNAME, username.as_bytes())
        .put(attribute::REALM, REALM.as_bytes())
        .put(attribute::NONCE, nonce)
        .sign_sha1(&key)
}

impl Heard {
    pub(super) fn message(&self) -> Message<'_> {
        Message::read(&self.0).expect("a STUN message")
    }

    /// The error code, 0 for a success.
    pub(super) fn code(&self) -> u16 {
        match (self.message().class(), self.message().get(attribute::ERROR_CODE)) {
            (Class::Success, None) => 0,
            (Class::Error, Some(&[0, 0, hundreds, rest])) => u16::from(hundreds) * 100 + u16::from(rest),
            other => panic!("neither success nor error: {other:?}"),
        }
    }

    pub(super) fn get(&self, kind: u16) -> &[u8] {
        self.message().get(kind).expect("the attribute")
    }

    pub(super) fn address(&self, kind: u16) -> SocketAddr {
        self.message().xor_address(self.get(kind)).expect("an address")
    }
}
