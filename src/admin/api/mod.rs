//! The JSON API: what an operator sees of rooms, people and allocations, and what they may do. One file for each subject.

mod allocations;
mod invitations;
mod orders;
mod probes;
mod rooms;
mod status;

pub(super) use allocations::allocations;
pub(super) use invitations::{invitations, invite, revoke_invitation};
pub(super) use orders::{drain, reload};
pub(super) use probes::{open_probe, probe};
pub(super) use rooms::{close_room, people, remove_person, rooms};
pub(super) use status::status;

/// The description of every route, OpenAPI 3.1, kept by hand; a test walks it against the real server.
pub(super) const DESCRIPTION: &str = include_str!("../openapi.json");
