//! Whether the server's folder takes what is written there: a full disk shows nowhere else until something is lost.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Instant;

use super::report::{Failure, Outcome, Step, What};

/// No file that the server writes is larger.
const SIZE: usize = 64 << 10;

/// Tries. What else keeps this user from writing there says nothing of the server's.
pub(super) fn look(folder: &Path) -> Step {
    let begun = Instant::now();
    let outcome = match write(folder) {
        Ok(()) => Outcome::Good("there is room".to_owned()),
        Err(cause) if matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            Outcome::Bad(Failure::DiskFull)
        }
        Err(cause) => Outcome::NotTried(format!("cannot write there: {cause}")),
    };
    let on = folder.display().to_string();
    Step { what: What::DataDir, on, address: None, took: begun.elapsed(), outcome }
}

/// Into a file that is gone with its descriptor.
fn write(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!("check-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(path)?;
    file.write_all(&[0; SIZE])?;
    file.sync_all()
}
