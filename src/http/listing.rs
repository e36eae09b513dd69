//! A directory index: one small page of our own, without scripts, whose only style is named by its hash.

use std::fmt::Write;
use std::sync::LazyLock;
use std::time::SystemTime;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{self, HeaderValue};
use percent_encoding::percent_decode_str;

use super::answer::{Answer, typed};

/// One line.
pub(super) struct Entry {
    pub(super) name: String,
    /// The name as an address has it.
    pub(super) link: String,
    pub(super) is_folder: bool,
    /// In bytes.
    pub(super) size: u64,
    pub(super) modified: SystemTime,
}

/// The index of the folder at `path` below `/files/`.
pub(super) fn answer(path: &str, entries: &[Entry]) -> Answer {
    let title = escaped(&percent_decode_str(&format!("/files/{path}")).decode_utf8_lossy());
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1><table>\n\
         <tr><th>Name<th>Size<th>Changed (UTC)\n"
    );
    if !path.is_empty() {
        html.push_str("<tr><td><a href=\"../\">..</a><td><td>\n");
    }
    for entry in entries {
        html.push_str(&line(entry));
    }
    html.push_str("</table>\n");
    let mut answer = typed(StatusCode::OK, "text/html; charset=utf-8", html);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    answer
}

const STYLE: &str = ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;\
    padding:0 1rem}h1{font-size:1.25rem;overflow-wrap:anywhere}table{width:100%;border-collapse:collapse}\
    th,td{text-align:start;padding:.25rem .5rem;overflow-wrap:anywhere}td:nth-child(n+2){white-space:nowrap;\
    font-variant-numeric:tabular-nums;opacity:.75}";

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    HeaderValue::try_from(policy).expect("base64 is header text")
});

fn line(entry: &Entry) -> String {
    let (slash, size) = if entry.is_folder { ("/", String::new()) } else { ("", readable(entry.size)) };
    let (link, name) = (&entry.link, escaped(&entry.name));
    let date = humantime::format_rfc3339_seconds(entry.modified).to_string();
    let date = date.get(..16).unwrap_or(&date).replace('T', " ");
    // The address is `./name`, so that a colon in a name does not make it another scheme.
    format!("<tr><td><a href=\"./{link}{slash}\">{name}{slash}</a><td>{size}<td>{date}\n")
}

/// With three figures at most, in the units people know.
fn readable(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut size = bytes as f64;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = UNITS[0];
    for next in UNITS {
        unit = next;
        size /= 1024.0;
        if size < 999.5 {
            break;
        }
    }
    if size < 9.95 { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}

/// A name is text, never markup.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' | '<' | '>' | '"' | '\'' => {
                let _ = write!(escaped, "&#{};", c as u32);
            }
            c => escaped.push(c),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_and_never_markup() {
        assert_eq!(escaped("<b>&\"'"), "&#60;b&#62;&#38;&#34;&#39;");
    }

    #[test]
    fn sizes_are_readable() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (20_480, "20 KiB"),
            (1_048_000, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
        ] {
            assert_eq!(readable(bytes), text);
        }
    }
}
