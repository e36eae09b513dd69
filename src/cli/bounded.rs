//! One connection to a server on this machine with one deadline for all of it: a peer that sends a byte now and then, which a limit
//! for each read would wait for for ever, is given up too.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub(super) struct Bounded {
    stream: TcpStream,
    ends: Instant,
}

impl Bounded {
    /// Everything with this peer, connecting too, is over `within` that time.
    pub(super) fn connect(address: SocketAddr, within: Duration) -> io::Result<Bounded> {
        let ends = Instant::now() + within;
        Ok(Bounded { stream: TcpStream::connect_timeout(&address, within)?, ends })
    }

    /// Never zero, which would mean no limit.
    fn left(&self) -> io::Result<Duration> {
        let left = self.ends.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        left.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(into)
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Never as long as the peer goes on.
    const WITHIN: Duration = Duration::from_millis(200);

    #[test]
    fn a_peer_that_sends_a_byte_now_and_then_and_never_ends_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let trickle = thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            while peer.write_all(b".").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        let mut heard = Vec::new();
        let ended = Bounded::connect(address, WITHIN).unwrap().read_to_end(&mut heard);
        assert!(matches!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock));
        trickle.join().unwrap(); // it went on until it was hung up on
    }
}
