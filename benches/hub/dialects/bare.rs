//! The words of `peer/hub.js` for a hub on nothing but `ws`.

use serde_json::{Value, json};

use super::{Dialect, Heard, Seat};

/// See the module's text.
pub(crate) struct Bare;

impl Dialect for Bare {
    fn path(&self) -> &'static str {
        "/"
    }

    fn greeting(&self, room: &str, _seat: &Seat) -> Option<String> {
        Some(json!({ "type": "join", "room": room }).to_string())
    }

    fn hear(&self, text: &str, _room: &str) -> Heard {
        if text.starts_with(r#"{"type":"signal""#) {
            return Heard::Signal;
        }
        match serde_json::from_str::<Value>(text) {
            Ok(message) if message["type"] == "joined" => {
                Heard::In(Seat { id: message["you"].as_str().unwrap_or_default().to_owned(), token: None })
            }
            _ => Heard::Refused,
        }
    }

    fn signal(&self, _room: &str, _to: &Seat, payload: &str) -> String {
        format!(r#"{{"type":"signal","payload":{payload}}}"#)
    }
}
