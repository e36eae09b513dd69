//! Rooms and the people in them: to look on, to send somebody out, to close a room.

use serde::Serialize;
use tracing::info;

use crate::address::shortened;
use crate::admin::Parts;
use crate::admin::answer::{Answer, Problem, done, json};
use crate::http::{CallView, PersonView, RoomView};

#[derive(Debug, Serialize)]
pub(in crate::admin) struct Rooms {
    rooms: Vec<Room>,
    /// The name of this server among those that share its rooms; `null`: it is alone.
    node: Option<String>,
    /// Rooms that others keep, which know the rest.
    elsewhere: Vec<Elsewhere>,
}

#[derive(Debug, Serialize)]
struct Elsewhere {
    name: String,
    keeper: String,
    visitors: usize,
}

#[derive(Debug, Serialize)]
struct Room {
    name: String,
    people: usize,
    away: usize,
    waiting: usize,
    locked: bool,
    lobby: bool,
    password: bool,
    /// Unix milliseconds, as all times here.
    opened: u64,
    calls: Vec<Call>,
}

/// Two people, and why their call goes the way it goes.
#[derive(Debug, Serialize)]
struct Call {
    people: [String; 2],
    why: String,
    rtt: Option<u32>,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct People {
    people: Vec<Person>,
}

#[derive(Debug, Serialize)]
struct Person {
    id: String,
    name: String,
    host: bool,
    away: bool,
    since: u64,
    /// The network they came from; `null` while their socket is gone.
    network: Option<String>,
}

/// Every room.
pub(in crate::admin) fn rooms(parts: &Parts) -> Rooms {
    let standing = parts.site.standing();
    let elsewhere = standing.iter().flat_map(|standing| &standing.elsewhere).map(|room| Elsewhere {
        name: room.name.to_string(),
        keeper: room.keeper.to_string(),
        visitors: room.visitors,
    });
    Rooms {
        rooms: parts.site.rooms().into_iter().map(Room::from).collect(),
        node: standing.as_ref().map(|standing| standing.node.to_string()),
        elsewhere: elsewhere.collect(),
    }
}

/// Who is in `room`.
pub(in crate::admin) fn people(parts: &Parts, room: &str) -> Result<Answer, Problem> {
    let people = parts.site.people_of(room).ok_or_else(|| no_such_room(parts, room))?;
    let people = people.into_iter().map(|(person, client)| Person {
        network: client.map(|client| shortened(client).to_string()),
        ..Person::from(person)
    });
    Ok(json(&People { people: people.collect() }))
}

/// Sends everybody out.
pub(in crate::admin) fn close_room(parts: &Parts, room: &str) -> Result<Answer, Problem> {
    if !parts.site.close(room) {
        return Err(no_such_room(parts, room));
    }
    info!("an operator closed a room");
    Ok(done())
}

/// Sends somebody out, as a host would: their credentials and what is relayed for them end as well.
pub(in crate::admin) fn remove_person(parts: &Parts, room: &str, person: &str) -> Result<Answer, Problem> {
    if !parts.site.remove(room, person) {
        return Err(kept_elsewhere(parts, room).unwrap_or(Problem::missing("that person is not in this room")));
    }
    info!(person, "an operator sent somebody out");
    Ok(done())
}

fn no_such_room(parts: &Parts, room: &str) -> Problem {
    kept_elsewhere(parts, room).unwrap_or(Problem::missing("there is no room of this name at the moment"))
}

/// Who keeps a room decides about it, and knows who is in it.
fn kept_elsewhere(parts: &Parts, room: &str) -> Option<Problem> {
    let elsewhere = parts.site.standing()?.elsewhere;
    let room = elsewhere.into_iter().find(|kept| kept.name.as_str() == room)?;
    Some(Problem::missing(format!("the server {} keeps this room: ask its admin listener", room.keeper)))
}

impl From<RoomView> for Room {
    fn from(room: RoomView) -> Room {
        Room {
            name: room.name.to_string(),
            people: room.people,
            away: room.away,
            waiting: room.waiting,
            locked: room.door.locked,
            lobby: room.door.lobby,
            password: room.door.password,
            opened: room.opened,
            calls: room.calls.into_iter().map(Call::from).collect(),
        }
    }
}

impl From<CallView> for Call {
    fn from(call: CallView) -> Call {
        Call { people: call.people.map(|id| id.to_string()), why: call.why, rtt: call.rtt, bytes: call.bytes }
    }
}

impl From<PersonView> for Person {
    fn from(person: PersonView) -> Person {
        Person {
            id: person.id.to_string(),
            name: person.name.to_string(),
            host: person.host,
            away: person.socket.is_none(),
            since: person.since,
            network: None,
        }
    }
}
