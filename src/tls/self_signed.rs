//! The certificate callbox makes for itself, so that a page can use camera and microphone on a machine that has no
//! public name: browsers warn once and compare nothing, which is why the terminal shows its fingerprint. The local
//! authority signs it, so that devices which trust that are not warned at all.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::crypto::CryptoProvider;

use super::local_ca::{Authority, LocalCa};
use super::{Error, Pair};
use crate::data_dir::DataDir;

/// Certificate and key in one file, so that they are never of different ages.
const FILE: &str = "self-signed.pem";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Browsers refuse more than 398 days (CA/Browser Forum, Baseline Requirements 6.3.2).
const LIFE: Duration = Duration::from_secs(397 * 24 * 60 * 60);

/// Long enough before the end that a server restarted once a month never shows an ended one.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The kept certificate when it still serves, else a new one, which is then kept.
pub(super) fn load_or_make(
    dir: &DataDir,
    names: &[String],
    now: SystemTime,
    provider: &CryptoProvider,
) -> Result<(Pair, Authority), Error> {
    let ca = LocalCa::load_or_make(dir, names, now)?;
    // `None` for what is no certificate with its key: it is made anew, since nobody but callbox wrote it.
    let read = |pem: &[u8]| Pair::from_pem(pem, pem, provider);
    let kept = dir.read(FILE)?.and_then(|pem| read(&pem));
    if let Some(kept) = kept.filter(|kept| serves(kept, names, now) && ca.has_signed(kept.certificate())) {
        return Ok((kept, ca.authority));
    }
    let pem = make(names, now, &ca).map_err(Error::Make)?;
    dir.write(FILE, pem.as_bytes())?;
    let made = read(pem.as_bytes()).ok_or(Error::Make(rcgen::Error::CouldNotParseCertificate))?;
    Ok((made, ca.authority))
}

fn serves(pair: &Pair, names: &[String], now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let lasts = pair.begins() <= now && pair.ends() > now + RENEW_BEFORE;
    lasts && names.iter().all(|name| pair.covers(name))
}

fn make(names: &[String], now: SystemTime, ca: &LocalCa) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "callbox self-signed");
    // A phone's clock may be behind ours.
    params.not_before = (now - DAY).into();
    params.not_after = (now - DAY + LIFE).into();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(ca.sign(params, &key)? + &key.serialize_pem())
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;

    fn provider() -> CryptoProvider {
        rustls::crypto::aws_lc_rs::default_provider()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn der(dir: &DataDir, wanted: &[&str], now: SystemTime) -> Vec<u8> {
        let (pair, _) = load_or_make(dir, &names(wanted), now, &provider()).unwrap();
        pair.certificate().to_vec()
    }

    #[test]
    fn it_is_kept_until_a_month_before_its_end_and_then_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, now) = (DataDir::open(folder.path()).unwrap(), SystemTime::now());
        let first = der(&dir, &["localhost"], now);
        assert_eq!(der(&dir, &["localhost"], now + 360 * DAY), first);
        assert_ne!(der(&dir, &["localhost"], now + 370 * DAY), first);
    }

    #[test]
    fn a_new_address_of_this_machine_is_covered_and_a_lost_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, now) = (DataDir::open(folder.path()).unwrap(), SystemTime::now());
        let first = der(&dir, &["localhost", "192.0.2.7"], now);
        assert_eq!(der(&dir, &["localhost"], now), first);
        let second = der(&dir, &["localhost", "192.0.2.8", "2001:db8::8"], now);
        assert_ne!(second, first);
        assert_eq!(der(&dir, &["2001:db8::8"], now), second);
    }

    #[test]
    fn browsers_accept_its_life_and_its_use() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, wanted) = (DataDir::open(folder.path()).unwrap(), ["localhost", "127.0.0.1"]);
        let made = der(&dir, &wanted, SystemTime::now());
        let (_, cert) = X509Certificate::from_der(&made).unwrap();
        let life = cert.validity().not_after.timestamp() - cert.validity().not_before.timestamp();
        assert!(life <= 398 * 24 * 60 * 60);
        assert!(cert.extended_key_usage().unwrap().unwrap().value.server_auth);
        assert!(!cert.is_ca());
        let (pair, _) = load_or_make(&dir, &names(&wanted), SystemTime::now(), &provider()).unwrap();
        assert!(wanted.iter().all(|name| pair.covers(name)) && !pair.covers("::1"));
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        dir.write(FILE, b"-----BEGIN CERTIFICATE-----\nnonsense").unwrap();
        assert!(load_or_make(&dir, &names(&["localhost"]), SystemTime::now(), &provider()).is_ok());
    }
}
