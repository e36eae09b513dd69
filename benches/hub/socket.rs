//! One connection of the generator: non-blocking, with TLS or without, bytes in and bytes out.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::{ClientConfig, ClientConnection};
use rustls_pki_types::ServerName;

/// See the module's text.
pub(crate) struct Socket {
    /// For the poll.
    pub(crate) tcp: TcpStream,
    /// What was received and not yet understood.
    pub(crate) heard: Vec<u8>,
    tls: Option<Box<ClientConnection>>,
    unsent: Vec<u8>,
}

impl Socket {
    /// Begins to connect from an address of this machine.
    pub(crate) fn connect(from: Ipv4Addr, server: SocketAddr, tls: Option<&Arc<ClientConfig>>) -> io::Result<Socket> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM.nonblocking(), None)?;
        socket.set_tcp_nodelay(true)?;
        // The port is drawn with the destination known, so that as many can be open as there are pairs of ports.
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        match socket.connect(&server.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            _ => {}
        }
        let tls = tls.map(|config| ClientConnection::new(config.clone(), ServerName::from(server.ip())));
        let tls = tls.transpose().map_err(io::Error::other)?.map(Box::new);
        let tcp = TcpStream::from_std(socket.into());
        Ok(Socket { tcp, tls, heard: Vec::new(), unsent: Vec::new() })
    }

    /// Sends `bytes`, now or as soon as it can.
    pub(crate) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.writer().write_all(bytes)?;
            return self.flush();
        }
        let sent = if self.unsent.is_empty() { write(&mut self.tcp, bytes)? } else { 0 };
        self.unsent.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.unsent)?;
            }
        }
        if !self.unsent.is_empty() {
            let sent = write(&mut self.tcp, &self.unsent)?;
            self.unsent.drain(..sent);
        }
        Ok(())
    }

    /// Takes in all there is, by way of `scratch`. False at the end of the stream.
    pub(crate) fn hear(&mut self, scratch: &mut [u8]) -> io::Result<bool> {
        loop {
            let count = match self.tcp.read(scratch) {
                Ok(0) => return Ok(false),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            };
            self.take(&scratch[..count])?;
            // Less than there was room for: that was all, and the poll tells of more.
            if count < scratch.len() {
                return Ok(true);
            }
        }
    }

    fn take(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            self.heard.extend_from_slice(bytes);
            return Ok(());
        };
        while !bytes.is_empty() {
            tls.read_tls(&mut bytes)?;
            tls.process_new_packets().map_err(io::Error::other)?;
            match tls.reader().read_to_end(&mut self.heard) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => drop(other?),
            }
        }
        // The handshake may have something to say.
        self.flush()
    }
}

fn write(tcp: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match tcp.write(bytes) {
        // Also while it is still connecting.
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => Ok(0),
        other => other,
    }
}
