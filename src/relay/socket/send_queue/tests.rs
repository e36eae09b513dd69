//! What was put in arrives, on every path to the kernel, and what is lost is counted.

use super::*;
use crate::relay::FastPaths;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

const SOCKET: Token = Token(7);

/// One sender, and somebody to hear what arrives.
struct World {
    queue: SendQueue,
    paths: Paths,
    sender: UdpSocket,
    peers: Vec<UdpSocket>,
    received: Vec<u8>,
}

impl World {
    fn new(fast: FastPaths, peers: usize) -> World {
        let bind = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let peers: Vec<_> = (0..peers).map(|_| bind()).collect();
        peers.iter().for_each(|peer| peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap());
        World { queue: SendQueue::default(), paths: Paths::probe(fast), sender: bind(), peers, received: Vec::new() }
    }

    fn push(&mut self, peer: usize, head: &[u8], body: &[u8], padding: usize) {
        let (head_start, body_start) = (self.queue.out.len(), self.received.len());
        self.queue.out.extend_from_slice(head);
        self.received.extend_from_slice(body);
        let way = Way { socket: SOCKET, to: self.peers[peer].local_addr().unwrap(), from: None };
        let (head, body) = (head_start..self.queue.out.len(), body_start..self.received.len());
        self.queue.push(way, Packet { head, body, padding });
    }

    fn flush(&mut self) -> u64 {
        let outlet = Outlet { fd: self.sender.as_fd(), ipv6: false };
        self.queue.flush(&self.received, &self.paths, |token| (token == SOCKET).then_some(outlet))
    }

    fn hear(&self, peer: usize) -> Vec<u8> {
        let mut buffer = vec![0; 2048];
        let length = self.peers[peer].recv(&mut buffer).expect("a packet arrives");
        buffer.truncate(length);
        buffer
    }
}

fn every_combination() -> impl Iterator<Item = FastPaths> {
    [(true, true), (true, false), (false, true), (false, false)].into_iter().map(|(gso, sendmmsg)| FastPaths {
        gro: false,
        gso,
        sendmmsg,
    })
}

#[test]
fn each_peer_gets_its_packets_whole_and_in_order_on_every_path() {
    for fast in every_combination() {
        let mut world = World::new(fast, 3);
        let sizes = [100, 100, 40, 100, 0, 200, 200, 1];
        for (round, size) in sizes.into_iter().enumerate() {
            for peer in 0..3 {
                world.push(peer, &[peer as u8, round as u8], &vec![round as u8; size], round % 4);
            }
        }
        assert_eq!(world.flush(), 0);
        for peer in 0..3 {
            for (round, size) in sizes.into_iter().enumerate() {
                let mut expected = vec![peer as u8, round as u8];
                expected.extend(vec![round as u8; size]);
                expected.extend(vec![0; round % 4]);
                assert_eq!(world.hear(peer), expected, "{fast:?}, peer {peer}, packet {round}");
            }
        }
    }
}

#[test]
fn more_packets_than_one_message_or_one_call_can_hold_all_arrive() {
    for fast in every_combination() {
        let mut world = World::new(fast, 70);
        for _ in 0..3 {
            (0..70).for_each(|peer| world.push(peer, b"hello", &[], 0));
        }
        (0..100).for_each(|n| world.push(0, &[n], &[9; 99], 0));
        assert_eq!(world.flush(), 0);
        for peer in 0..70 {
            (0..3).for_each(|_| assert_eq!(world.hear(peer), b"hello"));
        }
        (0..100).for_each(|n| assert_eq!(world.hear(0)[0], n));
    }
}

#[test]
fn equal_packets_to_one_peer_share_a_message_though_others_come_between() {
    let mut world = World::new(FastPaths::default(), 2);
    (0..8).for_each(|n| world.push(n % 2, b"head", b"some body", 0));
    assert_eq!(world.queue.runs.len(), 2);
    assert_eq!(world.queue.runs[0].count, 4);
}

#[test]
fn a_packet_too_long_for_the_path_is_lost_alone() {
    for fast in every_combination() {
        let mut world = World::new(fast, 1);
        world.push(0, b"before", &[], 0);
        world.push(0, &[], &[0; 65_510], 0);
        world.push(0, b"behind", &[], 0);
        assert_eq!(world.flush(), 1);
        assert_eq!((world.hear(0), world.hear(0)), (b"before".to_vec(), b"behind".to_vec()));
    }
}

#[test]
fn memory_is_kept_from_one_flush_to_the_next() {
    let mut world = World::new(FastPaths::default(), 1);
    (0..40).for_each(|_| world.push(0, b"head", b"body", 0));
    world.flush();
    let (kept, messages) = (world.queue.slices.capacity(), world.queue.messages.capacity());
    assert!(kept >= 80 && messages >= 1, "{kept} slices, {messages} messages");
}

#[test]
fn an_empty_datagram_is_a_datagram() {
    let mut world = World::new(FastPaths::default(), 1);
    world.push(0, &[], &[], 0);
    world.flush();
    assert_eq!(world.hear(0), b"");
}

#[test]
fn what_a_closed_socket_should_have_sent_is_counted_as_lost() {
    let mut world = World::new(FastPaths::default(), 1);
    world.push(0, b"x", &[], 0);
    assert_eq!(world.queue.flush(&[], &world.paths, |_| None), 1);
    assert_eq!(world.flush(), 0);
}
