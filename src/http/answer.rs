//! Small answers that several routes give, and the one rule about HEAD.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode, Uri};

use super::body::Body;
use super::conditional::{Part, Version, part};

pub(super) type Answer = Response<Body>;

/// A short text, never stored.
pub(super) fn text(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    typed(status, "text/plain; charset=utf-8", text)
}

/// A short document of the given media type, never stored.
pub(super) fn typed(status: StatusCode, media_type: &'static str, content: impl Into<Bytes>) -> Answer {
    let mut answer = Answer::new(Body::Bytes(content.into()));
    *answer.status_mut() = status;
    set(&mut answer, header::CONTENT_TYPE, media_type);
    set(&mut answer, header::CACHE_CONTROL, "no-store");
    answer
}

pub(super) fn not_found() -> Answer {
    text(StatusCode::NOT_FOUND, "404: there is nothing here\n")
}

pub(super) fn wrong_method(allowed: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, format!("405: answered here: {allowed}\n"));
    set(&mut answer, header::ALLOW, allowed);
    answer
}

/// The same address for good, with a slash.
pub(super) fn moved(uri: &Uri) -> Answer {
    let target = format!("{}/", uri.path());
    let mut answer = text(StatusCode::PERMANENT_REDIRECT, "308: with a slash at the end\n");
    if let Ok(target) = HeaderValue::try_from(target) {
        answer.headers_mut().insert(header::LOCATION, target);
    }
    answer
}

pub(super) fn set(answer: &mut Answer, name: header::HeaderName, value: &'static str) {
    answer.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// The content of one version, or what the browser lacks of it: 200, 206, 304 or 416. `content` is asked only for what is
/// sent. Ranges only where the content is not encoded: a part of a compressed stream is of no use to a player.
pub(super) fn versioned(
    request: &HeaderMap,
    version: &Version,
    length: u64,
    ranges: bool,
    content: impl FnOnce(std::ops::Range<u64>) -> Body,
) -> Answer {
    let mut answer = Answer::new(Body::Empty);
    let headers = answer.headers_mut();
    headers.insert(header::ETAG, version.etag.clone());
    if let Some(date) = version.modified.and_then(|time| HeaderValue::try_from(httpdate::fmt_http_date(time)).ok()) {
        headers.insert(header::LAST_MODIFIED, date);
    }
    if ranges {
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    if version.is_held(request) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return answer;
    }
    let (status, range, described) = match if ranges { part(request, length, version) } else { Part::Whole } {
        Part::Whole => (StatusCode::OK, 0..length, None),
        Part::Some(range) => {
            let described = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            (StatusCode::PARTIAL_CONTENT, range, Some(described))
        }
        Part::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0, Some(format!("bytes */{length}"))),
    };
    *answer.status_mut() = status;
    if let Some(value) = described.and_then(|text| HeaderValue::try_from(text).ok()) {
        answer.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    *answer.body_mut() = content(range);
    answer
}

/// An answer to HEAD has the headers of GET, its length included, and no body: HTTP/2 would break the stream, HTTP/1.1
/// the connection.
pub(super) fn without_body_for_head(method: &Method, answer: Answer) -> Answer {
    if method != Method::HEAD {
        return answer;
    }
    let length = hyper::body::Body::size_hint(answer.body()).exact();
    let has_length = answer.status() != StatusCode::NOT_MODIFIED;
    let mut answer = answer.map(|_| Body::Empty);
    if let Some(length) = length.filter(|_| has_length) {
        answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    answer
}
