//! What every answer says to the browser about trust: only our own scripts, nobody frames us, nothing foreign.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Adds the headers that every answer carries. A policy that is already there stays: files and listings have stricter
/// ones of their own.
pub(super) fn harden(headers: &mut HeaderMap) {
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(PAGE_POLICY));
    for (name, value) in EVERYWHERE {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The page's policy. `'self'` in `connect-src` covers the page's own `wss:` (CSP 3, in every browser we support), so
/// no foreign host is ever named; `blob:` is for received pictures and sound.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
    require-trusted-types-for 'script'; trusted-types callbox-worker callbox-service";

const EVERYWHERE: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // A room's name is in the address: nobody else learns it.
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self), fullscreen=(self), \
         picture-in-picture=(self), autoplay=(self), speaker-selection=(self), clipboard-write=(self), \
         geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), hid=(), midi=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
