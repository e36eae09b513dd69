//! Many people, two to a room, each by a WebSocket, all served by one thread.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token};
use rustls::ClientConfig;

use crate::dialects::{Dialect, Heard, Seat, payload};
use crate::frames::{self, Frame};
use crate::socket::Socket;

/// People who are coming in at the same time: as many as keep a server busy, and fewer than its backlog.
const COMING: usize = 128;

/// Whoever is not in by then never will be.
const PATIENCE: Duration = Duration::from_secs(60);

/// See the module's text.
pub(crate) struct Crowd<'a> {
    /// Everybody; the two of a room are neighbours.
    pub(crate) people: Vec<Person>,
    /// What happened in the last step.
    pub(crate) news: Vec<News>,
    dialect: &'a dyn Dialect,
    /// Everybody in turn goes to the next.
    servers: Vec<SocketAddr>,
    tls: Option<Arc<ClientConfig>>,
    payload: String,
    poll: Poll,
    events: Events,
    scratch: Vec<u8>,
    epoch: Instant,
}

/// Somebody.
#[derive(Default)]
pub(crate) struct Person {
    /// Where they sit; empty before they were in for the first time.
    pub(crate) seat: Seat,
    /// Whether they are in.
    pub(crate) is_in: bool,
    room: String,
    socket: Option<Socket>,
    /// The frame that says something to the other one.
    signal: Vec<u8>,
    /// When what is on its way to them was sent.
    awaited: VecDeque<u64>,
}

/// What happened to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// They are in.
    In(usize),
    /// The other one's word arrived, after so many nanoseconds.
    Signal(usize, u64),
    /// Their connection broke.
    Gone(usize),
}

impl<'a> Crowd<'a> {
    /// Nobody yet.
    pub(crate) fn new(
        dialect: &'a dyn Dialect,
        servers: &[SocketAddr],
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Crowd<'a>> {
        Ok(Crowd {
            people: Vec::new(),
            news: Vec::new(),
            dialect,
            servers: servers.to_vec(),
            tls,
            payload: payload(),
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            scratch: vec![0; 16 << 10],
            epoch: Instant::now(),
        })
    }

    /// Lets `count` more people in, an even number, and waits for the last of them.
    pub(crate) fn welcome(&mut self, count: usize) -> Result<()> {
        let (first, deadline) = (self.people.len(), Instant::now() + PATIENCE);
        let (mut begun, mut done) = (first, first);
        let all = first + count;
        self.people.resize_with(all, Person::default);
        for (number, person) in self.people.iter_mut().enumerate().skip(first) {
            person.room = format!("room {}", number / 2);
        }
        while done < all {
            while begun < all && begun - done < COMING {
                self.connect(begun)?;
                begun += 1;
            }
            self.step(Some(Duration::from_millis(100)))?;
            for news in std::mem::take(&mut self.news) {
                match news {
                    News::In(_) => done += 1,
                    News::Gone(who) => bail!("the hub hung up on {who}"),
                    News::Signal(..) => {}
                }
            }
            ensure!(Instant::now() < deadline, "{} of {count} people are not in after {PATIENCE:?}", all - done);
        }
        (first..all).for_each(|who| self.introduce(who));
        Ok(())
    }

    /// Begins to bring somebody in, for the first time or again.
    pub(crate) fn connect(&mut self, who: usize) -> Result<()> {
        let from = fresh_address();
        let server = self.servers[who % self.servers.len()];
        let mut socket = Socket::connect(from, server, self.tls.as_ref()).context("cannot connect")?;
        self.poll.registry().register(&mut socket.tcp, Token(who), Interest::READABLE | Interest::WRITABLE)?;
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.dialect.path(),
            server
        );
        // A server that is not there says so by the first event.
        let _ = socket.say(request.as_bytes());
        let person = &mut self.people[who];
        person.socket = Some(socket);
        person.awaited.clear();
        Ok(())
    }

    /// Lets somebody know how to speak to the other one in their room.
    pub(crate) fn introduce(&mut self, who: usize) {
        let (room, other) = (&self.people[who].room, &self.people[who ^ 1].seat);
        self.people[who].signal = frames::text(&self.dialect.signal(room, other, &self.payload));
    }

    /// Lets somebody say `count` things to the other one at once.
    pub(crate) fn signal(&mut self, who: usize, count: usize) -> Result<()> {
        let stamp = self.epoch.elapsed().as_nanos() as u64;
        self.people[who ^ 1].awaited.extend(std::iter::repeat_n(stamp, count));
        let Person { socket, signal, .. } = &mut self.people[who];
        let socket = socket.as_mut().context("somebody who is not there cannot speak")?;
        match count {
            1 => socket.say(signal)?,
            _ => socket.say(&signal.repeat(count))?,
        }
        Ok(())
    }

    /// Lets somebody give a sign of life.
    pub(crate) fn ping(&mut self, who: usize) -> Result<()> {
        if let (Some(word), Some(socket)) = (self.dialect.sign_of_life(), &mut self.people[who].socket) {
            socket.say(&frames::text(word))?;
        }
        Ok(())
    }

    /// How many words are on their way.
    pub(crate) fn awaited(&self) -> usize {
        self.people.iter().map(|person| person.awaited.len()).sum()
    }

    /// Waits until something happens, at most for so long, and takes it in.
    pub(crate) fn step(&mut self, most: Option<Duration>) -> Result<()> {
        self.news.clear();
        match self.poll.poll(&mut self.events, most) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let Crowd { people, news, dialect, payload, events, scratch, epoch, .. } = self;
        let ears = Ears { dialect: *dialect, payload, epoch: *epoch };
        for event in events.iter() {
            let who = event.token().0;
            if !ears.attend(who, &mut people[who], event.is_writable(), scratch, news)? {
                people[who].is_in = false;
                people[who].socket = None;
                news.push(News::Gone(who));
            }
        }
        Ok(())
    }
}

/// Whence to connect: from an address with few of its ports in use, also by connections that were closed in the last minute. Where
/// many are, the kernel searches long for a free one: seconds in all, in which nobody came in and people were taken for dead.
fn fresh_address() -> Ipv4Addr {
    static CONNECTED: AtomicU32 = AtomicU32::new(0);
    let [_, _, third, fourth] = (CONNECTED.fetch_add(1, Ordering::Relaxed) / 4_000).to_be_bytes();
    Ipv4Addr::new(127, 1, third, fourth)
}

/// What is needed to understand a hub.
struct Ears<'a> {
    dialect: &'a dyn Dialect,
    payload: &'a str,
    epoch: Instant,
}

impl Ears<'_> {
    /// Serves one person's socket; false when it is gone.
    fn attend(
        &self,
        who: usize,
        person: &mut Person,
        writable: bool,
        scratch: &mut [u8],
        news: &mut Vec<News>,
    ) -> Result<bool> {
        let Some(socket) = &mut person.socket else { return Ok(true) };
        if writable && socket.flush().is_err() {
            return Ok(false);
        }
        let open = socket.hear(scratch).unwrap_or(false);
        let heard = std::mem::take(&mut socket.heard);
        let taken = self.understand(who, person, &heard, news)?;
        if let Some(socket) = &mut person.socket {
            socket.heard = heard;
            socket.heard.drain(..taken);
        }
        Ok(open)
    }

    fn understand(&self, who: usize, person: &mut Person, heard: &[u8], news: &mut Vec<News>) -> Result<usize> {
        let mut taken = 0;
        if heard.starts_with(b"HTTP/1.1 ") {
            let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(0) };
            ensure!(heard.starts_with(b"HTTP/1.1 101"), "no WebSocket: {}", String::from_utf8_lossy(&heard[..end]));
            taken = end + 4;
            if let Some(greeting) = self.dialect.greeting(&person.room, &person.seat) {
                say(person, &frames::text(&greeting));
            }
        }
        while let Some((frame, length)) = frames::first(&heard[taken..])? {
            taken += length;
            match frame {
                Frame::Text(text) => self.act(who, person, text, news)?,
                Frame::Ping(bytes) => say(person, &frames::pong(bytes)),
                Frame::Pong => {}
                Frame::Close(reason) => bail!("the hub closed {who}: {reason}"),
            }
        }
        Ok(taken)
    }

    fn act(&self, who: usize, person: &mut Person, text: &str, news: &mut Vec<News>) -> Result<()> {
        match self.dialect.hear(text, &person.room) {
            Heard::Signal => {
                ensure!(text.contains(self.payload), "a word arrived that nobody said: {text}");
                let sent = person.awaited.pop_front().context("a word arrived twice")?;
                news.push(News::Signal(who, self.epoch.elapsed().as_nanos() as u64 - sent));
            }
            Heard::In(seat) => {
                person.seat = seat;
                person.is_in = true;
                news.push(News::In(who));
            }
            Heard::Ask(answer) => say(person, &frames::text(&answer)),
            Heard::Nothing => {}
            Heard::Refused => bail!("the hub said to {who}: {text}"),
        }
        Ok(())
    }
}

/// A connection that broke says so when it is read next.
fn say(person: &mut Person, frame: &[u8]) {
    if let Some(socket) = &mut person.socket {
        let _ = socket.say(frame);
    }
}
