//! What the crate `turn`'s client sends and reads by: one UDP socket, or one stream cut into frames (RFC 8656, 3.1). That
//! client knows datagrams alone and swallows what happens to them; here the first failure is kept and ends the waiting.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::OnceLock;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::UdpSocket;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use webrtc_util::{Conn, Error};

use super::dial::Duplex;
use super::report::Failure;
use crate::stun::Framer;

/// The way to one server.
pub(super) struct Wire {
    carrier: Carrier,
    local: SocketAddr,
    server: SocketAddr,
    failure: OnceLock<Failure>,
    ended: CancellationToken,
}

enum Carrier {
    Datagrams(UdpSocket),
    Stream { read: Mutex<(ReadHalf<Box<dyn Duplex>>, Framer)>, write: Mutex<WriteHalf<Box<dyn Duplex>>> },
}

impl Wire {
    /// `socket` is connected to `server`.
    pub(super) fn datagrams(socket: UdpSocket, server: SocketAddr) -> Result<Wire, Failure> {
        let local = socket.local_addr()?;
        Ok(Wire::new(Carrier::Datagrams(socket), local, server))
    }

    /// `stream` leads to `server`.
    pub(super) fn stream(stream: Box<dyn Duplex>, server: SocketAddr) -> Wire {
        let (read, write) = split(stream);
        let read = Mutex::new((read, Framer::new(Framer::LONGEST)));
        // The client wants to know the family of its own address, and nothing else of it.
        let local = SocketAddr::new(server.ip(), 0);
        Wire::new(Carrier::Stream { read, write: Mutex::new(write) }, local, server)
    }

    fn new(carrier: Carrier, local: SocketAddr, server: SocketAddr) -> Wire {
        Wire { carrier, local, server, failure: OnceLock::new(), ended: CancellationToken::new() }
    }

    /// Waits until nothing goes over it any more, and says why.
    pub(super) async fn ended(&self) -> Failure {
        self.ended.cancelled().await;
        self.failure.get().cloned().unwrap_or(Failure::Closed)
    }

    async fn read(&self, buffer: &mut [u8]) -> Result<usize, Failure> {
        match &self.carrier {
            Carrier::Datagrams(socket) => Ok(socket.recv(buffer).await?),
            Carrier::Stream { read, .. } => {
                let (stream, framer) = &mut *read.lock().await;
                loop {
                    match framer.next() {
                        Ok(Some(frame)) if frame.len() <= buffer.len() => {
                            buffer[..frame.len()].copy_from_slice(frame);
                            return Ok(frame.len());
                        }
                        Ok(None) => {}
                        _ => return Err(Failure::Other("what answers speaks no TURN".to_owned())),
                    }
                    match stream.read(framer.space()).await? {
                        0 => return Err(Failure::Closed),
                        count => framer.filled(count),
                    }
                }
            }
        }
    }

    async fn write(&self, message: &[u8]) -> Result<(), Failure> {
        match &self.carrier {
            Carrier::Datagrams(socket) => drop(socket.send(message).await?),
            Carrier::Stream { write, .. } => {
                let mut stream = write.lock().await;
                stream.write_all(message).await?;
                stream.flush().await?;
            }
        }
        Ok(())
    }

    fn fail(&self, failure: Failure) -> Error {
        let words = failure.to_string();
        let _first_counts = self.failure.set(failure);
        self.ended.cancel();
        Error::Other(words)
    }
}

#[async_trait]
impl Conn for Wire {
    async fn connect(&self, _: SocketAddr) -> Result<(), Error> {
        Ok(())
    }

    async fn recv(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.read(buffer).await.map_err(|failure| self.fail(failure))
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr), Error> {
        Ok((self.recv(buffer).await?, self.server))
    }

    async fn send(&self, message: &[u8]) -> Result<usize, Error> {
        self.write(message).await.map_err(|failure| self.fail(failure))?;
        Ok(message.len())
    }

    async fn send_to(&self, message: &[u8], _: SocketAddr) -> Result<usize, Error> {
        self.send(message).await
    }

    fn local_addr(&self) -> Result<SocketAddr, Error> {
        Ok(self.local)
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        Some(self.server)
    }

    async fn close(&self) -> Result<(), Error> {
        self.ended.cancel();
        Ok(())
    }

    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
}
