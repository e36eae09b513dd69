//! Allocations on the relay, made by the crate `turn`'s client, and data between two of them: what a call through the relay
//! does, on every way to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::interval;
use turn::client::{Client, ClientConfig};
use webrtc_util::Conn;

use super::dial::Dialer;
use super::report::Failure;
use super::web::{Probe, Transport};
use super::wire::Wire;

/// Between two tries to get data through: packets may be lost.
const AGAIN: Duration = Duration::from_millis(300);

/// What is sent through, and must come back as it was.
const PIECE: &[u8] = b"callbox check: this came through the relay";

/// Opens the other side's permission; never counts as an answer.
const HELLO: &[u8] = b"callbox check: hello";

/// A relayed transport address, and the way to it.
pub(super) struct Allocation {
    client: Client,
    relay: Box<dyn Conn + Send + Sync>,
    wire: Arc<Wire>,
    pub(super) relayed: SocketAddr,
}

impl Allocation {
    /// Asks the relay at `server` for one, in the way that `probe` says.
    pub(super) async fn open(dialer: &Dialer, probe: &Probe, server: SocketAddr) -> Result<Allocation, Failure> {
        let wire = Arc::new(match probe.transport {
            Transport::Tcp => Wire::stream(Box::new(dialer.tcp(server).await?), server),
            Transport::Tls => Wire::stream(dialer.tls(server, false).await?.stream, server),
            Transport::Udp | Transport::Stun => {
                let any: SocketAddr = if server.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(server).await?;
                Wire::datagrams(socket, server)?
            }
        });
        let config = ClientConfig {
            stun_serv_addr: String::new(),
            turn_serv_addr: server.to_string(),
            username: probe.username.clone(),
            password: probe.credential.clone(),
            realm: String::new(),
            software: String::new(),
            rto_in_ms: 0,
            conn: wire.clone(),
            vnet: None,
        };
        let client = Client::new(config).await.map_err(refusal)?;
        client.listen().await.map_err(refusal)?;
        let relay = tokio::select! {
            biased;
            failure = wire.ended() => Err(failure),
            relay = client.allocate() => relay.map_err(refusal),
        };
        let relay = match relay {
            Ok(relay) => relay,
            Err(failure) => {
                let _ = client.close().await;
                return Err(failure);
            }
        };
        let relayed = relay.local_addr().map_err(refusal)?;
        Ok(Allocation { client, relay: Box::new(relay), wire, relayed })
    }

    /// Gives it back.
    pub(super) async fn close(self) {
        let _ = self.relay.close().await;
        let _ = self.client.close().await;
    }

    async fn send(&self, data: &[u8], to: SocketAddr) -> Result<(), Failure> {
        self.relay.send_to(data, to).await.map(drop).map_err(refusal)
    }

    /// Sends back what comes from `peer`, until something fails.
    async fn answer(&self, peer: SocketAddr) -> Failure {
        let mut buffer = [0; 2048];
        loop {
            let done = match self.relay.recv_from(&mut buffer).await {
                Ok((length, from)) if from == peer && &buffer[..length] == PIECE => self.send(PIECE, peer).await,
                Ok(_) => Ok(()),
                Err(cause) => Err(refusal(cause)),
            };
            if let Err(failure) = done {
                return failure;
            }
        }
    }

    /// Sends to `peer` until it comes back.
    async fn ask(&self, peer: SocketAddr) -> Result<(), Failure> {
        let mut again = interval(AGAIN);
        let mut buffer = [0; 2048];
        loop {
            tokio::select! {
                _ = again.tick() => self.send(PIECE, peer).await?,
                heard = self.relay.recv_from(&mut buffer) => {
                    let (length, from) = heard.map_err(refusal)?;
                    if from == peer && &buffer[..length] == PIECE {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// Data from `a` to `b` and back, through both relayed addresses.
pub(super) async fn echo(a: &Allocation, b: &Allocation) -> Result<(), Failure> {
    // Permissions are for those who have them: without one, what comes is dropped.
    b.send(HELLO, a.relayed).await?;
    tokio::select! {
        asked = a.ask(b.relayed) => asked,
        failure = b.answer(a.relayed) => Err(failure),
        failure = a.wire.ended() => Err(failure),
        failure = b.wire.ended() => Err(failure),
    }
}

/// The client writes the relay's code into its words: `… (error 486: …)`.
fn refusal(error: impl ToString) -> Failure {
    let words = error.to_string();
    let code =
        words.split("(error ").nth(1).and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    code.map_or(Failure::Other(words), Failure::Relay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relays_code_is_read_out_of_the_clients_words() {
        assert_eq!(refusal("Allocate error response (error 486: Allocation Quota Reached)"), Failure::Relay(486));
        assert_eq!(refusal("all retransmissions failed"), Failure::Other("all retransmissions failed".to_owned()));
    }
}
