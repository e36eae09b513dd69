//! Held against tungstenite's client, which nobody here wrote, and against strangers.

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as TheirFrame;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketContext};

use super::*;

/// What was heard, as an owned value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Text(String),
    Ping(Vec<u8>),
    Pong,
    Close,
}

impl From<Frame<'_>> for Heard {
    fn from(frame: Frame<'_>) -> Heard {
        match frame {
            Frame::Text(text) => Heard::Text(text.into()),
            Frame::Ping(bytes) => Heard::Ping(bytes.into()),
            Frame::Pong => Heard::Pong,
            Frame::Close => Heard::Close,
        }
    }
}

/// Everything heard of `bytes` when they come in parts of `part`, and the fault that ended it.
fn heard(bytes: &[u8], part: usize) -> (Vec<Heard>, Option<Fault>) {
    let (mut frames, mut all) = (Frames::default(), Vec::new());
    for part in bytes.chunks(part) {
        let heed = |frame: Frame<'_>| {
            all.push(frame.into());
            Ok::<(), Fault>(())
        };
        if let Err(fault) = frames.take_in(&mut part.to_vec(), heed) {
            return (all, Some(fault));
        }
        assert!(frames.begun.len() <= LONGEST + 14, "more is kept than a frame has");
    }
    (all, None)
}

/// What tungstenite's client writes.
fn written(messages: impl IntoIterator<Item = Message>) -> Vec<u8> {
    let (mut client, mut wire) = (WebSocketContext::new(Role::Client, None), std::io::Cursor::new(Vec::new()));
    for message in messages {
        client.write(&mut wire, message).unwrap();
        client.flush(&mut wire).unwrap();
    }
    wire.into_inner()
}

/// A piece of a text.
fn piece(text: &str, kind: Data, is_final: bool) -> Message {
    Message::Frame(TheirFrame::message(text.to_owned(), OpCode::Data(kind), is_final))
}

#[test]
fn a_text_in_pieces_is_whole_in_the_end_and_a_ping_may_come_between() {
    let bytes = written([
        piece("Grü", Data::Text, false),
        Message::Ping("hello?".into()),
        piece("", Data::Continue, false),
        piece("ße", Data::Continue, true),
        Message::text("."),
    ]);
    let expected = vec![Heard::Ping(b"hello?".into()), Heard::Text("Grüße".into()), Heard::Text(".".into())];
    for part in 1..bytes.len() {
        assert_eq!(heard(&bytes, part), (expected.clone(), None), "in parts of {part}");
    }
}

#[test]
fn nothing_is_kept_between_frames() {
    let mut frames = Frames::default();
    for mut part in written([Message::text("x".repeat(40_000))]).chunks(16_384).map(<[u8]>::to_vec) {
        frames.take_in(&mut part, |_| Ok::<(), Fault>(())).unwrap();
    }
    assert_eq!((frames.begun.capacity(), frames.pieces), (0, None));
}

#[test]
fn what_the_rfc_forbids_is_a_fault_and_what_came_before_is_heard() {
    let protocol = |(_, fault): (Vec<Heard>, Option<Fault>)| matches!(fault, Some(Fault::Protocol(_)));
    let well = written([Message::text("well")]);
    let mut forged = well.clone();
    forged.extend([0xF1, 0x80, 0, 0, 0, 0]);
    assert_eq!(heard(&forged, 100).0, [Heard::Text("well".into())]);
    assert!(protocol(heard(&forged, 100)), "a reserved bit");
    assert!(protocol(heard(&[0x81, 1, b'x'], 9)), "not masked");
    assert!(protocol(heard(&[0x83, 0x80, 0, 0, 0, 0], 9)), "a kind that does not exist");
    assert!(protocol(heard(&[0x09, 0x80, 0, 0, 0, 0], 9)), "a ping in pieces");
    assert!(
        protocol(heard(&[0x89, 0xFE, 0, 126].into_iter().chain([0; 130]).collect::<Vec<u8>>(), 200)),
        "a long ping"
    );
    assert!(protocol(heard(&written([piece("x", Data::Continue, true)]), 99)), "a piece of nothing");
    assert!(protocol(heard(&written([piece("x", Data::Text, false), Message::text("y")]), 99)), "a text within a text");
    assert_eq!(heard(&written([Message::binary(vec![1])]), 99).1, Some(Fault::Binary));
    assert_eq!(heard(&[0x81, 0x81, 0, 0, 0, 0, 0xFF], 99).1, Some(Fault::NotUtf8));
}

#[test]
fn too_much_is_refused_when_it_is_announced_and_when_it_adds_up() {
    assert_eq!(heard(&[0x81, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0], 99).1, Some(Fault::TooLarge));
    let half = "x".repeat(LONGEST / 2);
    let mut pieces = vec![piece(&half, Data::Text, false), piece(&half, Data::Continue, false)];
    assert_eq!(heard(&written(pieces.clone()), 1000), (vec![], None));
    pieces.push(piece("x", Data::Continue, true));
    assert_eq!(heard(&written(pieces), 1000), (vec![], Some(Fault::TooLarge)));
    let longest = "x".repeat(LONGEST);
    assert_eq!(heard(&written([Message::text(longest.clone())]), 1000), (vec![Heard::Text(longest)], None));
}

#[test]
fn a_client_that_nobody_here_wrote_reads_what_we_write() {
    let mut out = Vec::new();
    let texts = ["", "short", &"ü".repeat(100), &"x".repeat(70_000)];
    texts.iter().for_each(|text| write_text(&mut out, text));
    write_pong(&mut out, b"hello?");
    write_close(&mut out, CloseCode::Policy, &"ö".repeat(100));
    let (mut client, mut wire) = (WebSocketContext::new(Role::Client, None), Wire(out.as_slice()));
    for text in texts {
        assert_eq!(client.read(&mut wire).unwrap(), Message::text(text));
    }
    assert_eq!(client.read(&mut wire).unwrap(), Message::Pong("hello?".into()));
    let Message::Close(Some(close)) = client.read(&mut wire).unwrap() else { panic!("no close frame") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1008, &*"ö".repeat(61)));
}

/// Bytes to read; what is written is of no interest.
struct Wire<'a>(&'a [u8]);

impl std::io::Read for Wire<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl std::io::Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

proptest! {
    #[test]
    fn whatever_a_client_says_arrives_however_it_is_cut(texts in prop::collection::vec(".{0,400}", 1..6), part in 1..900_usize) {
        let bytes = written(texts.iter().map(Message::text));
        let expected: Vec<Heard> = texts.into_iter().map(Heard::Text).collect();
        prop_assert_eq!(heard(&bytes, part), (expected, None));
    }

    #[test]
    fn no_bytes_make_the_reader_panic_or_keep_more_than_a_frame(bytes in prop::collection::vec(any::<u8>(), 0..300), part in 1..300_usize) {
        heard(&bytes, part);
    }
}
