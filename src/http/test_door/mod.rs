//! The test door: what a page, a phone or `callbox check` needs to find out whether this server can be reached, and how
//! fast. Open to everybody, so each address may ask for little, and what it gets is good for a test alone. What was found out
//! is told back by those who were given a token for it.

mod allowance;
mod ice;
mod noise;
mod probes;

use std::net::IpAddr;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::header::{self, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use self::allowance::Allowance;
pub(super) use self::noise::Noise;
pub use self::probes::{Opened, Outcome, Probes, Report};
use super::answer::{Answer, not_found, set, text, typed, wrong_method};
use super::body::Body;
use super::{Connection, Options};
use crate::clock::Now;

/// See the module's text.
#[derive(Debug)]
pub(super) struct TestDoor {
    questions: Allowance,
    traffic: Allowance,
    pub(super) probes: Probes,
}

/// Credentials and reports for one address in [`PERIOD`]: a family that tries things out, not a program.
const QUESTIONS: u64 = 60;

/// Bytes for one address in [`PERIOD`], both directions together: a dozen measurements.
const TRAFFIC: u64 = 128 << 20;

/// After this an allowance that was used up is whole again.
const PERIOD: Duration = Duration::from_secs(300);

/// Of one request for bytes, or with bytes: some seconds of a good line.
const MOST_BYTES: u64 = 4 << 20;

/// More than a report on every way there can be is long.
const LONGEST_REPORT: usize = 16 << 10;

/// For a whole body. Who takes longer for 4 MiB knows enough.
const PATIENCE: Duration = Duration::from_secs(60);

impl TestDoor {
    pub(super) fn new() -> TestDoor {
        TestDoor {
            questions: Allowance::new(QUESTIONS, PERIOD),
            traffic: Allowance::new(TRAFFIC, PERIOD),
            probes: Probes::default(),
        }
    }

    /// What stands at `/test/…`. `host`: under which name the server was reached. `apart`: from the other servers, if there are any.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        connection: Connection,
        host: &str,
        options: &Options,
        apart: Option<bool>,
    ) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path());
        let client = connection.client.ip();
        // A proxy that does not say for whom it asks stands for everybody.
        let client = (!client.is_loopback() && !options.proxies.trusts(client)).then_some(client);
        match (path, method) {
            ("/test/ice", Method::GET | Method::HEAD) if self.may(&self.questions, client, 1) => {
                typed(StatusCode::OK, "application/json", ice::json(host, options, apart))
            }
            ("/test/bytes", Method::GET | Method::HEAD) => self.give(request.uri(), client),
            ("/test/bytes", Method::POST) => self.swallow(request.into_body(), client).await,
            ("/test/report", Method::POST) if self.may(&self.questions, client, 1) => {
                self.take_report(request.into_body(), connection.client.ip()).await
            }
            ("/test/ice", Method::GET | Method::HEAD) | ("/test/report", Method::POST) => too_many(),
            ("/test/ice", _) => wrong_method("GET, HEAD"),
            ("/test/bytes", _) => wrong_method("GET, HEAD, POST"),
            ("/test/report", _) => wrong_method("POST"),
            _ => not_found(),
        }
    }

    fn may(&self, allowance: &Allowance, client: Option<IpAddr>, units: u64) -> bool {
        client.is_none_or(|client| allowance.take(client, units, Now::read().monotonic))
    }

    fn give(&self, uri: &Uri, client: Option<IpAddr>) -> Answer {
        let size = uri.query().and_then(|query| query.split('&').find_map(|part| part.strip_prefix("size=")));
        let Some(size) = size.and_then(|size| size.parse().ok()).filter(|size| *size <= MOST_BYTES) else {
            return text(StatusCode::BAD_REQUEST, format!("400: ask for ?size=NUMBER, at most {MOST_BYTES}\n"));
        };
        if !self.may(&self.traffic, client, size) {
            return too_many();
        }
        let mut answer = Answer::new(Body::noise(Noise::new(size)));
        set(&mut answer, header::CONTENT_TYPE, "application/octet-stream");
        set(&mut answer, header::CACHE_CONTROL, "no-store");
        answer
    }

    async fn swallow(&self, body: Incoming, client: Option<IpAddr>) -> Answer {
        let announced = hyper::body::Body::size_hint(&body).lower();
        if announced > MOST_BYTES {
            return too_large();
        }
        let mut body = Limited::new(body, MOST_BYTES as usize);
        let swallowing = async {
            while let Some(frame) = body.frame().await {
                let Ok(frame) = frame else { return too_large() };
                let length = frame.data_ref().map_or(0, Buf::remaining);
                if !self.may(&self.traffic, client, length as u64) {
                    return too_many();
                }
            }
            nothing()
        };
        timeout(PATIENCE, swallowing).await.unwrap_or_else(|_| too_slow())
    }

    async fn take_report(&self, body: Incoming, client: IpAddr) -> Answer {
        let body = match timeout(PATIENCE, Limited::new(body, LONGEST_REPORT).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return too_large(),
            Err(_) => return too_slow(),
        };
        let Some((token, report)) = Report::read(&body, client) else {
            return text(StatusCode::BAD_REQUEST, "400: this is no report\n");
        };
        match self.probes.report(&token, report, Now::read().monotonic) {
            true => nothing(),
            false => text(StatusCode::FORBIDDEN, "403: nobody waits for this report any more: scan the code again\n"),
        }
    }
}

fn nothing() -> Answer {
    let mut answer = Answer::new(Body::Bytes(Bytes::new()));
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

fn too_many() -> Answer {
    let mut answer = text(StatusCode::TOO_MANY_REQUESTS, "429: enough was tested from your address: wait a minute\n");
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    answer
}

fn too_large() -> Answer {
    text(StatusCode::PAYLOAD_TOO_LARGE, "413: more than is taken here\n")
}

fn too_slow() -> Answer {
    text(StatusCode::REQUEST_TIMEOUT, "408: the rest did not come\n")
}
