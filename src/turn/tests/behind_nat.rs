//! What a client finds out about the NAT in front of it (RFC 5780).

use std::net::SocketAddr;

use super::world::{Answer, World};
use crate::stun::{Class, Method, Writer, attribute};
use crate::turn::{Action, Client, Discovery, Reply, Session, Transport};

const ONE: &str = "198.51.100.1:3478";
const ALL_OTHER: &str = "198.51.100.2:3479";

/// Asks the address `server`; the answer with the way it takes, and what it says about that.
fn tell(world: &World, server: &str, transport: Transport, wishes: &[(u16, &[u8])]) -> (Reply, Answer) {
    let mut request = Vec::new();
    let writer = Writer::new(&mut request, Class::Request, Method::Binding, [1; 12]);
    wishes.iter().fold(writer, |writer, (kind, value)| writer.put(*kind, value)).finish();
    let client = Client { address: address("192.0.2.10:4000"), server: address(server), transport };
    let mut out = Vec::new();
    let Action::Reply(reply) = Session::new(client).from_client(&world.rules, &request, world.now, &mut out) else {
        panic!("no reply");
    };
    let answer = Answer(out[reply.bytes.clone()].to_vec());
    (reply, answer)
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("address")
}

fn plain(answer: &Answer, kind: u16) -> Option<String> {
    let &[0, 1, p0, p1, a, b, c, d] = answer.message().get(kind)? else { panic!("no IPv4 address") };
    Some(SocketAddr::from(([a, b, c, d], u16::from_be_bytes([p0, p1]))).to_string())
}

fn two_addresses() -> World {
    World::with(|options| options.discovery = Some(discovery()))
}

/// Addresses of a server that has two.
pub(super) fn discovery() -> Discovery {
    Discovery { ips: ["198.51.100.1", "198.51.100.2"].map(|ip| ip.parse().expect("ip")), ports: [3478, 3479] }
}

#[test]
fn a_client_can_have_its_answer_from_each_of_four_addresses() {
    let world = two_addresses();
    let expected = [
        (0, None, ONE),
        (2, Some("198.51.100.1:3479"), "198.51.100.1:3479"),
        (4, Some("198.51.100.2:3478"), "198.51.100.2:3478"),
        (6, Some(ALL_OTHER), ALL_OTHER),
    ];
    for (flags, from, origin) in expected {
        let (reply, answer) = tell(&world, ONE, Transport::Udp, &[(attribute::CHANGE_REQUEST, &[0, 0, 0, flags])]);
        assert_eq!((answer.code(), reply.from), (0, from.map(address)));
        assert_eq!(plain(&answer, attribute::RESPONSE_ORIGIN).as_deref(), Some(origin));
        assert_eq!(plain(&answer, attribute::OTHER_ADDRESS).as_deref(), Some(ALL_OTHER));
    }
}

#[test]
fn the_other_address_is_the_one_the_client_did_not_write_to() {
    let world = two_addresses();
    let other = |server| plain(&tell(&world, server, Transport::Udp, &[]).1, attribute::OTHER_ADDRESS);
    assert_eq!(other(ALL_OTHER).as_deref(), Some(ONE));
    assert_eq!(other("198.51.100.1:3479").as_deref(), Some("198.51.100.2:3478"));
}

#[test]
fn an_answer_can_go_to_another_port_of_whoever_asks() {
    let world = two_addresses();
    for value in [&[0x10, 1][..], &[0x10, 1, 0, 0]] {
        let (reply, answer) = tell(&world, ONE, Transport::Udp, &[(attribute::RESPONSE_PORT, value)]);
        assert_eq!((answer.code(), reply.to_port), (0, Some(0x1001)));
        assert_eq!(answer.address(attribute::XOR_MAPPED_ADDRESS), Some(address("192.0.2.10:4000")));
    }
    for value in [&[0, 0][..], &[1]] {
        let (reply, answer) = tell(&world, ONE, Transport::Udp, &[(attribute::RESPONSE_PORT, value)]);
        assert_eq!((answer.code(), reply.to_port), (400, None));
    }
}

#[test]
fn a_padded_question_gets_an_answer_as_long_and_never_at_another_port() {
    let world = two_addresses();
    let padding = (attribute::PADDING, &[7; 1500][..]);
    let (_, answer) = tell(&world, ONE, Transport::Udp, &[padding]);
    assert_eq!(answer.message().get(attribute::PADDING).map(<[u8]>::len), Some(1500));
    let elsewhere = (attribute::RESPONSE_PORT, &[0x10, 1][..]);
    assert_eq!(tell(&world, ONE, Transport::Udp, &[padding, elsewhere]).1.code(), 400);
}

#[test]
fn with_one_address_or_over_a_stream_there_is_no_change_and_not_a_byte_about_it() {
    let (one, two) = (World::new(), two_addresses());
    let asked = [
        (attribute::CHANGE_REQUEST, &[0, 0, 0, 6][..]),
        (attribute::RESPONSE_PORT, &[0x10, 1]),
        (attribute::PADDING, &[0; 100]),
    ];
    for wish in asked {
        for (world, server, transport) in
            [(&one, ONE, Transport::Udp), (&two, ONE, Transport::Tcp), (&two, "198.51.100.3:3478", Transport::Udp)]
        {
            let (reply, answer) = tell(world, server, transport, &[wish]);
            assert_eq!((answer.code(), reply.from, reply.to_port), (420, None, None));
            assert!(answer.0.len() <= 36, "{} bytes", answer.0.len());
        }
    }
    let (_, plain) = tell(&one, ONE, Transport::Udp, &[]);
    assert_eq!((plain.code(), plain.0.len()), (0, 32));
}
