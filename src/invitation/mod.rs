//! Invitations: small signed texts in a link that let somebody into one room, as a guest or as a host, until an end and for
//! a number of people. Ours are made by this server and fit a QR code; other programs make theirs as a JWT ([`JwtKey`]).
//! Pure: who has used one up, or revoked it, is the hub's memory.

mod jwt;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use serde::{Deserialize, Serialize};

pub use self::jwt::{BadKey, JwtKey};
use crate::clock::Now;

/// What an invitation grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// What it is known by when it is counted and revoked.
    pub id: InvitationId,
    /// As what its holder comes in.
    pub role: Role,
    /// Unix seconds from which it opens nothing any more; 0: it has no end.
    pub ends: u32,
    /// How many people may come in with it; 0: any number.
    pub uses: u16,
}

/// Drawn from the system's generator, so that nobody guesses another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InvitationId(pub [u8; 8]);

/// As what somebody comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// May speak and be seen.
    Guest,
    /// May also lock the room, let people in and send them out.
    Host,
}

/// Makes and reads the invitations of one server.
#[derive(Clone)]
pub struct InvitationKey {
    own: hmac::Key,
    others: Vec<JwtKey>,
}

impl InvitationId {
    /// The id that follows from a text nobody can guess.
    pub fn of(text: &str) -> InvitationId {
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let mut id = [0; 8];
        id.copy_from_slice(&hash.as_ref()[..8]);
        InvitationId(id)
    }
}

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for InvitationId {
    type Err = ();

    fn from_str(text: &str) -> Result<InvitationId, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(drop)?;
        bytes.try_into().map(InvitationId).map_err(drop)
    }
}

impl InvitationKey {
    /// From 32 bytes of the system's generator; `others` sign invitations elsewhere.
    pub fn new(key: &[u8; 32], others: Vec<JwtKey>) -> InvitationKey {
        InvitationKey { own: hmac::Key::new(hmac::HMAC_SHA256, key), others }
    }

    /// The text for a link: 42 characters. It opens `room` alone, which is not in it.
    pub fn token(&self, room: &str, invitation: &Invitation) -> String {
        let body = body(invitation);
        URL_SAFE_NO_PAD.encode([&body[..], &self.mac(room, &body)].concat())
    }

    /// What `token` grants in `room` at this time. `None` when it was not made for this room by us or by one of the other
    /// keys, or when its end has come: whoever holds it cannot tell which, and does not need to.
    pub fn read(&self, room: &str, token: &str, now: Now) -> Option<Invitation> {
        let invitation = if token.contains('.') {
            self.others.iter().find_map(|key| key.read(room, token, now))?
        } else {
            self.read_own(room, token)?
        };
        let over = invitation.ends != 0 && now.unix >= Duration::from_secs(invitation.ends.into());
        (!over).then_some(invitation)
    }

    fn read_own(&self, room: &str, token: &str) -> Option<Invitation> {
        let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (body, mac) = bytes.split_first_chunk::<BODY>()?;
        constant_time::verify_slices_are_equal(mac, &self.mac(room, body)).ok()?;
        let [kind, e0, e1, e2, e3, u0, u1, id @ ..] = *body;
        let role = match kind {
            GUEST => Role::Guest,
            HOST => Role::Host,
            _ => return None,
        };
        let (ends, uses) = (u32::from_be_bytes([e0, e1, e2, e3]), u16::from_be_bytes([u0, u1]));
        Some(Invitation { id: InvitationId(id), role, ends, uses })
    }

    /// 128 bits of it: enough against guessing, and the code stays small.
    fn mac(&self, room: &str, body: &[u8; BODY]) -> [u8; MAC] {
        let tag = hmac::sign(&self.own, &[b"callbox-invitation-1\0", &body[..], room.as_bytes()].concat());
        let mut mac = [0; MAC];
        mac.copy_from_slice(&tag.as_ref()[..MAC]);
        mac
    }
}

impl fmt::Debug for InvitationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationKey(***)")
    }
}

/// Kind, end, uses, id.
const BODY: usize = 1 + 4 + 2 + 8;
const MAC: usize = 16;
const LENGTH: usize = BODY + MAC;

/// The first byte tells the role, and leaves room for other forms.
const GUEST: u8 = 0x10;
const HOST: u8 = 0x11;

/// Where a link with this token leads, below the page's address.
pub fn invitation_path(room: &str, token: &str) -> String {
    format!("r/{}?i={token}", utf8_percent_encode(room, IN_PATH))
}

/// What may not stand in a path as it is (RFC 3986, 3.3); other languages' letters are encoded anyway.
const IN_PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'/').add(b'<').add(b'>').add(b'?');

fn body(Invitation { id, role, ends, uses }: &Invitation) -> [u8; BODY] {
    let mut body = [0; BODY];
    body[0] = match role {
        Role::Guest => GUEST,
        Role::Host => HOST,
    };
    body[1..5].copy_from_slice(&ends.to_be_bytes());
    body[5..7].copy_from_slice(&uses.to_be_bytes());
    body[7..].copy_from_slice(&id.0);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> InvitationKey {
        InvitationKey::new(&[5; 32], Vec::new())
    }

    fn invitation(now: Now) -> Invitation {
        let ends = now.unix.as_secs() as u32 + 3600;
        Invitation { id: InvitationId([1, 2, 3, 4, 5, 6, 7, 8]), role: Role::Host, ends, uses: 3 }
    }

    #[test]
    fn an_invitation_opens_its_room_until_its_end() {
        let now = Now::read();
        let invitation = invitation(now);
        let token = key().token("kitchen", &invitation);
        assert_eq!(token.len(), 42, "short enough for a small code");
        assert_eq!(key().read("kitchen", &token, now), Some(invitation));
        assert_eq!(key().read("cellar", &token, now), None);
        assert_eq!(key().read("kitchen", &token, now.after(Duration::from_secs(3600))), None);
        assert_eq!(InvitationKey::new(&[6; 32], Vec::new()).read("kitchen", &token, now), None);
    }

    #[test]
    fn an_invitation_without_an_end_stays_good() {
        let now = Now::read();
        let endless = Invitation { ends: 0, uses: 0, role: Role::Guest, ..invitation(now) };
        let token = key().token("会议室", &endless);
        assert_eq!(key().read("会议室", &token, now.after(Duration::from_secs(1 << 32))), Some(endless));
    }

    #[test]
    fn no_character_of_it_can_be_changed() {
        let now = Now::read();
        let token = key().token("kitchen", &invitation(now));
        for at in 0..token.len() {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            let forged = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert_eq!(key().read("kitchen", &forged, now), None, "{forged}");
        }
        for nonsense in ["", "A", ".", "..", "a.b.c", &token[1..], "äöü"] {
            assert_eq!(key().read("kitchen", nonsense, now), None);
        }
    }
}
