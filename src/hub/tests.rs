//! Conversations with the hub, each named for what somebody in the call would notice.

mod bounds;
mod hosts;
mod invited;
mod seats;

use std::time::Duration;

use super::*;
use crate::invitation::InvitationKey;
use crate::pass::Secret;

/// A hub with its clock, and the people who talk to it.
struct Hall {
    hub: Hub,
    now: Now,
    heard: Vec<Effect>,
    next: u64,
}

const SECOND: Duration = Duration::from_secs(1);

impl Hall {
    fn new(options: Options) -> Hall {
        Hall {
            hub: Hub::new(options, SeatKey::new(&[7; 32]), invitations()),
            now: Now::read(),
            heard: Vec::new(),
            next: 0,
        }
    }

    fn happens(&mut self, event: Event) {
        self.hub.handle(event, self.now, &mut self.heard);
    }

    fn room(&self, name: &str) -> &Room {
        self.hub.rooms.get(name).expect("somebody is in it")
    }

    fn opens(&mut self) -> SocketId {
        self.next += 1;
        self.happens(Event::Opened { socket: SocketId(self.next), network: Network(self.next), counted: true });
        SocketId(self.next)
    }

    fn asks(&mut self, socket: SocketId, request: Request) {
        self.happens(Event::Asked(socket, request));
    }

    fn passes(&mut self, span: Duration) {
        self.now = self.now.after(span);
        self.happens(Event::Tick);
    }

    /// Opens a socket and asks to come in; the answer is left to be heard.
    fn knocks(&mut self, name: &str, instance: &str, seat: Option<&str>) -> SocketId {
        let socket = self.opens();
        self.asks(socket, join("kitchen", name, instance, seat, self.next));
        socket
    }

    /// Comes in as a newcomer, at the same moment as whoever came before.
    fn enters(&mut self, name: &str) -> (SocketId, Joined) {
        let socket = self.knocks(name, "first", None);
        let joined = self.joined(socket);
        (socket, joined)
    }

    fn joined(&mut self, socket: SocketId) -> Joined {
        match self.hears(socket).into_iter().next() {
            Some(Message::Joined(joined)) => *joined,
            other => panic!("not let in: {other:?}"),
        }
    }

    /// All that was said on this socket since it was last asked.
    fn hears(&mut self, socket: SocketId) -> Vec<Message> {
        let mut said = Vec::new();
        self.heard.retain(|effect| match effect {
            Effect::Send(to, message) if *to == socket => {
                said.push(message.clone());
                false
            }
            _ => true,
        });
        said
    }

    fn was_closed(&self, socket: SocketId) -> bool {
        self.heard.iter().any(|effect| matches!(effect, Effect::Close(closed, _) if *closed == socket))
    }
}

fn join(room: &str, name: &str, instance: &str, seat: Option<&str>, fresh: u64) -> Request {
    Request::Join(Join {
        room: room.into(),
        name: name.into(),
        instance: instance.into(),
        seat: seat.map(str::to_owned),
        invitation: None,
        password: None,
        fresh: PersonId(format!("person-{fresh}").into()),
    })
}

fn signal(to: &PersonId, text: &str) -> Request {
    Request::Signal { to: to.clone(), payload: text.into() }
}

fn invitations() -> Invitations {
    Invitations::new(InvitationKey::new(&[9; 32], Vec::new()), "")
}

fn hall() -> Hall {
    Hall::new(Options::default())
}

#[test]
fn two_people_learn_of_each_other_and_agree_who_offers() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let (_, bob_joined) = hall.enters("Bob");
    let [Message::PeerJoined(bob)] = &hall.hears(alice)[..] else { panic!("Alice was not told") };
    assert_eq!(&*bob.name, "Bob");
    assert!(bob.offerer, "the one who was there first offers to the newcomer");
    assert_eq!(&*bob_joined.peers[0].name, "Alice");
    assert!(!bob_joined.peers[0].offerer);
}

#[test]
fn of_many_who_come_at_once_each_offers_to_those_who_come_later() {
    let mut hall = hall();
    // Ids in falling order: the order of arrival must decide, not the alphabet.
    for (n, name) in [(9, "first"), (5, "second"), (1, "third")] {
        let socket = hall.opens();
        hall.asks(socket, join("kitchen", name, "i", None, n));
    }
    let socket = hall.opens();
    hall.asks(socket, join("kitchen", "fourth", "i", None, 3));
    assert!(hall.joined(socket).peers.iter().all(|peer| !peer.offerer));
}

#[test]
fn what_alice_says_reaches_bob_alone() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    let (carol, _) = hall.enters("Carol");
    hall.heard.clear();
    hall.asks(alice, signal(&bob_joined.you, "hello"));
    assert!(matches!(&hall.hears(bob)[..], [Message::Signal { payload, .. }] if &**payload == "hello"));
    assert!(hall.hears(carol).is_empty());
}

#[test]
fn a_stranger_in_another_room_is_no_peer() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let stranger = hall.opens();
    hall.asks(stranger, join("cellar", "Mallory", "i", None, 99));
    hall.hears(stranger);
    for to in ["person-1", "person-99"] {
        hall.asks(stranger, signal(&PersonId(to.into()), "psst"));
        assert_eq!(hall.hears(stranger), [Message::Error(Refusal::NoSuchPeer)]);
    }
    assert!(hall.hears(alice).is_empty());
}

#[test]
fn leaving_is_told_to_both_sides_and_an_empty_room_is_no_more() {
    let mut hall = hall();
    let (alice, alice_joined) = hall.enters("Alice");
    let (bob, _) = hall.enters("Bob");
    hall.heard.clear();
    hall.asks(alice, Request::Leave);
    assert_eq!(hall.hears(alice), [Message::Left(alice_joined.room)]);
    assert_eq!(hall.hears(bob)[0], Message::PeerLeft(alice_joined.you, Parting::Left));
    hall.asks(bob, Request::Leave);
    assert_eq!(hall.hub.rooms(), 0);
    hall.asks(bob, Request::Leave);
    assert_eq!(hall.hears(bob).last(), Some(&Message::Error(Refusal::NotJoined)));
}

#[test]
fn joining_elsewhere_leaves_the_old_room() {
    let mut hall = hall();
    let (alice, alice_joined) = hall.enters("Alice");
    let (bob, _) = hall.enters("Bob");
    hall.heard.clear();
    hall.asks(alice, join("cellar", "Alice", "i", None, 60));
    assert_eq!(hall.hears(bob)[0], Message::PeerLeft(alice_joined.you, Parting::Left));
    assert_eq!((hall.hub.people("kitchen"), hall.hub.people("cellar")), (1, 1));
}

#[test]
fn fresh_credentials_are_made_out_to_the_person_in_the_room_only() {
    let mut hall = hall();
    let stranger = hall.opens();
    hall.asks(stranger, Request::IceRefresh);
    assert_eq!(hall.hears(stranger), [Message::Error(Refusal::NotJoined)]);
    let (alice, joined) = hall.enters("Alice");
    hall.asks(alice, Request::IceRefresh);
    assert_eq!(hall.hears(alice), [Message::IceServers(joined.you)]);
}

#[test]
fn everybody_in_a_room_hears_what_the_relay_has_left_and_so_does_who_comes_later() {
    let mut hall = hall();
    let ((alice, _), stranger) = (hall.enters("Alice"), hall.opens());
    hall.happens(Event::RelayBudget(RelayBudget::Lower));
    assert_eq!(hall.hears(alice), [Message::RelayBudget(RelayBudget::Lower)]);
    let bob = hall.knocks("Bob", "first", None);
    assert!(matches!(hall.hears(bob)[..], [Message::Joined(_), Message::RelayBudget(RelayBudget::Lower)]));
    hall.happens(Event::RelayBudget(RelayBudget::Plenty));
    assert_eq!(hall.hears(bob), [Message::RelayBudget(RelayBudget::Plenty)]);
    assert!(hall.hears(stranger).is_empty());
    let carol = hall.knocks("Carol", "first", None);
    assert!(matches!(hall.hears(carol)[..], [Message::Joined(_)]));
}

#[test]
fn a_server_that_is_about_to_stop_says_so_and_opens_no_new_rooms() {
    let mut hall = hall();
    let ((alice, _), (bob, bob_joined)) = (hall.enters("Alice"), hall.enters("Bob"));
    hall.hears(alice);
    hall.happens(Event::Restarting);
    assert_eq!(hall.hears(alice), [Message::Restarting]);
    let stranger = hall.opens();
    hall.asks(stranger, join("cellar", "Carol", "first", None, 9));
    assert_eq!(hall.hears(stranger), [Message::Error(Refusal::Restarting)]);
    assert!(!hall.was_closed(stranger), "the page may ask again");
    // The call that is there goes on: it lets new people in, and those who dropped out.
    let carol = hall.knocks("Carol", "first", None);
    assert!(matches!(hall.hears(carol)[..], [Message::Joined(_), Message::Restarting]));
    hall.happens(Event::Closed(bob));
    let bob = hall.knocks("Bob", "first", Some(&bob_joined.seat));
    assert!(matches!(hall.hears(bob)[..], [Message::Joined(_), Message::Restarting]));
}

#[test]
fn both_are_told_why_when_it_is_news_and_whoever_runs_the_server_reads_it() {
    let mut hall = Hall::new(Options::default());
    let (alice, a) = hall.enters("Alice");
    let (bob, b) = hall.enters("Bob");
    hall.hears(alice);
    hall.hears(bob);
    let relayed = RelayUse { tls: 1, ..RelayUse::default() };
    let path = |to: &PersonId, local, uses| {
        let pair = Some(Pair {
            local,
            remote: Candidate::Relay,
            relay: (local == Candidate::Relay).then_some(Transport::Tls),
        });
        let (alive, relay_only, rtt) = (true, false, Some(40));
        let path =
            Path { to: to.clone(), pair, alive, relay_only, rtt, bytes_in: 7, bytes_out: 9, relayed: Some(uses) };
        Request::Path(Box::new(path))
    };
    let from_bob = path(&a.you, Candidate::Relay, [relayed, RelayUse::default()]);
    hall.asks(bob, from_bob.clone());
    let why = Why { reason: Reason::UdpBlocked, who: vec![b.you.clone()], over: Some(Transport::Tls) };
    assert_eq!(hall.hears(alice), [Message::Why(b.you.clone(), why.clone())]);
    assert_eq!(hall.hears(bob), [Message::Why(a.you.clone(), why)]);
    hall.asks(bob, from_bob);
    hall.asks(alice, path(&b.you, Candidate::Host, [RelayUse::default(), relayed]));
    assert_eq!((hall.hears(alice), hall.hears(bob)), (vec![], vec![]), "nothing new");
    let calls = hall.hub.overview().remove(0).calls;
    assert_eq!((calls[0].why.as_str(), calls[0].bytes), ("Bob's network blocks UDP: relayed over TLS", 14));
    hall.asks(alice, path(&PersonId("stranger".into()), Candidate::Host, [relayed; 2]));
    hall.asks(alice, path(&a.you, Candidate::Host, [relayed; 2]));
    hall.asks(bob, Request::Leave);
    assert!(hall.hub.overview().remove(0).calls.is_empty(), "nothing of strangers, of oneself, or of who has left");
}
