//! What whoever runs the server asks it: health, figures, rooms, orders; and who is not answered.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use serde_json::Value;
use socket2::{Domain, Socket, Type};
use webrtc_util::Conn;

use super::namespace::{ELSEWHERE, HERE, is_inside};
use super::people::Person;
use super::server::{ALONE, Server, callbox, connect, exchange, run, stderr};

/// Long enough, and nobody's.
const TOKEN: &str = "0123456789abcdef-operators";

/// A server and its admin listener.
pub(crate) struct Administered {
    pub(crate) server: Server,
    pub(crate) admin: SocketAddr,
}

/// An answer of the admin listener.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Administered {
    /// With `config` as its `callbox.toml`.
    pub(crate) fn start(config: &str) -> Administered {
        Administered::start_at("127.0.0.1:0", config)
    }

    /// The same with its admin listener at `listen`.
    fn start_at(listen: &str, config: &str) -> Administered {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("callbox.toml"), config).unwrap();
        let mut command = callbox(folder.path());
        command.args(ALONE).env("CALLBOX_ADMIN__LISTEN", listen);
        let server = Server::spawn(folder, command);
        let (_, rest) = server.banner.split_once("For whoever runs it: http://").expect("the admin listener's link");
        let admin = rest.split('/').next().unwrap().parse().unwrap();
        Administered { server, admin }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        self.send(method, path, headers, "")
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let host = format!("Host: {}", self.admin);
        let mut lines = vec!["Connection: close"];
        if !headers.iter().any(|line| line.to_lowercase().starts_with("host:")) {
            lines.push(&host);
        }
        lines.extend(headers);
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\n{}\r\nContent-Length: {length}\r\n\r\n{body}", lines.join("\r\n"));
        Answer::read(&exchange(&mut connect(self.admin), &request))
    }
}

impl Answer {
    fn read(text: &str) -> Answer {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

#[test]
fn a_start_without_any_configuration_can_be_watched_from_this_machine() {
    let running = Administered::start("");
    let metrics = running.get("/metrics");
    assert!(metrics.head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{}", metrics.head);
    for line in ["callbox_rooms 0\n", "callbox_relay_allocations{worker=\"streams\"} 0\n", "# EOF\n"] {
        assert!(metrics.body.contains(line), "{line} is not in {}", metrics.body);
    }
    let health = running.get("/healthz");
    assert_eq!((health.status, &health.json()["status"]), (200, &"ok".into()), "{}", health.body);
    assert!(health.body.contains("self-signed certificate for everybody is good for"), "{}", health.body);
    assert_eq!(running.get("/readyz").status, 200);
}

#[test]
fn with_a_token_strangers_learn_whether_it_is_well_and_nothing_else() {
    let running = Administered::start(&format!("[admin]\ntoken = \"{TOKEN}\""));
    for path in ["/metrics", "/api/v1/rooms", "/api/v1/status"] {
        let refused = running.get(path);
        assert_eq!(refused.status, 401, "{path}");
        assert!(refused.head.contains("www-authenticate: bearer"), "{}", refused.head);
        assert_eq!(running.ask("GET", path, &["Authorization: Bearer 0123456789abcdef-operatorS"]).status, 401);
        assert_eq!(running.ask("GET", path, &[&format!("Authorization: Bearer {TOKEN}")]).status, 200);
    }
    assert_eq!(running.get("/healthz").json()["parts"].as_array().unwrap().len(), 0);
    let told = running.ask("GET", "/healthz", &[&format!("Authorization: Bearer {TOKEN}")]).json();
    assert!(!told["parts"].as_array().unwrap().is_empty());
}

#[test]
fn a_web_page_of_somebody_else_is_not_answered() {
    let running = Administered::start("names = [\"call.example.org\"]");
    assert_eq!(running.ask("GET", "/metrics", &["Host: rebound.example"]).status, 421);
    assert_eq!(running.ask("GET", "/metrics", &["Host: call.example.org:9443"]).status, 200);
    let foreign = running.ask("POST", "/api/v1/reload", &["Origin: https://evil.example"]);
    assert_eq!(foreign.status, 403, "{}", foreign.body);
    assert_eq!(running.ask("POST", "/api/v1/reload", &[]).status, 200);
}

#[test]
fn somebody_who_connects_all_the_time_does_not_keep_operators_out() {
    if !is_inside("admin::somebody_who_connects_all_the_time_does_not_keep_operators_out") {
        return;
    }
    let running = Administered::start_at(&format!("{HERE}:0"), &format!("[admin]\ntoken = \"{TOKEN}\""));
    let connect_from = |source: Ipv4Addr| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
        socket.connect(&running.admin.into()).unwrap();
        TcpStream::from(socket)
    };
    let held: Vec<TcpStream> = (0..100).map(|_| connect_from(HERE)).collect();
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", running.admin);
    assert_eq!(Answer::read(&exchange(&mut connect_from(ELSEWHERE), &request)).status, 200);
    drop(held);
}

#[test]
fn a_drain_that_was_asked_for_is_told_to_balancers_and_ends_the_server() {
    let folder = "drain_timeout = \"1h\"\n[tls]\nmode = \"off\"\n[turn]\nexternal_ip = \"127.0.0.1\"\n";
    let running = Administered::start(folder);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = runtime.block_on(async {
        let client = Person::enters(&running.server).await.turn_client().await;
        (client.allocate().await.unwrap(), client)
    });
    assert_eq!(running.get("/readyz").status, 200);
    assert_eq!(running.ask("POST", "/api/v1/drain", &[]).status, 202);
    assert_eq!(running.get("/readyz").status, 503);
    let Administered { mut server, .. } = running;
    server.next_line_with("1 relayed connections may go on for 1h");
    runtime.block_on(async { client.0.close().await.unwrap() });
    let (code, log, _) = server.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_reload_that_was_asked_for_says_what_came_of_it() {
    let running = Administered::start("");
    let file = running.server.folder.path().join("callbox.toml");
    std::fs::write(&file, "public_port = 444\n[rooms]\nmax_people = 5").unwrap();
    let told = running.ask("POST", "/api/v1/reload", &[]).json();
    // The watch of the files may have been quicker.
    assert!(
        told["taken"] == serde_json::json!(["rooms.max_people"]) || told["taken"] == serde_json::json!([]),
        "{told}"
    );
    assert_eq!(told["waiting"], serde_json::json!(["public_port"]));
    std::fs::write(&file, "[rooms]\nmax_people = 1").unwrap();
    let refused = running.ask("POST", "/api/v1/reload", &[]);
    assert_eq!(refused.status, 422);
    assert!(refused.json()["detail"].as_str().unwrap().contains("rooms.max_people"), "{}", refused.body);
}

#[test]
fn an_address_beyond_this_machine_needs_a_token_and_a_short_one_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let with = |listen: &str, token: &str| {
        let mut command = callbox(folder.path());
        let command = command.args(["config"]).env("CALLBOX_ADMIN__LISTEN", listen).env("CALLBOX_ADMIN__TOKEN", token);
        let output = command.output().unwrap();
        (output.status.success(), stderr(&output))
    };
    let (started, said) = with("0.0.0.0:9443", "");
    assert!(!started && said.contains("ADMIN__LISTEN") && said.contains("admin.token"), "{said}");
    let (started, said) = with("127.0.0.1:9443", "short");
    assert!(!started && said.contains("at least 16") && !said.contains("\"short\""), "{said}");
    assert!(with("0.0.0.0:9443", TOKEN).0);
    assert!(with("[::1]:9443", "").0);
}

#[test]
fn a_typed_in_address_that_is_taken_ends_the_start_and_the_default_does_not() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let listen = format!("[admin]\nlisten = \"{}\"", taken.local_addr().unwrap());
    std::fs::write(folder.path().join("callbox.toml"), listen).unwrap();
    let mut command = callbox(folder.path());
    let output = command.args(ALONE).env_remove("CALLBOX_ADMIN__LISTEN").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("admin.listen"), "{}", stderr(&output));

    // Whether it is free or not, somebody has it now.
    let _taken = std::net::TcpListener::bind("127.0.0.1:9443");
    let folder = tempfile::tempdir().unwrap();
    let mut command = callbox(folder.path());
    command.args(ALONE).env_remove("CALLBOX_ADMIN__LISTEN");
    let mut server = Server::spawn(folder, command);
    assert!(server.wait_for_log("cannot listen on TCP 127.0.0.1:9443").contains("admin.listen"));
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn it_can_be_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["config"]).status.success());
    let server = Server::start(&[]);
    assert!(!server.banner.contains("For whoever runs it"), "{}", server.banner);
}
