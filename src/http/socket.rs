//! One WebSocket, from its first message to its last: one task that reads, writes, and knows when to give up.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_util::sync::CancellationToken;

use super::Options;
use super::frames::{self, Fault, Frame};
use super::ice;
use super::outbox::{End, Outbox};
use super::switchboard::{Line, Switchboard};
use super::web_socket::WebSocket;
use super::wire::{self, Ice};
use crate::clock::Now;
use crate::hub::{Message, PersonId, Refusal};

/// A page says `ping` every five seconds: three missed, and the socket is dead.
const SILENCE: Duration = Duration::from_secs(15);

/// A peer that takes nothing for so long will not take the rest either.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// How long a closed socket is listened to, so that the other side reads the reason before the connection is reset.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// Everything one socket's task needs.
pub(super) struct Socket<'a> {
    pub(super) switchboard: &'a Switchboard,
    pub(super) options: &'a ArcSwap<Options>,
    /// Under which name the page reached us.
    pub(super) host: String,
    /// Who called.
    pub(super) client: IpAddr,
    /// Whether that is a proxy that did not say for whom.
    pub(super) is_proxy: bool,
    pub(super) shutdown: CancellationToken,
}

/// Why a conversation ended.
enum Ending {
    /// The connection broke.
    Gone,
    /// The other side closes it, and waits for an answer and for the end of the connection.
    Left,
    /// We close it, with these words.
    Close(CloseCode, String),
    /// Nobody reads there any more: no use in words.
    Dead,
}

/// What is to be written.
enum Outgoing {
    Messages(VecDeque<Message>),
    /// The answer to a ping, with its bytes.
    Pong(Box<[u8]>),
}

/// Why reading ended.
enum Unheard {
    /// What came makes no sense, which the hub has to say before the socket is closed.
    Garbage(Refusal),
    End(Ending),
}

impl Socket<'_> {
    /// Talks on `io` until either side has enough. `early`: what has come of it already.
    pub(super) async fn converse<IO: AsyncRead + AsyncWrite + Unpin>(self, io: IO, early: Bytes) {
        let mut web_socket = WebSocket::new(io, early);
        let line = self.switchboard.open(self.client, self.is_proxy);
        let ending = self.talk(&mut web_socket, &line).await;
        drop(line);
        let goodbye = async {
            match ending {
                Ending::Close(code, reason) => say_goodbye(web_socket, code, &reason).await,
                // RFC 6455, 5.5.1: "the endpoint MUST send a Close frame in response."
                Ending::Left => web_socket.say(|out| frames::write_close(out, CloseCode::Normal, "")).await,
                Ending::Gone | Ending::Dead => Ok(()),
            }
        };
        let _ = timeout(CLOSE_PATIENCE, goodbye).await;
    }

    async fn talk<IO>(&self, web_socket: &mut WebSocket<IO>, line: &Line<'_>) -> Ending
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let mut heard = Instant::now();
        let mut garbled = false;
        let mut ping = None;
        let mut silence = pin!(sleep_until(heard + SILENCE));
        let mut shutdown = pin!(self.shutdown.cancelled());
        loop {
            // In the order of how often each is ready: whatever comes before spares the others a look.
            tokio::select! {
                biased;
                (messages, end) = line.outbox().take() => {
                    if let Some(ending) = self.write(web_socket, line.outbox(), Outgoing::Messages(messages)).await {
                        return ending;
                    }
                    if let Some(end) = end {
                        return Ending::from(end);
                    }
                }
                // After garbage nothing can be read any more; what is left to do is in the outbox.
                outcome = web_socket.hear(|frame| heed(frame, line, &mut ping)), if !garbled => {
                    heard = Instant::now();
                    match outcome {
                        Ok(()) => {}
                        Err(Unheard::Garbage(refusal)) => {
                            garbled = true;
                            line.garbled(refusal);
                        }
                        Err(Unheard::End(ending)) => return ending,
                    }
                    if let Some(ping) = ping.take()
                        && let Some(ending) = self.write(web_socket, line.outbox(), Outgoing::Pong(ping)).await
                    {
                        return ending;
                    }
                }
                () = &mut shutdown => return going_away(),
                // Set anew only when it rings: a message costs no timer.
                () = &mut silence => {
                    if heard.elapsed() >= SILENCE {
                        return Ending::Close(CloseCode::Policy, "nothing was heard for 15 seconds".into());
                    }
                    silence.as_mut().reset(heard + SILENCE);
                }
            }
        }
    }

    /// Writes everything there is, together. Something is the matter when there is an ending.
    async fn write<IO>(&self, web_socket: &mut WebSocket<IO>, outbox: &Outbox, outgoing: Outgoing) -> Option<Ending>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        // First, so that nobody is told of the others' end when it is everybody's.
        if self.shutdown.is_cancelled() {
            return Some(going_away());
        }
        let mut writing = pin!(web_socket.say(|out| match &outgoing {
            Outgoing::Messages(messages) => {
                for message in messages {
                    frames::write_text(out, &wire::encode(message, |you| self.ice(you)));
                }
            }
            Outgoing::Pong(bytes) => frames::write_pong(out, bytes),
        }));
        let written = tokio::select! {
            biased;
            written = &mut writing => written,
            // A socket that does not take it at once, which is rare: only then are there a timer and others to listen to.
            () = std::future::ready(()) => tokio::select! {
                () = self.shutdown.cancelled() => return Some(going_away()),
                written = timeout(WRITE_PATIENCE, writing) => match written {
                    Ok(written) => written,
                    Err(_) => return Some(Ending::Dead),
                },
                () = outbox.overflow() => return Some(Ending::Dead),
            }
        };
        written.err().map(|_| Ending::Gone)
    }

    fn ice(&self, you: &PersonId) -> Ice {
        let options = self.options.load();
        let ttl = options.turn_ttl;
        let credentials = options.turn_passes.issue(&you.0, ttl, Now::read());
        let ice_servers = ice::servers(&self.host, &options.turn_ports, &options.other_relays, credentials.as_ref());
        Ice { ice_servers, ice_ttl: ttl.as_secs() }
    }
}

/// Does what a frame asks for; of several pings that came together the last one is answered (RFC 6455, 5.5.3).
fn heed(frame: Frame<'_>, line: &Line<'_>, ping: &mut Option<Box<[u8]>>) -> Result<(), Unheard> {
    match frame {
        Frame::Text(text) => line.asked(wire::decode(text, fresh_id).map_err(Unheard::Garbage)?),
        Frame::Ping(bytes) => *ping = Some(bytes.into()),
        Frame::Pong => {}
        Frame::Close => return Err(Unheard::End(Ending::Left)),
    }
    Ok(())
}

impl From<Fault> for Unheard {
    fn from(fault: Fault) -> Unheard {
        Unheard::Garbage(match fault {
            Fault::TooLarge => Refusal::TooLarge,
            Fault::NotUtf8 => Refusal::BadMessage("the text is not UTF-8".into()),
            Fault::Binary => Refusal::BadMessage("binary frames are not used here: send text".into()),
            Fault::Protocol(words) => return Unheard::End(Ending::Close(CloseCode::Protocol, words.into())),
        })
    }
}

impl From<io::Error> for Unheard {
    fn from(_: io::Error) -> Unheard {
        Unheard::End(Ending::Gone)
    }
}

impl From<End> for Ending {
    fn from(end: End) -> Ending {
        let End::Refused(refusal) = end else { return Ending::Dead };
        let code = match refusal {
            Refusal::TooLarge => CloseCode::Size,
            Refusal::Replaced => CloseCode::Library(4000),
            Refusal::Removed => CloseCode::Library(4001),
            _ => CloseCode::Policy,
        };
        Ending::Close(code, refusal.to_string())
    }
}

fn going_away() -> Ending {
    Ending::Close(CloseCode::Away, "the server stops: come back in a moment".into())
}

/// 96 bits: never drawn twice.
fn fresh_id() -> PersonId {
    let mut bytes = [0; 12];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's generator does not fail once it is seeded");
    PersonId(URL_SAFE_NO_PAD.encode(bytes).into())
}

/// Sends the close frame and then reads on without looking: a connection that is shut with unread bytes is reset, and the
/// words would be lost on the way.
async fn say_goodbye<IO: AsyncRead + AsyncWrite + Unpin>(
    mut web_socket: WebSocket<IO>,
    code: CloseCode,
    reason: &str,
) -> io::Result<()> {
    web_socket.say(|out| frames::write_close(out, code, reason)).await?;
    let mut io = web_socket.into_inner();
    // On the heap: in here it would be part of every task from its beginning.
    let mut unread = vec![0; 1024];
    while io.read(&mut unread).await? > 0 {}
    Ok(())
}
