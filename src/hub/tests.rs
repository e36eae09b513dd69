//! Conversations with the hub, each named for what somebody in the call would notice.

mod hosts;
mod invited;

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
fn a_full_room_says_so_and_has_a_place_again_when_somebody_leaves() {
    let mut hall = Hall::new(Options { max_people: 2, ..Options::default() });
    let (alice, _) = hall.enters("Alice");
    hall.enters("Bob");
    let carol = hall.knocks("Carol", "i", None);
    assert!(matches!(hall.hears(carol)[..], [Message::Full { max_people: 2, .. }]));
    hall.asks(alice, Request::Leave);
    hall.asks(carol, join("kitchen", "Carol", "i", None, 50));
    assert_eq!(hall.joined(carol).peers.len(), 1);
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
fn a_dropped_socket_comes_back_to_its_seat_and_misses_nothing() {
    let mut hall = hall();
    let (alice, alice_joined) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    hall.heard.clear();
    hall.happens(Event::Closed(bob));
    assert_eq!(hall.hears(alice), [Message::PeerAway(bob_joined.you.clone())]);
    for text in ["one", "two"] {
        hall.asks(alice, signal(&bob_joined.you, text));
    }
    hall.passes(SECOND * 44);
    let bob = hall.knocks("Bob", "first", Some(&bob_joined.seat));
    let heard = hall.hears(bob);
    assert!(matches!(&heard[0], Message::Joined(joined) if joined.you == bob_joined.you));
    let texts: Vec<_> = heard[1..]
        .iter()
        .map(|message| match message {
            Message::Signal { from, payload } if *from == alice_joined.you => &**payload,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["one", "two"]);
    let [Message::PeerBack(back)] = &hall.hears(alice)[..] else { panic!("Alice was not told") };
    assert_eq!((&back.id, &*back.instance, back.offerer), (&bob_joined.you, "first", true));
    hall.passes(SECOND * 60);
    assert_eq!(hall.hub.people("kitchen"), 2, "the old departure does not clear the seat");
}

#[test]
fn who_does_not_come_back_is_lost_after_the_grace() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    hall.happens(Event::Closed(bob));
    hall.passes(SECOND * 44);
    hall.hears(alice);
    hall.passes(SECOND);
    assert_eq!(hall.hears(alice), [Message::PeerLeft(bob_joined.you, Parting::Lost)]);
    hall.happens(Event::Closed(alice));
    hall.passes(SECOND * 45);
    assert_eq!(hall.hub.rooms(), 0);
}

#[test]
fn a_reloaded_page_keeps_its_id_and_hears_nothing_meant_for_the_page_before() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    hall.happens(Event::Closed(bob));
    hall.asks(alice, signal(&bob_joined.you, "for the old page"));
    hall.hears(alice);
    let bob = hall.knocks("Bob", "second", Some(&bob_joined.seat));
    assert!(matches!(&hall.hears(bob)[..], [Message::Joined(joined)] if joined.you == bob_joined.you));
    assert!(matches!(&hall.hears(alice)[..], [Message::PeerBack(peer)] if &*peer.instance == "second"));
}

#[test]
fn what_a_page_said_before_it_was_reloaded_does_not_reach_who_was_away() {
    let mut hall = hall();
    let (alice, alice_joined) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    hall.happens(Event::Closed(bob));
    hall.asks(alice, signal(&bob_joined.you, "of an old connection"));
    let alice = {
        hall.happens(Event::Closed(alice));
        hall.knocks("Alice", "second", Some(&alice_joined.seat))
    };
    hall.asks(alice, signal(&bob_joined.you, "of the new one"));
    let bob = hall.knocks("Bob", "first", Some(&bob_joined.seat));
    let heard = hall.hears(bob);
    assert!(matches!(&heard[1..], [Message::Signal { payload, .. }] if &**payload == "of the new one"), "{heard:?}");
}

#[test]
fn a_second_window_takes_the_seat_and_the_first_is_told() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    let again = hall.knocks("Bob", "other", Some(&bob_joined.seat));
    assert_eq!(hall.hears(bob), [Message::Error(Refusal::Replaced)]);
    assert!(hall.was_closed(bob));
    hall.happens(Event::Closed(bob));
    assert_eq!(hall.joined(again).you, bob_joined.you);
    assert!(!hall.hears(alice).contains(&Message::PeerAway(bob_joined.you)), "the old socket's end is nobody's end");
    assert_eq!(hall.hub.people("kitchen"), 2);
}

#[test]
fn a_restarted_server_gives_everybody_the_same_seat_and_the_same_part() {
    let mut hall = hall();
    let (_, alice) = hall.enters("Alice");
    let (_, bob) = hall.enters("Bob");
    hall.hub = Hub::new(Options::default(), SeatKey::new(&[7; 32]), invitations());
    hall.passes(SECOND * 3);
    // The later one is back first, and a newcomer is quicker than both.
    let (_, carol) = hall.enters("Carol");
    let socket = hall.knocks("Bob", "first", Some(&bob.seat));
    let bob_again = hall.joined(socket);
    let socket = hall.knocks("Alice", "first", Some(&alice.seat));
    let alice_again = hall.joined(socket);
    assert_eq!((&alice_again.you, &bob_again.you), (&alice.you, &bob.you));
    let offers_to: Vec<_> = alice_again.peers.iter().map(|peer| (&peer.id, peer.offerer)).collect();
    assert_eq!(offers_to, [(&carol.you, true), (&bob.you, true)], "Alice sat first, and still does");
    assert!(bob_again.peers[0].offerer);
}

#[test]
fn a_token_of_another_room_makes_a_newcomer() {
    let mut hall = hall();
    let (_, alice) = hall.enters("Alice");
    let socket = hall.opens();
    hall.asks(socket, join("cellar", "Alice", "i", Some(&alice.seat), 77));
    assert_eq!(hall.joined(socket).you, PersonId("person-77".into()));
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
fn a_page_that_talks_too_fast_is_closed_and_its_seat_is_kept() {
    let mut hall = Hall::new(Options { burst: 5, rate: 1, ..Options::default() });
    let (alice, _) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    hall.heard.clear();
    for _ in 0..9 {
        hall.asks(bob, Request::Ping);
    }
    let said = hall.hears(bob);
    assert_eq!(said.iter().filter(|message| **message == Message::Pong).count(), 4);
    assert_eq!(said.last(), Some(&Message::Error(Refusal::TooFast)));
    assert!(hall.was_closed(bob));
    assert_eq!(hall.hears(alice), [Message::PeerAway(bob_joined.you)]);
}

#[test]
fn long_messages_cost_more_than_short_ones() {
    let mut hall = Hall::new(Options { burst: 20, rate: 1, ..Options::default() });
    let (alice, _) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    hall.asks(alice, signal(&bob_joined.you, &"x".repeat(20 * 1024)));
    assert!(hall.was_closed(alice));
    assert!(matches!(hall.hears(bob)[..], [Message::PeerAway(_)]));
}

#[test]
fn garbage_closes_only_the_socket_it_came_by() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let (bob, _) = hall.enters("Bob");
    let refusal = Refusal::BadMessage("expected value at line 1".into());
    hall.heard.clear();
    hall.happens(Event::Garbled(bob, refusal.clone()));
    assert_eq!(hall.heard.last(), Some(&Effect::Send(alice, Message::PeerAway(PersonId("person-2".into())))));
    assert_eq!(hall.hears(bob), [Message::Error(refusal)]);
    assert!(hall.was_closed(bob) && !hall.was_closed(alice));
}

#[test]
fn rooms_are_bounded_and_names_are_checked() {
    let mut hall = Hall::new(Options { max_rooms: 1, ..Options::default() });
    hall.enters("Alice");
    let socket = hall.opens();
    for (request, refusal) in [
        (join("cellar", "Bob", "i", None, 9), Refusal::TooManyRooms),
        (join("", "Bob", "i", None, 9), Refusal::BadRoom),
        (join("kitchen", " ", "i", None, 9), Refusal::BadName),
    ] {
        hall.asks(socket, request);
        assert_eq!(hall.hears(socket), [Message::Error(refusal)]);
    }
    assert!(!hall.was_closed(socket), "the page may ask again");
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
fn a_seat_is_found_again_in_a_room_that_emptied_while_the_server_stops() {
    let mut hall = hall();
    let (alice, joined) = hall.enters("Alice");
    hall.happens(Event::Restarting);
    hall.asks(alice, Request::Leave);
    let alice = hall.knocks("Alice", "first", Some(&joined.seat));
    assert!(matches!(hall.hears(alice)[..], [Message::Joined(_), Message::Restarting]));
}

/// Comes from that network, and says what the hub answers.
fn comes_from(hall: &mut Hall, network: u64, counted: bool, room: &str) -> Message {
    hall.next += 1;
    let socket = SocketId(hall.next);
    hall.happens(Event::Opened { socket, network: Network(network), counted });
    hall.asks(socket, join(room, "Somebody", "first", None, hall.next));
    hall.hears(socket).remove(0)
}

#[test]
fn a_network_sends_only_so_many_newcomers_and_hears_when_the_next_may_come() {
    let mut hall = Hall::new(Options { joins_per_minute: 3, max_people: 64, ..Options::default() });
    for _ in 0..3 {
        assert!(matches!(comes_from(&mut hall, 1, true, "kitchen"), Message::Joined(_)));
    }
    assert_eq!(comes_from(&mut hall, 1, true, "kitchen"), Message::Error(Refusal::TooManyJoins(21)));
    assert!(matches!(comes_from(&mut hall, 2, true, "kitchen"), Message::Joined(_)), "others come in");
    assert!(matches!(comes_from(&mut hall, 1, false, "kitchen"), Message::Joined(_)), "and who is not counted");
    hall.passes(21 * SECOND);
    assert!(matches!(comes_from(&mut hall, 1, true, "kitchen"), Message::Joined(_)));
    assert!(matches!(comes_from(&mut hall, 1, true, "kitchen"), Message::Error(Refusal::TooManyJoins(_))));
}

#[test]
fn a_network_opens_only_so_many_rooms_and_still_enters_those_that_are_open() {
    let mut hall = Hall::new(Options { rooms_per_minute: 1, ..Options::default() });
    assert!(matches!(comes_from(&mut hall, 1, true, "kitchen"), Message::Joined(_)));
    assert_eq!(comes_from(&mut hall, 1, true, "cellar"), Message::Error(Refusal::TooManyNewRooms(61)));
    assert!(matches!(comes_from(&mut hall, 1, true, "kitchen"), Message::Joined(_)));
    assert!(matches!(comes_from(&mut hall, 2, true, "cellar"), Message::Joined(_)));
}

#[test]
fn who_comes_back_to_a_seat_is_no_newcomer() {
    let mut hall = Hall::new(Options { joins_per_minute: 1, rooms_per_minute: 1, ..Options::default() });
    let Message::Joined(joined) = comes_from(&mut hall, 1, true, "kitchen") else { panic!("not let in") };
    for round in 0..9 {
        hall.happens(Event::Closed(SocketId(hall.next)));
        // Also when the seat was cleared, and the room with it.
        hall.passes(SECOND * if round % 2 == 0 { 1 } else { 20 });
        hall.next += 1;
        let socket = SocketId(hall.next);
        hall.happens(Event::Opened { socket, network: Network(1), counted: true });
        hall.asks(socket, join("kitchen", "Somebody", "first", Some(&joined.seat), hall.next));
        assert!(matches!(hall.hears(socket)[0], Message::Joined(_)));
    }
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
