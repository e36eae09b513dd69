//! The proxies themselves, with what `callbox proxy` prints: the page, a room and the relay through them, callers told
//! apart, and strangers who write the headers themselves.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, client};

use super::gate::mapped;
use super::server::{PATIENCE, Server, Tls, callbox, exchange, free_address, handshake, run, stdout};

/// A proxy between callers and a callbox.
struct Proxied {
    proxy: Child,
    /// Where people call.
    address: SocketAddr,
    server: Server,
    /// The certificate that callers see.
    certificate: CertificateDer<'static>,
    _folder: TempDir,
}

/// Not the proxy's own address, which is 127.0.0.1: the caller must be told from the proxy.
const CALLER: [u8; 4] = [127, 0, 0, 2];

/// What a test writes around a snippet: the snippet, the folder with `cert.pem`, `key.pem` and `both.pem`, the address to
/// listen on. Returns the command that runs the proxy in the foreground.
type Around = fn(&str, &Path, SocketAddr) -> Command;

impl Proxied {
    /// A callbox as the snippet of `name` wants it, and that proxy before it; `None`, with the reason on the terminal,
    /// where the proxy is not installed.
    fn start(name: &str, callboxs: &str, around: Around) -> Option<Proxied> {
        if Command::new(name).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            println!("skipped: {name} is not installed (tests/run installs it on Debian)");
            return None;
        }
        let (folder, own, address) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), free_address());
        let text = callboxs.replace("PUBLIC", &address.port().to_string());
        fs::write(own.path().join("callbox.toml"), text).unwrap();
        let mut command = callbox(own.path());
        command.args(["--listen=127.0.0.1:0", "--turn-listen=", "--name=localhost", "--log-level=info,callbox=debug"]);
        let server = Server::spawn(own, command);
        let listen = format!("--listen={}", server.address);
        let snippet = stdout(&run(server.folder.path(), &["proxy", name, "--name=localhost", &listen]));
        // The port people call is 443 for the snippet and another one here; the rest is as it has to be.
        assert_eq!(snippet.matches("MISSING").count(), callboxs.matches("PUBLIC").count(), "{snippet}");
        let certificate = certificate(folder.path(), &server, callboxs.contains("off"));
        let mut command = around(&snippet, folder.path(), address);
        let proxy = command.current_dir(folder.path()).stdin(Stdio::null()).spawn().unwrap();
        let proxied = Proxied { proxy, address, server, certificate, _folder: folder };
        proxied.wait();
        Some(proxied)
    }

    fn wait(&self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(self.address).is_err() {
            assert!(begun.elapsed() < PATIENCE, "the proxy does not listen");
            std::thread::yield_now();
        }
    }

    /// A connection of [`CALLER`].
    fn connect(&self) -> std::net::TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((CALLER, 0)).into()).unwrap();
        socket.connect(&self.address.into()).unwrap();
        let stream = std::net::TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn connect_tls(&self, alpn: &[&str]) -> Tls {
        handshake(self.connect(), self.certificate.clone(), "localhost", alpn).unwrap()
    }

    fn page(&self) -> String {
        let request = format!("GET / HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", self.address.port());
        exchange(&mut self.connect_tls(&["http/1.1"]), &request)
    }

    /// Sits down in a room, as a page does, with further headers; what the hub answered.
    fn joins(&self, headers: &[(&'static str, &str)]) -> Value {
        let url = format!("wss://localhost:{}/ws", self.address.port());
        let mut request = url.into_client_request().unwrap();
        let origin = format!("https://localhost:{}", self.address.port());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (mut socket, _) = client(request, self.connect_tls(&["http/1.1"])).expect("a WebSocket");
        let join = json!({ "type": "join", "room": "kitchen", "name": "Ann", "instance": "first" });
        socket.send(Message::text(join.to_string())).unwrap();
        serde_json::from_str(socket.read().unwrap().to_text().unwrap()).unwrap()
    }

    /// What every one of them must do.
    fn serves_the_page_and_a_room(&mut self) {
        assert!(self.page().contains("<!doctype html>"), "{}", self.page());
        let joined = self.joins(&[("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=6.6.6.6")]);
        assert_eq!(joined["type"], "joined", "{joined}");
        let logged = self.server.wait_for_log("a WebSocket opens");
        let line = logged.lines().find(|line| line.contains("a WebSocket opens")).unwrap();
        assert!(line.contains("127.0.0.2") && !line.contains("6.6.6.6"), "{line}");
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

/// The certificate that callers will see: the proxy's, made here, or callbox's own.
fn certificate(folder: &Path, server: &Server, of_the_proxy: bool) -> CertificateDer<'static> {
    if !of_the_proxy {
        return server.certificate();
    }
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    for (name, text) in [("cert.pem", &cert), ("key.pem", &key), ("both.pem", &(cert.clone() + &key))] {
        fs::write(folder.join(name), text).unwrap();
    }
    CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()
}

const HTTP: &str = "[tls]\nmode = \"off\"\n[http]\ntrusted_proxies = [\"127.0.0.1\"]\n";
const TCP: &str = "public_port = PUBLIC\n[http]\ntrusted_proxies = [\"127.0.0.1\"]\nproxy_protocol = true\n";

fn nginx(main: &str, folder: &Path) -> Command {
    let quiet = "daemon off; master_process off; pid nginx.pid; error_log nginx.log; events {}\n";
    fs::write(folder.join("nginx.conf"), format!("{main}\n{quiet}")).unwrap();
    let mut command = Command::new("nginx");
    command.args(["-p", folder.to_str().unwrap(), "-c", "nginx.conf", "-e", "nginx.log"]);
    command
}

fn nginx_http(snippet: &str, folder: &Path, address: SocketAddr) -> Command {
    let snippet = snippet.replace("listen [::]:443 ssl;", "").replace("listen 443", &format!("listen {address}"));
    let snippet = snippet.replace("/etc/letsencrypt/live/localhost/fullchain.pem", "cert.pem");
    let snippet = snippet.replace("/etc/letsencrypt/live/localhost/privkey.pem", "key.pem");
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = kinds.map(|kind| format!("{kind}_temp_path {kind};\n")).concat();
    nginx(&format!("http {{\naccess_log off;\n{temporary}{snippet}\n}}\n"), folder)
}

fn nginx_tcp(snippet: &str, folder: &Path, address: SocketAddr) -> Command {
    let snippet = snippet.replace("listen [::]:443;", "").replace("listen 443", &format!("listen {address}"));
    nginx(&format!("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n{snippet}"), folder)
}

fn haproxy(snippet: &str, folder: &Path, address: SocketAddr) -> Command {
    let snippet =
        snippet.replace(":::443 v4v6", &address.to_string()).replace("/etc/haproxy/localhost.pem", "both.pem");
    fs::write(folder.join("haproxy.cfg"), snippet).unwrap();
    let mut command = Command::new("haproxy");
    command.args(["-db", "-f", "haproxy.cfg"]);
    command
}

fn caddy(snippet: &str, folder: &Path, address: SocketAddr) -> Command {
    let global = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n";
    let site = format!("\nhttps://localhost:{} {{\n\ttls cert.pem key.pem\n\tbind 127.0.0.1\n", address.port());
    fs::write(folder.join("Caddyfile"), format!("{global}{}", snippet.replace("\nlocalhost {\n", &site))).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--config", "Caddyfile"]).env("HOME", folder).stderr(Stdio::null());
    command
}

#[test]
fn through_nginx_as_an_http_proxy() {
    let Some(mut proxied) = Proxied::start("nginx", HTTP, nginx_http) else { return };
    proxied.serves_the_page_and_a_room();
}

#[test]
fn through_haproxy_as_an_http_proxy() {
    let Some(mut proxied) = Proxied::start("haproxy", HTTP, haproxy) else { return };
    proxied.serves_the_page_and_a_room();
}

#[test]
fn through_caddy() {
    let Some(mut proxied) = Proxied::start("caddy", HTTP, caddy) else { return };
    proxied.serves_the_page_and_a_room();
}

#[test]
fn through_nginx_with_everything() {
    if !Path::new("/usr/lib/nginx/modules/ngx_stream_module.so").exists() {
        println!("skipped: nginx's stream module is not installed (Debian: libnginx-mod-stream)");
        return;
    }
    let Some(proxied) = Proxied::start("nginx", TCP, nginx_tcp) else { return };
    carries_the_relay_too(proxied);
}

#[test]
fn through_haproxy_with_everything() {
    let Some(proxied) = Proxied::start("haproxy", TCP, haproxy) else { return };
    carries_the_relay_too(proxied);
}

fn carries_the_relay_too(mut proxied: Proxied) {
    proxied.serves_the_page_and_a_room();
    let joined = proxied.joins(&[]);
    let offered = format!("turns:localhost:{}?transport=tcp", proxied.address.port());
    assert!(joined["ice_servers"].to_string().contains(&offered), "{joined}");
    assert_eq!(mapped(&mut proxied.connect_tls(&[])), Some(CALLER), "TURN over TLS, as browsers do it");
    let mut stranger = proxied.connect();
    stranger.write_all(b"PROXY TCP4 6.6.6.6 198.51.100.1 4660 443\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stranger.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "a preface of the caller's own is only noise behind the proxy's");
}
