//! What a client finds out about the NAT in front of it (RFC 5780).

use std::net::SocketAddr;

use super::world::World;
use crate::stun::{Class, Method, Writer, attribute};
use crate::turn::{Action, Client, ReplyFrom, SecondAddress, Session, Transport};

const PRIMARY: &str = "198.51.100.1:3478";
const OTHER: &str = "198.51.100.2:3479";

/// Asks the address `server` for an answer from elsewhere; returns from where it leaves, and what it says about that.
fn ask(world: &World, server: &str, transport: Transport, flags: Option<u8>) -> (ReplyFrom, u16, Vec<String>) {
    let mut request = Vec::new();
    let writer = Writer::new(&mut request, Class::Request, Method::Binding, [1; 12]);
    match flags {
        Some(flags) => writer.put(attribute::CHANGE_REQUEST, &[0, 0, 0, flags]).finish(),
        None => writer.finish(),
    };
    let client = Client { address: "192.0.2.10:4000".parse().expect("address"), server: address(server), transport };
    let mut out = Vec::new();
    let Action::Reply(reply) = Session::new(client).from_client(&world.rules, &request, world.now, &mut out) else {
        panic!("no reply");
    };
    let answer = super::world::Answer(out[reply.bytes].to_vec());
    let said = [attribute::RESPONSE_ORIGIN, attribute::OTHER_ADDRESS].map(|kind| plain(answer.message().get(kind)));
    (reply.from, answer.code(), said.into_iter().flatten().collect())
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("address")
}

fn plain(value: Option<&[u8]>) -> Option<String> {
    let &[0, 1, p0, p1, a, b, c, d] = value? else { panic!("no IPv4 address") };
    Some(SocketAddr::from(([a, b, c, d], u16::from_be_bytes([p0, p1]))).to_string())
}

fn two_addresses() -> World {
    World::with(|options| {
        options.second = Some(SecondAddress { primary: address(PRIMARY), other: address(OTHER) });
    })
}

#[test]
fn a_client_can_have_its_answer_from_each_of_four_addresses() {
    let world = two_addresses();
    let expected = [
        (0, ReplyFrom::Here, "198.51.100.1:3478"),
        (2, ReplyFrom::OtherPort, "198.51.100.1:3479"),
        (4, ReplyFrom::OtherAddress, "198.51.100.2:3478"),
        (6, ReplyFrom::OtherBoth, "198.51.100.2:3479"),
    ];
    for (flags, from, origin) in expected {
        assert_eq!(ask(&world, PRIMARY, Transport::Udp, Some(flags)), (from, 0, vec![origin.into(), OTHER.into()]));
    }
}

#[test]
fn the_other_address_is_the_one_the_client_did_not_write_to() {
    let world = two_addresses();
    let other = |server| ask(&world, server, Transport::Udp, None).2[1].clone();
    assert_eq!(other(OTHER), PRIMARY);
    assert_eq!(other("198.51.100.1:3479"), "198.51.100.2:3478");
}

#[test]
fn with_one_address_or_over_a_stream_there_is_no_change_and_not_a_byte_about_it() {
    assert_eq!(ask(&World::new(), PRIMARY, Transport::Udp, Some(6)), (ReplyFrom::Here, 420, vec![]));
    assert_eq!(ask(&World::new(), PRIMARY, Transport::Udp, None), (ReplyFrom::Here, 0, vec![]));
    assert_eq!(ask(&two_addresses(), PRIMARY, Transport::Tcp, Some(6)), (ReplyFrom::Here, 420, vec![]));
}
