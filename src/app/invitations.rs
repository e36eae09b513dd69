//! Invitations outside the hub: made and revoked at the command line, and their memory kept over a restart. The server writes
//! one file and the command line another, so that neither overwrites what the other says.

use std::time::Duration;

use anyhow::{Context, bail};
use aws_lc_rs::rand;
use percent_encoding::percent_decode_str;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::addresses::Addresses;
use super::{banner, keys};
use crate::clock::Now;
use crate::config::Config;
use crate::data_dir::{DataDir, Error};
use crate::http::Site;
use crate::hub::RoomName;
use crate::invitation::{Invitation, InvitationId, Role, invitation_path};
use crate::turn::is_special;

/// What the server remembers: uses and revocations.
const MEMORY: &str = "invitations";

/// What the command line revoked.
const REVOKED: &str = "invitations.revoked";

/// A crash forgets the uses of this time; a revocation takes as long to be heard.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What `callbox invite` was asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The room, as typed.
    pub room: String,
    /// As what people come in.
    pub role: Role,
    /// For how long; `None`: for ever.
    pub life: Option<Duration>,
    /// For how many people; 0: any number.
    pub uses: u16,
}

/// An invitation's link. Needs no running server.
///
/// # Errors
/// When the room's name cannot be one, or `data_dir` cannot be used.
pub fn invite(config: &Config, wish: &Wish) -> anyhow::Result<String> {
    let Some(room) = RoomName::new(&wish.room) else {
        bail!("{:?} cannot be a room's name: it has 1 to 64 characters, and no invisible ones", wish.room);
    };
    let ends = wish.life.map(|life| Now::read().unix.saturating_add(life).as_secs());
    let ends = ends.map_or(0, |ends| u32::try_from(ends).unwrap_or(u32::MAX));
    let invitation = Invitation { id: fresh_id(), role: wish.role, ends, uses: wish.uses };
    let dir = DataDir::open(&config.data_dir)?;
    let token = keys::invitation_key(&dir, config)?.token(room.as_str(), &invitation);
    Ok(format!("{}{}", first_link(config)?, invitation_path(room.as_str(), &token)))
}

/// Whether `link` leads to an address that is no place on the public Internet, so that nobody elsewhere can open it.
#[must_use]
pub fn stays_inside(link: &str) -> bool {
    let uri = link.parse::<http::Uri>().ok();
    let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(is_special)
}

/// Lets nobody in with the invitation of this link any more. A running server hears of it within seconds.
///
/// # Errors
/// When the link holds no invitation of this server that is still good, or `data_dir` cannot be used.
pub fn revoke(config: &Config, link: &str) -> anyhow::Result<()> {
    let (room, token) = parts(link).context("this is no invitation's link: paste it whole, as it was sent")?;
    let dir = DataDir::open(&config.data_dir)?;
    let invitation = keys::invitation_key(&dir, config)?.read(&room, &token, Now::read());
    let Some(Invitation { id, ends, .. }) = invitation else {
        bail!("this invitation opens nothing: it has ended, or another server made it");
    };
    Ok(dir.append(REVOKED, format!("{id} {ends}\n").as_bytes())?)
}

/// What a former server remembered.
pub(super) fn read(dir: &DataDir) -> Result<String, Error> {
    Ok(String::from_utf8_lossy(&dir.read(MEMORY)?.unwrap_or_default()).into_owned())
}

/// Keeps the memory of `site`'s invitations and tells it what the command line revokes, until `shutdown`.
pub(super) async fn keep(site: Site, dir: DataDir, shutdown: CancellationToken) {
    let mut memory = Memory { site, dir, changes: 0, heard: Vec::new() };
    let mut going_on = true;
    while going_on {
        going_on = shutdown.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some();
        // A slow disk holds up nobody's signals.
        let looked = spawn_blocking(move || {
            if let Err(cause) = memory.look() {
                warn!(cause = %anyhow::Error::from(cause), "what became of invitations is not kept");
            }
            memory
        });
        let Ok(same) = looked.await else { return };
        memory = same;
    }
}

/// What was written down last, and what was heard.
struct Memory {
    site: Site,
    dir: DataDir,
    changes: u64,
    heard: Vec<u8>,
}

impl Memory {
    fn look(&mut self) -> Result<(), Error> {
        // First, so that uses are kept whatever is wrong with the other file.
        if let Some((now, text)) = self.site.invitations(self.changes) {
            self.dir.write(MEMORY, text.as_bytes())?;
            self.changes = now;
        }
        let revoked = self.dir.read(REVOKED)?.unwrap_or_default();
        if revoked != self.heard {
            self.site.revoke(String::from_utf8_lossy(&revoked).lines().filter_map(read_line).collect());
            self.heard = revoked;
        }
        Ok(())
    }
}

fn read_line(line: &str) -> Option<(InvitationId, u32)> {
    let (id, ends) = line.split_once(' ')?;
    Some((id.parse().ok()?, ends.parse().ok()?))
}

/// The best address that other people open, else this machine's own.
fn first_link(config: &Config) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let addresses = runtime.block_on(super::look_around(config)).1;
    Ok(link_base(config, &addresses, config.listen.port()))
}

/// The same for addresses that are known.
pub(super) fn link_base(config: &Config, addresses: &Addresses, one_port: u16) -> String {
    let host = addresses.outside().into_iter().next().unwrap_or_else(|| "localhost".to_owned());
    banner::public_link(config, &host, one_port)
}

/// Room and token of an invitation's link.
fn parts(link: &str) -> Option<(String, String)> {
    let (_, path) = link.split_once("/r/")?;
    let (room, rest) = path.split_once("?i=")?;
    let token = rest.split(['&', '#']).next()?;
    Some((percent_decode_str(room).decode_utf8().ok()?.into_owned(), token.to_owned()))
}

fn fresh_id() -> InvitationId {
    let mut id = [0; 8];
    rand::fill(&mut id).expect("the system's generator does not fail once it has started");
    InvitationId(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_taken_apart_as_people_paste_it() {
        let parts = |link| parts(link).map(|(room, token)| format!("{room} {token}"));
        assert_eq!(parts("https://a.example/r/kitchen?i=EAAA").as_deref(), Some("kitchen EAAA"));
        assert_eq!(parts("https://a.example/r/%E4%BC%9A?i=EAAA&relay#k=x").as_deref(), Some("会 EAAA"));
        assert_eq!(parts("https://a.example/r/kitchen"), None);
        assert_eq!(parts("EAAA"), None);
    }

    #[test]
    fn links_to_a_home_network_stay_inside() {
        let inside = ["https://192.168.1.5:8443/r/a?i=E", "https://[fd00::5]/r/a?i=E", "http://localhost:8443/r/a?i=E"];
        let outside = ["https://call.example.org/r/a?i=E", "https://8.8.4.4/r/a?i=E", "https://[2a00::5]:8443/r/a?i=E"];
        assert_eq!((inside.map(stays_inside), outside.map(stays_inside)), ([true; 3], [false; 3]));
    }
}
