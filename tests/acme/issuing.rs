//! A certificate comes: for names and addresses, by both proofs, and again when it is time.

use std::time::Instant;

use crate::authority::{Authority, EXTERNAL_KEY, Settings, missing};
use crate::server::Server;
use crate::shim::{Script, Shim, Trouble};
use crate::site::{ISSUED, Site};

/// Ends the server as an operator would, and keeps its folder.
fn stopped(server: Server) -> tempfile::TempDir {
    server.signal("TERM");
    server.end().2
}

#[test]
fn a_name_gets_a_trusted_certificate_on_the_one_port() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let site = Site::new();
    let authority = site.authority();
    let start = Instant::now();
    let mut server = site.start(&authority, &authority.directory(), "call.callbox.dev", tempfile::tempdir().unwrap());
    let page = start.elapsed();
    assert!(server.banner.contains("call.callbox.dev comes from 127.0.0.1"), "{}", server.banner);
    server.next_line_with(ISSUED);
    println!("self-signed page after {page:?}, trusted after {:?}", start.elapsed());
    let root = authority.root();
    assert!(site.is_trusted("call.callbox.dev", &root));
    assert!(!site.is_trusted("localhost", &root), "other names get the self-signed one");
    assert!(server.connect_tls_as("localhost", &[]).is_ok());
}

#[test]
fn an_address_gets_one_by_either_proof_and_with_the_short_profile() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    for challenge in ["tls-alpn-01", "http-01"] {
        let site = Site::new().with_challenge(challenge);
        let authority = site.authority();
        let shim = Shim::start(&authority, Script { profiles: vec!["classic", "shortlived"], ..Script::default() });
        let mut server = site.start(&authority, &shim.directory(), "127.0.0.1", tempfile::tempdir().unwrap());
        server.next_line_with(ISSUED);
        assert!(site.is_trusted("127.0.0.1", &authority.root()), "a client without a server name gets it: {challenge}");
        let orders = shim.script(|script| script.orders.clone());
        assert_eq!(orders.len(), 1);
        assert_eq!(orders[0]["profile"], "shortlived");
        assert_eq!(orders[0]["identifiers"][0]["type"], "ip");
    }
}

#[test]
fn an_ipv6_address_gets_one_too() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return println!("skipped: this machine has no IPv6");
    }
    let site = Site::new().on_ipv6();
    let authority = site.authority();
    let mut server = site.start(&authority, &authority.directory(), "::1", tempfile::tempdir().unwrap());
    server.next_line_with(ISSUED);
    assert!(site.is_trusted("::1", &authority.root()));
}

#[test]
fn a_name_is_proved_over_plain_http_where_that_is_asked_for() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let site = Site::new().with_challenge("http-01");
    let authority = site.authority();
    let shim = Shim::start(&authority, Script { profiles: vec!["shortlived"], ..Script::default() });
    let mut server = site.start(&authority, &shim.directory(), "call.callbox.dev", tempfile::tempdir().unwrap());
    server.next_line_with(ISSUED);
    assert!(site.is_trusted("call.callbox.dev", &authority.root()));
    let order = shim.script(|script| script.orders[0].clone());
    assert!(order.get("profile").is_none(), "a name gets the authority's default: {order}");
}

#[test]
fn it_is_renewed_when_the_authority_wants_it_and_the_old_one_is_named() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    for host in ["call.callbox.dev", "127.0.0.1"] {
        let site = Site::new();
        let authority = site.authority();
        let shim = Shim::start(&authority, Script { window: Some((86_400, 172_800)), ..Script::default() });
        let mut server = site.start(&authority, &shim.directory(), host, tempfile::tempdir().unwrap());
        server.next_line_with(ISSUED);
        server.next_line_with("renewal window");
        let (root, folder) = (authority.root(), stopped(server));
        let first = site.certificate_kept(&folder, host);
        // The authority changes its mind: the certificate is to be replaced now.
        shim.script(|script| script.window = Some((-7200, -3600)));
        let mut server = site.start(&authority, &shim.directory(), host, folder);
        server.next_line_with(ISSUED);
        server.next_line_with("renewal window");
        assert_ne!(site.certificate(host, &root), first);
        let orders = shim.script(|script| script.orders.clone());
        assert_eq!(orders.len(), 2);
        assert!(orders[0].get("replaces").is_none() && orders[1]["replaces"].as_str().unwrap().contains('.'));
        assert!(shim.script(|script| script.asked_windows) >= 2);
    }
}

#[test]
fn a_restart_shows_the_certificate_at_once_and_orders_nothing() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let site = Site::new();
    let authority = site.authority();
    let shim = Shim::start(&authority, Script::default());
    let mut server = site.start(&authority, &shim.directory(), "call.callbox.dev", tempfile::tempdir().unwrap());
    server.next_line_with(ISSUED);
    let folder = stopped(server);
    // Whatever the authority does: what is kept is shown.
    authority.signal("STOP");
    let server = site.start(&authority, &shim.directory(), "call.callbox.dev", folder);
    authority.signal("CONT");
    assert!(site.is_trusted("call.callbox.dev", &authority.root()));
    drop(server);
    assert_eq!(shim.script(|script| script.orders.len()), 1);
}

#[test]
fn a_restart_in_the_middle_of_an_order_goes_on_with_it() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    // Not while the authority looks at the proof: that fails with us, and another order is right.
    for interrupted in ["/authZ/", "/my-order/", "/finalize-order/", "/certZ/"] {
        let site = Site::new();
        let authority = site.authority();
        let mut script = Script::default();
        script.troubles.push_back((interrupted, Trouble::Lost));
        let shim = Shim::start(&authority, script);
        let server = site.start(&authority, &shim.directory(), "call.callbox.dev", tempfile::tempdir().unwrap());
        shim.wait_for_trouble();
        server.signal("KILL");
        let mut server = site.start(&authority, &shim.directory(), "call.callbox.dev", server.end().2);
        server.next_line_with(ISSUED);
        assert!(site.is_trusted("call.callbox.dev", &authority.root()));
        assert_eq!(shim.script(|script| script.orders.len()), 1, "interrupted at {interrupted}");
    }
}

#[test]
fn an_account_is_bound_to_one_that_was_made_elsewhere() {
    if let Some(why) = missing() {
        return println!("skipped: {why}");
    }
    let site = Site::new().with("CALLBOX_TLS__ACME__EAB", &format!("kid-1:{EXTERNAL_KEY}"));
    let authority = Authority::start(Settings { external_account: true, ..site.pebble() });
    let mut server = site.start(&authority, &authority.directory(), "call.callbox.dev", tempfile::tempdir().unwrap());
    server.next_line_with(ISSUED);
}
