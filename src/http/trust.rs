//! `/trust`: how a device comes to trust the local authority, with the authority to take along. Works without scripts and, as
//! nobody trusts the server yet who needs it, over plain HTTP: what must not be believed unseen is the fingerprint, which
//! the terminal shows too.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

use crate::tls::Authority;

/// What stands at `path`; `None` where nothing does.
pub(super) fn answer(authority: &Authority, path: &str, request: &HeaderMap) -> Option<Response<Bytes>> {
    let (media_type, content) = match path {
        "/trust" => ("text/html; charset=utf-8", page(authority, request).into()),
        // What Android, Windows, macOS and Linux read.
        "/trust/callbox.crt" => ("application/x-x509-ca-cert", authority.certificate.to_vec().into()),
        // What iOS and iPadOS read.
        "/trust/callbox.mobileconfig" => ("application/x-apple-aspen-config", profile(authority).into()),
        _ => return None,
    };
    let mut answer = Response::new(content);
    *answer.status_mut() = StatusCode::OK;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    Some(answer)
}

const STYLE: &str = include_str!("trust/style.css");

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    HeaderValue::try_from(policy).expect("base64 is header text")
});

fn page(authority: &Authority, request: &HeaderMap) -> String {
    let template =
        if prefers_chinese(request) { include_str!("trust/zh-CN.html") } else { include_str!("trust/en.html") };
    // In groups of eight bytes, so that eyes find their place again.
    let fingerprint = authority.fingerprint();
    let groups: Vec<String> =
        fingerprint.split(':').collect::<Vec<_>>().chunks(8).map(|group| group.join(":")).collect();
    template
        .replace("@STYLE@", STYLE)
        .replace("@NAME@", &escaped(&authority.name))
        .replace("@FINGERPRINT@", &groups.join(":<wbr>"))
}

/// Which of the two languages stands first in `Accept-Language`; browsers write them in order.
fn prefers_chinese(request: &HeaderMap) -> bool {
    let accepted = request.get(header::ACCEPT_LANGUAGE).and_then(|line| line.to_str().ok()).unwrap_or_default();
    let wanted = accepted.split(',').map(|item| item.trim().to_ascii_lowercase());
    wanted
        .filter_map(|item| if item.starts_with("zh") { Some(true) } else { item.starts_with("en").then_some(false) })
        .next()
        .unwrap_or(false)
}

/// Apple's configuration profile (Configuration Profile Reference, "Certificate Payload"). The same authority has the same
/// identifiers, so that a second installation replaces the first.
fn profile(authority: &Authority) -> String {
    let hash = authority.fingerprint().replace(':', "");
    let id = |from: usize| {
        let part = |start: usize, end: usize| &hash[from + start..from + end];
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    };
    include_str!("trust/callbox.mobileconfig")
        .replace("@NAME@", &escaped(&authority.name))
        .replace("@PROFILE@", &id(0))
        .replace("@PAYLOAD@", &id(32))
        .replace("@CERTIFICATE@", &STANDARD.encode(&authority.certificate))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority() -> Authority {
        Authority { name: "callbox on <tea>".to_owned(), certificate: vec![1, 2, 3].into() }
    }

    fn text(path: &str, language: &'static str) -> String {
        let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(language))]);
        let answer = answer(&authority(), path, &headers).unwrap();
        String::from_utf8(answer.into_body().into()).unwrap()
    }

    #[test]
    fn the_page_speaks_the_readers_language_and_runs_nothing() {
        for (language, words) in
            [("de, en;q=0.5", "fingerprint"), ("zh-TW,zh;q=0.9,en;q=0.8", "指纹"), ("", "fingerprint")]
        {
            let page = text("/trust", language);
            assert!(page.contains(words) && page.contains("callbox on &lt;tea&gt;"), "{page}");
            assert!(!page.contains("<script") && !page.replace("@media", "").contains('@'), "{page}");
            assert!(page.replace("<wbr>", "").contains(&authority().fingerprint()));
        }
    }

    #[test]
    fn each_device_gets_the_authority_in_a_form_it_reads() {
        let crt = answer(&authority(), "/trust/callbox.crt", &HeaderMap::new()).unwrap();
        assert_eq!(&crt.body()[..], [1, 2, 3]);
        assert_eq!(crt.headers()["content-type"], "application/x-x509-ca-cert");
        let profile = text("/trust/callbox.mobileconfig", "en");
        assert!(profile.contains("com.apple.security.root") && profile.contains("AQID") && !profile.contains('@'));
        assert!(answer(&authority(), "/trust/other", &HeaderMap::new()).is_none());
    }
}
