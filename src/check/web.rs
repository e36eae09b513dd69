//! What a browser does over HTTP: fetches the page, asks for the ways to the relay, and holds a WebSocket.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::header::{CONTENT_TYPE, DATE, HOST, SERVER};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::certificate::now;
use super::dial::Duplex;
use super::report::Failure;
use super::target::Target;
use crate::printable::printable;

/// A page is smaller.
const LONGEST: usize = 1 << 20;

/// Ways to a relay that are tried. callbox tells of a dozen at most; another server shall not have us knock at every port.
const MOST_PROBES: usize = 24;

/// Of one text that a server wrote and a reader sees.
const LONGEST_TEXT: usize = 120;

/// Of an address or of credentials in `/test/ice`; those that callbox gives out are shorter (RFC 8489, 14.3: 508 bytes).
const LONGEST_WORD: usize = 508;

/// Of what is said on a signaling connection to somebody who is in no room.
const LONGEST_MESSAGE: usize = 64 << 10;

/// How many signs of life a signaling connection is asked for, and the pause between them: a proxy that holds back what is
/// small shows at the first, one that ends what it takes for idle at the next.
const PINGS: usize = 2;
const PAUSE: Duration = Duration::from_millis(300);

/// The page of a callbox, as it came.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) version: String,
    pub(super) clock_ahead: Option<i64>,
    pub(super) ice: Result<Ice, Failure>,
}

/// `/test/ice`.
#[derive(Debug, Deserialize)]
pub(super) struct Ice {
    pub(super) probes: Vec<Probe>,
    /// Relayed addresses lead to callers of this relay alone.
    #[serde(default, rename = "virtual")]
    pub(super) is_virtual: bool,
    /// The server is one of several, and whether it is cut off from the others.
    pub(super) apart: Option<bool>,
}

/// One entry of `/test/ice`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Probe {
    pub(super) transport: Transport,
    pub(super) url: String,
    #[serde(default)]
    pub(super) username: String,
    #[serde(default)]
    pub(super) credential: String,
}

/// How the relay is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Transport {
    Stun,
    Udp,
    Tcp,
    Tls,
}

#[derive(Deserialize)]
struct Settings {
    version: String,
    // Nobody else's settings have both.
    #[serde(rename = "max_people")]
    _max_people: usize,
}

impl Probe {
    /// Whether a callbox could have written it. Whoever is checked may be anybody.
    fn is_sane(&self) -> bool {
        let words = [&self.url, &self.username, &self.credential];
        words.iter().all(|word| word.len() <= LONGEST_WORD) && printable(&self.url, LONGEST_WORD) == self.url
    }

    /// The port behind the last colon of the address (RFC 7065, 3.1).
    pub(super) fn port(&self) -> Option<u16> {
        let address = self.url.split('?').next()?;
        address.rsplit_once(':')?.1.parse().ok()
    }
}

/// Fetches the page and what it would fetch.
pub(super) async fn page(stream: Box<dyn Duplex>, target: &Target) -> Result<Page, Failure> {
    let (mut client, connection) = handshake(TokioIo::new(stream)).await.map_err(http_failure)?;
    let connection = tokio::spawn(connection);
    let page = fetch(&mut client, target).await;
    connection.abort();
    page
}

async fn fetch(client: &mut SendRequest<Empty<Bytes>>, target: &Target) -> Result<Page, Failure> {
    let (settings, text) = get(client, target, "/settings.json").await?;
    let clock_ahead = clock_ahead(settings.headers());
    let who = who(settings.headers());
    let not_ours = |_| match settings.status() {
        StatusCode::OK | StatusCode::NOT_FOUND => Failure::NotCallbox(who.clone()),
        status => Failure::Status(status.as_u16()),
    };
    let Settings { version, .. } = serde_json::from_slice(&text).map_err(not_ours)?;
    let (index, _) = get(client, target, "/").await?;
    let is_page = index.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if index.status() != StatusCode::OK || !is_page {
        return Err(Failure::Status(index.status().as_u16()));
    }
    let ice = match get(client, target, "/test/ice").await {
        Ok((ice, text)) if ice.status() == StatusCode::OK => {
            let sane = |ice: Ice| {
                let probes = ice.probes.into_iter().filter(Probe::is_sane).take(MOST_PROBES).collect();
                Ice { probes, ..ice }
            };
            let read = serde_json::from_slice(&text).map(sane);
            read.map_err(|cause| Failure::Other(format!("/test/ice: {cause}")))
        }
        Ok((refused, _)) => Err(Failure::Status(refused.status().as_u16())),
        Err(failure) => Err(failure),
    };
    Ok(Page { version: printable(&version, LONGEST_TEXT), clock_ahead, ice })
}

/// Only what the clock says, from a server that is not trusted.
pub(super) async fn clock(stream: Box<dyn Duplex>, target: &Target) -> Option<i64> {
    let (mut client, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let answer = get(&mut client, target, "/healthz").await;
    connection.abort();
    clock_ahead(answer.ok()?.0.headers())
}

async fn get(
    client: &mut SendRequest<Empty<Bytes>>,
    target: &Target,
    path: &str,
) -> Result<(Response<()>, Bytes), Failure> {
    let request = Request::get(path).header(HOST, target.authority()).body(Empty::new());
    let request = request.map_err(|cause| Failure::Other(cause.to_string()))?;
    client.ready().await.map_err(http_failure)?;
    let (head, body): (_, Incoming) = client.send_request(request).await.map_err(http_failure)?.into_parts();
    let body = Limited::new(body, LONGEST).collect().await.map_err(|_| Failure::Closed)?.to_bytes();
    Ok((Response::from_parts(head, ()), body))
}

fn http_failure(error: hyper::Error) -> Failure {
    if error.is_parse() { Failure::NotCallbox("what it says is no HTTP".to_owned()) } else { Failure::Closed }
}

/// Who answers, for a page that is not ours.
fn who(headers: &HeaderMap) -> String {
    let server = headers.get(SERVER).and_then(|server| server.to_str().ok());
    server.map_or("something else answers".to_owned(), |server| format!("{} answers", printable(server, LONGEST_TEXT)))
}

/// By how many seconds the server's clock is ahead of ours; `Date` has whole ones.
fn clock_ahead(headers: &HeaderMap) -> Option<i64> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(unix(date) - now())
}

fn unix(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as i64
}

/// Opens a signaling connection and asks it for signs of life.
pub(super) async fn websocket(stream: Box<dyn Duplex>, target: &Target) -> Result<(), Failure> {
    let scheme = if target.tls { "wss" } else { "ws" };
    let request = format!("{scheme}://{}/ws", target.authority()).into_client_request();
    let request = request.map_err(|cause| Failure::Other(cause.to_string()))?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(LONGEST_MESSAGE))
        .max_frame_size(Some(LONGEST_MESSAGE))
        .read_buffer_size(LONGEST_MESSAGE);
    let opening = tokio_tungstenite::client_async_with_config(request, stream, Some(limits));
    let (mut socket, _) = opening.await.map_err(refused)?;
    for round in 0..PINGS {
        if round > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        socket.send(Message::text(r#"{"type":"ping"}"#)).await.map_err(|_| Failure::SilentWebSocket)?;
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) if text.contains(r#""pong""#) => break,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Failure::SilentWebSocket),
                Some(Ok(_)) => {}
            }
        }
    }
    let _ = socket.close(None).await;
    Ok(())
}

fn refused(error: Error) -> Failure {
    match error {
        Error::Http(answer) => Failure::NoWebSocket(answer.status().as_u16()),
        Error::Io(cause) => cause.into(),
        _ => Failure::Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_no_callbox_would_write_is_not_tried() {
        let probe = |url: &str, credential: &str| Probe {
            transport: Transport::Udp,
            url: url.to_owned(),
            username: "someone".to_owned(),
            credential: credential.to_owned(),
        };
        assert!(probe("turn:call.example.org:443?transport=udp", "secret").is_sane());
        let endless = "x".repeat(70_000);
        for insane in [probe(&endless, ""), probe("turn:x:1", &endless), probe("turn:\u{1b}[2J:1", "")] {
            assert!(!insane.is_sane(), "{insane:?}");
        }
    }
}
