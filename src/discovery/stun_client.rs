//! Asking a STUN server which address it sees (RFC 8489, 3 and 7.2.1), over UDP and, to find out whether we reach
//! ourselves, over TCP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;

use crate::stun::{Class, Message, Method, TransactionId, Writer, attribute};

/// When a request is sent again: after the RTO of RFC 8489, 6.2.1, doubled each time. Seven would take half a minute;
/// three get through any network that callers could use.
const WAITS: [Duration; 3] = [Duration::from_millis(300), Duration::from_millis(600), Duration::from_millis(900)];

/// A binding response with everything servers put into one stays far below.
const LONGEST: usize = 1024;

/// The header of RFC 8489, 5.
const HEADER: usize = 20;

/// The addresses that `servers` see, each with the server that saw it; all are asked at once, by both families.
pub(super) async fn ask_all(servers: &[String]) -> Vec<(IpAddr, String)> {
    let asked = servers.iter().map(|server| async move {
        let total: Duration = WAITS.iter().sum();
        let found: Vec<SocketAddr> = match timeout(total, lookup_host(server)).await {
            Ok(Ok(found)) => found.collect(),
            _ => Vec::new(),
        };
        let of = |v4: bool| found.iter().copied().find(|address| address.is_ipv4() == v4);
        let (v4, v6) = tokio::join!(ask(of(true)), ask(of(false)));
        [v4, v6].into_iter().flatten().map(|ip| (ip, server.clone())).collect::<Vec<_>>()
    });
    futures_util::future::join_all(asked).await.concat()
}

async fn ask(server: Option<SocketAddr>) -> Option<IpAddr> {
    let server = server?;
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await.ok()?;
    // Connected: the kernel drops what others send.
    socket.connect(server).await.ok()?;
    let (request, id) = request();
    for wait in WAITS {
        socket.send(&request).await.ok()?;
        if let Ok(Some(seen)) = timeout(wait, answer(&socket, id)).await {
            return Some(seen.ip());
        }
    }
    None
}

async fn answer(socket: &UdpSocket, id: TransactionId) -> Option<SocketAddr> {
    let mut bytes = [0; LONGEST];
    loop {
        let length = socket.recv(&mut bytes).await.ok()?;
        if let Some(seen) = mapped(&bytes[..length], id) {
            return Some(seen);
        }
    }
}

/// The address that the server at the other end of `stream` sees.
pub(super) async fn ask_stream(mut stream: TcpStream) -> Option<SocketAddr> {
    let (request, id) = request();
    stream.write_all(&request).await.ok()?;
    let mut message = vec![0; HEADER];
    stream.read_exact(&mut message).await.ok()?;
    let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
    message.resize(HEADER + length.min(LONGEST), 0);
    stream.read_exact(&mut message[HEADER..]).await.ok()?;
    mapped(&message, id)
}

fn request() -> (Vec<u8>, TransactionId) {
    let mut id = TransactionId::default();
    aws_lc_rs::rand::fill(&mut id).expect("the system's generator does not fail once it has started");
    let mut request = Vec::new();
    Writer::new(&mut request, Class::Request, Method::Binding, id).finish();
    (request, id)
}

fn mapped(bytes: &[u8], id: TransactionId) -> Option<SocketAddr> {
    let message = Message::read(bytes).ok()?;
    let is_answer = message.class() == Class::Success && message.transaction_id() == id;
    let value = message.get(attribute::XOR_MAPPED_ADDRESS).filter(|_| is_answer)?;
    message.xor_address(value)
}
