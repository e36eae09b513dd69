//! Starts the real program in a folder of its own, on a free port, and ends it with the test.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

/// A running server with what it printed at start.
pub(crate) struct Server {
    child: Child,
    /// What it logs, line by line; ends with it.
    log: Receiver<String>,
    /// What was read of it so far.
    logged: String,
    /// Its working folder; `callbox-data` lies in it.
    pub(crate) folder: TempDir,
    /// What it printed, up to "Ready".
    pub(crate) banner: String,
    /// The one port on loopback.
    pub(crate) address: SocketAddr,
}

/// A TLS connection from outside.
pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Nothing here takes longer, even on a busy machine; a test that waits in vain must end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The program, without any configuration of whoever runs the tests.
pub(crate) fn callbox(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
    // Tests run side by side, and only those about it want the admin listener: on a port of their own.
    command.current_dir(folder).env_clear().env("CALLBOX_ADMIN__LISTEN", "").stdin(Stdio::null());
    command
}

/// The program run to its end.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    callbox(folder).args(args).output().unwrap()
}

/// What a command printed on stdout.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command printed on stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The flags that keep a test to itself: a free port, no port that another test may want.
pub(crate) const ALONE: [&str; 2] = ["--listen=127.0.0.1:0", "--turn-listen="];

impl Server {
    /// Starts with `args` besides [`ALONE`], and waits until it serves.
    pub(crate) fn start(args: &[&str]) -> Server {
        Server::start_in(tempfile::tempdir().unwrap(), args)
    }

    /// As [`start`](Server::start), in a folder that may hold a `callbox.toml` or the data of an earlier start.
    pub(crate) fn start_in(folder: TempDir, args: &[&str]) -> Server {
        let mut command = callbox(folder.path());
        command.args(ALONE).args(args);
        Server::spawn(folder, command)
    }

    /// Waits until `command`, the program with everything set, serves.
    pub(crate) fn spawn(folder: TempDir, mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut banner = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !banner.contains("\nReady") {
            let Some(Ok(line)) = lines.next() else {
                let mut why = String::new();
                child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
                panic!("it did not start: {why}");
            };
            banner.push_str(&line);
            banner.push('\n');
        }
        let (_, rest) = banner.split_once("://localhost:").expect("the link on this machine");
        let port = rest.split('/').next().unwrap().parse().unwrap();
        let log = lines_of(child.stderr.take().unwrap());
        Server { child, log, logged: String::new(), folder, banner, address: (Ipv4Addr::LOCALHOST, port).into() }
    }

    /// A plain connection to the one port.
    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// A TLS connection that trusts the certificate kept in the data folder and nothing else.
    pub(crate) fn connect_tls(&self, alpn: &[&str]) -> io::Result<Tls> {
        self.connect_tls_as("127.0.0.1", alpn)
    }

    /// The same, as if `name` had been opened.
    pub(crate) fn connect_tls_as(&self, name: &str, alpn: &[&str]) -> io::Result<Tls> {
        self.handshake(self.connect(), b"", name, alpn)
    }

    /// The same on a connection that begins with `preface` in the clear.
    pub(crate) fn handshake(&self, mut sock: TcpStream, preface: &[u8], name: &str, alpn: &[&str]) -> io::Result<Tls> {
        sock.write_all(preface)?;
        handshake(sock, self.certificate(), name, alpn)
    }

    /// The authority kept in the data folder, which signed the certificate.
    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        let pem = std::fs::read(self.folder.path().join("callbox-data/local-ca.pem")).unwrap();
        CertificateDer::from_pem_slice(&pem).unwrap()
    }

    /// The answer to `GET path` over HTTPS, head and body.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = self.connect_tls(&["http/1.1"]).unwrap();
        exchange(&mut stream, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    /// Reads the log up to a line that contains `words`; all of it so far.
    pub(crate) fn wait_for_log(&mut self, words: &str) -> &str {
        while !self.logged.contains(words) {
            self.read_line(words);
        }
        &self.logged
    }

    /// The next line of the log that contains `words` and was not read yet.
    pub(crate) fn next_line_with(&mut self, words: &str) -> String {
        loop {
            let line = self.read_line(words);
            if line.contains(words) {
                return line;
            }
        }
    }

    fn read_line(&mut self, wanted: &str) -> String {
        let line = self.log.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|_| panic!("no line with {wanted} came: {}", self.logged));
        self.logged.push_str(&line);
        line
    }

    /// Waits for its end; the exit code, and what it logged.
    pub(crate) fn end(mut self) -> (Option<i32>, String, TempDir) {
        let code = self.child.wait().unwrap().code();
        let mut log = std::mem::take(&mut self.logged);
        log.extend(self.log.iter());
        (code, log, std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A TLS connection that trusts `certificate` and nothing else.
pub(crate) fn handshake(
    sock: TcpStream,
    certificate: CertificateDer<'static>,
    name: &str,
    alpn: &[&str],
) -> io::Result<Tls> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut stream = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), sock);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// Its lines as they come: a reader of a pipe cannot wait with an end.
fn lines_of(log: ChildStderr) -> Receiver<String> {
    let (tell, lines) = channel();
    std::thread::spawn(move || {
        let mut log = BufReader::new(log);
        let mut line = String::new();
        while log.read_line(&mut line).is_ok_and(|length| length > 0) && tell.send(std::mem::take(&mut line)).is_ok() {}
    });
    lines
}

/// So many ports of loopback that are free for TCP and UDP. They lie below those that the system hands out by itself, and
/// beside those of the relay's and the browsers' tests: no neighbour gets one before it is used.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let mut taken = Vec::new();
    [(); N].map(|()| {
        loop {
            let port = 23_000 + (RandomState::new().hash_one(()) % 4_000) as u16;
            // Held until this process ends, also while nobody listens there: between a choice and its use, and over a restart.
            let file = File::create(std::env::temp_dir().join(format!("callbox-test-port-{port}"))).unwrap();
            let Ok(reserved) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else { continue };
            let both = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                .and_then(|tcp| Ok((tcp, UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?)));
            if let Ok(both) = both {
                taken.push(both);
                std::mem::forget(reserved);
                return port;
            }
        }
    })
}

/// An address of loopback that nobody listens on.
pub(crate) fn free_address() -> SocketAddr {
    let [port] = free_ports();
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A connection on which nothing waits for ever.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends `request` and reads until the other side is done.
pub(crate) fn exchange(stream: &mut (impl Read + Write), request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Closing without a TLS goodbye is closing all the same.
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "after {}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8_lossy(&answer).into_owned()
}
