//! How each hub is spoken to: how one comes into a room, and how one says something to the other person there.

mod bare;
mod callbox;
mod socket_io;

pub(crate) use bare::Bare;
pub(crate) use callbox::Callbox;
pub(crate) use socket_io::SocketIo;

/// What one person says to another: 1000 bytes of JSON with the escapes of a session description.
pub(crate) fn payload() -> String {
    let head = r#"{"description":{"type":"offer","sdp":"v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"#;
    let line = r"a=candidate:1 1 udp 2122260223 192.0.2.7 51000 typ host generation 0\r\n";
    let tail = r#""}}"#;
    let mut text = head.to_owned();
    while text.len() + line.len() + tail.len() < PAYLOAD {
        text.push_str(line);
    }
    text.push_str(&"a".repeat(PAYLOAD - tail.len() - text.len()));
    text + tail
}

/// Bytes of a payload.
const PAYLOAD: usize = 1000;

/// What a hub gave to somebody who came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seat {
    /// How others speak to them.
    pub(crate) id: String,
    /// What brings them back to the same place, if there is such a thing.
    pub(crate) token: Option<String>,
}

/// What a hub's message means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The other person said something.
    Signal,
    /// One is in.
    In(Seat),
    /// Something that has to be answered with this.
    Ask(String),
    /// Nothing that matters here.
    Nothing,
    /// One is not let in, or has said something wrong.
    Refused,
}

/// A way to speak.
pub(crate) trait Dialect {
    /// Where the WebSocket is.
    fn path(&self) -> &'static str;

    /// The first words, if it is the client who begins.
    fn greeting(&self, room: &str, seat: &Seat) -> Option<String>;

    /// Understands `text`.
    fn hear(&self, text: &str, room: &str) -> Heard;

    /// Says `payload` to the person in `room` who sits there.
    fn signal(&self, room: &str, to: &Seat, payload: &str) -> String;

    /// What a page says every few seconds, if it has to.
    fn sign_of_life(&self) -> Option<&'static str> {
        None
    }
}
