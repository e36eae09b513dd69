//! One server follows another on the same ports, and nobody is refused meanwhile. Both meet at a Unix socket in `data_dir`:
//!
//! ```text
//! new                                   old
//! "callbox 1 NETWORK" ────────────────►  gives each relayed UDP client a socket of its own
//!                     ◄──────────────── "sockets", the listening TCP sockets themselves
//! binds UDP beside the old one
//! "ready" ────────────────────────────►  accepts no more, says goodbye to pages, writes what it keeps,
//!                     ◄──────────────── "yours"                                and unlocks `data_dir`
//! reads what is kept, serves
//! "serving" ──────────────────────────►  lets go of UDP, and carries what it relays to its end
//! ```
//!
//! A new one that fails before "ready" has changed nothing; one that fails later is the old one's reason to start again in
//! its own process, with its own sockets. Passing the sockets, instead of binding a second group with SO_REUSEPORT: the kernel
//! resets what waits in the queue of a listening socket that closes.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::socket::{UnixCredentials, getsockopt, sockopt::PeerCredentials};
use nix::unistd::geteuid;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::data_dir::DataDir;
use crate::gate::Inherited;
use crate::relay::Streams;

/// In `data_dir`.
const SOCKET: &str = "takeover";

/// Each side waits so long for the other's next word. The longest step is the new one's look at its addresses.
const PATIENCE: Duration = Duration::from_secs(20);

/// For the relay's workers, which answer within milliseconds.
const WORKERS_PATIENCE: Duration = Duration::from_secs(2);

/// What one message may carry (SCM_MAX_FD is 253).
const MOST_SOCKETS: usize = 200;

/// After an error that another accept would only repeat.
const PAUSE: Duration = Duration::from_millis(100);

const ROOT: u32 = 0;

const HELLO: &str = "callbox 1";
const SOCKETS: &str = "sockets";
const READY: &str = "ready";
const YOURS: &str = "yours";
const SERVING: &str = "serving";

/// The server that runs already, seen from the one that follows it.
#[derive(Debug)]
pub(super) struct Predecessor(UnixStream);

impl Predecessor {
    /// Finds it, and the sockets it listens on. `None`: nobody runs there.
    pub(super) fn find(dir: &DataDir) -> anyhow::Result<Option<(Predecessor, Inherited)>> {
        let folder = File::open(dir.path()).with_context(|| format!("cannot open {}", dir.path().display()))?;
        let Ok(mut stream) = UnixStream::connect(short(&folder)) else { return Ok(None) };
        known(&stream, dir).with_context(|| {
            format!("who waits at {} is not the callbox that runs; remove that file", dir.path().join(SOCKET).display())
        })?;
        patient(&stream)?;
        let sockets = say(&mut stream, &format!("{HELLO} {}", network()?)).and_then(|()| receive(&stream));
        let sockets = sockets.context("the callbox that runs does not let itself be replaced; stop it first")?;
        Ok(Some((Predecessor(stream), Inherited::new(sockets))))
    }

    /// All that could fail has been done: from here on `data_dir` is ours.
    pub(super) fn give_way(&mut self) -> anyhow::Result<()> {
        let given = say(&mut self.0, READY).and_then(|()| hear(&mut self.0, YOURS));
        given.context("the callbox that runs did not give way; it goes on")
    }

    /// We serve.
    pub(super) fn rest(mut self) {
        if let Err(cause) = say(&mut self.0, SERVING) {
            warn!(%cause, "the former callbox did not hear that it may rest; stop it if it still runs");
        }
    }
}

/// The server that follows, ready to serve, seen from the one that runs.
#[derive(Debug)]
pub(super) struct Successor {
    stream: UnixStream,
    pid: u32,
}

impl Successor {
    /// Its process, as this process sees it.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// It may have `data_dir`. Waits until it serves; `false`: it does not.
    pub(super) fn begin(mut self) -> bool {
        let served = say(&mut self.stream, YOURS).and_then(|()| hear(&mut self.stream, SERVING));
        served.inspect_err(|cause| debug!(%cause, "the new callbox is gone")).is_ok()
    }
}

/// What a successor is given.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) dir: DataDir,
    pub(super) sockets: Vec<TcpListener>,
    pub(super) streams: Option<Streams>,
}

impl Offer {
    /// Meets whoever wants to follow, one after the other, and passes on who is ready to.
    pub(super) async fn stand(self, successors: mpsc::Sender<Successor>, shutdown: CancellationToken) {
        let listener = match listen(self.dir.path()) {
            Ok(listener) => listener,
            // Some file systems have no sockets.
            Err(cause) => return warn!(%cause, "no other callbox can take over from this one"),
        };
        let offer = Arc::new(self);
        while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
            let Ok((stream, _)) = accepted else {
                sleep(PAUSE).await;
                continue;
            };
            let offer = offer.clone();
            match tokio::task::spawn_blocking(move || offer.meet(stream.into_std()?)).await {
                Ok(Ok(successor)) => drop(successors.send(successor).await),
                Ok(Err(cause)) => warn!("another callbox wanted to take over and did not: {cause:#}"),
                Err(_) => {}
            }
        }
    }

    /// Up to where the other has bound everything.
    fn meet(&self, mut stream: UnixStream) -> anyhow::Result<Successor> {
        stream.set_nonblocking(false)?;
        patient(&stream)?;
        let peer = known(&stream, &self.dir)?;
        // In another network the sockets would lead nowhere as soon as this process is gone.
        hear(&mut stream, &format!("{HELLO} {}", network()?)).context("it runs in another network")?;
        if let Some(streams) = &self.streams
            && !streams.steer(WORKERS_PATIENCE)
        {
            bail!("the relay does not answer");
        }
        send(&stream, &self.sockets)?;
        hear(&mut stream, READY).context("it did not start")?;
        Ok(Successor { stream, pid: u32::try_from(peer.pid()).unwrap_or(0) })
    }
}

/// What to start for a new server in the place of this one.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<OsString>,
}

/// Starts the program anew, as it was started, to take over from this one.
pub(super) fn call_successor(Program { path, arguments }: &Program) {
    // Sockets of the service manager are in good hands, and the watchdog is whoever's process it knows.
    let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"];
    let mut command = std::process::Command::new(path);
    for name in variables {
        command.env_remove(name);
    }
    match command.args(arguments).spawn() {
        Ok(mut child) => {
            info!(program = %path.display(), "starting what takes over");
            // So that it is no zombie if it ends first.
            tokio::task::spawn_blocking(move || child.wait());
        }
        Err(cause) => warn!(program = %path.display(), %cause, "cannot start what would take over"),
    }
}

/// Replaces the socket of a former server: `data_dir` is locked, so that one has gone or gives way.
fn listen(dir: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(dir.join(SOCKET)) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let listener = UnixListener::bind(short(&File::open(dir)?))?;
    fs::set_permissions(dir.join(SOCKET), Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// A Unix socket's path has 107 bytes at most (unix(7)); `data_dir` may have more.
fn short(dir: &File) -> PathBuf {
    format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd()).into()
}

/// Tells one network namespace from another.
fn network() -> io::Result<u64> {
    Ok(fs::metadata("/proc/self/ns/net")?.ino())
}

/// Who is at the other end. An error unless it is somebody who could change `data_dir` anyway: where others may put files
/// beside ours, as in /tmp, somebody else's socket may stand there, and would be given our port or give us theirs.
fn known(stream: &UnixStream, dir: &DataDir) -> anyhow::Result<UnixCredentials> {
    let peer = getsockopt(stream, PeerCredentials)?;
    let owner = fs::metadata(dir.path())?.uid();
    match may_pass_sockets(peer.uid(), geteuid().as_raw(), owner) {
        true => Ok(peer),
        false => bail!("it runs as another user"),
    }
}

fn may_pass_sockets(peer: u32, ours: u32, owner: u32) -> bool {
    [ours, owner, ROOT].contains(&peer)
}

fn patient(stream: &UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
}

fn say(stream: &mut UnixStream, words: &str) -> io::Result<()> {
    stream.write_all(format!("{words}\n").as_bytes())
}

/// An error unless the next line is `wanted`.
fn hear(stream: &mut UnixStream, wanted: &str) -> io::Result<()> {
    let mut heard = vec![0; wanted.len() + 1];
    stream.read_exact(&mut heard)?;
    match heard.strip_suffix(b"\n") == Some(wanted.as_bytes()) {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, format!("expected {wanted:?}"))),
    }
}

fn send(stream: &UnixStream, sockets: &[TcpListener]) -> io::Result<()> {
    let sockets: Vec<BorrowedFd<'_>> = sockets.iter().take(MOST_SOCKETS).map(AsFd::as_fd).collect();
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_SOCKETS))];
    let mut attached = SendAncillaryBuffer::new(&mut space);
    attached.push(SendAncillaryMessage::ScmRights(&sockets));
    let line = format!("{SOCKETS}\n");
    rustix::net::sendmsg(stream, &[IoSlice::new(line.as_bytes())], &mut attached, SendFlags::empty())?;
    Ok(())
}

fn receive(stream: &UnixStream) -> io::Result<Vec<TcpListener>> {
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_SOCKETS))];
    let mut attached = RecvAncillaryBuffer::new(&mut space);
    let mut line = [0; SOCKETS.len() + 1];
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::WAITALL;
    rustix::net::recvmsg(stream, &mut [IoSliceMut::new(&mut line)], &mut attached, flags)?;
    if !line.starts_with(SOCKETS.as_bytes()) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let rights = attached.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
        _ => None,
    });
    Ok(rights.flatten().map(TcpListener::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_of_another_user_is_neither_followed_nor_fed() {
        const CALLBOX: u32 = 990;
        const STRANGER: u32 = 1000;
        for (peer, ours, owner, may) in [
            (CALLBOX, CALLBOX, CALLBOX, true),
            (ROOT, CALLBOX, CALLBOX, true),
            // `sudo callbox serve --takeover`
            (CALLBOX, ROOT, CALLBOX, true),
            (STRANGER, CALLBOX, ROOT, false),
            (STRANGER, ROOT, ROOT, false),
        ] {
            assert_eq!(may_pass_sockets(peer, ours, owner), may, "{peer} to {ours}");
        }
    }

    #[test]
    fn a_server_of_this_user_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(known(&one, &dir).unwrap().uid(), geteuid().as_raw());
    }
}
