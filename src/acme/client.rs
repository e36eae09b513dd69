//! HTTPS to the certificate authority. Every request has an end and every answer a greatest length, whatever the other
//! side does; and the one header of a refusal that the ACME library drops, Retry-After, is remembered.

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use super::failure::{Failure, Fault};
use crate::tls::Roots;

/// From connecting to the last byte of the answer. Authorities answer within seconds, or are in trouble.
const PATIENCE: Duration = Duration::from_secs(30);

/// A chain of certificates is some kilobytes.
const MOST_ANSWER: usize = 1 << 20;

/// See the module's text. Clones share connections and memory.
#[derive(Clone)]
pub(super) struct Client {
    http: legacy::Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
    retry_after: Arc<Mutex<Option<Duration>>>,
}

impl Client {
    /// `ca_file`: root certificates instead of those that browsers trust.
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Client, Failure> {
        let roots = ca_file.map_or(Ok(Roots::public()), |path| {
            let wrong = |why| Failure::new(Fault::Unreachable, format!("tls.acme.ca_file {} {why}", path.display()));
            Roots::read(path).map_err(wrong)
        })?;
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(roots.client()).https_only().enable_http1().build();
        let http = legacy::Client::builder(TokioExecutor::new()).build(connector);
        Ok(Client { http, retry_after: Arc::default() })
    }

    /// What the last refusal said about when to come back.
    pub(super) fn take_retry_after(&self) -> Option<Duration> {
        self.retry_after.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn remember(&self, response: &Response<Incoming>) {
        let refused = response.status().is_client_error() || response.status().is_server_error();
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let said = header.filter(|_| refused).and_then(|text| retry_after(text, SystemTime::now()));
        *self.retry_after.lock().unwrap_or_else(PoisonError::into_inner) = said;
    }

    async fn exchange(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let response = self.http.request(request).await.map_err(|cause| trouble(Fault::Unreachable, &cause))?;
        self.remember(&response);
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MOST_ANSWER).collect().await;
        let body = body.map_err(|cause| trouble(Fault::Unreachable, &*cause))?.to_bytes();
        let problem = serde_json::from_slice::<instant_acme::Problem>(&body).is_ok();
        // A proxy's or a load balancer's own words; the library would only say that they are no JSON.
        if !problem && (parts.status.is_client_error() || parts.status.is_server_error()) {
            return Err(answered(parts.status));
        }
        Ok(BytesResponse { parts, body: Box::new(body) })
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let exchange = self.clone().exchange(request);
        Box::pin(async { tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err(too_slow())) })
    }
}

/// A failure on its way through the library, which passes foreign errors on as they are.
#[derive(Debug)]
pub(super) struct Carried(pub(super) Failure);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl std::error::Error for Carried {}

fn carry(fault: Fault, detail: impl AsRef<str>) -> Error {
    Error::Other(Box::new(Carried(Failure::new(fault, detail))))
}

fn too_slow() -> Error {
    carry(Fault::Slow, format!("no answer within {} seconds", PATIENCE.as_secs()))
}

fn answered(status: StatusCode) -> Error {
    let fault = match status {
        StatusCode::TOO_MANY_REQUESTS => Fault::RateLimited,
        status if status.is_server_error() => Fault::Server,
        _ => Fault::Rubbish,
    };
    carry(fault, format!("HTTP status {status}"))
}

/// The last cause says the most: "connection refused", "certificate has expired", "failed to lookup address".
fn trouble(fault: Fault, error: &(dyn std::error::Error + 'static)) -> Error {
    let causes = std::iter::successors(Some(error), |error| error.source());
    carry(fault, causes.last().map(ToString::to_string).unwrap_or_default())
}

/// RFC 9110, 10.2.3: seconds, or a date.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let seconds = text.trim().parse().ok().map(Duration::from_secs);
    seconds.or_else(|| httpdate::parse_http_date(text).ok()?.duration_since(now).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_authority_that_never_answers_is_given_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(None).unwrap();
        let request = Request::get(format!("https://{}/dir", silent.local_addr().unwrap()));
        let request = request.body(BodyWrapper::from(Vec::new())).unwrap();
        let Err(told) = client.request(request).await else { panic!("an answer from nobody") };
        assert!(told.to_string().contains("no answer within 30 seconds"), "{told}");
    }

    #[test]
    fn both_notations_of_retry_after_are_read() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 20:00:00 GMT").unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 22 Nov 2026 20:02:00 GMT", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 22 Nov 2026 19:00:00 GMT", now), None);
        assert_eq!(retry_after("soon", now), None);
    }
}
