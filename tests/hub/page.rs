//! A page's end of a WebSocket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::site::Running;

/// Long enough for a busy machine; only a failing test waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A page's end of a socket.
pub(crate) struct Page(pub(crate) WebSocketStream<Box<dyn Io>>);

impl Page {
    pub(crate) async fn over(io: impl Io + 'static) -> Page {
        let io: Box<dyn Io> = Box::new(io);
        Page(client_async("ws://call.test/ws", io).await.expect("a socket").0)
    }

    pub(crate) async fn opens(running: &Running) -> Page {
        Page::over(TcpStream::connect(running.address).await.unwrap()).await
    }

    /// Comes into the kitchen and returns what `joined` said.
    pub(crate) async fn enters(running: &Running, name: &str) -> (Page, Value) {
        let mut page = Page::opens(running).await;
        let joined = page.joins(name, None).await;
        (page, joined)
    }

    pub(crate) async fn joins(&mut self, name: &str, seat: Option<&Value>) -> Value {
        let mut join = json!({ "type": "join", "room": "kitchen", "name": name, "instance": "first" });
        if let Some(seat) = seat {
            join["seat"] = seat.clone();
        }
        self.says(join).await;
        let joined = self.hears().await;
        assert_eq!(joined["type"], "joined", "{joined}");
        joined
    }

    pub(crate) async fn says(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub(crate) async fn hears(&mut self) -> Value {
        match self.receives().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("no message but {other:?}"),
        }
    }

    /// The code and the words that the hub closes with.
    pub(crate) async fn is_closed(&mut self) -> (u16, String) {
        match self.receives().await {
            Some(Ok(Message::Close(Some(frame)))) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("not closed but {other:?}"),
        }
    }

    pub(crate) async fn receives(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.0.next()).await.expect("nothing came")
    }

    /// Whether the hub still answers here.
    pub(crate) async fn is_well(&mut self) -> bool {
        self.says(json!({ "type": "ping" })).await;
        self.hears().await == json!({ "type": "pong" })
    }
}
