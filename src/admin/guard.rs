//! Who may ask. Loopback is no protection against web pages: a page of anybody's can send requests to 127.0.0.1, and by a
//! name that changes its address (DNS rebinding) even read the answers. So the name in `Host` has to be one of ours, a
//! page of another origin changes nothing, and where there is a token it is asked for, on loopback as well. Pure.

use std::net::IpAddr;

use aws_lc_rs::{constant_time, digest};
use http::header::{self, HeaderMap};
use http::uri::Authority;
use http::{Request, StatusCode, Uri};
use tracing::warn;

use super::answer::Problem;
use super::routes::Access;
use crate::pass::Secret;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Guard {
    token: Option<Secret>,
    names: Vec<String>,
}

/// What somebody who asks may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Everything.
    Operator,
    /// Whether the server is well, and no more.
    Stranger,
}

impl Guard {
    pub(super) fn new(token: Option<Secret>, names: Vec<String>) -> Guard {
        Guard { token, names }
    }

    /// Whether this request may have what `access` guards.
    pub(super) fn check<B>(&self, request: &Request<B>, access: Access) -> Result<Standing, Problem> {
        let proven = self.token.as_ref().is_some_and(|token| shows(request.headers(), token));
        if !proven && self.token.is_some() && request.headers().contains_key(header::AUTHORIZATION) {
            // Somebody guesses, or a monitoring was forgotten when the token changed.
            warn!("a request to the admin listener showed a wrong token");
        }
        // No foreign page knows the token, whatever name it came by.
        if !proven && !self.is_ours(request) {
            return Err(Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "this name is not known here: use an IP address, localhost, or a name from `names` in callbox.toml",
            ));
        }
        if !request.method().is_safe() && is_foreign_page(request) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "a page of another origin may not change anything here"));
        }
        match (&self.token, proven, access) {
            (None, _, _) | (Some(_), true, _) => Ok(Standing::Operator),
            (Some(_), false, Access::Everybody) => Ok(Standing::Stranger),
            (Some(_), false, Access::Operators) => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "send the token of `admin.token` as `Authorization: Bearer TOKEN`",
            )),
        }
    }

    fn is_ours<B>(&self, request: &Request<B>) -> bool {
        let Some(authority) = authority(request) else { return false };
        let host = authority.host().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        // RFC 6761, 6.3: names within .localhost mean this machine.
        let is_loopback = host == "localhost" || host.ends_with(".localhost");
        is_loopback || host.parse::<IpAddr>().is_ok() || self.names.contains(&host)
    }
}

/// Whether the request carries `token` (RFC 6750, 2.1). Both are hashed first, so that neither the time it takes nor its
/// length tells anything.
fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let hash = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, given)) = given else { return false };
    constant_time::verify_slices_are_equal(hash(given.trim()).as_ref(), hash(token.expose()).as_ref()).is_ok()
}

/// Whether a browser sends this for a page that is not ours. It says so in `Sec-Fetch-Site`, or names the page in `Origin`
/// (Fetch, 3.2: with every method that is neither GET nor HEAD).
fn is_foreign_page<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let site = headers.get("sec-fetch-site").map(|site| site == "same-origin" || site == "none");
    let origin = headers.get(header::ORIGIN).map(|origin| {
        let origin: Option<Uri> = origin.to_str().ok().and_then(|origin| origin.parse().ok());
        let page = origin.as_ref().and_then(Uri::authority);
        page.is_some() && page == authority(request).as_ref()
    });
    site == Some(false) || origin == Some(false)
}

fn authority<B>(request: &Request<B>) -> Option<Authority> {
    let named = request.uri().authority().cloned();
    named.or_else(|| request.headers().get(header::HOST)?.to_str().ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a-token-of-enough-letters";

    fn ask(guard: &Guard, method: &str, headers: &[(&str, &str)]) -> Result<Standing, u16> {
        let request = Request::builder().method(method).uri("/metrics");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        guard.check(&request.body(()).unwrap(), Access::Operators).map_err(|problem| problem.status.as_u16())
    }

    fn open() -> Guard {
        Guard::new(None, vec!["call.example.org".to_owned()])
    }

    fn guarded() -> Guard {
        Guard::new(Some(Secret::new(TOKEN)), Vec::new())
    }

    #[test]
    fn a_name_that_changed_its_address_to_ours_is_not_answered() {
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "a b"] {
            assert_eq!(ask(&open(), "GET", &[("host", host)]), Err(421), "{host}");
        }
        assert_eq!(ask(&open(), "GET", &[]), Err(421));
        for host in ["localhost:9443", "127.0.0.1:9443", "[::1]:9443", "192.0.2.7", "Call.Example.org", "x.localhost."]
        {
            assert_eq!(ask(&open(), "GET", &[("host", host)]), Ok(Standing::Operator), "{host}");
        }
    }

    #[test]
    fn only_the_whole_token_opens_and_it_is_asked_for_on_loopback_as_well() {
        let bearer = |token: &str| ask(&guarded(), "GET", &[("host", "127.0.0.1"), ("authorization", token)]);
        assert_eq!(bearer(&format!("Bearer {TOKEN}")), Ok(Standing::Operator));
        assert_eq!(bearer(&format!("bearer {TOKEN}")), Ok(Standing::Operator));
        for wrong in ["Bearer", "Bearer ", "Bearer a-token-of-enough-letter", TOKEN, &format!("Basic {TOKEN}")] {
            assert_eq!(bearer(wrong), Err(401), "{wrong}");
        }
        assert_eq!(ask(&guarded(), "GET", &[("host", "127.0.0.1")]), Err(401));
    }

    #[test]
    fn whoever_shows_the_token_may_use_any_name() {
        let authorization = format!("Bearer {TOKEN}");
        let headers = [("host", "callbox:9443"), ("authorization", &authorization)];
        assert_eq!(ask(&guarded(), "GET", &headers), Ok(Standing::Operator));
    }

    #[test]
    fn a_page_of_another_origin_changes_nothing() {
        let host = ("host", "127.0.0.1:9443");
        let foreign = [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:8080"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ];
        for line in foreign {
            assert_eq!(ask(&open(), "POST", &[host, line]), Err(403), "{line:?}");
            assert_eq!(ask(&open(), "DELETE", &[host, line]), Err(403), "{line:?}");
        }
        let own = [host, ("origin", "http://127.0.0.1:9443"), ("sec-fetch-site", "same-origin")];
        assert_eq!(ask(&open(), "POST", &own), Ok(Standing::Operator));
        assert_eq!(ask(&open(), "POST", &[host]), Ok(Standing::Operator), "no browser");
    }

    #[test]
    fn strangers_hear_only_whether_all_is_well() {
        let request = Request::get("/healthz").header("host", "127.0.0.1").body(()).unwrap();
        assert_eq!(guarded().check(&request, Access::Everybody), Ok(Standing::Stranger));
        assert_eq!(open().check(&request, Access::Everybody), Ok(Standing::Operator));
    }
}
