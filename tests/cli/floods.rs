//! Strangers in numbers: the server remembers none of them, and the calls that go through it lose nothing. The figures
//! under a real flood come from `cargo bench --bench relay -- --flood`.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, TcpStream};

use super::relay_safety::on_loopback;
use super::server::Server;
use super::turn::{Caller, UDP};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Two callers who hear each other through the relay.
struct Call([Caller; 2]);

impl Call {
    fn through(server: &Server) -> Call {
        let mut callers = [(); 2].map(|()| Caller::over_udp(LOCALHOST, server.address));
        let [left, right] = callers.each_mut().map(|caller| {
            caller.log_in("alice", "wonder");
            caller.allocate(UDP).relayed()
        });
        let [caller, called] = &mut callers;
        assert_eq!(caller.bind_channel(0x4000, right).code(), 0);
        assert_eq!(called.bind_channel(0x4000, left).code(), 0);
        Call(callers)
    }

    /// One packet each way.
    fn goes_on(&mut self) {
        let packet = [&[0x40, 0, 0, 4][..], b"tick"].concat();
        let [caller, called] = &mut self.0;
        caller.write(&packet);
        assert_eq!(called.read().0, packet);
        called.write(&packet);
        assert_eq!(caller.read().0, packet);
    }
}

/// One of 65 536 addresses, all of them this machine's.
fn stranger(number: u16) -> IpAddr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, 64, high, low).into()
}

#[test]
fn ten_thousand_strangers_over_udp_leave_no_trace() {
    let server = on_loopback("");
    let mut call = Call::through(&server);
    let mut ask = |number| {
        let mut stranger = Caller::over_udp(stranger(number), server.address);
        stranger.bind();
        // With a nonce that is right and a password that is not.
        stranger.log_in("alice", "a guess");
        assert_eq!(stranger.allocate(UDP).code(), 401);
        if number % 100 == 0 {
            call.goes_on();
        }
    };
    (0..500).for_each(&mut ask);
    let before = server.resident();
    (500..10_500).for_each(&mut ask);
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 10_000 * 40, "{grown} bytes more");
}

#[test]
fn strangers_who_connect_and_say_nothing_hold_next_to_nothing() {
    // A ClientHello's first record header promises more than ever comes.
    for (opening, most) in [(&b""[..], 8 << 10), (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 24 << 10)] {
        let server = on_loopback("");
        let mut call = Call::through(&server);
        let mut connect = |_| {
            let mut stream: TcpStream = server.connect();
            stream.write_all(opening).unwrap();
            call.goes_on();
            stream
        };
        let mut open: Vec<_> = (0..50).map(&mut connect).collect();
        let before = server.resident();
        open.extend((0..300).map(&mut connect));
        // Answered after all of them were accepted.
        assert!(server.get("/healthz").contains("200 OK"));
        let each = server.resident().saturating_sub(before) / 300;
        assert!(each < most, "{each} bytes for a connection that begins with {} bytes", opening.len());
    }
}
