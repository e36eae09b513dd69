//! callbox's own wire, as `tests/wire` documents it.

use serde_json::{Value, json};

use super::{Dialect, Heard, Seat};

/// See the module's text.
pub(crate) struct Callbox;

impl Dialect for Callbox {
    fn path(&self) -> &'static str {
        "/ws"
    }

    fn greeting(&self, room: &str, seat: &Seat) -> Option<String> {
        let mut join = json!({ "type": "join", "room": room, "name": "Somebody", "instance": "q8sd0aXz" });
        if let Some(token) = &seat.token {
            join["seat"] = token.as_str().into();
        }
        Some(join.to_string())
    }

    fn hear(&self, text: &str, _room: &str) -> Heard {
        if text.starts_with(r#"{"type":"signal""#) {
            return Heard::Signal;
        }
        let Ok(message) = serde_json::from_str::<Value>(text) else { return Heard::Refused };
        let word = |key: &str| message[key].as_str().map(str::to_owned);
        match message["type"].as_str() {
            Some("joined") => Heard::In(Seat { id: word("you").unwrap_or_default(), token: word("seat") }),
            Some("full" | "error") | None => Heard::Refused,
            Some(_) => Heard::Nothing,
        }
    }

    fn signal(&self, _room: &str, to: &Seat, payload: &str) -> String {
        format!(r#"{{"type":"signal","to":"{}","payload":{payload}}}"#, to.id)
    }

    fn sign_of_life(&self) -> Option<&'static str> {
        Some(r#"{"type":"ping"}"#)
    }
}
