//! One WebSocket, from its first message to its last: one task that reads, writes, and knows when to give up.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message as Frame, error::CapacityError};
use tokio_util::sync::CancellationToken;

use super::Options;
use super::ice;
use super::outbox::{End, Outbox};
use super::switchboard::Switchboard;
use super::wire::{self, Ice};
use crate::clock::Now;
use crate::hub::{Event, Message, PersonId, Refusal, SocketId};

/// A page says `ping` every five seconds: three missed, and the socket is dead.
const SILENCE: Duration = Duration::from_secs(15);

/// A peer that takes nothing for so long will not take the rest either.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// How long a closed socket is listened to, so that the other side reads the reason before the connection is reset.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// Everything one socket's task needs.
pub(super) struct Socket<'a> {
    pub(super) switchboard: &'a Switchboard,
    pub(super) options: &'a Options,
    /// Under which name the page reached us.
    pub(super) host: String,
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

impl Socket<'_> {
    /// Talks on `io` until either side has enough.
    pub(super) async fn converse<IO: AsyncRead + AsyncWrite + Unpin>(self, io: IO) {
        let mut stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits())).await;
        let (id, outbox) = self.switchboard.open();
        let ending = self.talk(&mut stream, id, &outbox).await;
        self.switchboard.close(id);
        if let Ending::Close(code, reason) = ending {
            let _ = timeout(CLOSE_PATIENCE, say_goodbye(stream, code, reason)).await;
        }
    }

    async fn talk<IO>(&self, stream: &mut WebSocketStream<IO>, id: SocketId, outbox: &Outbox) -> Ending
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let mut heard = Instant::now();
        let mut silence = pin!(sleep_until(heard + SILENCE));
        loop {
            tokio::select! {
                (messages, end) = outbox.take() => {
                    if let Some(ending) = self.write(stream, outbox, messages).await {
                        return ending;
                    }
                    if let Some(end) = end {
                        return Ending::from(end);
                    }
                }
                frame = stream.next() => {
                    heard = Instant::now();
                    if let Some(ending) = self.read(id, frame) {
                        return ending;
                    }
                }
                // Set anew only when it rings: a message costs no timer.
                () = &mut silence => {
                    if heard.elapsed() >= SILENCE {
                        return Ending::Close(CloseCode::Policy, "nothing was heard for 15 seconds".into());
                    }
                    silence.as_mut().reset(heard + SILENCE);
                }
                () = self.shutdown.cancelled() => return going_away(),
            }
        }
    }

    fn read(&self, id: SocketId, frame: Option<Result<Frame, Error>>) -> Option<Ending> {
        let refusal = match frame {
            Some(Ok(Frame::Text(text))) => match wire::decode(&text, fresh_id) {
                Ok(request) => {
                    self.switchboard.tell(Event::Asked(id, request));
                    return None;
                }
                Err(refusal) => refusal,
            },
            // Pings are answered by the library.
            Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => return None,
            Some(Ok(Frame::Binary(_))) => Refusal::BadMessage("binary frames are not used here: send text".into()),
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => Refusal::TooLarge,
            Some(Err(Error::Utf8(_))) => Refusal::BadMessage("the text is not UTF-8".into()),
            Some(Err(Error::Protocol(error))) => return Some(Ending::Close(CloseCode::Protocol, error.to_string())),
            Some(Ok(Frame::Close(_)) | Err(_)) | None => return Some(Ending::Gone),
        };
        self.switchboard.tell(Event::Garbled(id, refusal));
        None
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
        let writing = async {
            for message in messages {
                stream.feed(Frame::text(wire::encode(&message, |you| self.ice(you)))).await?;
            }
            stream.flush().await
        };
        tokio::select! {
            biased;
            // First, so that nobody is told of the others' end when it is everybody's.
            () = self.shutdown.cancelled() => Some(going_away()),
            written = timeout(WRITE_PATIENCE, writing) => match written {
                Ok(Ok(())) => None,
                Ok(Err(_)) => Some(Ending::Gone),
                Err(_) => Some(Ending::Dead),
            },
            () = outbox.overflow() => Some(Ending::Dead),
        }
    }

    fn ice(&self, you: &PersonId) -> Ice {
        let ttl = self.options.turn_ttl;
        let credentials = self.options.turn_passes.issue(&you.0, ttl, Now::read());
        let ice_servers = ice::servers(&self.host, &self.options.turn_ports, credentials.as_ref());
        Ice { ice_servers, ice_ttl: ttl.as_secs() }
    }
}

impl From<End> for Ending {
    fn from(end: End) -> Ending {
        let End::Refused(refusal) = end else { return Ending::Dead };
        let code = match refusal {
            Refusal::TooLarge => CloseCode::Size,
            Refusal::Replaced => CloseCode::Library(4000),
            _ => CloseCode::Policy,
        };
        Ending::Close(code, refusal.to_string())
    }
}

fn going_away() -> Ending {
    Ending::Close(CloseCode::Away, "the server stops: come back in a moment".into())
}

/// The library's own are made for few and busy sockets: 128 KiB of buffer each, and messages of 64 MiB.
fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(1 << 10)
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
    let mut unread = [0; 1024];
    while io.read(&mut unread).await? > 0 {}
    Ok(())
}

/// RFC 6455, 5.5: a control frame carries at most 125 bytes, two of them the code.
fn shortened(mut reason: String) -> String {
    let end = (0..=reason.len().min(123)).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason.truncate(end);
    reason
}
