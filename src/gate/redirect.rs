//! Plain HTTP where TLS is spoken: every request is sent on to https. The method stays (308), so that nothing typed
//! into a form is lost. Only a certificate authority that asks for its challenge (RFC 8555, 8.3), whoever does not trust the
//! server yet and asks how to, and a phone that finds out what is wrong are answered here.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, LOCATION};
use http::uri::Authority;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::admitted::Admitted;
use crate::http::Body;

/// For all the header lines: a client that sends one byte a second is gone after ten.
const HEADER: Duration = Duration::from_secs(10);

/// For a head with a long address and cookies: what hyper would hold for each stranger is 400 KiB.
const MOST_HEAD: usize = 16 << 10;

/// What a browser means when an http link names no port (RFC 9110, 4.2.1).
const HTTP_PORT: u16 = 80;

/// What it means when an https link names none (RFC 9110, 4.2.2).
const HTTPS_PORT: u16 = 443;

/// Answers every request on `stream` with its https address: at `port`, or for `None` at the port that was asked. What
/// `in_the_clear` has an answer for is answered with that; it gives everything else back.
pub(super) async fn serve<F>(
    stream: Admitted,
    local: SocketAddr,
    port: Option<u16>,
    in_the_clear: impl Fn(Request<Incoming>) -> F,
    shutdown: CancellationToken,
) where
    F: Future<Output = Result<Response<Body>, Request<Incoming>>>,
{
    let answer = service_fn(|request: Request<Incoming>| {
        let answered = in_the_clear(request);
        async move {
            let mut answer = match answered.await {
                Ok(answer) => answer,
                Err(request) => redirect(&request, local, port).map(Body::Bytes),
            };
            // One answer a connection: what follows belongs to https.
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(stream), answer);
    tokio::select! {
        ended = connection => if let Err(cause) = ended { debug!(%cause, "redirected connection ended") },
        () = shutdown.cancelled() => {}
    }
}

/// A certificate authority's challenge, answered.
pub(super) fn proof(text: String) -> Response<Body> {
    let mut response = Response::new(Body::Bytes(text.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response
}

fn redirect<B>(request: &Request<B>, local: SocketAddr, port: Option<u16>) -> Response<Bytes> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let asked = host.and_then(|host| host.parse::<Authority>().ok());
    // HTTP/1.0 needs no Host; our own address is right for whoever got here by it.
    let asked = asked.or_else(|| local.to_string().parse().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let location = asked.map(|asked| {
        let host = asked.host();
        match port.or(asked.port_u16()).unwrap_or(HTTP_PORT) {
            HTTPS_PORT => format!("https://{host}{path}"),
            port => format!("https://{host}:{port}{path}"),
        }
    });
    let response = Response::builder().header(CONTENT_TYPE, "text/plain; charset=utf-8");
    let response = match location {
        Some(location) => response
            .status(StatusCode::PERMANENT_REDIRECT)
            .header(LOCATION, &location)
            .body(format!("This page is at {location}\n")),
        None => response.status(StatusCode::BAD_REQUEST).body("The Host line cannot be read.\n".to_owned()),
    };
    response.map_or_else(|_| Response::default(), |response| response.map(Bytes::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(host: Option<&str>, path: &str, port: Option<u16>) -> String {
        let mut request = Request::builder().uri(path);
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        let local = "192.0.2.1:8443".parse().unwrap();
        let response = redirect(&request.body(()).unwrap(), local, port);
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        response.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn http_on_the_one_port_comes_back_to_the_same_port() {
        assert_eq!(
            location(Some("call.example.org:8443"), "/r/tea?relay", None),
            "https://call.example.org:8443/r/tea?relay"
        );
        assert_eq!(location(Some("[2001:db8::7]:8443"), "/", None), "https://[2001:db8::7]:8443/");
    }

    #[test]
    fn a_link_without_a_port_means_port_80_even_where_tls_is_spoken_there() {
        assert_eq!(location(Some("call.example.org"), "/", None), "https://call.example.org:80/");
    }

    #[test]
    fn port_80_leads_to_the_one_port_which_is_not_written_when_it_is_443() {
        assert_eq!(location(Some("call.example.org"), "/", Some(443)), "https://call.example.org/");
        assert_eq!(location(Some("call.example.org:80"), "/", Some(8443)), "https://call.example.org:8443/");
    }

    #[test]
    fn a_request_without_host_is_sent_to_the_address_it_reached() {
        assert_eq!(location(None, "/", None), "https://192.0.2.1:8443/");
    }

    #[test]
    fn a_host_that_is_none_goes_nowhere_else() {
        let request = Request::builder().uri("/").header(HOST, "a b\\c").body(()).unwrap();
        let response = redirect(&request, "192.0.2.1:8443".parse().unwrap(), None);
        assert_eq!(response.headers()[LOCATION], "https://192.0.2.1:8443/");
    }
}
