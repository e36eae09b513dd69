//! The public folder: what is in it and nothing else. A path is resolved in full before anything is opened, so neither
//! `..` in any spelling nor a symbolic link leads out; names that begin with a dot do not exist.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use http::header::{self, HeaderMap, HeaderValue};
use http::{StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::task::spawn_blocking;

use super::answer::{Answer, moved, not_found, set, text, versioned};
use super::body::Body;
use super::conditional::Version;
use super::listing::{self, Entry};
use super::page::media_type;

/// What a path leads to.
enum Found {
    File { file: fs::File, metadata: Metadata, name: String },
    Folder(Vec<Entry>),
}

/// Answers for `path`, the part of the address after `/files/`.
pub(super) async fn answer(root: &Path, path: &str, uri: &Uri, headers: &HeaderMap) -> Answer {
    let Some(segments) = segments(path) else { return not_found() };
    let root = root.to_owned();
    let found = spawn_blocking(move || find(&root, &segments)).await.unwrap_or_else(|lost| Err(io::Error::other(lost)));
    match found {
        Ok(Found::File { .. }) if path.ends_with('/') => not_found(),
        Ok(Found::File { file, metadata, name }) => file_answer(file, &metadata, &name, headers),
        Ok(Found::Folder(_)) if !path.is_empty() && !path.ends_with('/') => moved(uri),
        Ok(Found::Folder(entries)) => listing::answer(path, &entries),
        Err(error) if error.kind() == io::ErrorKind::NotFound => not_found(),
        Err(error) => {
            tracing::warn!(%error, "a public file cannot be read");
            text(StatusCode::INTERNAL_SERVER_ERROR, "500: this file cannot be read\n")
        }
    }
}

/// A single file from outside the folder: the logo.
pub(super) async fn single(path: &Path, headers: &HeaderMap) -> Answer {
    let path = path.to_owned();
    let opened = spawn_blocking(move || open(&path)).await;
    match opened {
        Ok(Ok(Found::File { file, metadata, name })) => file_answer(file, &metadata, &name, headers),
        _ => not_found(),
    }
}

/// The decoded names on the way. `None` when one of them cannot be a visible name.
fn segments(path: &str) -> Option<Vec<Vec<u8>>> {
    let names = path.strip_suffix('/').unwrap_or(path);
    if names.is_empty() {
        return (path.len() <= 1 && path != "/").then(Vec::new);
    }
    names
        .split('/')
        .map(|name| Some(percent_decode_str(name).collect::<Vec<u8>>()).filter(|name| is_visible(name)))
        .collect()
}

/// A name that begins with a dot is hidden, `.` and `..` among them; a slash or a NUL is no part of a name.
fn is_visible(name: &[u8]) -> bool {
    !name.is_empty() && name[0] != b'.' && !name.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0))
}

/// Looks up what the names lead to. Blocks on the disk.
fn find(root: &Path, segments: &[Vec<u8>]) -> io::Result<Found> {
    let root = root.canonicalize()?;
    let asked = segments.iter().fold(root.clone(), |path, name| path.join(OsStr::from_bytes(name)));
    let path = inside(&root, &asked)?;
    if fs::metadata(&path)?.is_dir() { list(&root, &path).map(Found::Folder) } else { open(&path) }
}

/// Where `path` really is, when that is in `root` and not hidden there.
fn inside(root: &Path, path: &Path) -> io::Result<PathBuf> {
    let real = path.canonicalize().map_err(|_| io::ErrorKind::NotFound)?;
    let shown = real.strip_prefix(root).is_ok_and(|rest| rest.iter().all(|name| is_visible(name.as_bytes())));
    if shown { Ok(real) } else { Err(io::ErrorKind::NotFound.into()) }
}

fn open(path: &Path) -> io::Result<Found> {
    // Asked before opening: a pipe would keep us waiting for its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Found::File { file, metadata, name })
}

fn list(root: &Path, folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries: Vec<_> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter(|entry| is_visible(entry.file_name().as_bytes()))
        .filter_map(|entry| listed(root, &entry.path()))
        .take(MOST_ENTRIES)
        .collect();
    entries.sort_by(|a, b| b.is_folder.cmp(&a.is_folder).then_with(|| a.name.cmp(&b.name)));
    Ok(entries)
}

/// A folder with more files than that is not for reading.
const MOST_ENTRIES: usize = 10_000;

/// One line of a listing, if the entry may be fetched.
fn listed(root: &Path, path: &Path) -> Option<Entry> {
    let real = inside(root, path).ok()?;
    let metadata = fs::metadata(real).ok()?;
    let name = path.file_name()?;
    (metadata.is_dir() || metadata.is_file()).then(|| Entry {
        name: name.to_string_lossy().into_owned(),
        link: percent_encoding::percent_encode(name.as_bytes(), IN_A_PATH).to_string(),
        is_folder: metadata.is_dir(),
        size: metadata.len(),
        modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
    })
}

/// All but the unreserved characters (RFC 3986, 2.3).
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn file_answer(file: fs::File, metadata: &Metadata, name: &str, headers: &HeaderMap) -> Answer {
    let length = metadata.len();
    let mut answer = versioned(headers, &version(metadata), length, true, |range| part(file, range));
    let media_type = media_type(name);
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, disposition(name, &media_type));
    answer.headers_mut().insert(header::CONTENT_TYPE, media_type);
    set(&mut answer, header::CACHE_CONTROL, "no-cache");
    // Whatever the file is, it is never a page of this site: no script runs, nothing is fetched in our name.
    set(&mut answer, header::CONTENT_SECURITY_POLICY, "default-src 'none'; media-src 'self'; img-src 'self'; sandbox");
    answer
}

/// A file that changes within a second keeps its date but not its tag.
fn version(metadata: &Metadata) -> Version {
    let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
    let tag = format!("\"{:x}-{:x}-{seconds:x}.{nanoseconds:x}\"", metadata.ino(), metadata.len());
    Version {
        etag: HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\"")),
        modified: metadata.modified().ok(),
    }
}

fn part(mut file: fs::File, range: std::ops::Range<u64>) -> Body {
    // Moving in a file touches no disk. Where it is refused, the length will not fit and the transfer breaks off.
    if range.start > 0 && io::Seek::seek(&mut file, io::SeekFrom::Start(range.start)).is_err() {
        return Body::Empty;
    }
    Body::file(tokio::fs::File::from_std(file), range.end - range.start)
}

/// Pictures, sound, moving pictures and plain text are shown; everything else is saved.
fn disposition(name: &str, media_type: &HeaderValue) -> HeaderValue {
    let media_type = media_type.to_str().unwrap_or_default();
    let shown = ["image/", "audio/", "video/", "text/plain"].iter().any(|kind| media_type.starts_with(kind));
    let kind = if shown { "inline" } else { "attachment" };
    // RFC 8187: any name, in UTF-8.
    let value = format!("{kind}; filename*=UTF-8''{}", utf8_percent_encode(name, IN_A_PATH));
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_dots_leads_out_of_the_folder() {
        for path in [
            "..",
            "../etc",
            "a/../b",
            "%2e%2e/etc",
            "%2E./x",
            "a%2fb",
            "..%2f",
            "a//b",
            "/",
            ".git",
            "a/.env",
            "a%00",
            "..%5c",
        ] {
            assert_eq!(segments(path), None, "{path}");
        }
        assert_eq!(segments(""), Some(vec![]));
        assert_eq!(segments("a/%E4%BC%9A.txt"), Some(vec![b"a".to_vec(), "会.txt".into()]));
        assert_eq!(segments("folder/"), Some(vec![b"folder".to_vec()]));
    }
}
