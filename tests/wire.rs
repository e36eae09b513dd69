//! The wire is a document: every `tests/wire/*.json` is read and written exactly as it stands there.

#![allow(clippy::unwrap_used)] // a test says what must be there by unwrapping it

use std::fs;
use std::num::NonZeroU16;
use std::path::Path;

use callbox::http::{Ice, IceServer, decode, encode};
use callbox::hub::{
    Candidate, Command, DoorChange, DoorSigns, Join, Joined, Knock, Message, Pair, Parting, Peer, PersonId, Reason,
    Refusal, RelayBudget, Request, RoomName, Transport, Why, Wish,
};
use callbox::invitation::{Invitation, InvitationId, Role};
use callbox::pass::Secret;
use serde_json::{Value, json};

/// All documents that `from` sends, by file name.
fn documents(from: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut documents: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            (name, document)
        })
        .filter(|(_, document)| document["from"] == from)
        .collect();
    documents.sort_by(|a, b| a.0.cmp(&b.0));
    documents
}

fn fresh() -> PersonId {
    PersonId("fresh".into())
}

/// The document's message with its optional fields too.
fn complete(document: &Value) -> Value {
    let mut message = document["message"].clone();
    for (name, value) in document["optional"].as_object().into_iter().flatten() {
        message[name] = value.clone();
    }
    message
}

/// The request that a page's message must become, field by field.
fn request(message: &Value) -> Request {
    let text = |name: &str| message[name].as_str().unwrap().to_owned();
    match message["type"].as_str().unwrap() {
        "join" => Request::Join(Join {
            room: text("room"),
            name: text("name"),
            instance: text("instance"),
            seat: message["seat"].as_str().map(str::to_owned),
            invitation: message["invitation"].as_str().map(str::to_owned),
            password: message["password"].as_str().map(Secret::new),
            fresh: fresh(),
        }),
        "invite" => Request::Host(Command::Invite(Wish {
            fresh: fresh(),
            role: Role::Guest,
            seconds: message["seconds"].as_u64().map(|seconds| seconds as u32),
            uses: message["uses"].as_u64().and_then(|uses| NonZeroU16::new(uses as u16)),
        })),
        "revoke" => Request::Host(Command::Revoke(text("invitation"))),
        "admit" => Request::Host(Command::Admit(person(&message["id"]))),
        "decline" => Request::Host(Command::Decline(person(&message["id"]))),
        "mute" => Request::Host(Command::Mute(person(&message["id"]))),
        "remove" => Request::Host(Command::Remove(person(&message["id"]))),
        "hand-over" => Request::Host(Command::HandOver(person(&message["id"]))),
        "set-door" => Request::Host(Command::SetDoor(DoorChange {
            locked: message["locked"].as_bool(),
            lobby: message["lobby"].as_bool(),
            password: message["password"].as_str().map(Secret::new),
        })),
        "signal" => Request::Signal { to: PersonId(text("to").into()), payload: message["payload"].to_string().into() },
        "path" => Request::Path(Box::new(callbox::hub::Path {
            to: person(&message["to"]),
            pair: message["pair"].is_object().then_some(Pair {
                local: Candidate::Relay,
                remote: Candidate::ServerReflexive,
                relay: Some(Transport::Tls),
            }),
            alive: message["alive"].as_bool().unwrap(),
            relay_only: message["relay_only"].as_bool().unwrap(),
            rtt: message["rtt"].as_u64().map(|rtt| rtt as u32),
            bytes_in: message["bytes_in"].as_u64().unwrap(),
            bytes_out: message["bytes_out"].as_u64().unwrap(),
            relayed: None,
        })),
        "leave" => Request::Leave,
        "ice-refresh" => Request::IceRefresh,
        "ping" => Request::Ping,
        other => panic!("a document without a reader: {other}"),
    }
}

#[test]
fn the_type_counts_wherever_it_stands_and_only_once() {
    assert_eq!(decode(r#"{ "type" : "ping" }"#, fresh), Ok(Request::Ping));
    assert_eq!(decode(r#"{"type":"pi\u006eg"}"#, fresh), Ok(Request::Ping));
    let signal = |text| matches!(decode(text, fresh), Ok(Request::Signal { .. }));
    assert!(signal(r#"{"to":"a","payload":{},"type":"signal"}"#));
    assert!(signal(r#"{"type":"signal","to":"a","payload":{"type":"ping"}}"#));
    for text in [
        r#"{"type":"ping","type":"leave"}"#,
        r#"{"type":"signal","to":"a","payload":{},"type":"signal"}"#,
        r#"{"type":""#,
    ] {
        assert!(matches!(decode(text, fresh), Err(Refusal::BadMessage(_))), "{text}");
    }
}

#[test]
fn every_message_of_a_page_is_understood() {
    let documents = documents("page");
    assert_eq!(documents.len(), 14);
    for (name, document) in documents {
        for message in [document["message"].clone(), complete(&document)] {
            assert_eq!(decode(&message.to_string(), fresh), Ok(request(&message)), "{name}");
        }
    }
}

#[test]
fn a_field_too_many_or_too_few_is_refused() {
    for (name, document) in documents("page") {
        let mut more = complete(&document);
        more["surprise"] = json!(1);
        assert!(matches!(decode(&more.to_string(), fresh), Err(Refusal::BadMessage(_))), "{name} with a surprise");
        for field in document["message"].as_object().unwrap().keys() {
            let mut less = document["message"].clone();
            less.as_object_mut().unwrap().remove(field);
            assert!(matches!(decode(&less.to_string(), fresh), Err(Refusal::BadMessage(_))), "{name} without {field}");
        }
    }
}

#[test]
fn whatever_else_arrives_is_refused_with_words() {
    for text in ["", "null", "[]", "{}", "ping", r#"{"type":7}"#, r#"{"type":"dance"}"#, r#"{"type":"ping"} x"#] {
        let Err(Refusal::BadMessage(words)) = decode(text, fresh) else { panic!("{text:.40} was understood") };
        assert!(!words.is_empty());
    }
}

/// The payload is the pages' own business, to the last space; and however deep it is, nobody's stack is at stake.
#[test]
fn what_pages_say_to_each_other_is_passed_on_as_it_is() {
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    for payload in ["{ \"b\" : [1.0, 1e3],\"a\":\"\\u4f1a\\/\" }", "null", deep.as_str()] {
        let text = format!(r#"{{"type":"signal","to":"p","payload":{payload}}}"#);
        let Ok(Request::Signal { payload: read, .. }) = decode(&text, fresh) else { panic!("not understood") };
        assert_eq!(&*read, payload);
        let message = Message::Signal { from: PersonId("p".into()), payload: read };
        let passed_on = format!(r#"{{"type":"signal","from":"p","payload":{payload}}}"#);
        assert_eq!(encode(&message, |_| unreachable!()), passed_on);
    }
}

fn person(value: &Value) -> PersonId {
    PersonId(value.as_str().unwrap().into())
}

fn peer(value: &Value) -> Peer {
    Peer {
        id: person(&value["id"]),
        name: value["name"].as_str().unwrap().into(),
        instance: value["instance"].as_str().unwrap().into(),
        offerer: value["offerer"].as_bool().unwrap(),
        away: value["away"].as_bool().unwrap(),
        host: value["host"].as_bool().unwrap(),
    }
}

fn knock(value: &Value) -> Knock {
    Knock { id: person(&value["id"]), name: value["name"].as_str().unwrap().into() }
}

fn door(value: &Value) -> DoorSigns {
    let [locked, lobby, password] = ["locked", "lobby", "password"].map(|sign| value[sign].as_bool().unwrap());
    DoorSigns { locked, lobby, password }
}

fn room(message: &Value) -> RoomName {
    RoomName::new(message["room"].as_str().unwrap()).unwrap()
}

fn ice(message: &Value) -> Ice {
    let servers = message["ice_servers"].as_array().unwrap().iter().map(|server| IceServer {
        urls: server["urls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect(),
        username: server["username"].as_str().map(str::to_owned),
        credential: server["credential"].as_str().map(str::to_owned),
    });
    Ice { ice_servers: servers.collect(), ice_ttl: message["ice_ttl"].as_u64().unwrap() }
}

/// The value whose text the document shows.
fn said(message: &Value) -> Message {
    let max_people = || message["max_people"].as_u64().unwrap() as usize;
    match message["type"].as_str().unwrap() {
        "joined" => Message::Joined(Box::new(Joined {
            room: room(message),
            you: person(&message["you"]),
            seat: message["seat"].as_str().unwrap().to_owned(),
            max_people: max_people(),
            host: message["host"].as_bool().unwrap(),
            open: message["open"].as_bool().unwrap(),
            door: door(&message["door"]),
            knocks: message["knocks"].as_array().unwrap().iter().map(knock).collect(),
            peers: message["peers"].as_array().unwrap().iter().map(peer).collect(),
        })),
        "full" => Message::Full { room: room(message), max_people: max_people() },
        "waiting" => Message::Waiting(room(message)),
        "knock" => Message::Knock(knock(message)),
        "knock-over" => Message::KnockOver(person(&message["id"])),
        "invited" => Message::Invited {
            token: message["invitation"].as_str().unwrap().to_owned(),
            invitation: Invitation {
                id: InvitationId([0; 8]),
                role: Role::Guest,
                ends: message["ends"].as_u64().unwrap_or(0) as u32,
                uses: message["uses"].as_u64().unwrap_or(0) as u16,
            },
        },
        "revoked" => Message::Revoked(message["invitation"].as_str().unwrap().to_owned()),
        "door" => Message::Door(door(&message["door"])),
        "role" => Message::Role {
            host: message["host"].as_bool().unwrap(),
            seat: message["seat"].as_str().unwrap().to_owned(),
        },
        "peer-role" => Message::PeerRole(person(&message["id"]), message["host"].as_bool().unwrap()),
        "relay-budget" => Message::RelayBudget(match message["left"].as_str().unwrap() {
            "plenty" => RelayBudget::Plenty,
            "lower" => RelayBudget::Lower,
            "audio-only" => RelayBudget::AudioOnly,
            "used-up" => RelayBudget::UsedUp,
            other => panic!("{other}"),
        }),
        "restarting" => Message::Restarting,
        "why" => Message::Why(
            person(&message["peer"]),
            Why {
                reason: Reason::UdpBlocked,
                who: message["who"].as_array().unwrap().iter().map(person).collect(),
                over: message["over"].is_string().then_some(Transport::Tls),
            },
        ),
        "mute-asked" => Message::MuteAsked(person(&message["by"])),
        "peer-joined" => Message::PeerJoined(peer(&message["peer"])),
        "peer-back" => Message::PeerBack(peer(&message["peer"])),
        "peer-away" => Message::PeerAway(person(&message["id"])),
        "peer-left" => Message::PeerLeft(person(&message["id"]), Parting::Left),
        "signal" => Message::Signal { from: person(&message["from"]), payload: message["payload"].to_string().into() },
        "left" => Message::Left(room(message)),
        "ice-servers" => Message::IceServers(PersonId("you".into())),
        "pong" => Message::Pong,
        "error" => Message::Error(Refusal::NoSuchPeer),
        other => panic!("a document without a writer: {other}"),
    }
}

#[test]
fn every_message_of_the_hub_reads_as_documented() {
    let documents = documents("hub");
    assert_eq!(documents.len(), 23);
    for (name, document) in documents {
        for expected in [document["message"].clone(), complete(&document)] {
            let text = encode(&said(&expected), |_| ice(&expected));
            let written: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(written, expected, "{name}");
        }
    }
}

#[test]
fn every_refusal_has_the_code_that_the_document_promises() {
    let about = documents("hub").into_iter().find(|(name, _)| name == "error").unwrap().1;
    let about = about["about"].as_str().unwrap();
    let (_, closing) = about.split_once("After ").unwrap();
    for refusal in [
        Refusal::NotJoined,
        Refusal::NoSuchPeer,
        Refusal::BadRoom,
        Refusal::BadName,
        Refusal::TooManyRooms,
        Refusal::InvitationNeeded,
        Refusal::InvitationEnded,
        Refusal::InvitationSpent,
        Refusal::Locked,
        Refusal::PasswordNeeded,
        Refusal::PasswordWrong,
        Refusal::LobbyFull,
        Refusal::Restarting,
        Refusal::Declined,
        Refusal::Removed,
        Refusal::NotHost,
        Refusal::Apart,
        Refusal::TooManyJoins(2),
        Refusal::TooManyNewRooms(2),
        Refusal::TooFast,
        Refusal::BadMessage("x".into()),
        Refusal::TooLarge,
        Refusal::Replaced,
    ] {
        let quoted = format!("'{}'", refusal.code());
        assert!(about.contains(&quoted), "{quoted} is not documented");
        assert_eq!(closing.contains(&quoted), refusal.closes(), "whether {quoted} closes the socket");
        let text = encode(&Message::Error(refusal.clone()), |_| unreachable!());
        let written: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(written, json!({ "type": "error", "code": refusal.code(), "message": refusal.to_string() }));
    }
}
