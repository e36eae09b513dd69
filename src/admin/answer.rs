//! The shapes that answers come in: JSON, what went wrong as a problem (RFC 9457), and the headers that all of them carry.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde_json::json;

pub(super) type Answer = Response<Full<Bytes>>;

/// What a request could not be done for, in words for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem { status, detail: detail.into() }
    }

    /// What was asked about is not there.
    pub(super) fn missing(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    /// The request says something that cannot be.
    pub(super) fn unreadable(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl From<Problem> for Answer {
    fn from(Problem { status, detail }: Problem) -> Answer {
        let body = json!({ "status": status.as_u16(), "title": status.canonical_reason(), "detail": detail });
        typed(status, "application/problem+json", body.to_string())
    }
}

/// 200 with `value`.
pub(super) fn json(value: &impl Serialize) -> Answer {
    json_as(StatusCode::OK, value)
}

/// The same with another status.
pub(super) fn json_as(status: StatusCode, value: &impl Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(text) => typed(status, "application/json", text),
        Err(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written").into(),
    }
}

/// Done, and nothing to say about it.
pub(super) fn done() -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// Any text.
pub(super) fn typed(status: StatusCode, media_type: &'static str, content: impl Into<Bytes>) -> Answer {
    let mut answer = Answer::new(Full::new(content.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

/// Adds what every answer carries: nothing is kept, nothing foreign is loaded, nobody frames it.
pub(super) fn harden(headers: &mut HeaderMap) {
    for (name, value) in EVERYWHERE {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

const EVERYWHERE: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
