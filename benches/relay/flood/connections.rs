//! Strangers who connect over TCP, say little or nothing, and stay until they are shut out.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::{Flood, Sums};

/// Between two connections: 1000 a second.
const INTERVAL: Duration = Duration::from_millis(1);

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// With nothing.
    Silence,
    /// With a whole ClientHello, so that the server has to do its part of the handshake, and nothing more.
    ClientHello,
}

/// See the module's text.
pub(super) struct Connections {
    server: SocketAddr,
    opening: Vec<u8>,
    spread: bool,
    open: Vec<TcpStream>,
    due: Instant,
    sums: Sums,
}

impl Connections {
    /// Strangers of many networks, or of one address, who begin with `opening`.
    pub(super) fn new(server: SocketAddr, opening: Vec<u8>, spread: bool) -> Connections {
        Connections { server, opening, spread, open: Vec::new(), due: Instant::now(), sums: Sums::default() }
    }

    fn connect(&self, from: Ipv4Addr) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        // Over loopback the kernels are done with each other before this call ends.
        socket.connect(&self.server.into())?;
        socket.set_nonblocking(true)?;
        let mut stream = TcpStream::from(socket);
        stream.write_all(&self.opening)?;
        Ok(stream)
    }
}

impl Flood for Connections {
    fn step(&mut self) -> io::Result<()> {
        if self.due > Instant::now() {
            return Ok(());
        }
        self.due += INTERVAL;
        // One address for a whole network here: the server counts connections by address.
        let from = if self.spread { stranger(self.sums.sent, true) } else { stranger(0, false) };
        self.sums.sent += 1;
        self.sums.bytes_sent += self.opening.len() as u64;
        match self.connect(from) {
            Ok(stream) => self.open.push(stream),
            // Shut out already.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn held(&mut self) -> usize {
        let sums = &mut self.sums;
        self.open.retain_mut(|stream| {
            loop {
                match io::Read::read(stream, &mut [0; 4096]) {
                    Ok(count @ 1..) => {
                        sums.replies += 1;
                        sums.bytes_replied += count as u64;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break true,
                    _ => break false,
                }
            }
        });
        self.open.len()
    }

    fn sums(&self) -> Sums {
        self.sums
    }
}

/// The address of stranger number `number`: no two neighbours from one network, or all from the same one.
pub(super) fn stranger(number: u64, spread: bool) -> Ipv4Addr {
    const FIRST: u32 = Ipv4Addr::new(10, 64, 0, 0).to_bits();
    let number = number as u32;
    let (network, host) = if spread { (number % 16_384, number / 16_384 % 254 + 1) } else { (0, number % 254 + 1) };
    Ipv4Addr::from_bits(FIRST + (network << 8) + host)
}
