//! The system call that writes: many messages at once, each with its own destination, source address and segment size.
//! nix's `sendmmsg` shares one set of control messages over all of them, which would allow one segment size a call.

use std::io::{self, IoSlice};
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};

use socket2::SockAddr;

/// Messages handed to the kernel in one call; more than a batch of 32 received runs ever needs at once.
const AT_ONCE: usize = 64;

/// One message: a datagram, or with a segment size a run of them.
pub(super) struct Message {
    to: SocketAddr,
    from: Option<IpAddr>,
    packets: usize,
    segment: Option<u16>,
    slices: Range<usize>,
    name: SockAddr,
    control: Control,
}

impl Message {
    /// `to` must already be in the socket's own family; `slices` index the array given to [`send`].
    pub(super) fn new(
        to: SocketAddr,
        from: Option<IpAddr>,
        packets: usize,
        segment: Option<u16>,
        slices: Range<usize>,
    ) -> Message {
        let mut control = Control::default();
        match from {
            Some(IpAddr::V4(ip)) if to.is_ipv4() => control.source4(ip.octets()),
            Some(IpAddr::V4(ip)) => control.source6(ip.to_ipv6_mapped().octets()),
            Some(IpAddr::V6(ip)) => control.source6(ip.octets()),
            None => {}
        }
        if let Some(size) = segment {
            control.push(libc::SOL_UDP, libc::UDP_SEGMENT, &size.to_ne_bytes());
        }
        Message { to, from, packets, segment, slices, name: to.into(), control }
    }

    /// How many packets it stands for.
    pub(super) fn packets(&self) -> u64 {
        self.packets as u64
    }

    /// The same packets, one message each. No slice reaches over the end of a packet.
    pub(super) fn split(&self, slices: &[IoSlice<'_>]) -> Vec<Message> {
        let segment = self.segment.map_or(usize::MAX, usize::from);
        let (mut messages, mut start, mut length) = (Vec::with_capacity(self.packets), self.slices.start, 0);
        for end in self.slices.clone() {
            length += slices[end].len();
            if length >= segment || end + 1 == self.slices.end {
                messages.push(Message::new(self.to, self.from, 1, None, start..end + 1));
                (start, length) = (end + 1, 0);
            }
        }
        messages
    }
}

/// Hands `messages` to the kernel: up to [`AT_ONCE`] of them, or only the first one when `many` is false. Returns how
/// many were taken; an error is about the first.
pub(super) fn send(fd: BorrowedFd<'_>, messages: &[Message], slices: &[IoSlice<'_>], many: bool) -> io::Result<usize> {
    let count = messages.len().min(if many { AT_ONCE } else { 1 });
    let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; AT_ONCE];
    for (header, message) in headers.iter_mut().zip(&messages[..count]) {
        header.write(kernel_form(message, &slices[message.slices.clone()]));
    }
    let first = headers.as_mut_ptr().cast::<libc::mmsghdr>();
    // SAFETY: the first `count` headers were written above (`count` >= 1 in the second call, as callers never send
    // nothing), and every pointer in them comes from `messages` and `slices`, which outlive the call. The kernel only
    // reads through them: `msg_len` in the header itself is all it writes.
    let taken = unsafe {
        match many {
            true => libc::sendmmsg(fd.as_raw_fd(), first, count as libc::c_uint, 0) as isize,
            false => libc::sendmsg(fd.as_raw_fd(), &raw const (*first).msg_hdr, 0).min(1),
        }
    };
    if taken < 0 { Err(io::Error::last_os_error()) } else { Ok(taken as usize) }
}

fn kernel_form(message: &Message, slices: &[IoSlice<'_>]) -> libc::mmsghdr {
    // SAFETY: a header of zeros is a valid one: no name, no slices, no control messages. Its private padding differs
    // between C libraries, so it cannot be written as a literal.
    let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
    header.msg_hdr.msg_name = message.name.as_ptr().cast_mut().cast();
    header.msg_hdr.msg_namelen = message.name.len();
    // An IoSlice is guaranteed to have the layout of an iovec.
    header.msg_hdr.msg_iov = slices.as_ptr().cast_mut().cast();
    header.msg_hdr.msg_iovlen = slices.len() as _;
    if message.control.used > 0 {
        header.msg_hdr.msg_control = message.control.bytes.0.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_controllen = message.control.used as _;
    }
    header
}

/// Control messages as cmsg(3) lays them out: header, data, padding to the size of a word.
#[derive(Default)]
struct Control {
    bytes: Aligned,
    used: usize,
}

/// Room for an IPv6 source address and a segment size.
#[derive(Default)]
#[repr(align(8))]
struct Aligned([[u8; 32]; 2]);

impl Control {
    fn source4(&mut self, ip: [u8; 4]) {
        // struct in_pktinfo { int ipi_ifindex; struct in_addr ipi_spec_dst, ipi_addr; }
        let mut info = [0; mem::size_of::<libc::in_pktinfo>()];
        info[4..8].copy_from_slice(&ip);
        self.push(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
    }

    fn source6(&mut self, ip: [u8; 16]) {
        // struct in6_pktinfo { struct in6_addr ipi6_addr; unsigned ipi6_ifindex; }
        let mut info = [0; mem::size_of::<libc::in6_pktinfo>()];
        info[..16].copy_from_slice(&ip);
        self.push(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info);
    }

    fn push(&mut self, level: libc::c_int, kind: libc::c_int, data: &[u8]) {
        const HEADER: usize = mem::size_of::<libc::cmsghdr>();
        let length = HEADER + data.len();
        let bytes = &mut self.bytes.0.as_flattened_mut()[self.used..];
        // struct cmsghdr { size_t cmsg_len; int cmsg_level, cmsg_type; }
        bytes[..HEADER - 8].copy_from_slice(&length.to_ne_bytes());
        bytes[HEADER - 8..HEADER - 4].copy_from_slice(&level.to_ne_bytes());
        bytes[HEADER - 4..HEADER].copy_from_slice(&kind.to_ne_bytes());
        bytes[HEADER..length].copy_from_slice(data);
        self.used += length.next_multiple_of(mem::size_of::<usize>());
    }
}
