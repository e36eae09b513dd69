//! Somebody with a page on one of the nodes.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::{PATIENCE, Server};

/// See the module's text.
pub(crate) struct Person {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What the last `joined` said.
    pub(crate) joined: Value,
}

impl Person {
    pub(crate) async fn opens(node: &Server) -> Person {
        Person::opens_at(node.address).await
    }

    pub(crate) async fn opens_at(node: SocketAddr) -> Person {
        let (socket, _) = connect_async(format!("ws://127.0.0.1:{}/ws", node.port())).await.unwrap();
        Person { socket, joined: Value::Null }
    }

    /// Comes into the kitchen; the node may not have reached the store yet.
    pub(crate) async fn enters(node: &Server) -> Person {
        let mut person = Person::opens(node).await;
        loop {
            let answer = person.asks_to_join(None).await;
            match answer["code"].as_str() {
                Some("apart") => tokio::time::sleep(Duration::from_millis(50)).await,
                _ => break assert_eq!(answer["type"], "joined", "{answer}"),
            }
        }
        person
    }

    /// Comes back to `seat`, or comes new; what the server answers.
    pub(crate) async fn asks_to_join(&mut self, seat: Option<&Value>) -> Value {
        let mut join = json!({ "type": "join", "room": "kitchen", "name": "Somebody", "instance": "first" });
        if let Some(seat) = seat {
            join["seat"] = seat.clone();
        }
        self.says(join).await;
        loop {
            let answer = timeout(PATIENCE, self.next()).await.expect("an answer in time");
            if ["joined", "full", "error", "waiting"].contains(&answer["type"].as_str().unwrap()) {
                return answer;
            }
        }
    }

    pub(crate) async fn says(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] == "joined" {
                        self.joined = message.clone();
                    }
                    return message;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no message but {other:?}"),
            }
        }
    }

    /// The next message of this kind.
    pub(crate) async fn hears(&mut self, kind: &str) -> Value {
        let heard = timeout(PATIENCE, async {
            // The server wants a sign of life every few seconds.
            let mut signs = tokio::time::interval(Duration::from_secs(4));
            loop {
                tokio::select! {
                    message = self.next() => if message["type"] == kind { break message },
                    _ = signs.tick() => self.says(json!({ "type": "ping" })).await,
                }
            }
        });
        heard.await.unwrap_or_else(|_| panic!("no {kind} in time; last of all: {:?}", self.joined))
    }

    /// Says `words` to somebody.
    pub(crate) async fn signals(&mut self, to: &Person, words: &str) {
        self.says(json!({ "type": "signal", "to": to.id(), "payload": words })).await;
    }

    /// Somebody said `words`.
    pub(crate) async fn is_told(&mut self, words: &str) {
        while self.hears("signal").await["payload"] != words {}
    }

    pub(crate) fn id(&self) -> Value {
        self.joined["you"].clone()
    }

    pub(crate) fn seat(&self) -> Value {
        self.joined["seat"].clone()
    }

    /// Who else is there, as the last `joined` had it.
    pub(crate) fn peers(&self) -> Vec<Value> {
        self.joined["peers"].as_array().unwrap().iter().map(|peer| peer["id"].clone()).collect()
    }
}
