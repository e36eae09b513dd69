//! Packets on their way out, grouped into runs: those of one size to one destination leave in one message
//! (UDP_SEGMENT), whether they arrived coalesced or one by one, and all messages of one socket in one call.
//!
//! Packets to one destination keep their order. Nothing is copied: a packet is a range of [`SendQueue::out`], where
//! replies and headers are written, and behind it a range of the receive buffers.

use std::io::{self, IoSlice};
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::os::fd::BorrowedFd;

use mio::Token;

use super::mapped;
use super::paths::Paths;
use super::send::{Message, send};

/// Older kernels take 64 segments a message (UDP_MAX_SEGMENTS), newer ones 128.
const MOST_SEGMENTS: usize = 64;

/// The kernel refuses a message that would not fit one IP packet, headers included.
const MOST_BYTES: usize = 65_000;

/// How many of the newest runs are searched for one to join. Beyond that a packet only costs a message of its own.
const SEARCHED: usize = 16;

/// What fills up the payload of a Data indication to a multiple of four.
static ZEROS: [u8; 3] = [0; 3];

/// The way a packet takes: through which socket, to whom, and from which local address where there is a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::relay) struct Way {
    /// The socket's token in the worker's poll.
    pub(in crate::relay) socket: Token,
    /// The destination, in its plain form.
    pub(in crate::relay) to: SocketAddr,
    /// The source address to put on the packet.
    pub(in crate::relay) from: Option<IpAddr>,
}

/// One packet: `head`, `body` and `padding` zero bytes, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::relay) struct Packet {
    /// In [`SendQueue::out`].
    pub(in crate::relay) head: Range<usize>,
    /// In the receive buffers.
    pub(in crate::relay) body: Range<usize>,
    /// Zero bytes at the end, at most three.
    pub(in crate::relay) padding: usize,
}

impl Packet {
    fn len(&self) -> usize {
        self.head.len() + self.body.len() + self.padding
    }
}

/// A socket as [`SendQueue::flush`] needs it.
#[derive(Clone, Copy, Debug)]
pub(in crate::relay) struct Outlet<'s> {
    /// Where to write.
    pub(in crate::relay) fd: BorrowedFd<'s>,
    /// Whether it wants IPv4 destinations in their mapped form.
    pub(in crate::relay) ipv6: bool,
}

/// See the module's text.
#[derive(Default)]
pub(in crate::relay) struct SendQueue {
    /// Where replies and headers are written before they are pushed; emptied by [`flush`](SendQueue::flush).
    pub(in crate::relay) out: Vec<u8>,
    queued: Vec<Queued>,
    runs: Vec<Run>,
    // Empty between flushes; kept for their memory.
    messages: Vec<Message>,
    slices: Vec<IoSlice<'static>>,
}

struct Queued {
    packet: Packet,
    /// The next packet of the same run.
    next: Option<usize>,
}

struct Run {
    way: Way,
    segment: usize,
    bytes: usize,
    count: usize,
    first: usize,
    last: usize,
    /// A shorter packet may only be the last of its run.
    closed: bool,
}

impl SendQueue {
    /// Adds one packet behind all others of its way.
    pub(in crate::relay) fn push(&mut self, way: Way, packet: Packet) {
        let (length, index) = (packet.len(), self.queued.len());
        self.queued.push(Queued { packet, next: None });
        match self.open_run(&way, length) {
            Some(run) => {
                let previous = mem::replace(&mut run.last, index);
                run.count += 1;
                run.bytes += length;
                run.closed = length < run.segment;
                self.queued[previous].next = Some(index);
            }
            None => self.runs.push(Run {
                way,
                segment: length,
                bytes: length,
                count: 1,
                first: index,
                last: index,
                // An empty datagram has no segment size to share.
                closed: length == 0,
            }),
        }
    }

    /// The newest run of this way, if one more packet of this length may join it.
    fn open_run(&mut self, way: &Way, length: usize) -> Option<&mut Run> {
        let run = self.runs.iter_mut().rev().take(SEARCHED).find(|run| run.way == *way)?;
        let fits = length <= run.segment && run.count < MOST_SEGMENTS && run.bytes + length <= MOST_BYTES;
        (fits && length > 0 && !run.closed).then_some(run)
    }

    /// Sends everything and empties the queue. `outlet` finds the socket of a token; what was meant for a socket that
    /// has been closed meanwhile is dropped. Returns how many packets were lost.
    pub(in crate::relay) fn flush<'s>(
        &mut self,
        received: &[u8],
        paths: &Paths,
        outlet: impl Fn(Token) -> Option<Outlet<'s>>,
    ) -> u64 {
        // By age within a socket: packets to one destination stay in order.
        self.runs.sort_unstable_by_key(|run| (run.way.socket, run.first));
        let (mut messages, mut slices) = (mem::take(&mut self.messages), mem::take(&mut self.slices));
        let mut lost = 0;
        for runs in self.runs.chunk_by(|a, b| a.way.socket == b.way.socket) {
            let Some(outlet) = outlet(runs[0].way.socket) else {
                lost += runs.iter().map(|run| run.count as u64).sum::<u64>();
                continue;
            };
            let mut borrowed: Vec<IoSlice<'_>> = slices;
            self.compose(outlet, runs, received, paths.segments(), &mut messages, &mut borrowed);
            lost += send_all(outlet.fd, &messages, &borrowed, paths);
            messages.clear();
            slices = emptied(borrowed);
        }
        (self.messages, self.slices) = (messages, slices);
        self.runs.clear();
        self.queued.clear();
        self.out.clear();
        lost
    }

    /// One message a run, or one a packet where the kernel cannot cut runs.
    fn compose<'b>(
        &'b self,
        outlet: Outlet<'_>,
        runs: &[Run],
        received: &'b [u8],
        segments: bool,
        messages: &mut Vec<Message>,
        slices: &mut Vec<IoSlice<'b>>,
    ) {
        for run in runs {
            let (mut start, to) = (slices.len(), mapped(run.way.to, outlet.ipv6));
            for packet in self.packets(run) {
                self.add_slices(packet, received, slices);
                if !segments {
                    messages.push(Message::new(to, run.way.from, 1, None, start..slices.len()));
                    start = slices.len();
                }
            }
            if segments {
                let size = (run.count > 1).then_some(run.segment as u16);
                messages.push(Message::new(to, run.way.from, run.count, size, start..slices.len()));
            }
        }
    }

    fn packets(&self, run: &Run) -> impl Iterator<Item = &Packet> {
        let first = Some(&self.queued[run.first]);
        std::iter::successors(first, |queued| queued.next.map(|next| &self.queued[next])).map(|queued| &queued.packet)
    }

    fn add_slices<'b>(&'b self, packet: &Packet, received: &'b [u8], slices: &mut Vec<IoSlice<'b>>) {
        let parts = [&self.out[packet.head.clone()], &received[packet.body.clone()], &ZEROS[..packet.padding]];
        slices.extend(parts.into_iter().filter(|part| !part.is_empty()).map(IoSlice::new));
    }
}

/// Hands all messages to the kernel, slower where a fast way fails. Returns how many packets were lost.
fn send_all(fd: BorrowedFd<'_>, messages: &[Message], slices: &[IoSlice<'_>], paths: &Paths) -> u64 {
    let (mut at, mut lost, mut failed) = (0, 0, None);
    while let Some(first) = messages.get(at) {
        let cause = match send(fd, &messages[at..], slices, paths.together()) {
            Ok(taken) => {
                at += taken.max(1);
                continue;
            }
            // It may be an ICMP error of an earlier packet, which costs this one nothing (see `errors`).
            Err(_) if failed != Some(at) => {
                failed = Some(at);
                continue;
            }
            Err(cause) => cause,
        };
        match Refusal::of(&cause, first) {
            Refusal::TryAgain => continue,
            Refusal::NoSendmmsg if paths.lose_together() => continue,
            Refusal::NoSegments { ever } => {
                if ever {
                    paths.lose_segments(&cause);
                }
                lost += send_singly(fd, first, slices);
            }
            Refusal::Full => return lost + messages[at..].iter().map(Message::packets).sum::<u64>(),
            Refusal::NoSendmmsg | Refusal::Lost => lost += first.packets(),
        }
        at += 1;
    }
    lost
}

fn send_singly(fd: BorrowedFd<'_>, run: &Message, slices: &[IoSlice<'_>]) -> u64 {
    let again = |packet: &Message| send(fd, std::slice::from_ref(packet), slices, false);
    let sent = run.split(slices).into_iter().map(|packet| again(&packet).or_else(|_| again(&packet)));
    sent.map(|sent| u64::from(sent.is_err())).sum()
}

/// The same memory with nothing borrowed: the standard library collects in place.
fn emptied(mut slices: Vec<IoSlice<'_>>) -> Vec<IoSlice<'static>> {
    slices.clear();
    slices.into_iter().map(|_| IoSlice::new(&[])).collect()
}

/// What an error of the system call means for the message it is about.
enum Refusal {
    /// Interrupted by a signal.
    TryAgain,
    /// The call itself is not there.
    NoSendmmsg,
    /// Not in segments: this time, as the path is too narrow for them, or ever again.
    NoSegments {
        /// The kernel or the network card cannot do it at all.
        ever: bool,
    },
    /// The socket's buffer is full: media is late already, so it is dropped, not kept.
    Full,
    /// Nobody can be reached that way.
    Lost,
}

impl Refusal {
    fn of(cause: &io::Error, message: &Message) -> Refusal {
        let segmented = message.packets() > 1;
        match cause.raw_os_error() {
            Some(libc::EINTR) => Refusal::TryAgain,
            Some(libc::ENOSYS) => Refusal::NoSendmmsg,
            // EOPNOTSUPP is also what an ICMP "source route failed" becomes, which any peer can send.
            Some(libc::EMSGSIZE | libc::EOPNOTSUPP) if segmented => Refusal::NoSegments { ever: false },
            Some(libc::EIO | libc::EINVAL) if segmented => Refusal::NoSegments { ever: true },
            Some(libc::EAGAIN | libc::ENOBUFS) => Refusal::Full,
            _ => Refusal::Lost,
        }
    }
}

#[cfg(test)]
mod tests;
