//! Something is wrong with the authority or with us: it is told in words, tried again, and harms nothing that works.

use std::time::Duration;

use crate::authority::{Authority, Settings, missing};
use crate::server::free_ports;
use crate::shim::{Script, Shim, Trouble};
use crate::site::{ISSUED, Site};

/// A line of the log that says that none came.
const FAILED: &str = "no new certificate";

#[test]
fn every_refusal_is_told_in_words_and_a_hangup_tries_again_at_once() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let troubles = [
        ("/dir", Trouble::Page(503), "has a fault (\"HTTP status 503"),
        ("/dir", Trouble::Rubbish, "check that tls.acme.directory is the address of an ACME directory"),
        ("/order-plz", Trouble::Problem(403, "rejectedIdentifier", None), "choose another name"),
        ("/order-plz", Trouble::Problem(403, "caa", None), "a CAA record of call.callbox.dev forbids"),
        ("/authZ/", Trouble::Problem(500, "serverInternal", None), "has a fault (\"as the test wants it\")"),
        ("/finalize-order/", Trouble::Problem(403, "unauthorized", None), "answered by somebody else"),
        ("/certZ/", Trouble::Rubbish, "does not belong to our key"),
    ];
    let site = Site::new();
    let authority = site.authority();
    let shim = Shim::start(&authority, Script::default());
    let next = |at: usize| shim.script(|script| script.troubles.extend(troubles.get(at).map(|t| (t.0, t.1.clone()))));
    next(0);
    let mut server = site.start(&authority, &shim.directory(), "call.callbox.dev", tempfile::tempdir().unwrap());
    for (at, (path, trouble, words)) in troubles.iter().enumerate() {
        let told = server.next_line_with(FAILED);
        assert!(told.contains(words), "{path} {trouble:?}: {told}");
        assert!(told.contains("next attempt in "), "{told}");
        assert!(server.get("/healthz").starts_with("HTTP/1.1 200 "), "the page is there all the same");
        next(at + 1);
        server.signal("HUP");
    }
    server.next_line_with(ISSUED);
}

#[test]
fn a_closed_port_is_named() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let site = Site::new().with_challenge("http-01");
    let [closed, nobody] = free_ports();
    let authority = Authority::start(Settings { tls_port: nobody, http_port: closed, external_account: false });
    let mut server = site.start(&authority, &authority.directory(), "call.callbox.dev", tempfile::tempdir().unwrap());
    let told = server.next_line_with(FAILED);
    assert!(told.contains("could not connect to call.callbox.dev, port 80"), "{told}");
    assert!(told.contains("open TCP 80") && told.contains("next attempt in "), "{told}");
}

#[test]
fn a_limit_is_respected_also_after_a_restart() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let site = Site::new();
    let authority = site.authority();
    let mut script = Script::default();
    script.troubles.push_back(("/order-plz", Trouble::Problem(429, "rateLimited", Some("86400"))));
    let shim = Shim::start(&authority, script);
    let mut server = site.start(&authority, &shim.directory(), "call.callbox.dev", tempfile::tempdir().unwrap());
    let told = server.next_line_with(FAILED);
    // The authority's day, and up to a quarter more.
    let waits = (24..=30).any(|hours| told.contains(&format!("next attempt in {hours} hours")));
    assert!(waits && told.contains("has a limit"), "{told}");
    server.signal("TERM");
    let mut server = site.start(&authority, &shim.directory(), "call.callbox.dev", server.end().2);
    let told = server.next_line_with("waits for an earlier failure");
    assert!(told.contains("has a limit"), "{told}");
    assert_eq!(shim.script(|script| script.orders.len()), 0);
}

#[test]
fn an_authority_that_is_gone_does_not_take_the_certificate_in_use_with_it() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let site = Site::new();
    let authority = site.authority();
    let shim = Shim::start(&authority, Script { window: Some((86_400, 172_800)), ..Script::default() });
    let mut server = site.start(&authority, &shim.directory(), "127.0.0.1", tempfile::tempdir().unwrap());
    server.next_line_with(ISSUED);
    server.signal("TERM");
    let (folder, root) = (server.end().2, authority.root());
    shim.script(|script| {
        script.window = Some((-7200, -3600));
        script.troubles.push_back(("/order-plz", Trouble::Page(502)));
    });
    let mut server = site.start(&authority, &shim.directory(), "127.0.0.1", folder);
    let told = server.next_line_with(FAILED);
    assert!(told.contains("the certificate in use stays"), "{told}");
    assert!(site.is_trusted("127.0.0.1", &root));
}

#[test]
fn a_slow_authority_and_one_that_forgot_us_are_no_obstacle() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let site = Site::new();
    let authority = site.authority();
    let mut script = Script::default();
    script.troubles.push_back(("/order-plz", Trouble::Problem(400, "accountDoesNotExist", None)));
    script.troubles.push_back(("/order-plz", Trouble::Late(Duration::from_secs(2))));
    let shim = Shim::start(&authority, script);
    let mut server = site.start(&authority, &shim.directory(), "call.callbox.dev", tempfile::tempdir().unwrap());
    server.next_line_with("a new one is made");
    server.next_line_with(ISSUED);
    assert_eq!(shim.script(|script| script.orders.len()), 1);
}
