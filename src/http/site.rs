//! The site: what is answered to a request, and by whom.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use hyper::upgrade::Parts;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::{Answer, moved, not_found, set, text, typed, without_body_for_head, wrong_method};
use super::body::Body;
use super::headers::harden;
use super::page::Page;
use super::relay_door::{NoRelay, RelayDoor};
use super::socket::Socket;
use super::switchboard::Switchboard;
use super::tally::Figures;
use super::test_door::{Probes, TestDoor};
use super::{Connection, Options, Scheme, files, host, settings, trust, upgrade};
use crate::admission::{Admission, Place};
use crate::cluster::{Input, Standing};
use crate::hub::{Hub, Known, PersonView, RelayBudget, RoomName, RoomView};
use crate::invitation::{Invitation, InvitationId};
use crate::proxies::{self, Contradiction};

/// The whole site; clones share it.
#[derive(Clone, Debug)]
pub struct Site(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: ArcSwap<Options>,
    page: Page,
    switchboard: Arc<Switchboard>,
    /// Places for WebSockets.
    places: Arc<Admission>,
    /// Places for downloads on their way: each holds a piece, and a file a descriptor, whether or not anybody takes it.
    downloads: Arc<Admission>,
    /// The WebSockets' tasks.
    sockets: TaskTracker,
    test_door: TestDoor,
}

/// Files on their way at the same time, in all and to one address: 64 MB of memory, 4 of them for one stranger.
const DOWNLOADS: usize = 1024;
const DOWNLOADS_PER_ADDRESS: usize = 64;

const CONTRADICTION: &str =
    "400: Forwarded and X-Forwarded-For differ; the proxy in front must remove the one that it does not write\n";

impl Site {
    /// Must be called inside a tokio runtime: the hub's clock runs there until the last clone is dropped.
    pub fn new(options: Options) -> Site {
        Site::with_relay(options, Arc::new(NoRelay))
    }

    /// As [`new`](Site::new), with a relay that is told who comes and goes.
    pub fn with_relay(options: Options, relay: Arc<dyn RelayDoor>) -> Site {
        let hub = Hub::new(options.rooms.clone(), options.seat_key.clone(), options.invitations.clone());
        Site(Arc::new(Inner {
            page: Page::embedded(),
            switchboard: Switchboard::start(hub, options.cluster.as_ref(), relay, options.turn_ttl),
            places: Arc::new(Admission::new(options.max_sockets, options.max_sockets_per_address)),
            downloads: Arc::new(Admission::new(DOWNLOADS, DOWNLOADS_PER_ADDRESS)),
            sockets: TaskTracker::new(),
            test_door: TestDoor::new(),
            options: ArcSwap::from_pointee(options),
        }))
    }

    /// Takes the rooms' rules, what the page offers, the folder and the passes of `options`; who is connected stays so.
    pub fn change(&self, options: Options) {
        self.0.switchboard.change(options.rooms.clone());
        self.0.options.store(Arc::new(options));
    }

    /// What became of the invitations, if that has changed since the count of changes `before`: the new count, and the text
    /// that [`Invitations::new`](crate::hub::Invitations::new) reads.
    pub fn invitations(&self, before: u64) -> Option<(u64, String)> {
        self.0.switchboard.invitations(before)
    }

    /// The text for a link by which people come into `room`.
    pub fn invite(&self, room: &RoomName, invitation: &Invitation) -> String {
        self.0.switchboard.invite(room, invitation)
    }

    /// What is known of single invitations: those that were revoked, and those with a count of which somebody made use.
    pub fn known_invitations(&self) -> Vec<Known> {
        self.0.switchboard.known_invitations()
    }

    /// Lets nobody in with these invitations any more; each with its end.
    pub fn revoke(&self, revoked: Vec<(InvitationId, u32)>) {
        self.0.switchboard.revoke(revoked);
    }

    /// Something happened in the cluster that this site is a part of.
    pub fn cluster(&self, input: Input) {
        self.0.switchboard.cluster(input);
    }

    /// How this node stands among the others; `None`: this server is alone.
    pub fn standing(&self) -> Option<Standing> {
        self.0.switchboard.standing()
    }

    /// What the relay may still carry in this month: every page is told, and acts on it.
    pub fn relay_budget(&self, left: RelayBudget) {
        self.0.switchboard.relay_budget(left);
    }

    /// Who waits for what a phone finds out about this server.
    pub fn probes(&self) -> &Probes {
        &self.0.test_door.probes
    }

    /// Comes back when the hub can be asked: at once, unless something is badly wrong. Blocks until then.
    pub fn answers(&self) {
        self.0.switchboard.people("");
    }

    /// The server is about to stop: there are no new rooms from here on, and every page is told.
    pub fn restarting(&self) {
        self.0.switchboard.restarting();
    }

    /// How rooms and people stand, and what has happened since the start.
    pub fn figures(&self) -> Figures {
        self.0.switchboard.figures()
    }

    /// Every room, for whoever runs the server.
    pub fn rooms(&self) -> Vec<RoomView> {
        self.0.switchboard.rooms()
    }

    /// Who is in `room`, each with the address they came from, while their socket is there; `None`: no such room.
    pub fn people_of(&self, room: &str) -> Option<Vec<(PersonView, Option<IpAddr>)>> {
        self.0.switchboard.people_of(room)
    }

    /// Sends somebody out of `room`, as one of its hosts would; `false`: they are not there.
    pub fn remove(&self, room: &str, person: &str) -> bool {
        self.0.switchboard.remove(room, person)
    }

    /// Sends everybody out of `room`, with which it ends; `false`: there is none.
    pub fn close(&self, room: &str) -> bool {
        self.0.switchboard.close(room)
    }

    /// Waits until every WebSocket has said goodbye; call it after cancelling the `shutdown` they were given and after the
    /// last connection was served.
    pub async fn drained(&self) {
        self.0.sockets.close();
        self.0.sockets.wait().await;
    }

    /// `IO`: what the connection goes by.
    pub(super) async fn serve<IO>(
        &self,
        request: Request<Incoming>,
        connection: Connection,
        shutdown: CancellationToken,
    ) -> Result<Answer, Infallible>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (method, strict) = (request.method().clone(), self.is_strict(&request, &connection));
        let mut answer = match self.behind_proxies(request.headers(), connection) {
            Ok(connection) if request.uri().path() == "/ws" => self.upgrade::<IO>(request, connection, shutdown),
            Ok(connection) => without_body_for_head(&method, self.route(request, connection).await),
            Err(Contradiction) => without_body_for_head(&method, text(StatusCode::BAD_REQUEST, CONTRADICTION)),
        };
        harden(answer.headers_mut());
        // hyper's own goes on only when the clock does, and `check` reads from it that the clock was set back.
        let now = HeaderValue::from_str(&httpdate::fmt_http_date(SystemTime::now()));
        answer.headers_mut().insert(header::DATE, now.expect("a date is letters, digits, spaces, commas and colons"));
        if strict {
            set(&mut answer, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        }
        Ok(answer)
    }

    /// What is also answered in the clear, where everything else is sent on to https: how to trust this server, and the test
    /// by which a phone finds out what is wrong with https.
    ///
    /// # Errors
    /// The request, when it is not for here.
    pub async fn in_the_clear(
        &self,
        request: Request<Incoming>,
        connection: Connection,
    ) -> Result<Response<Body>, Request<Incoming>> {
        let path = request.uri().path();
        if !is_for_a_phone(request.uri()) && !path.starts_with("/trust") {
            return Err(request);
        }
        let (method, trusting) = (request.method().clone(), path.starts_with("/trust"));
        let answer = match self.behind_proxies(request.headers(), connection) {
            Ok(_) if trusting => self.trust(path, request.headers()).ok_or(request)?,
            Ok(connection) => self.route(request, connection).await,
            Err(Contradiction) => text(StatusCode::BAD_REQUEST, CONTRADICTION),
        };
        let mut answer = without_body_for_head(&method, answer);
        harden(answer.headers_mut());
        Ok(answer)
    }

    fn trust(&self, path: &str, headers: &HeaderMap) -> Option<Answer> {
        let authority = self.0.options.load().certificates.as_ref()?.authority()?;
        Some(trust::answer(&authority, path, headers)?.map(Body::Bytes))
    }

    /// Whether browsers may be told never to come here in the clear again (RFC 6797): only with a certificate that they
    /// trust, or nobody could go on after a warning; and only at 443, or a neighbour's plain page would be gone too.
    fn is_strict(&self, request: &Request<Incoming>, connection: &Connection) -> bool {
        let options = self.0.options.load();
        let Options { certificates: Some(certificates), is_at_443: true, .. } = &**options else { return false };
        let host = host::host(request, connection).to_lowercase();
        connection.scheme == Scheme::Https && certificates.is_trusted(host.trim_matches(['[', ']']))
    }

    /// The connection as the caller of this request has it.
    fn behind_proxies(&self, headers: &HeaderMap, mut connection: Connection) -> Result<Connection, Contradiction> {
        let told = proxies::told(headers, connection.client.ip(), &self.0.options.load().proxies)?;
        if told.client != connection.client.ip() {
            // The port is the proxy's business.
            connection.client = SocketAddr::new(told.client, 0);
        }
        if told.https == Some(true) {
            connection.scheme = Scheme::Https;
        }
        Ok(connection)
    }

    async fn route(&self, request: Request<Incoming>, connection: Connection) -> Answer {
        let options = self.0.options.load_full();
        if request.uri().path().starts_with("/test/") {
            let host = host::host(&request, &connection);
            let apart = self.0.switchboard.is_apart();
            let answer = self.0.test_door.answer(request, connection, &host, &options, apart).await;
            return self.download(&connection, answer);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return wrong_method("GET, HEAD");
        }
        let (headers, uri) = (request.headers(), request.uri());
        let path = uri.path();
        match path {
            "/" | "/manual" => self.0.page.index(headers),
            "/test" => self.0.page.test(headers),
            "/sw.js" => self.0.page.worker(headers),
            "/settings.json" => typed(StatusCode::OK, "application/json", settings::json(&options)),
            "/healthz" => text(StatusCode::OK, "ok"),
            "/logo" => match &options.call.logo {
                Some(logo) => self.download(&connection, files::single(logo, headers).await),
                None => not_found(),
            },
            "/files" if options.public_dir.is_some() => moved(uri),
            _ => match (path.strip_prefix("/a/"), path.strip_prefix("/files/"), &options.public_dir) {
                (Some(asset), _, _) => self.0.page.asset(asset, headers),
                (_, Some(file), Some(folder)) => {
                    self.download(&connection, files::answer(folder, file, uri, headers).await)
                }
                _ if path.starts_with("/trust") => self.trust(path, headers).unwrap_or_else(not_found),
                _ if path.starts_with("/r/") => self.0.page.index(headers),
                _ => match path.strip_prefix("/people/") {
                    Some(room) => self.people(room),
                    None => not_found(),
                },
            },
        }
    }

    /// How many people are in a room, for whoever stands before its door and knows its name; never who. Somebody who
    /// went in would see as much, and be seen. Where only invitations open a door, nobody is told.
    fn people(&self, room: &str) -> Answer {
        let room = RoomName::new(&percent_decode_str(room).decode_utf8_lossy());
        let people = |room: &RoomName| self.0.switchboard.people(room.as_str());
        let open = self.0.options.load().rooms.open;
        let people = open.then(|| room.as_ref().map_or(Some(0), people)).flatten();
        let json = format!(r#"{{"people":{}}}"#, people.map_or("null".to_owned(), |people| people.to_string()));
        let mut answer = typed(StatusCode::OK, "application/json", json);
        set(&mut answer, header::CACHE_CONTROL, "no-store");
        answer
    }

    /// The answer, if it is no download or there is a place for one more.
    fn download(&self, connection: &Connection, answer: Answer) -> Answer {
        if !answer.body().is_download() {
            return answer;
        }
        let client = connection.client.ip();
        match self.0.downloads.admit(client, self.0.options.load().proxies.trusts(client)) {
            Some(place) => answer.map(|body| body.in_place(place)),
            None => {
                let words = "503: as many files are on their way as can be, in all or to your address\n";
                let mut answer = text(StatusCode::SERVICE_UNAVAILABLE, words);
                set(&mut answer, header::RETRY_AFTER, "30");
                answer
            }
        }
    }

    /// Begins a WebSocket, if the request may have one, and its task.
    fn upgrade<IO>(&self, mut request: Request<Incoming>, connection: Connection, shutdown: CancellationToken) -> Answer
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let answer = match upgrade::accept(&request, connection.scheme) {
            Ok(answer) => answer,
            Err(refusal) => return without_body_for_head(request.method(), *refusal),
        };
        let is_proxy = self.0.options.load().proxies.trusts(connection.client.ip());
        let Some(place) = self.0.places.admit(connection.client.ip(), is_proxy) else {
            let mut answer = text(
                StatusCode::SERVICE_UNAVAILABLE,
                "503: as many people are connected as can be, in all or from your address\n",
            );
            set(&mut answer, header::RETRY_AFTER, "30");
            return answer;
        };
        tracing::debug!(client = %connection.client.ip(), scheme = ?connection.scheme, "a WebSocket opens");
        let host = host::host(&request, &connection);
        let upgraded = hyper::upgrade::on(&mut request);
        let client = (connection.client.ip(), is_proxy);
        self.0.sockets.spawn(converse::<IO>(self.0.clone(), upgraded, (host, client), shutdown, place));
        answer
    }
}

/// Whether a phone needs it that tests this server, possibly because https is broken: the page of the test under the address
/// that only the codes on terminals carry, what that page is made of, and the test door.
fn is_for_a_phone(uri: &Uri) -> bool {
    match uri.path() {
        "/test" => uri.query() == Some("phone"),
        "/settings.json" => true,
        path => path.starts_with("/test/") || path.starts_with("/a/"),
    }
}

/// One WebSocket's task. The place is free again when it ends.
async fn converse<IO>(
    site: Arc<Inner>,
    upgraded: hyper::upgrade::OnUpgrade,
    (host, (client, is_proxy)): (String, (IpAddr, bool)),
    shutdown: CancellationToken,
    _place: Place,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Ok(upgraded) = upgraded.await else { return };
    let socket = Socket { switchboard: &site.switchboard, options: &site.options, host, client, is_proxy, shutdown };
    // In HTTP/1.1 the connection itself, without what hyper has around it: a detour for every message.
    match upgraded.downcast::<TokioIo<IO>>() {
        Ok(Parts { io, read_buf, .. }) => socket.converse(io.into_inner(), read_buf).await,
        Err(stream) => socket.converse(TokioIo::new(stream), Bytes::new()).await,
    }
}
