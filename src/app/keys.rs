//! What is made at the first start and kept: the key of the seats, and the relay's secret when none is configured.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::{Keys, Turn};
use crate::data_dir::{DataDir, Error};
use crate::pass::{SeatKey, Secret, TurnPasses};

/// Reads what is kept, or makes it.
pub(super) fn open(dir: &DataDir, turn: Option<&Turn>) -> Result<Keys, Error> {
    Ok(Keys { seat: seat_key(dir)?, turn: turn_passes(dir, turn)?, nonces: dice() })
}

fn seat_key(dir: &DataDir) -> Result<SeatKey, Error> {
    let kept = dir.read_or_make("seat.key", || dice().to_vec())?;
    match <[u8; 32]>::try_from(kept) {
        Ok(key) => Ok(SeatKey::new(&key)),
        Err(_) => {
            // Cut short by something that was not callbox: seats of before are lost, nothing else is.
            let key = dice();
            dir.write("seat.key", &key)?;
            Ok(SeatKey::new(&key))
        }
    }
}

fn turn_passes(dir: &DataDir, turn: Option<&Turn>) -> Result<TurnPasses, Error> {
    let Some(turn) = turn else { return Ok(TurnPasses::default()) };
    let mut secrets = turn.secrets.clone();
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
