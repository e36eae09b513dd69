//! `[tls]` and `[tls.acme]`: where certificates come from.

use super::read::{not_empty, readable_file};
use super::reader::Reader;
use super::{Acme, Tls, values};
use crate::acme::{Challenge, ExternalAccount, Options};
use crate::pass::Secret;

/// `tls.mode` with the files it may need.
pub(super) fn mode(reader: &mut Reader) -> Option<Tls> {
    let modes = [
        ("auto", Mode::Auto),
        ("acme", Mode::Acme),
        ("files", Mode::Files),
        ("self-signed", Mode::SelfSigned),
        ("off", Mode::Off),
    ];
    let mode = reader.parsed("tls.mode", |text| values::choice(text, &modes))?;
    let (cert, key) = (reader.text("tls.cert"), reader.text("tls.key"));
    match (mode, cert.is_empty(), key.is_empty()) {
        (Mode::Auto | Mode::Files, false, false) => Some(Tls::Files { cert: cert.into(), key: key.into() }),
        (_, false, true) => misfit(reader, "tls.cert", "needs its private key: set tls.key too"),
        (_, true, false) => misfit(reader, "tls.key", "needs its certificate: set tls.cert too"),
        (Mode::Files, true, true) => misfit(reader, "tls.mode", "needs the files: set tls.cert and tls.key"),
        (_, false, false) => misfit(reader, "tls.cert", "is not used with this tls.mode; write tls.mode = \"files\""),
        (Mode::Off, true, true) => Some(Tls::Off),
        (Mode::SelfSigned, true, true) => Some(Tls::SelfSigned),
        (Mode::Auto, true, true) => Some(Tls::Auto),
        (Mode::Acme, true, true) => Some(Tls::Acme),
    }
}

/// `[tls.acme]`.
pub(super) fn acme(reader: &mut Reader) -> Option<Acme> {
    let directory = reader.parsed("tls.acme.directory", https_url);
    let email = reader.optional("tls.acme.email", email);
    let profile = reader.optional("tls.acme.profile", not_empty);
    let challenges = [
        ("auto", None),
        (Challenge::TlsAlpn01.name(), Some(Challenge::TlsAlpn01)),
        (Challenge::Http01.name(), Some(Challenge::Http01)),
    ];
    let challenge = reader.parsed("tls.acme.challenge", |text| values::choice(text, &challenges));
    let accept_terms = reader.switch("tls.acme.accept_terms");
    let eab = reader.optional("tls.acme.eab", external_account);
    let ca_file = reader.optional("tls.acme.ca_file", readable_file);
    contradictions(reader, accept_terms, challenge.flatten());
    let options = Options { directory: directory?, email, profile, eab, ca_file };
    Some(Acme { options, challenge: challenge?, accept_terms })
}

#[derive(Clone, Copy)]
enum Mode {
    Auto,
    Acme,
    Files,
    SelfSigned,
    Off,
}

fn misfit(reader: &mut Reader, key: &str, words: &str) -> Option<Tls> {
    reader.contradiction(&[key, "tls.mode", "tls.cert", "tls.key"], words);
    None
}

fn contradictions(reader: &mut Reader, accept_terms: bool, challenge: Option<Challenge>) {
    if reader.text("tls.mode") != "acme" {
        return;
    }
    if !accept_terms {
        let words =
            "nothing can be ordered: the authority's terms are not accepted; write true, or tls.mode = \"auto\"";
        reader.contradiction(&["tls.acme.accept_terms", "tls.mode"], words);
    }
    if challenge == Some(Challenge::Http01) && reader.text("http.listen").is_empty() {
        let words = "is answered over plain HTTP: set http.listen too, usually to \"[::]:80\"";
        reader.contradiction(&["tls.acme.challenge", "http.listen"], words);
    }
}

/// RFC 8555, 6.1: "Use of HTTPS is REQUIRED".
fn https_url(text: &str) -> Result<String, String> {
    let good = text.parse::<http::Uri>().is_ok_and(|url| url.scheme_str() == Some("https") && url.host().is_some());
    if good { Ok(text.to_owned()) } else { Err("must be the https address of an ACME directory".to_owned()) }
}

fn email(text: &str) -> Result<String, String> {
    let parts = text.split_once('@').filter(|(name, host)| !name.is_empty() && host.contains('.'));
    match parts {
        Some(_) if !text.contains([' ', ':', ',', '?']) => Ok(text.to_owned()),
        _ => Err("must be one email address such as \"me@example.org\"".to_owned()),
    }
}

fn external_account(text: &str) -> Result<ExternalAccount, String> {
    let parts = text.rsplit_once(':').filter(|(id, key)| !id.is_empty() && !key.is_empty());
    let (key_id, key) = parts.ok_or("must be the key id and the key with a colon between them")?;
    let base64url = key.trim_end_matches('=').chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !base64url {
        return Err("must have a key in base64url after the last colon: letters, digits, - and _".to_owned());
    }
    Ok(ExternalAccount { key_id: key_id.to_owned(), key: Secret::new(key) })
}
