//! The least that any hub has to do on this machine: one thread reads what came and writes it to the other person in the room.
//! No limits, no seats, no JSON understood, nobody who is too slow, no end: what is left is nearly all the kernel's. The distance
//! to it is what a hub adds, and no hub whose sockets are the kernel's gets below it.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

/// As long as our hub rests under such a load, so that as many words gather for one wait.
const REST: Duration = Duration::from_millis(2);

const LISTENER: Token = Token(usize::MAX);

/// Nobody looks at what its key was.
const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Of a client's frame, before its mask.
const HEADER: usize = 4;

struct Floor {
    people: Vec<Person>,
    /// Who waits for the second one.
    waiting: HashMap<Vec<u8>, usize>,
    received: Vec<u8>,
}

struct Person {
    tcp: TcpStream,
    is_open: bool,
    other: Option<usize>,
}

/// Serves at `address` until the process is ended.
pub(crate) fn serve(address: SocketAddr) -> Result<()> {
    let mut listener = TcpListener::bind(address)?;
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut floor = Floor { people: Vec::new(), waiting: HashMap::new(), received: vec![0; 16 << 10] };
    loop {
        thread::sleep(REST);
        poll.poll(&mut events, None)?;
        for event in &events {
            match event.token() {
                LISTENER => floor.welcome(&listener, &poll)?,
                Token(who) => floor.attend(who)?,
            }
        }
    }
}

impl Floor {
    fn welcome(&mut self, listener: &TcpListener, poll: &Poll) -> Result<()> {
        while let Ok((mut tcp, _)) = listener.accept() {
            tcp.set_nodelay(true)?;
            poll.registry().register(&mut tcp, Token(self.people.len()), Interest::READABLE)?;
            self.people.push(Person { tcp, is_open: false, other: None });
        }
        Ok(())
    }

    /// Reads once: whatever else there is, the poll tells of, or the next word brings it along.
    fn attend(&mut self, who: usize) -> Result<()> {
        let person = &mut self.people[who];
        let count = person.tcp.read(&mut self.received).unwrap_or(0);
        match (person.is_open, person.other) {
            (_, _) if count == 0 => {}
            (false, _) => {
                person.is_open = true;
                person.tcp.write_all(ACCEPTED)?;
            }
            (true, None) => self.seat(who, count)?,
            (true, Some(other)) => {
                let length = pass_on(&mut self.received[..count])?;
                self.people[other].tcp.write_all(&self.received[..length]).context("a reader is too slow")?;
            }
        }
        Ok(())
    }

    /// The first frame names the room, and does so as everybody's there.
    fn seat(&mut self, who: usize, count: usize) -> Result<()> {
        match self.waiting.remove(&self.received[..count]) {
            Some(other) => {
                self.people[who].other = Some(other);
                self.people[other].other = Some(who);
            }
            None => drop(self.waiting.insert(self.received[..count].to_vec(), who)),
        }
        let joined = br#"{"type":"joined"}"#;
        self.people[who].tcp.write_all(&[&[0x81, joined.len() as u8], joined.as_slice()].concat())?;
        Ok(())
    }
}

/// Makes the server's frames of the client's, where they are; how many bytes it takes.
fn pass_on(received: &mut [u8]) -> Result<usize> {
    let (mut from, mut to) = (0, 0);
    while from < received.len() {
        let frame = &received[from..];
        ensure!(frame.len() > HEADER + 4 && frame[1] == 0x80 | 126, "the generator says something else");
        let length = usize::from(u16::from_be_bytes([frame[2], frame[3]]));
        let mask = [frame[4], frame[5], frame[6], frame[7]];
        let payload = from + HEADER + 4..from + HEADER + 4 + length;
        ensure!(payload.end <= received.len(), "a frame came in two parts, which this does not put together");
        for (byte, mask) in received[payload.clone()].iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        received.copy_within(from..from + HEADER, to);
        received[to + 1] = 126;
        received.copy_within(payload.clone(), to + HEADER);
        (from, to) = (payload.end, to + HEADER + length);
    }
    Ok(to)
}
