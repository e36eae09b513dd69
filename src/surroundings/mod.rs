//! Where this machine stands: in which cloud, in which container. It is read from small files that everybody may read, each
//! to a bound, below a root of the caller's, so that a test can be any machine. What cannot be read is not there.

mod cloud;
mod container;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

pub use cloud::{Cloud, Rules};
pub use container::Container;

/// Configurations and the kernel's own files are much shorter.
const LONGEST: u64 = 256 * 1024;

/// What stands in the file `path` below `root`, at most 256 KiB of it; empty where there is none for us.
pub fn text(root: &Path, path: &str) -> String {
    let path = root.join(path);
    // Opening a pipe would wait for whoever writes into it.
    if !fs::metadata(&path).is_ok_and(|file| file.is_file()) {
        return String::new();
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    read.map(|_| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Whether there is anything at `path` below `root`; a link counts wherever it leads, since in a container, or below another
/// root, links of the host lead nowhere.
pub fn is_there(root: &Path, path: &str) -> bool {
    fs::symlink_metadata(root.join(path)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_to_a_bound_and_what_is_no_file_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("long"), vec![b'a'; 1 << 20]).unwrap();
        assert_eq!(text(root.path(), "long").len() as u64, LONGEST);
        nix::unistd::mkfifo(&root.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(text(root.path(), "pipe"), "", "nobody ever writes into it");
        assert_eq!(text(root.path(), "nothing"), "");
        std::os::unix::fs::symlink("/gone/with/the/host", root.path().join("link")).unwrap();
        assert!(is_there(root.path(), "link") && !is_there(root.path(), "nothing"));
    }
}
