//! A Redis of the test's own, nodes that use it, and a way between them that can be cut.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{ALONE, PATIENCE, Server, callbox};

/// Debian's Redis; it ends with the test.
pub(crate) struct Redis {
    child: Option<Child>,
    folder: TempDir,
    is_encrypted: bool,
    pub(crate) address: SocketAddr,
}

impl Redis {
    /// `None`, after a word why, on a machine without Redis.
    pub(crate) fn start() -> Option<Redis> {
        let redis = Redis::planned()?;
        Some(redis.up())
    }

    /// One that speaks TLS alone, with a certificate for 127.0.0.1 by an authority of its own, `ca.pem` in its folder.
    pub(crate) fn encrypted() -> Option<Redis> {
        let mut redis = Redis::planned()?;
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        for (name, pem) in [("ca.pem", authority.pem()), ("cert.pem", leaf.pem()), ("key.pem", key.serialize_pem())] {
            std::fs::write(redis.folder.path().join(name), pem).unwrap();
        }
        redis.is_encrypted = true;
        Some(redis.up())
    }

    /// The file with the authority that signed its certificate.
    pub(crate) fn authority(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }

    /// Its address, where nothing listens yet.
    pub(crate) fn planned() -> Option<Redis> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: redis-server is not installed");
            return None;
        }
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        Some(Redis { child: None, folder: tempfile::tempdir().unwrap(), is_encrypted: false, address })
    }

    /// Runs, and remembers nothing of an earlier run.
    pub(crate) fn up(mut self) -> Redis {
        let port = self.address.port().to_string();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        match self.is_encrypted {
            false => command.args(["--port", &port]),
            true => command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]).args([
                "--tls-cert-file",
                "cert.pem",
                "--tls-key-file",
                "key.pem",
                "--tls-ca-cert-file",
                "ca.pem",
            ]),
        };
        command.args(["--requirepass", "hush"]).current_dir(self.folder.path()).stdout(Stdio::null());
        self.child = Some(command.spawn().unwrap());
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).is_err() {
            assert!(Instant::now() < end, "Redis does not start");
            sleep(Duration::from_millis(20));
        }
        self
    }

    /// Ended as by a crash.
    pub(crate) fn down(mut self) -> Redis {
        self.end();
        self
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What it answers to a command, a line for each entry.
    pub(crate) fn says(&self, command: &[&str]) -> Vec<String> {
        let port = self.address.port().to_string();
        let output = Command::new("redis-cli").args(["-p", &port, "-a", "hush"]).args(command).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        answer.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// The key whose name ends so, once it is there.
    pub(crate) fn key(&self, end: &str) -> String {
        self.says_in_time(&["keys", &format!("callbox:*:{end}")], |keys| !keys.is_empty()).swap_remove(0)
    }

    /// The first answer to a command that is as wanted.
    pub(crate) fn says_in_time(&self, command: &[&str], wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.says(command);
            if wanted(&answer) {
                return answer;
            }
            assert!(Instant::now() < end, "{command:?} is still answered by {answer:?}");
            sleep(Duration::from_millis(20));
        }
    }

    /// A server that shares its rooms there.
    pub(crate) fn node(&self, rooms: &str) -> Server {
        node_at(self.address, rooms)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.end();
    }
}

/// The same, by another way to the store.
pub(crate) fn node_at(store: SocketAddr, rooms: &str) -> Server {
    node_by(&format!("redis = \"redis://:hush@{store}\""), rooms)
}

/// The same, with these lines of `[cluster]`.
pub(crate) fn node_by(store: &str, rooms: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[tls]\nmode = \"off\"\n[turn]\nworkers = 1\nexternal_ip = \"127.0.0.1\"\n[rooms]\n{rooms}\n\
         [cluster]\n{store}\nsecret = \"a secret of twenty characters\"\n\
         relays = [\"relay.test:444\"]\n"
    );
    std::fs::write(folder.path().join("callbox.toml"), config).unwrap();
    let mut command = callbox(folder.path());
    command.args(ALONE).env("CALLBOX_ADMIN__LISTEN", "127.0.0.1:0");
    Server::spawn(folder, command)
}

/// A way to the store that lets nothing through while it is cut, and closes nothing.
pub(crate) struct Way {
    pub(crate) address: SocketAddr,
    cut: Arc<AtomicBool>,
}

impl Way {
    pub(crate) async fn to(store: SocketAddr) -> Way {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, cut) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let shared = cut.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = tokio::net::TcpStream::connect(store).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(carry(near_in, far_out, shared.clone()));
                tokio::spawn(carry(far_in, near_out, shared.clone()));
            }
        });
        Way { address, cut }
    }

    pub(crate) fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    cut: Arc<AtomicBool>,
) {
    let mut bytes = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        while cut.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
