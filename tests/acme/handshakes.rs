//! What OpenSSL, which nobody here wrote, sees of our TLS.

use std::process::{Command, Stdio};

use crate::server::Server;

/// What `openssl s_client` says to our port, its exit code left aside.
fn s_client(server: &Server, args: &[&str]) -> String {
    let output = Command::new("timeout")
        .args(["20", "openssl", "s_client", "-connect", &server.address.to_string(), "-servername", "localhost"])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
}

#[test]
fn only_tls_1_2_and_1_3_with_forward_secrecy_are_spoken() {
    if Command::new("openssl").arg("version").output().is_err() {
        return println!("skipped: openssl is not installed");
    }
    let server = Server::start(&[]);
    let said = s_client(&server, &["-tls1_3", "-alpn", "h2"]);
    assert!(said.contains("TLSv1.3") && said.contains("ALPN protocol: h2"), "{said}");
    let said = s_client(&server, &["-tls1_2"]);
    assert!(said.contains("TLSv1.2") && said.contains("ECDHE"), "{said}");
    for old in [["-tls1", "DEFAULT@SECLEVEL=0"], ["-tls1_1", "DEFAULT@SECLEVEL=0"]] {
        let said = s_client(&server, &[old[0], "-cipher", old[1]]);
        assert!(said.contains("Cipher is (NONE)") || said.contains("no protocols available"), "{}: {said}", old[0]);
    }
    // No forward secrecy, or no authenticated encryption.
    for weak in ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"] {
        let said = s_client(&server, &["-tls1_2", "-cipher", weak]);
        assert!(said.contains("Cipher is (NONE)"), "{weak}: {said}");
    }
}

#[test]
fn a_validation_without_an_order_is_refused() {
    if Command::new("openssl").arg("version").output().is_err() {
        return println!("skipped: openssl is not installed");
    }
    let server = Server::start(&[]);
    let said = s_client(&server, &["-alpn", "acme-tls/1"]);
    assert!(!said.contains("BEGIN CERTIFICATE"), "no certificate is shown to whoever only pretends: {said}");
}
