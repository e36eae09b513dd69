//! A certificate authority of this machine's own, for people who want to trust it once instead of being warned at every
//! visit. Its key never leaves `data_dir`, and its certificate says for which names and addresses it may speak at all: whoever
//! steals the key can pose as this machine, and as nobody else.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ipnet::IpNet;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Error;
use crate::data_dir::DataDir;

/// Certificate and key in one file, so that they are never of different ages.
const FILE: &str = "local-ca.pem";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// To trust a new one is work on every device, so it lasts for about as long as a device.
const LIFE: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// Longer than any certificate that it signs.
const RENEW_BEFORE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Addresses of earlier networks that a new authority may still speak for: a laptop that goes between home and work is
/// trusted in both after the second time.
const MOST_PERMITS: usize = 64;

/// The authority as others may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// What devices show in their lists.
    pub name: String,
    /// Its certificate.
    pub certificate: CertificateDer<'static>,
}

/// The authority with its key.
pub(super) struct LocalCa {
    pub(super) authority: Authority,
    issuer: Issuer<'static, KeyPair>,
}

/// What the authority may speak for (RFC 5280, 4.2.1.10): a name with everything below it, or a block of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Permit {
    Name(String),
    Block(IpNet),
}

impl LocalCa {
    /// The kept authority when it may speak for all of `names` and lasts, else a new one, which is then kept.
    pub(super) fn load_or_make(dir: &DataDir, names: &[String], now: SystemTime) -> Result<LocalCa, Error> {
        let kept = dir.read(FILE)?.map(|pem| String::from_utf8_lossy(&pem).into_owned());
        let old = kept
            .as_deref()
            .and_then(|pem| authority(pem).ok())
            .map(|authority| permits(&authority))
            .unwrap_or_default();
        if let Some(ca) = kept.as_deref().and_then(|pem| LocalCa::read(pem).ok())
            && ca.lasts(now)
            && names.iter().all(|name| old.iter().any(|permit| permit.holds(name)))
        {
            return Ok(ca);
        }
        let pem = make(names, old, now).map_err(Error::Make)?;
        dir.write(FILE, pem.as_bytes())?;
        LocalCa::read(&pem).map_err(Error::Make)
    }

    fn read(pem: &str) -> Result<LocalCa, rcgen::Error> {
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
        let authority = authority(pem)?;
        let issuer = Issuer::from_ca_cert_der(&authority.certificate, KeyPair::try_from(&key)?)?;
        Ok(LocalCa { authority, issuer })
    }

    fn lasts(&self, now: SystemTime) -> bool {
        let Ok((_, cert)) = X509Certificate::from_der(&self.authority.certificate) else { return false };
        let end = (now + RENEW_BEFORE).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        u64::try_from(cert.validity().not_after.timestamp()).is_ok_and(|ends| ends > end)
    }

    /// Signs a server's certificate; PEM.
    pub(super) fn sign(&self, mut params: CertificateParams, key: &KeyPair) -> Result<String, rcgen::Error> {
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(key, &self.issuer)?.pem())
    }

    /// Whether this authority, and not an earlier one, signed `certificate`.
    pub(super) fn has_signed(&self, certificate: &CertificateDer<'_>) -> bool {
        let (Ok((_, own)), Ok((_, leaf))) =
            (X509Certificate::from_der(&self.authority.certificate), X509Certificate::from_der(certificate))
        else {
            return false;
        };
        let own = own.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
            _ => None,
        });
        let signer = leaf.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(signer) => signer.key_identifier.as_ref().map(|id| id.0),
            _ => None,
        });
        own.is_some() && own == signer
    }
}

fn authority(pem: &str) -> Result<Authority, rcgen::Error> {
    let unreadable = |_| rcgen::Error::CouldNotParseCertificate;
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(unreadable)?;
    let (_, cert) = X509Certificate::from_der(&certificate).map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
    let name = cert.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default();
    Ok(Authority { name: name.to_owned(), certificate: certificate.clone() })
}

fn make(names: &[String], old: Vec<Permit>, now: SystemTime) -> Result<String, rcgen::Error> {
    let mut wanted: Vec<Permit> = Vec::new();
    for permit in names.iter().map(|name| Permit::of(name)).chain(old) {
        if wanted.len() < MOST_PERMITS && !wanted.contains(&permit) {
            wanted.push(permit);
        }
    }
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("callbox on {}", known_as(names)));
    params.not_before = (now - DAY).into();
    params.not_after = (now - DAY + LIFE).into();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Names say nothing of mail and programs: whoever steals the key shall not sign those for devices that trust it.
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let permitted_subtrees = wanted.iter().map(Permit::subtree).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let cert = params.self_signed(&key)?;
    Ok(format!("{}{}", cert.pem(), key.serialize_pem()))
}

/// So that a device that trusts two of them shows which is which.
fn known_as(names: &[String]) -> &str {
    let own = |name: &&String| name.parse::<IpAddr>().is_err() && *name != "localhost";
    let outside = |name: &&String| name.parse::<IpAddr>().is_ok_and(|ip| !ip.is_loopback());
    let best = names.iter().find(own).or_else(|| names.iter().find(outside));
    best.map_or("this machine", String::as_str)
}

impl Permit {
    /// An IPv6 address counts by its /64: machines change the other half every day (RFC 8981).
    fn of(name: &str) -> Permit {
        match name.parse::<IpAddr>() {
            Ok(IpAddr::V6(ip)) if !ip.is_loopback() => {
                Permit::Block(IpNet::new(ip.into(), 64).expect("64 is a length of IPv6 prefixes").trunc())
            }
            Ok(ip) => Permit::Block(ip.into()),
            Err(_) => Permit::Name(name.to_owned()),
        }
    }

    fn holds(&self, name: &str) -> bool {
        match (self, name.parse::<IpAddr>()) {
            (Permit::Block(block), Ok(ip)) => block.contains(&ip),
            (Permit::Name(own), Err(_)) => {
                name == own || name.strip_suffix(own).is_some_and(|rest| rest.ends_with('.'))
            }
            _ => false,
        }
    }

    fn subtree(&self) -> GeneralSubtree {
        match self {
            Permit::Name(name) => GeneralSubtree::DnsName(name.clone()),
            Permit::Block(block) => {
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(block.addr(), block.prefix_len()))
            }
        }
    }
}

/// What the certificate says it may speak for.
fn permits(authority: &Authority) -> Vec<Permit> {
    let Ok((_, cert)) = X509Certificate::from_der(&authority.certificate) else { return Vec::new() };
    let constraints = cert.name_constraints().ok().flatten().and_then(|found| found.value.permitted_subtrees.as_ref());
    constraints.into_iter().flatten().filter_map(|subtree| permit(&subtree.base)).collect()
}

fn permit(base: &GeneralName<'_>) -> Option<Permit> {
    match base {
        GeneralName::DNSName(name) => Some(Permit::Name((*name).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let (ip, mask) = bytes.split_at_checked(bytes.len() / 2)?;
            let length = mask.iter().map(|byte| byte.count_ones()).sum::<u32>();
            let v4 = <[u8; 4]>::try_from(ip).map(IpAddr::from);
            let ip = v4.or_else(|_| <[u8; 16]>::try_from(ip).map(IpAddr::from)).ok()?;
            IpNet::new(ip, u8::try_from(length).ok()?).ok().map(Permit::Block)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls_pki_types::{ServerName, UnixTime};

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn ca(dir: &DataDir, wanted: &[&str], now: SystemTime) -> LocalCa {
        LocalCa::load_or_make(dir, &names(wanted), now).unwrap()
    }

    fn der(ca: &LocalCa) -> Vec<u8> {
        ca.authority.certificate.to_vec()
    }

    /// Whether a browser that trusts the authority trusts what it signed for `name`.
    fn is_trusted(ca: &LocalCa, name: &str) -> bool {
        let key = KeyPair::generate().unwrap();
        let leaf = ca.sign(CertificateParams::new(names(&[name])).unwrap(), &key).unwrap();
        let leaf = CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(ca.authority.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let server = ServerName::try_from(name.to_owned()).unwrap();
        verifier.verify_server_cert(&leaf, &[], &server, &[], UnixTime::now()).is_ok()
    }

    #[test]
    fn whoever_has_the_key_can_pose_as_this_machine_and_as_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        let ca = ca(&dir, &["localhost", "tea.local", "192.168.1.5", "2001:db8:1::5"], SystemTime::now());
        for own in ["localhost", "tea.local", "192.168.1.5", "2001:db8:1::5", "2001:db8:1::77"] {
            assert!(is_trusted(&ca, own), "{own}");
        }
        for other in ["bank.example", "coffee.local", "192.168.1.6", "2001:db8:2::5"] {
            assert!(!is_trusted(&ca, other), "{other}");
        }
    }

    #[test]
    fn a_stolen_key_signs_neither_mail_nor_programs() {
        let folder = tempfile::tempdir().unwrap();
        let ca = ca(&DataDir::open(folder.path()).unwrap(), &["localhost"], SystemTime::now());
        let der = der(&ca);
        let (_, cert) = X509Certificate::from_der(&der).unwrap();
        let usage = cert.extended_key_usage().unwrap().expect("what it is for").value;
        assert!(usage.server_auth && !usage.any && !usage.email_protection && !usage.code_signing);
    }

    #[test]
    fn it_is_kept_as_long_as_it_may_speak_for_every_name() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, now) = (DataDir::open(folder.path()).unwrap(), SystemTime::now());
        let first = der(&ca(&dir, &["tea", "192.168.1.5", "2001:db8:1::5"], now));
        assert_eq!(der(&ca(&dir, &["tea"], now + 300 * DAY)), first);
        assert_eq!(der(&ca(&dir, &["tea", "2001:db8:1:0:dead::1"], now)), first, "the same network");
        let second = ca(&dir, &["tea", "10.0.0.5"], now);
        assert_ne!(der(&second), first);
        assert_eq!(der(&ca(&dir, &["tea", "192.168.1.5"], now)), der(&second), "the first network is not forgotten");
        assert_ne!(der(&ca(&dir, &["tea"], now + 3300 * DAY)), der(&second), "near its end");
    }

    #[test]
    fn what_another_authority_signed_is_not_its_own() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let make = |folder: &tempfile::TempDir| ca(&DataDir::open(folder.path()).unwrap(), &["tea"], SystemTime::now());
        let (one, other) = (make(&one), make(&other));
        let leaf = one.sign(CertificateParams::new(names(&["tea"])).unwrap(), &KeyPair::generate().unwrap()).unwrap();
        let leaf = CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap();
        assert!(one.has_signed(&leaf) && !other.has_signed(&leaf));
    }

    #[test]
    fn a_device_shows_whose_authority_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        assert_eq!(ca(&dir, &["127.0.0.1", "localhost", "tea"], SystemTime::now()).authority.name, "callbox on tea");
    }
}
