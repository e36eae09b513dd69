//! From a request to a WebSocket, in HTTP/1.1 (RFC 6455) and in HTTP/2 (RFC 8441).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Version};
use hyper::body::Incoming;
use hyper::ext::Protocol;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Scheme;
use super::answer::{Answer, set, text};
use super::body::Body;
use super::host::is_own_page;

/// Whether the request asks for a WebSocket in the way of HTTP/2.
pub(super) fn is_extended_connect<B>(request: &Request<B>) -> bool {
    request.method() == Method::CONNECT
        && request.extensions().get::<Protocol>().is_some_and(|protocol| protocol.as_str() == "websocket")
}

/// The answer that begins a WebSocket.
///
/// # Errors
/// The answer that says why there is none: a foreign page, another version of the protocol, or no upgrade at all.
pub(super) fn accept(request: &Request<Incoming>, scheme: Scheme) -> Result<Answer, Box<Answer>> {
    if !is_own_page(request, scheme) {
        return Err(Box::new(text(StatusCode::FORBIDDEN, "403: only this server's own page may open a socket here\n")));
    }
    if request.version() == Version::HTTP_2 { accept_h2(request) } else { accept_h1(request) }
}

/// RFC 8441, 5: 2xx begins the conversation; there is no key and nothing to switch.
fn accept_h2(request: &Request<Incoming>) -> Result<Answer, Box<Answer>> {
    if !is_extended_connect(request) || !is_version_13(request.headers()) {
        return Err(Box::new(upgrade_required()));
    }
    Ok(Answer::new(Body::Empty))
}

/// RFC 6455, 4.2.
fn accept_h1(request: &Request<Incoming>) -> Result<Answer, Box<Answer>> {
    let headers = request.headers();
    let asks = request.method() == Method::GET
        && names(headers, header::CONNECTION, "upgrade")
        && names(headers, header::UPGRADE, "websocket");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == KEY_LENGTH);
    let accept = key.and_then(|key| HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok());
    let (true, true, Some(accept)) = (asks, is_version_13(headers), accept) else {
        return Err(Box::new(upgrade_required()));
    };
    let mut answer = Answer::new(Body::Empty);
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    set(&mut answer, header::CONNECTION, "upgrade");
    set(&mut answer, header::UPGRADE, "websocket");
    answer.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(answer)
}

/// Sixteen bytes in base64.
const KEY_LENGTH: usize = 24;

fn upgrade_required() -> Answer {
    let mut answer = text(StatusCode::UPGRADE_REQUIRED, "426: this is the page's WebSocket, version 13\n");
    set(&mut answer, header::UPGRADE, "websocket");
    set(&mut answer, header::SEC_WEBSOCKET_VERSION, "13");
    answer
}

fn is_version_13(headers: &HeaderMap) -> bool {
    headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
}

/// Whether a list header names `token`.
fn names(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}
