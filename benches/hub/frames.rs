//! WebSocket frames as a client writes and reads them (RFC 6455, 5): whole texts, nothing split.

use anyhow::{Result, bail};

/// A client's mask. Any other costs a server as much to take off.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// One frame from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A message.
    Text(&'a str),
    /// To be answered with a pong of the same bytes.
    Ping(&'a [u8]),
    /// The end, with its reason.
    Close(String),
    /// An answer to a ping.
    Pong,
}

/// The frame that carries `text` to the server.
pub(crate) fn text(text: &str) -> Vec<u8> {
    masked(TEXT, text.as_bytes())
}

/// The answer to a ping.
pub(crate) fn pong(bytes: &[u8]) -> Vec<u8> {
    masked(PONG, bytes)
}

/// Reads the first frame in `bytes` and how many of them it takes; `None` when it is not all there.
pub(crate) fn first(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>> {
    let [head, length, rest @ ..] = bytes else { return Ok(None) };
    let (extended, size) = match (length, rest) {
        (126, [a, b, ..]) => (2, usize::from(u16::from_be_bytes([*a, *b]))),
        (126, _) => return Ok(None),
        (127.., _) => bail!("a frame of more than 64 KiB, or a masked one"),
        (size, _) => (0, usize::from(*size)),
    };
    let begin = 2 + extended;
    let Some(payload) = bytes.get(begin..begin + size) else { return Ok(None) };
    let frame = match head & 0x0f {
        _ if head & FIN == 0 => bail!("a message in pieces"),
        TEXT => Frame::Text(std::str::from_utf8(payload)?),
        PING => Frame::Ping(payload),
        PONG => Frame::Pong,
        CLOSE => Frame::Close(String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned()),
        other => bail!("a frame with opcode {other}"),
    };
    Ok(Some((frame, begin + size)))
}

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![FIN | opcode];
    match payload.len() {
        short @ ..126 => frame.push(MASKED | short as u8),
        long => {
            frame.push(MASKED | 126);
            frame.extend(u16::try_from(long).expect("the generator says nothing longer").to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
