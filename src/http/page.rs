//! The call page, embedded in the binary by `build.rs`: every file with its encodings, each with its own entity tag.

use std::collections::HashMap;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::answer::{Answer, not_found, set, versioned};
use super::body::Body;
use super::conditional::{Coding, Version, coding};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/www"]
struct Embedded;

/// All files of the page, ready to be answered with.
#[derive(Debug)]
pub(super) struct Page {
    assets: HashMap<String, Asset>,
}

/// One file and its encodings, the preferred one first.
#[derive(Debug)]
struct Asset {
    media_type: HeaderValue,
    encodings: Vec<Encoding>,
}

#[derive(Debug)]
struct Encoding {
    coding: Coding,
    bytes: Bytes,
    version: Version,
}

impl Page {
    /// Looks at what is embedded; copies nothing.
    pub(super) fn embedded() -> Page {
        let names = Embedded::iter().filter(|name| !name.ends_with(".br") && !name.ends_with(".gz"));
        Page { assets: names.map(|name| (name.to_string(), Asset::embedded(&name))).collect() }
    }

    /// The page itself: always asked for anew, so that a new version of the server is a new page at once.
    pub(super) fn index(&self, request: &HeaderMap) -> Answer {
        self.answer("index.html", "no-cache", request)
    }

    /// The page of the test, which is small and stands alone.
    pub(super) fn test(&self, request: &HeaderMap) -> Answer {
        self.answer("test.html", "no-cache", request)
    }

    /// The service worker: its address never changes, so that browsers find the newer one.
    pub(super) fn worker(&self, request: &HeaderMap) -> Answer {
        self.answer("sw.js", "no-cache", request)
    }

    /// The file at `HASH/name`. A hash that is not this binary's belongs to a page from before an update, or from a
    /// neighbour during one: it gets what we have, but must not keep it under that name.
    pub(super) fn asset(&self, path: &str, request: &HeaderMap) -> Answer {
        match path.split_once('/') {
            Some((HASH, name)) => self.answer(name, "public, max-age=31536000, immutable", request),
            Some((_, name)) => self.answer(name, "no-cache", request),
            None => not_found(),
        }
    }

    fn answer(&self, name: &str, caching: &'static str, request: &HeaderMap) -> Answer {
        let Some(asset) = self.assets.get(name) else { return not_found() };
        let Some(encoding) = asset.best_for(request) else { return not_found() };
        let mut answer = encoding.answer(request);
        answer.headers_mut().insert(header::CONTENT_TYPE, asset.media_type.clone());
        set(&mut answer, header::CACHE_CONTROL, caching);
        set(&mut answer, header::VARY, "accept-encoding");
        answer
    }
}

/// Changes with every change of the page; set by `build.rs`.
const HASH: &str = env!("PAGE_HASH");

impl Asset {
    fn embedded(name: &str) -> Asset {
        let offered = [(Coding::Brotli, ".br"), (Coding::Gzip, ".gz"), (Coding::Identity, "")];
        let encodings = offered.into_iter().filter_map(|(coding, suffix)| {
            Embedded::get(&format!("{name}{suffix}")).map(|file| Encoding::new(coding, file))
        });
        Asset { media_type: media_type(name), encodings: encodings.collect() }
    }

    fn best_for(&self, request: &HeaderMap) -> Option<&Encoding> {
        let offered: Vec<_> = self.encodings.iter().map(|encoding| encoding.coding).collect();
        let best = coding(request, &offered);
        self.encodings.iter().find(|encoding| encoding.coding == best)
    }
}

impl Encoding {
    fn new(coding: Coding, file: EmbeddedFile) -> Encoding {
        let tag: String = file.metadata.sha256_hash()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::try_from(format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        let bytes = match file.data {
            std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Encoding { coding, bytes, version: Version { etag, modified: None } }
    }

    fn answer(&self, request: &HeaderMap) -> Answer {
        let (length, plain) = (self.bytes.len() as u64, self.coding == Coding::Identity);
        let mut answer = versioned(request, &self.version, length, plain, |range| {
            Body::Bytes(self.bytes.slice(range.start as usize..range.end as usize))
        });
        match self.coding {
            Coding::Brotli => set(&mut answer, header::CONTENT_ENCODING, "br"),
            Coding::Gzip => set(&mut answer, header::CONTENT_ENCODING, "gzip"),
            Coding::Identity => {}
        }
        answer
    }
}

/// By the name's end; text is UTF-8, as everything of ours.
pub(super) fn media_type(name: &str) -> HeaderValue {
    let guess = mime_guess::from_path(name).first_or_octet_stream();
    let is_text = guess.type_() == "text" || guess.subtype() == "json" || guess.subtype() == "javascript";
    let value = if is_text { format!("{}; charset=utf-8", guess.essence_str()) } else { guess.to_string() };
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}
