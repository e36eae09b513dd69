//! Invitations: made for whoever runs the server as hosts make them in the page, looked at, and taken back.

use std::time::Duration;

use aws_lc_rs::rand;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::admin::Parts;
use crate::admin::answer::{Answer, Problem, done, json_as};
use crate::clock::Now;
use crate::http::{Known, RoomName};
use crate::invitation::{Invitation, InvitationId, Role, invitation_path};

/// Told at once, those that end first; a server remembers a hundred times as many.
const MOST: usize = 1000;

#[derive(Debug, Serialize)]
pub(in crate::admin) struct Invitations {
    /// How many are known, of which so many are told.
    total: usize,
    invitations: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    id: String,
    revoked: bool,
    used: Option<u32>,
    /// Unix milliseconds, as all times here; `null`: never.
    ends: Option<u64>,
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    room: String,
    #[serde(default)]
    role: WishedRole,
    /// For how long.
    #[serde(default)]
    seconds: Option<u32>,
    /// For how many people.
    #[serde(default)]
    uses: Option<std::num::NonZeroU16>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WishedRole {
    #[default]
    Guest,
    Host,
}

#[derive(Debug, Serialize)]
struct Made {
    id: String,
    link: String,
    ends: Option<u64>,
}

/// Those of which there is anything to know: most are good without the server remembering them.
pub(in crate::admin) fn invitations(parts: &Parts) -> Invitations {
    let known = parts.site.known_invitations();
    Invitations { total: known.len(), invitations: known.into_iter().take(MOST).map(Listed::from).collect() }
}

/// Makes one, as `callbox invite` does.
pub(in crate::admin) fn invite(parts: &Parts, body: &[u8]) -> Result<Answer, Problem> {
    let wish: Wish = serde_json::from_slice(body)
        .map_err(|cause| Problem::unreadable(format!("the body is no invitation that could be made: {cause}")))?;
    let room = RoomName::new(&wish.room)
        .ok_or_else(|| Problem::unreadable("a room's name has 1 to 64 characters, and no invisible ones"))?;
    let role = match wish.role {
        WishedRole::Guest => Role::Guest,
        WishedRole::Host => Role::Host,
    };
    let end = |seconds| (Now::read().unix + Duration::from_secs(u64::from(seconds))).as_secs();
    let ends = wish.seconds.map_or(0, |seconds| u32::try_from(end(seconds)).unwrap_or(u32::MAX));
    let invitation = Invitation { id: fresh(), role, ends, uses: wish.uses.map_or(0, std::num::NonZeroU16::get) };
    let token = parts.site.invite(&room, &invitation);
    let link = format!("{}{}", *parts.link.borrow(), invitation_path(room.as_str(), &token));
    Ok(json_as(StatusCode::CREATED, &Made { id: invitation.id.to_string(), link, ends: milliseconds(ends) }))
}

/// Lets nobody in with it any more. One that nobody has used is not known here and is taken back all the same, for ever.
pub(in crate::admin) fn revoke_invitation(parts: &Parts, id: &str) -> Result<Answer, Problem> {
    let id: InvitationId =
        id.parse().map_err(|()| Problem::unreadable("this is no invitation's id: it has 11 letters"))?;
    let known = parts.site.known_invitations().into_iter().find(|known| known.id == id);
    parts.site.revoke(vec![(id, known.map_or(0, |known| known.ends))]);
    Ok(done())
}

fn fresh() -> InvitationId {
    let mut id = [0; 8];
    rand::fill(&mut id).expect("the system's generator does not fail once it has started");
    InvitationId(id)
}

fn milliseconds(ends: u32) -> Option<u64> {
    (ends != 0).then(|| u64::from(ends) * 1000)
}

impl From<Known> for Listed {
    fn from(Known { id, used, ends }: Known) -> Listed {
        Listed { id: id.to_string(), revoked: used.is_none(), used, ends: milliseconds(ends) }
    }
}
