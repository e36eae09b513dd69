//! Invitations that another program signs, as a JWT (RFC 7519): a calendar, a practice's own software. Each key has one
//! algorithm, so that a token never chooses how it is checked (RFC 8725, 3.1).

use std::fmt;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use super::{Invitation, InvitationId, Role};
use crate::clock::Now;

/// One key that signs invitations elsewhere.
#[derive(Clone)]
pub struct JwtKey {
    key: DecodingKey,
    algorithm: Algorithm,
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadKey {
    /// A text that is no PEM is a shared secret, and this one can be guessed.
    #[error("is too short for a shared secret: use at least 32 characters, as `openssl rand -base64 32` prints them")]
    Short,
    /// Neither of the two kinds of public keys.
    #[error(
        "is no public key that can be used: it must be an ES256 (P-256) or an Ed25519 key, as `openssl pkey -pubout` prints it"
    )]
    Unknown,
}

/// What is read of a token. Everything else in it is its maker's business.
#[derive(Deserialize)]
struct Claims {
    /// The room's name, as in its address.
    room: String,
    /// Unix seconds.
    exp: u64,
    role: Option<String>,
    uses: Option<u16>,
    jti: Option<String>,
}

impl JwtKey {
    /// From the content of a key's file: a PEM public key for ES256 or EdDSA, or the shared secret of HS256.
    ///
    /// # Errors
    /// When it is neither, or a secret that is too short (RFC 7518, 3.2: at least as long as the hash).
    pub fn new(text: &str) -> Result<JwtKey, BadKey> {
        let text = text.trim();
        if !text.starts_with("-----BEGIN") {
            let long_enough = text.len() >= 32;
            let key = DecodingKey::from_secret(text.as_bytes());
            return long_enough.then_some(JwtKey { key, algorithm: Algorithm::HS256 }).ok_or(BadKey::Short);
        }
        let elliptic = DecodingKey::from_ec_pem(text.as_bytes()).map(|key| JwtKey { key, algorithm: Algorithm::ES256 });
        let edwards =
            || DecodingKey::from_ed_pem(text.as_bytes()).map(|key| JwtKey { key, algorithm: Algorithm::EdDSA });
        elliptic.or_else(|_| edwards()).map_err(|_| BadKey::Unknown)
    }

    /// What `token` grants in `room`, if it is signed by this key and good at this time.
    pub(super) fn read(&self, room: &str, token: &str, now: Now) -> Option<Invitation> {
        let claims = match decode::<Claims>(token, &self.key, &self.rules()) {
            Ok(token) => token.claims,
            Err(error) => {
                if !matches!(error.kind(), ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm) {
                    tracing::debug!(%error, "an invitation is not understood");
                }
                return None;
            }
        };
        let ends = u32::try_from(claims.exp).unwrap_or(u32::MAX);
        if claims.room != room || now.unix.as_secs() >= claims.exp {
            return None;
        }
        let role = match claims.role.as_deref() {
            None | Some("guest") => Role::Guest,
            Some("host") => Role::Host,
            Some(_) => return None,
        };
        // Without an id of its own a token is its own id, but for its signature: ES256 has two good ones for the same words.
        let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
        let id = InvitationId::of(claims.jti.as_deref().unwrap_or(signed));
        Some(Invitation { id, role, ends, uses: claims.uses.unwrap_or(0) })
    }

    /// Made for us, with an end. Time is checked by the caller, who knows what time it is.
    fn rules(&self) -> Validation {
        let mut rules = Validation::new(self.algorithm);
        rules.set_audience(&["callbox"]);
        rules.set_required_spec_claims(&["exp", "aud"]);
        rules.validate_exp = false;
        rules
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtKey({:?}, ***)", self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jsonwebtoken::{EncodingKey, Header, encode};
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "a secret of more than thirty-two characters";

    fn sign(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
        encode(&Header::new(algorithm), claims, key).expect("signed")
    }

    fn claims(now: Now) -> Value {
        json!({ "aud": "callbox", "room": "kitchen", "exp": now.unix.as_secs() + 60, "sub": "somebody" })
    }

    /// Each kind of key: what callbox is given, what the other program signs with.
    fn keys() -> Vec<(JwtKey, Algorithm, EncodingKey)> {
        let pair = |kind| KeyPair::generate_for(kind).expect("a pair of keys");
        let (p256, ed25519) = (pair(&PKCS_ECDSA_P256_SHA256), pair(&PKCS_ED25519));
        let pem = |pair: &KeyPair| JwtKey::new(&pair.public_key_pem()).expect("a public key");
        let elliptic = EncodingKey::from_ec_pem(p256.serialize_pem().as_bytes()).expect("a private key");
        let edwards = EncodingKey::from_ed_der(ed25519.serialized_der());
        vec![
            (pem(&p256), Algorithm::ES256, elliptic),
            (pem(&ed25519), Algorithm::EdDSA, edwards),
            (JwtKey::new(SECRET).expect("long enough"), Algorithm::HS256, EncodingKey::from_secret(SECRET.as_bytes())),
        ]
    }

    #[test]
    fn each_kind_of_key_lets_its_own_holders_in_and_nobody_elses() {
        let (now, keys) = (Now::read(), keys());
        for (n, (_, algorithm, signing)) in keys.iter().enumerate() {
            let token = sign(*algorithm, signing, &claims(now));
            for (m, (key, ..)) in keys.iter().enumerate() {
                assert_eq!(key.read("kitchen", &token, now).is_some(), n == m, "{algorithm:?} by key {m}");
            }
        }
    }

    #[test]
    fn a_token_says_who_comes_how_many_and_until_when() {
        let (now, key) = (Now::read(), JwtKey::new(SECRET).expect("long enough"));
        let read = |changed: Value, room, now| {
            let mut claims = claims(now);
            claims.as_object_mut().expect("an object").extend(changed.as_object().expect("an object").clone());
            let token = sign(Algorithm::HS256, &EncodingKey::from_secret(SECRET.as_bytes()), &claims);
            key.read(room, &token, now)
        };
        let host = read(json!({ "role": "host", "uses": 2, "jti": "42" }), "kitchen", now).expect("good");
        assert_eq!((host.role, host.uses, host.id), (Role::Host, 2, InvitationId::of("42")));
        assert_eq!(read(json!({}), "cellar", now), None);
        assert_eq!(read(json!({ "aud": "another program" }), "kitchen", now), None);
        assert_eq!(read(json!({ "role": "emperor" }), "kitchen", now), None);
        assert_eq!(read(json!({ "exp": now.unix.as_secs() }), "kitchen", now), None, "it has ended");
        assert_eq!(read(json!({ "exp": "never" }), "kitchen", now), None, "it must have an end");
        let later = now.after(Duration::from_secs(61));
        let token = sign(Algorithm::HS256, &EncodingKey::from_secret(SECRET.as_bytes()), &claims(now));
        assert_eq!(key.read("kitchen", &token, later), None);
    }

    #[test]
    fn another_good_signature_makes_no_other_invitation() {
        let (now, keys) = (Now::read(), keys());
        let (key, algorithm, signing) = &keys[0];
        let claims = claims(now);
        let [one, other] = [(), ()].map(|()| sign(*algorithm, signing, &claims));
        assert_ne!(one, other, "ES256 rolls dice");
        let id = |token| key.read("kitchen", token, now).expect("good").id;
        assert_eq!(id(&one), id(&other));
    }

    /// RFC 8725, 2.1: a public key must not become a shared secret, and no signature is no signature.
    #[test]
    fn the_token_does_not_choose_how_it_is_checked() {
        let (now, pair) = (Now::read(), KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a pair of keys"));
        let key = JwtKey::new(&pair.public_key_pem()).expect("a public key");
        let forged = EncodingKey::from_secret(pair.public_key_pem().trim().as_bytes());
        assert_eq!(key.read("kitchen", &sign(Algorithm::HS256, &forged, &claims(now)), now), None);
        let unsigned = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJjYWxsYm94Iiwicm9vbSI6ImtpdGNoZW4iLCJleHAiOjk5OTk5OTk5OTl9.";
        assert_eq!(key.read("kitchen", unsigned, now), None);
    }

    #[test]
    fn a_key_that_cannot_be_used_says_why() {
        assert!(matches!(JwtKey::new("password"), Err(BadKey::Short)));
        assert!(matches!(JwtKey::new("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"), Err(BadKey::Unknown)));
    }
}
