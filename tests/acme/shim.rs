//! Stands in front of Pebble under its certificate and passes everything on, address and all, so that signatures stay
//! valid. It adds what Debian's Pebble is too old for (profiles, renewal information), counts what is asked, and makes the
//! trouble that a test wants.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, RETRY_AFTER, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;
use crate::server::PATIENCE;

/// See the module's text.
pub(crate) struct Shim {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    _runtime: Runtime,
}

/// What it is to do, and what it saw.
#[derive(Default)]
pub(crate) struct Script {
    /// In the directory.
    pub(crate) profiles: Vec<&'static str>,
    /// The renewal window, from now, in seconds; `None`: no such thing in the directory.
    pub(crate) window: Option<(i64, i64)>,
    /// For the next request whose path begins so.
    pub(crate) troubles: VecDeque<(&'static str, Trouble)>,
    /// Payloads of the orders that were placed.
    pub(crate) orders: Vec<Value>,
    /// Questions about renewal windows.
    pub(crate) asked_windows: usize,
}

/// Instead of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// This status, as a problem document of this type, perhaps with Retry-After.
    Problem(u16, &'static str, Option<&'static str>),
    /// A page of a proxy.
    Page(u16),
    /// Something that is no JSON, with a good status.
    Rubbish,
    /// The answer, so much later.
    Late(Duration),
    /// The answer never comes, though the request arrived.
    Lost,
}

type Upstream = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

impl Shim {
    /// In front of `authority`.
    pub(crate) fn start(authority: &Authority, script: Script) -> Shim {
        let runtime = Runtime::new().unwrap();
        let script = Arc::new(Mutex::new(script));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(authority.server_config());
        let door = Arc::new(Door { pebble: authority.api(), upstream: upstream(authority), script: script.clone() });
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, door) = (acceptor.clone(), door.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let answer = service_fn(|request| async { Ok::<_, Infallible>(door.answer(request).await) });
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        Shim { address, script, _runtime: runtime }
    }

    /// Its directory.
    pub(crate) fn directory(&self) -> String {
        format!("https://{}/dir", self.address)
    }

    /// Looks into the script, or changes it.
    pub(crate) fn script<T>(&self, look: impl FnOnce(&mut Script) -> T) -> T {
        look(&mut self.script.lock().unwrap())
    }
}

impl Shim {
    /// Until all troubles have happened.
    pub(crate) fn wait_for_trouble(&self) {
        let start = Instant::now();
        while !self.script(|script| script.troubles.is_empty()) {
            assert!(start.elapsed() < PATIENCE, "the trouble never came");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

struct Door {
    pebble: SocketAddr,
    upstream: Upstream,
    script: Arc<Mutex<Script>>,
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        if path.starts_with("/renewal/") {
            return self.window();
        }
        let trouble = self.next_trouble(&path);
        match trouble {
            Some(Trouble::Problem(status, kind, retry_after)) => return problem(status, kind, retry_after),
            Some(Trouble::Page(status)) => return page(status, "<html>the proxy is tired</html>"),
            Some(Trouble::Rubbish) => return page(200, "\u{1b}[2J{]"),
            Some(Trouble::Late(wait)) => tokio::time::sleep(wait).await,
            Some(Trouble::Lost) | None => {}
        }
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let payload = payload(&body);
        let mut forwarded = Request::from_parts(parts, Full::new(body));
        *forwarded.uri_mut() = format!("https://{}{path}", self.pebble).parse::<Uri>().unwrap();
        let Ok(response) = self.upstream.request(forwarded).await else { return page(502, "no authority") };
        let (mut parts, body) = response.into_parts();
        let mut body = body.collect().await.unwrap().to_bytes();
        match path.as_str() {
            "/dir" => body = self.directory(&body, &host),
            "/order-plz" if parts.status == StatusCode::CREATED => body = self.placed(&body, payload),
            _ => {}
        }
        if matches!(trouble, Some(Trouble::Lost)) {
            std::future::pending::<()>().await;
        }
        parts.headers.remove(TRANSFER_ENCODING);
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        Response::from_parts(parts, Full::new(body))
    }

    fn next_trouble(&self, path: &str) -> Option<Trouble> {
        let mut script = self.script.lock().unwrap();
        let at = script.troubles.iter().position(|(prefix, _)| path.starts_with(prefix))?;
        script.troubles.remove(at).map(|(_, trouble)| trouble)
    }

    fn directory(&self, body: &[u8], host: &str) -> Bytes {
        let script = self.script.lock().unwrap();
        let mut directory: Value = serde_json::from_slice(body).unwrap();
        let profiles = script.profiles.iter().map(|name| ((*name).to_owned(), json!("see elsewhere"))).collect();
        directory["meta"]["profiles"] = Value::Object(profiles);
        if script.window.is_some() {
            directory["renewalInfo"] = json!(format!("https://{host}/renewal"));
        }
        directory.to_string().into()
    }

    /// RFC 9773, 5: the server repeats what the order replaces.
    fn placed(&self, body: &[u8], payload: Value) -> Bytes {
        let mut order: Value = serde_json::from_slice(body).unwrap();
        if let Some(replaces) = payload.get("replaces") {
            order["replaces"] = replaces.clone();
        }
        self.script.lock().unwrap().orders.push(payload);
        order.to_string().into()
    }

    fn window(&self) -> Response<Full<Bytes>> {
        let mut script = self.script.lock().unwrap();
        script.asked_windows += 1;
        let (start, end) = script.window.unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
        let text = |seconds: i64| {
            let time = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(now + seconds).unwrap());
            let (date, clock) = (time.date(), time.time());
            format!("{date}T{:02}:{:02}:{:02}Z", clock.hour(), clock.minute(), clock.second())
        };
        let body = json!({"suggestedWindow": {"start": text(start), "end": text(end)}}).to_string();
        let mut response = Response::new(Full::new(body.into()));
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("21600"));
        response
    }
}

/// Of a signed request (RFC 8555, 6.2), without checking it: Pebble does.
fn payload(body: &[u8]) -> Value {
    let signed: Value = serde_json::from_slice(body).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.decode(signed["payload"].as_str().unwrap_or_default()).unwrap();
    serde_json::from_slice(&payload).unwrap_or_default()
}

fn problem(status: u16, kind: &str, retry_after: Option<&'static str>) -> Response<Full<Bytes>> {
    let kind = format!("urn:ietf:params:acme:error:{kind}");
    let mut response =
        page(status, &json!({"type": kind, "detail": "as the test wants it", "status": status}).to_string());
    response.headers_mut().extend(retry_after.map(|after| (RETRY_AFTER, HeaderValue::from_static(after))));
    response
}

fn page(status: u16, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.to_owned().into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn upstream(authority: &Authority) -> Upstream {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.ca_file()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().build();
    Client::builder(TokioExecutor::new()).build(connector)
}
