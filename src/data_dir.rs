//! The folder of what must outlive a restart and must stay private: the certificate's key, the seats' key, the relay's
//! secret. Whole files only, written so that a crash leaves the old one or the new one; what they mean is not known here.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use thiserror::Error;

/// A folder that was checked: it is there, and no stranger can exchange what is in it.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

/// Held by the one server that writes there; free again when it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] Option<Flock<File>>);

/// The file that is locked, always empty.
const LOCK: &str = "lock";

/// What is wrong with the folder or a file in it, and how to mend it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// It could not be made or looked at.
    #[error("cannot use {} as the data directory; choose another with --data-dir, or let this user write there", .path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A running server has it.
    #[error("another callbox runs with {dir}; stop it, replace it with `callbox serve --takeover`, or choose another directory with --data-dir", dir = .0.display())]
    InUse(PathBuf),
    /// It is a file.
    #[error("{} is not a directory; choose another with --data-dir", .0.display())]
    NotADirectory(PathBuf),
    /// Everybody may write to it.
    #[error("anybody on this machine may change the keys in {dir}; run: chmod o-w {dir}", dir = .0.display())]
    WritableByAll(PathBuf),
    /// A private file is readable by others or belongs to somebody else.
    #[error("others may read or change {file}; if it was so for long, delete it so that a new one is made, else run: chmod 600 {file}", file = .0.display())]
    NotPrivate(PathBuf),
    /// A file could not be read.
    #[error("cannot read {}; it must belong to the user who runs callbox", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}; let this user write there, or choose another place with --data-dir", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

impl DataDir {
    /// Makes the folder, for this user alone, or checks the one that is there.
    pub fn open(path: impl Into<PathBuf>) -> Result<DataDir, Error> {
        let path = path.into();
        let unusable = |cause| Error::Unusable { path: path.clone(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => Error::NotADirectory(path.clone()),
            _ => unusable(cause),
        })?;
        let metadata = fs::metadata(&path).map_err(unusable)?;
        // In a sticky folder (as /tmp) only the owner of a file may exchange it.
        const STICKY: u32 = 0o1000;
        if metadata.mode() & 0o002 != 0 && metadata.mode() & STICKY == 0 {
            return Err(Error::WritableByAll(path));
        }
        Ok(DataDir(path))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Keeps other servers from writing here as long as the lock lives, also over a crash of this one.
    pub fn lock(&self) -> Result<Lock, Error> {
        let path = self.0.join(LOCK);
        let unwritable = |cause: io::Error| Error::Unwritable { path: path.clone(), cause };
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        match Flock::lock(file.map_err(unwritable)?, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Lock(Some(lock))),
            Err((_, Errno::EWOULDBLOCK)) => Err(Error::InUse(self.0.clone())),
            // Some network file systems lock nothing: a server that does not start there would be the worse fault.
            Err((_, Errno::ENOLCK | Errno::ENOTSUP | Errno::ENOSYS)) => Ok(Lock(None)),
            Err((_, cause)) => Err(unwritable(cause.into())),
        }
    }

    /// The file's bytes; `None` when it was never written.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.0.join(name);
        let unreadable = |cause| Error::Unreadable { path: path.clone(), cause };
        let mut file = match File::open(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(unreadable)?,
        };
        if !is_private(&file.metadata().map_err(unreadable)?) {
            return Err(Error::NotPrivate(path));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(Some(bytes))
    }

    /// Writes the whole file, readable by this user alone; a crash leaves the old one.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let (path, fresh) = (self.0.join(name), self.0.join(format!(".{name}.new")));
        let written = write_private(&fresh, bytes).and_then(|()| fs::rename(&fresh, &path));
        written.map_err(|cause| Error::Unwritable { path, cause })
    }

    /// Adds to the file's end. Others who do so at the same time wait for each other, so that nothing is lost.
    pub fn append(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let unwritable = |cause| Error::Unwritable { path: self.0.join(name), cause };
        // Where the file system locks nothing it is written all the same.
        let _turn = Flock::lock(File::open(&self.0).map_err(unwritable)?, FlockArg::LockExclusive);
        let whole = [self.read(name)?.unwrap_or_default().as_slice(), bytes].concat();
        self.write(name, &whole)
    }

    /// The file's bytes, made by `make` and kept when it was never written.
    pub fn read_or_make(&self, name: &str, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, Error> {
        if let Some(bytes) = self.read(name)? {
            return Ok(bytes);
        }
        let bytes = make();
        self.write(name, &bytes)?;
        Ok(bytes)
    }
}

fn is_private(file: &Metadata) -> bool {
    let (owner, me) = (file.uid(), nix::unistd::geteuid().as_raw());
    const ROOT: u32 = 0;
    file.mode() & 0o077 == 0 && (owner == me || owner == ROOT)
}

/// For the owner of the folder: what root writes here by `sudo callbox …`, the server has to read.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a crash left behind may have another mode: `mode` only counts for a file that is made now.
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    if let (true, Some(folder)) = (nix::unistd::geteuid().is_root(), path.parent()) {
        let owner = fs::metadata(folder)?;
        std::os::unix::fs::fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_was_made_once_is_found_again_and_is_private() {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::open(parent.path().join("a/b")).unwrap();
        assert_eq!(fs::metadata(dir.path()).unwrap().mode() & 0o777, 0o700);
        assert_eq!(dir.read_or_make("key", || b"first".to_vec()).unwrap(), b"first");
        assert_eq!(dir.read_or_make("key", || b"second".to_vec()).unwrap(), b"first");
        assert_eq!(fs::metadata(dir.path().join("key")).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_command_that_mends_it() {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::open(parent.path()).unwrap();
        dir.write("key", b"x").unwrap();
        chmod(&parent.path().join("key"), 0o644);
        assert!(dir.read("key").unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_folder_that_all_may_write_to_is_refused_unless_it_is_sticky() {
        let parent = tempfile::tempdir().unwrap();
        chmod(parent.path(), 0o777);
        assert!(DataDir::open(parent.path()).unwrap_err().to_string().contains("chmod o-w"));
        chmod(parent.path(), 0o1777);
        assert!(DataDir::open(parent.path()).is_ok());
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(DataDir::open(file.path()), Err(Error::NotADirectory(_))));
    }

    #[test]
    fn one_server_at_a_time_writes_there() {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::open(parent.path()).unwrap();
        let lock = dir.lock().unwrap();
        assert!(matches!(DataDir::open(parent.path()).unwrap().lock(), Err(Error::InUse(_))));
        drop(lock);
        assert!(dir.lock().is_ok());
    }

    #[test]
    fn what_several_add_at_once_is_all_there() {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::open(parent.path()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..10).for_each(|_| dir.append("list", b"x").unwrap()));
            }
        });
        assert_eq!(dir.read("list").unwrap().unwrap().len(), 80);
    }

    #[test]
    fn half_a_file_left_by_a_crash_is_no_hindrance() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join(".key.new"), b"ha").unwrap();
        let dir = DataDir::open(parent.path()).unwrap();
        dir.write("key", b"whole").unwrap();
        assert_eq!(dir.read("key").unwrap().unwrap(), b"whole");
    }
}
