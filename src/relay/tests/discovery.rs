//! Answers that come from another address, or go to another port (RFC 5780), with real sockets.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use super::client::Heard;
use super::datagrams::{hear, peer};
use super::{Ports, bound_with};
use crate::stun::{Class, Method, Writer, attribute};

fn asks(from: &UdpSocket, server: SocketAddr, kind: u16, value: &[u8]) {
    let mut request = Vec::new();
    Writer::new(&mut request, Class::Request, Method::Binding, [5; 12]).put(kind, value).finish();
    from.send_to(&request, server).expect("sent");
}

#[test]
fn each_of_four_addresses_answers_for_each_other() {
    for listen in [["127.0.0.1:0", "127.0.0.1:0"], ["[::]:0", "0.0.0.0:0"]] {
        let relay = bound_with(Ports::None, |options| {
            options.listen = listen.map(|address| address.parse().expect("an address")).to_vec();
            options.nat_discovery = Some([Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(127, 0, 0, 2).into()]);
        });
        let ports = [0, 1].map(|index| relay.local_addresses()[index].port());
        let _running = relay.serve();
        let at = |ip: usize, port: usize| SocketAddr::from(([127, 0, 0, 1 + ip as u8], ports[port]));
        let (client, elsewhere) = (peer(), peer());
        for (ip, port) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for (flags, from) in
                [(0, at(ip, port)), (2, at(ip, 1 - port)), (4, at(1 - ip, port)), (6, at(1 - ip, 1 - port))]
            {
                asks(&client, at(ip, port), attribute::CHANGE_REQUEST, &[0, 0, 0, flags]);
                assert_eq!(hear(&client).1, from, "flags {flags} at {} of {listen:?}", at(ip, port));
            }
        }
        let port = elsewhere.local_addr().expect("bound").port();
        asks(&client, at(0, 0), attribute::RESPONSE_PORT, &port.to_be_bytes());
        let (answer, from) = hear(&elsewhere);
        assert_eq!((Heard(answer).code(), from), (0, at(0, 0)));
    }
}
