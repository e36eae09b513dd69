//! One WebSocket, from its first message to its last: one task that reads, writes, and knows when to give up.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message as Frame};
use tokio_util::sync::CancellationToken;

use super::Options;
use super::ice;
use super::outbox::{End, Outbox};
use super::switchboard::{Line, Switchboard};
use super::wire::{self, Ice};
use crate::clock::Now;
use crate::hub::{Message, PersonId, Refusal, Request};

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
    /// The other side closed it, or the connection broke.
    Gone,
    /// We close it, with these words.
    Close(CloseCode, String),
    /// Nobody reads there any more: no use in words.
    Dead,
}

/// What a frame means.
enum Heard {
    Request(Request),
    SignOfLife,
    Garbage(Refusal),
    End(Ending),
}

impl Socket<'_> {
    /// Talks on `io` until either side has enough.
    pub(super) async fn converse<IO: AsyncRead + AsyncWrite + Unpin>(self, io: IO) {
        let mut stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits())).await;
        let line = self.switchboard.open(self.client, self.is_proxy);
        let ending = self.talk(&mut stream, &line).await;
        drop(line);
        if let Ending::Close(code, reason) = ending {
            let _ = timeout(CLOSE_PATIENCE, say_goodbye(stream, code, reason)).await;
        }
    }

    async fn talk<IO>(&self, stream: &mut WebSocketStream<IO>, line: &Line<'_>) -> Ending
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let mut heard = Instant::now();
        let mut garbled = false;
        let mut silence = pin!(sleep_until(heard + SILENCE));
        let mut shutdown = pin!(self.shutdown.cancelled());
        loop {
            // In the order of how often each is ready: whatever comes before spares the others a look.
            tokio::select! {
                biased;
                (messages, end) = line.outbox().take() => {
                    if let Some(ending) = self.write(stream, line.outbox(), messages).await {
                        return ending;
                    }
                    if let Some(end) = end {
                        return Ending::from(end);
                    }
                }
                // After garbage nothing can be read any more; what is left to do is in the outbox.
                frame = stream.next(), if !garbled => {
                    heard = Instant::now();
                    match understand(frame) {
                        Heard::Request(request) => line.asked(request),
                        Heard::SignOfLife => {}
                        Heard::Garbage(refusal) => {
                            garbled = true;
                            line.garbled(refusal);
                        }
                        Heard::End(ending) => return ending,
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
    async fn write<IO>(
        &self,
        stream: &mut WebSocketStream<IO>,
        outbox: &Outbox,
        messages: VecDeque<Message>,
    ) -> Option<Ending>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        // First, so that nobody is told of the others' end when it is everybody's.
        if self.shutdown.is_cancelled() {
            return Some(going_away());
        }
        let mut writing = pin!(async {
            for message in messages {
                stream.feed(Frame::text(wire::encode(&message, |you| self.ice(you)))).await?;
            }
            stream.flush().await
        });
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

fn understand(frame: Option<Result<Frame, Error>>) -> Heard {
    match frame {
        Some(Ok(Frame::Text(text))) => wire::decode(&text, fresh_id).map_or_else(Heard::Garbage, Heard::Request),
        // Pings are answered by the library.
        Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => Heard::SignOfLife,
        Some(Ok(Frame::Binary(_))) => {
            Heard::Garbage(Refusal::BadMessage("binary frames are not used here: send text".into()))
        }
        Some(Err(Error::Capacity(_))) => Heard::Garbage(Refusal::TooLarge),
        Some(Err(Error::Utf8(_))) => Heard::Garbage(Refusal::BadMessage("the text is not UTF-8".into())),
        Some(Err(Error::Protocol(error))) => Heard::End(Ending::Close(CloseCode::Protocol, error.to_string())),
        Some(Ok(Frame::Close(_)) | Err(_)) | None => Heard::End(Ending::Gone),
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

/// The library's own are made for few and busy sockets: 128 KiB of buffer each, and messages of 64 MiB. A candidate, the
/// most frequent message, comes in with one read of 2 KiB; larger buffers would only be held by those who are silent.
fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(2 << 10)
        .write_buffer_size(4 << 10)
        .max_write_buffer_size(256 << 10)
        .max_message_size(Some(64 << 10))
        .max_frame_size(Some(64 << 10))
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
    mut stream: WebSocketStream<IO>,
    code: CloseCode,
    reason: String,
) -> Result<(), Error> {
    let frame = CloseFrame { code, reason: shortened(reason).into() };
    stream.close(Some(frame)).await?;
    let mut io = stream.into_inner();
    // On the heap: in here it would be part of every task from its beginning.
    let mut unread = vec![0; 1024];
    while io.read(&mut unread).await? > 0 {}
    Ok(())
}

/// RFC 6455, 5.5: a control frame carries at most 125 bytes, two of them the code.
fn shortened(mut reason: String) -> String {
    let end = (0..=reason.len().min(123)).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason.truncate(end);
    reason
}
