//! Whose socket drops, whose page is reloaded and whose server restarts: the seat is theirs, and nobody else's.

use super::*;

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
fn a_seat_is_found_again_in_a_room_that_emptied_while_the_server_stops() {
    let mut hall = hall();
    let (alice, joined) = hall.enters("Alice");
    hall.happens(Event::Restarting);
    hall.asks(alice, Request::Leave);
    let alice = hall.knocks("Alice", "first", Some(&joined.seat));
    assert!(matches!(hall.hears(alice)[..], [Message::Joined(_), Message::Restarting]));
}
