//! Strangers who ask over UDP, each from an address of their own, as fast as a small site's uplink lets a botnet come.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::connections::stranger;
use super::{Flood, Sums};
use crate::stun;
use crate::udp::{Inbox, Port};

/// Between two packets: 40 000 a second.
const INTERVAL: Duration = Duration::from_micros(25);

/// Packets sent in one go at most, when the flood has fallen behind.
const AT_ONCE: usize = 8;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// One's own address, which anybody may ask for.
    Binding,
    /// A relayed address, without proof: the server answers with a challenge.
    Allocate,
    /// A relayed address, with a nonce and a signature that are made up.
    ForgedAllocate,
}

/// See the module's text.
pub(super) struct Datagrams {
    port: Port,
    inbox: Inbox,
    server: SocketAddr,
    packet: Vec<u8>,
    spread: bool,
    due: Instant,
    sums: Sums,
}

impl Datagrams {
    /// Strangers of many networks, or of one.
    pub(super) fn new(server: SocketAddr, question: Question, spread: bool) -> Result<Datagrams> {
        let packet = match question {
            Question::Binding => stun::binding(),
            Question::Allocate => stun::allocate(None)?,
            Question::ForgedAllocate => stun::allocate(Some(&stun::Session::forged()))?,
        };
        let (port, inbox) = (Port::anywhere()?, Inbox::new());
        Ok(Datagrams { port, inbox, server, packet, spread, due: Instant::now(), sums: Sums::default() })
    }
}

impl Flood for Datagrams {
    fn step(&mut self) -> io::Result<()> {
        let now = Instant::now();
        for _ in 0..AT_ONCE {
            if self.due > now {
                break;
            }
            self.due += INTERVAL;
            self.port.send_from(stranger(self.sums.sent, self.spread), self.server, &self.packet)?;
            self.sums.sent += 1;
            self.sums.bytes_sent += self.packet.len() as u64;
        }
        let sums = &mut self.sums;
        self.port.drain(&self.inbox, |reply| {
            sums.replies += 1;
            sums.bytes_replied += reply.len() as u64;
        })?;
        Ok(())
    }

    fn held(&mut self) -> usize {
        0
    }

    fn sums(&self) -> Sums {
        self.sums
    }
}
