//! The invitations of this server at work: which are revoked, and how many people came in with those that are counted. It
//! can be put down as text and picked up again, so that a restart makes no invitation new.

use std::collections::HashMap;
use std::fmt::Write;

use super::name::RoomName;
use super::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::clock::Now;
use crate::invitation::{Invitation, InvitationId, InvitationKey};

/// Reads invitations and remembers what became of them.
#[derive(Clone, Debug)]
pub struct Invitations {
    key: InvitationKey,
    fates: HashMap<InvitationId, Fate>,
    /// Counts changes, so that whoever keeps the text knows when there is a new one.
    changes: u64,
}

/// What is known of one invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub id: InvitationId,
    /// How many came in with it; `None`: it was revoked.
    pub used: Option<u32>,
    /// Unix seconds from which it opens nothing any more; 0: it has no end.
    pub ends: u32,
}

/// What became of one invitation. Of two of them the one with the larger `used` is later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// Which one.
    pub id: InvitationId,
    /// How many came in with it; `u32::MAX`: nobody does any more.
    pub used: u32,
    /// When it can be forgotten, in unix seconds; 0: never.
    pub ends: u32,
}

/// More than the uses that an invitation can have.
const REVOKED: u32 = u32::MAX;

/// Only who holds an invitation with a count, or a host, adds one; this bounds what a careless program can fill.
const MOST: usize = 100_000;

impl Invitations {
    /// With a memory as [`Invitations::text`] wrote it; lines that cannot be read are left out.
    pub fn new(key: InvitationKey, text: &str) -> Invitations {
        let fates = text.lines().filter_map(read_line).collect();
        Invitations { key, fates, changes: 0 }
    }

    /// How often the memory has changed.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The memory as text: a line for each invitation, its id, how many used it or `revoked`, and its end.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Fate { id, used, ends } in self.fates.values() {
            let used = if *used == REVOKED { "revoked".to_owned() } else { used.to_string() };
            let _ = writeln!(text, "{id} {used} {ends}");
        }
        text
    }

    /// What is known of single invitations, in the order of their ends: those that were revoked, and those with a count of
    /// which somebody made use. Of all others a server knows nothing but that they are good.
    pub fn known(&self) -> Vec<Known> {
        let known = self.fates.values().map(|Fate { id, used, ends }| Known {
            id: *id,
            used: (*used != REVOKED).then_some(*used),
            ends: *ends,
        });
        let mut known: Vec<_> = known.collect();
        known.sort_by_key(|known| (known.ends, known.id));
        known
    }

    /// What `token` grants now.
    pub(super) fn read(&self, room: &RoomName, token: &str, now: Now) -> Result<Invitation, Refusal> {
        let invitation = self.key.read(room.as_str(), token, now).ok_or(Refusal::InvitationEnded)?;
        let used = self.fates.get(&invitation.id).map_or(0, |fate| fate.used);
        match used {
            REVOKED => Err(Refusal::InvitationEnded),
            _ if invitation.uses != 0 && used >= invitation.uses.into() => Err(Refusal::InvitationSpent),
            _ => Ok(invitation),
        }
    }

    /// Somebody comes in with it, if anybody may still; what has become of it, if that is counted.
    pub(super) fn spend(&mut self, invitation: &Invitation) -> Result<Option<Fate>, Refusal> {
        let full = self.fates.len() >= MOST;
        let used = self.fates.get(&invitation.id).map_or(0, |fate| fate.used);
        if invitation.uses == 0 {
            return if used == REVOKED { Err(Refusal::InvitationSpent) } else { Ok(None) };
        }
        if used >= invitation.uses.into() || (used == 0 && full) {
            return Err(Refusal::InvitationSpent);
        }
        let fate = Fate { id: invitation.id, used: used + 1, ends: invitation.ends };
        self.learn(fate);
        Ok(Some(fate))
    }

    /// Nobody comes in with it any more; `ends` as in [`Invitation::ends`]. What has become of it, if that is new.
    pub(super) fn revoke(&mut self, id: InvitationId, ends: u32) -> Option<Fate> {
        let fate = Fate { id, used: REVOKED, ends };
        self.learn(fate).then_some(fate)
    }

    /// Takes note of what became of one, here or elsewhere, unless that is old; whether it is new.
    pub(super) fn learn(&mut self, fate: Fate) -> bool {
        let is_new = self.fates.get(&fate.id).is_none_or(|known| known.used < fate.used);
        if is_new {
            self.fates.insert(fate.id, fate);
            self.changes += 1;
        }
        is_new
    }

    /// What became of all of them.
    pub fn fates(&self) -> impl Iterator<Item = &Fate> {
        self.fates.values()
    }

    /// Whether hosts may have no more of them remembered.
    pub(super) fn is_full(&self) -> bool {
        self.fates.len() >= MOST
    }

    /// The text for a link.
    pub fn token(&self, room: &RoomName, invitation: &Invitation) -> String {
        self.key.token(room.as_str(), invitation)
    }

    /// Forgets what has ended by itself.
    pub(super) fn tidy(&mut self, now: Now) {
        let before = self.fates.len();
        self.fates.retain(|_, fate| fate.ends == 0 || u64::from(fate.ends) > now.unix.as_secs());
        self.changes += u64::from(self.fates.len() != before);
    }
}

fn read_line(line: &str) -> Option<(InvitationId, Fate)> {
    let mut parts = line.split_whitespace();
    let (id, used, ends) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?.parse().ok()?);
    let used = if used == "revoked" { REVOKED } else { used.parse().ok()? };
    Some((id, Fate { id, used, ends }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::invitation::Role;

    fn invitations(text: &str) -> Invitations {
        Invitations::new(InvitationKey::new(&[5; 32], Vec::new()), text)
    }

    fn kitchen() -> RoomName {
        RoomName::new("kitchen").expect("a name")
    }

    fn invitation(now: Now, id: u8, uses: u16) -> Invitation {
        let ends = now.unix.as_secs() as u32 + 60;
        Invitation { id: InvitationId([id; 8]), role: Role::Guest, ends, uses }
    }

    #[test]
    fn a_counted_invitation_is_used_up_also_after_a_restart() {
        let (mut before, now) = (invitations(""), Now::read());
        let twice = invitation(now, 1, 2);
        let token = before.token(&kitchen(), &twice);
        before.spend(&twice).expect("the first of two");
        let mut after = invitations(&before.text());
        assert_eq!(after.read(&kitchen(), &token, now), Ok(twice));
        assert!(after.spend(&twice).is_ok() && after.spend(&twice).is_err());
        assert_eq!(after.read(&kitchen(), &token, now), Err(Refusal::InvitationSpent));
    }

    #[test]
    fn a_revoked_invitation_stays_revoked() {
        let (mut before, now) = (invitations(""), Now::read());
        let (gone, other) = (invitation(now, 1, 0), invitation(now, 2, 0));
        before.revoke(gone.id, gone.ends);
        assert!(before.spend(&gone).is_err());
        let after = invitations(&before.text());
        let read = |invitation| after.read(&kitchen(), &after.token(&kitchen(), invitation), now);
        assert_eq!(read(&gone), Err(Refusal::InvitationEnded));
        assert_eq!(read(&other), Ok(other));
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let (mut invitations, now) = (invitations("nonsense\nAQIDBAUGBwg x 0\n"), Now::read());
        assert!(invitations.fates.is_empty(), "nor is nonsense remembered");
        invitations.spend(&invitation(now, 1, 9)).expect("the first of nine");
        let changes = invitations.changes();
        invitations.tidy(now.after(Duration::from_secs(59)));
        assert_eq!(invitations.changes(), changes);
        invitations.tidy(now.after(Duration::from_secs(60)));
        assert!(invitations.text().is_empty() && invitations.changes() > changes);
    }
}
