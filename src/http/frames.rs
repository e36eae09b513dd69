//! WebSocket frames as a server reads and writes them (RFC 6455, 5). What is received is unmasked and understood where it
//! lies, in memory that is not the socket's: a socket keeps only the beginning of what has not wholly come. Texts alone go
//! out; nothing is compressed.

use std::io::Cursor;
use std::ops::Range;

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// The longest text that is read, in one frame or in pieces.
pub(super) const LONGEST: usize = 64 << 10;

/// RFC 6455, 5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
const LONGEST_CONTROL: usize = 125;

/// What one socket has said and not yet finished.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The beginning of a frame.
    begun: Vec<u8>,
    /// The pieces of a text whose last one has not come.
    pieces: Option<Vec<u8>>,
}

/// What the other side says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Text(&'a str),
    /// To be answered with these bytes.
    Ping(&'a [u8]),
    Pong,
    /// To be answered with a close frame.
    Close,
}

/// Why nothing can be read any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLarge,
    NotUtf8,
    Binary,
    /// Not as the RFC has it.
    Protocol(&'static str),
}

impl Frames {
    /// Takes in what was received, and calls `heed` for every frame that is complete with it, in order.
    ///
    /// # Errors
    /// The first fault, or the first error of `heed`; what came after it is lost.
    pub(super) fn take_in<E: From<Fault>>(
        &mut self,
        received: &mut [u8],
        heed: impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.begun.is_empty() {
            let read = self.read(received, heed)?;
            self.begun = received[read..].to_vec();
            return Ok(());
        }
        let mut begun = std::mem::take(&mut self.begun);
        begun.extend_from_slice(received);
        let read = self.read(&mut begun, heed)?;
        // A copy gives the memory of what was read back; and where nothing was read, it would make many small pieces dear.
        self.begun = if read == 0 { begun } else { begun[read..].to_vec() };
        Ok(())
    }

    /// Reads all complete frames and says how many bytes they took.
    fn read<E: From<Fault>>(
        &mut self,
        bytes: &mut [u8],
        mut heed: impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut read = 0;
        while let Some((header, payload)) = head(&bytes[read..])? {
            let Some(payload) = bytes[read..].get_mut(payload) else { break };
            read += header.len(payload.len() as u64) + payload.len();
            // RFC 6455, 5.1: "The server MUST close the connection upon receiving a frame that is not masked."
            unmask(payload, header.mask.ok_or(Fault::Protocol("a frame was not masked"))?);
            self.understand(&header, payload, &mut heed)?;
        }
        Ok(read)
    }

    fn understand<E: From<Fault>>(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
        heed: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match (header.opcode, self.pieces.as_mut()) {
            (OpCode::Control(_), _) if !header.is_final || payload.len() > LONGEST_CONTROL => {
                Err(Fault::Protocol("a control frame was too long or in pieces").into())
            }
            (OpCode::Control(Control::Ping), _) => heed(Frame::Ping(payload)),
            (OpCode::Control(Control::Pong), _) => heed(Frame::Pong),
            (OpCode::Control(Control::Close), _) => heed(Frame::Close),
            (OpCode::Data(Data::Text), None) if header.is_final => heed(Frame::Text(text(payload)?)),
            (OpCode::Data(Data::Text), None) => {
                self.pieces = Some(payload.to_vec());
                Ok(())
            }
            (OpCode::Data(Data::Continue), Some(pieces)) => {
                if pieces.len() + payload.len() > LONGEST {
                    return Err(Fault::TooLarge.into());
                }
                pieces.extend_from_slice(payload);
                match self.pieces.take_if(|_| header.is_final) {
                    Some(whole) => heed(Frame::Text(text(&whole)?)),
                    None => Ok(()),
                }
            }
            (OpCode::Data(Data::Binary), _) => Err(Fault::Binary.into()),
            (OpCode::Data(_) | OpCode::Control(_), _) => {
                Err(Fault::Protocol("a piece of a message came out of order").into())
            }
        }
    }
}

/// Appends a frame that carries `text`.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    write(out, OpCode::Data(Data::Text), text.as_bytes());
}

/// Appends the answer to a ping.
pub(super) fn write_pong(out: &mut Vec<u8>, bytes: &[u8]) {
    write(out, OpCode::Control(Control::Pong), bytes);
}

/// Appends the frame that ends the conversation: of `reason` as much as there is room for.
pub(super) fn write_close(out: &mut Vec<u8>, code: CloseCode, reason: &str) {
    let most = reason.len().min(LONGEST_CONTROL - 2);
    let room = (0..=most).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    let payload = [&u16::from(code).to_be_bytes(), &reason.as_bytes()[..room]].concat();
    write(out, OpCode::Control(Control::Close), &payload);
}

fn write(out: &mut Vec<u8>, opcode: OpCode, payload: &[u8]) {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    header.format(payload.len() as u64, out).expect("memory takes all that is written");
    out.extend_from_slice(payload);
}

/// The header of the first frame and where its payload is, or will be; `None` when not even the header is there.
fn head(bytes: &[u8]) -> Result<Option<(FrameHeader, Range<usize>)>, Fault> {
    let mut cursor = Cursor::new(bytes);
    let parsed =
        FrameHeader::parse(&mut cursor).map_err(|_| Fault::Protocol("a frame of a kind that does not exist"))?;
    let Some((header, length)) = parsed else { return Ok(None) };
    // RFC 6455, 5.2: they "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values".
    if header.rsv1 || header.rsv2 || header.rsv3 {
        return Err(Fault::Protocol("a reserved bit was set"));
    }
    let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST).ok_or(Fault::TooLarge)?;
    let begin = cursor.position() as usize;
    Ok(Some((header, begin..begin + length)))
}

fn text(payload: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(payload).map_err(|_| Fault::NotUtf8)
}

/// RFC 6455, 5.3.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let (words, rest) = payload.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    rest.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests;
