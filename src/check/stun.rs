//! Questions to a STUN server over UDP (RFC 8489): which address it sees, whether that is another one for another server
//! (RFC 5780, 4.3), whether large packets come through, and how many small ones do not.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::report::Failure;
use crate::stun::{Class, Message, Method, TransactionId, Writer, attribute};

/// Until a request is sent again, doubled each time (RFC 8489, 6.2.1).
const RTO: Duration = Duration::from_millis(400);

/// An answer with everything servers put into one is shorter.
const LONGEST: usize = 2048;

/// An attribute that nobody knows and everybody may ignore (RFC 8489, 14): it makes a request as long as is wanted.
const FILLER: u16 = 0xFFFE;

/// What a server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    /// Where our packets come from, as this machine knows it.
    pub(super) local: SocketAddr,
    /// As the server sees it.
    pub(super) mapped: SocketAddr,
    /// Another address and port of the same server (RFC 5780, 7.4).
    pub(super) other: Option<SocketAddr>,
}

/// Asks until there is an answer, or an ICMP error; forever, if there is neither.
pub(super) async fn binding(server: SocketAddr) -> Result<Binding, Failure> {
    let socket = socket(server.ip()).await?;
    // Connected: the kernel tells errors, and drops what others send.
    socket.connect(server).await?;
    ask(&socket, server, 0).await
}

/// Which addresses each of these sees, asked from one and the same socket. Those that do not answer soon are left out.
pub(super) async fn mappings(servers: &[SocketAddr]) -> Vec<Binding> {
    let Some(first) = servers.first() else { return Vec::new() };
    let Ok(socket) = socket(first.ip()).await else { return Vec::new() };
    let mut seen = Vec::new();
    // One after the other: an answer is then told from another's by its sender alone.
    for server in servers {
        if let Ok(Ok(binding)) = timeout(RTO * 4, ask(&socket, *server, 0)).await {
            seen.push(binding);
        }
    }
    seen
}

/// Whether an IP packet of `size` bytes gets there whole. Linux sets DF on what fits the path as far as it knows it.
pub(super) async fn takes(server: SocketAddr, size: usize) -> Result<(), Failure> {
    let socket = socket(server.ip()).await?;
    socket.connect(server).await?;
    let headers = if server.is_ipv4() { 20 + 8 } else { 40 + 8 };
    ask(&socket, server, size - headers).await.map(drop)
}

/// How many of a hundred small packets do not come back, not repeated: each follows the answer of the one before, or soon
/// if there is none. Takes a second and a half at most.
pub(super) async fn lost(server: SocketAddr) -> Result<usize, Failure> {
    let socket = socket(server.ip()).await?;
    socket.connect(server).await?;
    let mut waiting = HashSet::new();
    let mut request = Vec::new();
    for _ in 0..VOLLEY {
        let id = fresh_id();
        request.clear();
        Writer::new(&mut request, Class::Request, Method::Binding, id).finish();
        socket.send(&request).await?;
        waiting.insert(id);
        let _ = timeout(BETWEEN, answers(&socket, &mut waiting)).await;
    }
    match timeout(STRAGGLERS, answers(&socket, &mut waiting)).await {
        Ok(Err(failure)) => Err(failure),
        _ => Ok(waiting.len()),
    }
}

/// Takes them off the list, until it is empty.
async fn answers(socket: &UdpSocket, waiting: &mut HashSet<TransactionId>) -> Result<(), Failure> {
    let mut bytes = [0; LONGEST];
    while !waiting.is_empty() {
        let length = socket.recv(&mut bytes).await?;
        if let Ok(message) = Message::read(&bytes[..length]) {
            waiting.remove(&message.transaction_id());
        }
    }
    Ok(())
}

/// Enough to tell a line that loses one packet of twenty from one that loses none.
const VOLLEY: usize = 100;
const BETWEEN: Duration = Duration::from_millis(5);

/// Further away no call is pleasant.
const STRAGGLERS: Duration = Duration::from_secs(1);

fn fresh_id() -> TransactionId {
    let mut id = TransactionId::default();
    aws_lc_rs::rand::fill(&mut id).expect("the system's generator does not fail once it has started");
    id
}

async fn socket(to: IpAddr) -> Result<UdpSocket, Failure> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    Ok(UdpSocket::bind((any, 0)).await?)
}

/// `length`: of the request, if it shall be longer than it has to be.
async fn ask(socket: &UdpSocket, server: SocketAddr, length: usize) -> Result<Binding, Failure> {
    let id = fresh_id();
    let mut request = Vec::new();
    let filler = length.saturating_sub(HEADERS);
    let writer = Writer::new(&mut request, Class::Request, Method::Binding, id);
    if filler > 0 {
        writer.put(FILLER, &vec![0; filler & !3]).finish()
    } else {
        writer.finish()
    };
    let connected = socket.peer_addr().is_ok();
    let mut wait = RTO;
    loop {
        match connected {
            true => socket.send(&request).await?,
            false => socket.send_to(&request, server).await?,
        };
        match timeout(wait, answer(socket, server, id)).await {
            Ok(answered) => return answered,
            Err(_) => wait *= 2,
        }
    }
}

/// Of the message and of the filler.
const HEADERS: usize = 20 + 4;

async fn answer(socket: &UdpSocket, server: SocketAddr, id: TransactionId) -> Result<Binding, Failure> {
    let mut bytes = [0; LONGEST];
    loop {
        let (length, from) = socket.recv_from(&mut bytes).await?;
        let Ok(message) = Message::read(&bytes[..length]) else { continue };
        if from != server || message.class() != Class::Success || message.transaction_id() != id {
            continue;
        }
        let mapped = message.get(attribute::XOR_MAPPED_ADDRESS).and_then(|value| message.xor_address(value));
        let Some(mapped) = mapped else { continue };
        let other = message.get(attribute::OTHER_ADDRESS).and_then(plain_address);
        return Ok(Binding { local: socket.local_addr()?, mapped, other });
    }
}

/// RFC 8489, 14.1: a zero byte, the family, the port, the address.
fn plain_address(value: &[u8]) -> Option<SocketAddr> {
    let ip: IpAddr = match value {
        [_, attribute::FAMILY_IPV4, _, _, ip @ ..] => <[u8; 4]>::try_from(ip).ok()?.into(),
        [_, attribute::FAMILY_IPV6, _, _, ip @ ..] => <[u8; 16]>::try_from(ip).ok()?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes([value[2], value[3]])))
}
