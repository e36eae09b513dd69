//! socket.io 4 over WebSocket alone: Engine.IO's packet type (0 open, 2 ping, 3 pong, 4 message), then Socket.IO's (0 connect,
//! 2 event), then JSON. See socket.io's "Engine.IO protocol" version 4 and "Socket.IO protocol" version 5.

use serde_json::Value;

use super::{Dialect, Heard, Seat};

/// See the module's text.
pub(crate) struct SocketIo;

impl Dialect for SocketIo {
    fn path(&self) -> &'static str {
        "/socket.io/?EIO=4&transport=websocket"
    }

    fn greeting(&self, _room: &str, _seat: &Seat) -> Option<String> {
        None
    }

    fn hear(&self, text: &str, room: &str) -> Heard {
        if text.starts_with(r#"42["message","#) {
            return Heard::Signal;
        }
        match text.as_bytes() {
            [b'0', ..] => Heard::Ask("40".to_owned()),
            [b'2'] => Heard::Ask("3".to_owned()),
            [b'4', b'0', ..] => Heard::Ask(format!(r#"42["join","{room}"]"#)),
            [b'4', b'2', event @ ..] => match serde_json::from_slice::<Value>(event) {
                Ok(event) if event[0] == "joined" => {
                    Heard::In(Seat { id: event[2].as_str().unwrap_or_default().to_owned(), token: None })
                }
                Ok(event) if event[0] == "otherjoin" => Heard::Nothing,
                _ => Heard::Refused,
            },
            _ => Heard::Refused,
        }
    }

    fn signal(&self, room: &str, _to: &Seat, payload: &str) -> String {
        format!(r#"42["message","{room}",{payload}]"#)
    }
}
