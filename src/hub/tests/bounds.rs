//! What one socket, one network and one room may take from the others, and no more.

use super::*;

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
fn one_network_does_not_knock_for_so_many_that_nobody_else_can() {
    let mut hall = Hall::new(Options { lobby: true, ..Options::default() });
    assert!(matches!(comes_from(&mut hall, 1, true, "kitchen"), Message::Joined(_)));
    let knocks = |hall: &mut Hall, network, counted| comes_from(hall, network, counted, "kitchen");
    let waiting = (0..12).filter(|_| matches!(knocks(&mut hall, 7, true), Message::Waiting(_))).count();
    assert_eq!(waiting, 8);
    assert_eq!(knocks(&mut hall, 7, true), Message::Error(Refusal::LobbyFull));
    assert!(matches!(knocks(&mut hall, 8, true), Message::Waiting(_)), "others knock");
    assert!(matches!(knocks(&mut hall, 7, false), Message::Waiting(_)), "and who is not counted");
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

/// Comes from that network, and says what the hub answers.
fn comes_from(hall: &mut Hall, network: u64, counted: bool, room: &str) -> Message {
    hall.next += 1;
    let socket = SocketId(hall.next);
    hall.happens(Event::Opened { socket, network: Network(network), counted });
    hall.asks(socket, join(room, "Somebody", "first", None, hall.next));
    hall.hears(socket).remove(0)
}
