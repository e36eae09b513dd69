//! What is made at the first start and kept: the keys of seats and invitations, and the relay's secret when none is
//! configured.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::{Config, Keys};
use crate::data_dir::{DataDir, Error};
use crate::hub::Invitations;
use crate::invitation::InvitationKey;
use crate::pass::{SeatKey, Secret, TurnPasses};
use crate::store::Keys as Shared;

/// Reads what is kept, or makes it.
pub(super) fn open(dir: &DataDir, config: &Config) -> Result<Keys, Error> {
    Ok(Keys {
        seat: SeatKey::new(&kept_or_shared(dir, config, "seat.key")?),
        invitations: invitations(dir, config)?,
        turn: turn_passes(dir, config)?,
        nonces: dice(),
    })
}

/// Invitations, with what became of them.
pub(super) fn invitations(dir: &DataDir, config: &Config) -> Result<Invitations, Error> {
    Ok(Invitations::new(invitation_key(dir, config)?, &super::invitations::read(dir)?))
}

/// Makes and reads invitations.
pub(super) fn invitation_key(dir: &DataDir, config: &Config) -> Result<InvitationKey, Error> {
    Ok(InvitationKey::new(&kept_or_shared(dir, config, "invitation.key")?, config.rooms.invitation_keys.clone()))
}

/// The nodes of a cluster have the same one, from the secret they share.
fn kept_or_shared(dir: &DataDir, config: &Config, name: &str) -> Result<[u8; 32], Error> {
    match &config.cluster {
        Some(cluster) => Ok(Shared::new(&cluster.secret).derived(name)),
        None => kept(dir, name),
    }
}

fn kept(dir: &DataDir, name: &str) -> Result<[u8; 32], Error> {
    let kept = dir.read_or_make(name, || dice().to_vec())?;
    match kept.try_into() {
        Ok(key) => Ok(key),
        Err(_) => {
            // Cut short by something that was not callbox: what was signed with it is lost, nothing else is.
            let key = dice();
            dir.write(name, &key)?;
            Ok(key)
        }
    }
}

/// Who may use the relay.
pub(super) fn turn_passes(dir: &DataDir, config: &Config) -> Result<TurnPasses, Error> {
    let Some(turn) = &config.turn else { return Ok(TurnPasses::default()) };
    let mut secrets = turn.secrets.clone();
    if let (true, Some(cluster)) = (secrets.is_empty(), &config.cluster) {
        let shared = Shared::new(&cluster.secret).derived("turn.secret");
        secrets.push(Secret::new(STANDARD.encode(shared)));
    }
    if secrets.is_empty() {
        let kept = dir.read_or_make("turn.secret", || STANDARD.encode(dice()).into_bytes())?;
        secrets.push(Secret::new(String::from_utf8_lossy(&kept).trim_end()));
    }
    Ok(TurnPasses::new(secrets, turn.users.clone()))
}

fn dice() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).expect("the system's generator does not fail once it has started");
    bytes
}
