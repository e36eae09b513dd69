//! What a host may do, who may come in, and what the others notice of it.

use super::*;

impl Hall {
    /// Does something as the person behind `socket`.
    fn commands(&mut self, socket: SocketId, command: Command) {
        self.asks(socket, Request::Host(command));
    }

    fn changes_door(&mut self, socket: SocketId, change: DoorChange) {
        self.commands(socket, Command::SetDoor(change));
    }

    /// A newcomer's try with a password.
    fn tries(&mut self, password: &str) -> Vec<Message> {
        let socket = self.opens();
        let Request::Join(join) = join("kitchen", "Carol", "i", None, self.next) else { unreachable!() };
        self.asks(socket, Request::Join(Join { password: Some(Secret::new(password)), ..join }));
        self.hears(socket)
    }

    /// Comes in from the network of somebody else.
    fn opens_from(&mut self, network: u64) -> SocketId {
        self.next += 1;
        self.happens(Event::Opened { socket: SocketId(self.next), network: Network(network), counted: true });
        SocketId(self.next)
    }
}

fn refused(messages: &[Message]) -> &Refusal {
    match messages {
        [Message::Error(refusal)] => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

const LOCK: DoorChange = DoorChange { locked: Some(true), lobby: None, password: None };
const LOBBY: DoorChange = DoorChange { locked: None, lobby: Some(true), password: None };

#[test]
fn whoever_opens_a_room_is_its_host_and_the_next_in_line_follows() {
    let mut hall = hall();
    let (alice, alice_joined) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    let (carol, carol_joined) = hall.enters("Carol");
    assert!(alice_joined.host && !bob_joined.host && !carol_joined.host);
    assert!(bob_joined.peers[0].host, "everybody sees who the host is");
    hall.heard.clear();
    hall.asks(alice, Request::Leave);
    let [Message::PeerLeft(..), Message::Role { host: true, seat }] = &hall.hears(bob)[..] else {
        panic!("no new host")
    };
    assert!(hall.hears(carol).contains(&Message::PeerRole(bob_joined.you, true)));
    // The new token is a host's: a restarted server, where Carol was quicker, knows Bob as a host again.
    hall.hub = Hub::new(Options::default(), SeatKey::new(&[7; 32]), invitations());
    hall.knocks("Carol", "first", Some(&carol_joined.seat));
    let back = hall.knocks("Bob", "first", Some(seat));
    assert!(hall.joined(back).host);
}

#[test]
fn only_a_host_is_obeyed() {
    let mut hall = hall();
    let (alice, alice_joined) = hall.enters("Alice");
    let (bob, _) = hall.enters("Bob");
    hall.heard.clear();
    for command in [Command::Remove(alice_joined.you.clone()), Command::Mute(alice_joined.you), Command::SetDoor(LOCK)]
    {
        hall.commands(bob, command);
        assert_eq!(*refused(&hall.hears(bob)), Refusal::NotHost);
    }
    assert_eq!(hall.hears(alice), [], "and the host notices nothing");
}

#[test]
fn a_host_who_names_themselves_stays_and_stays_host() {
    let mut hall = hall();
    let (alice, joined) = hall.enters("Alice");
    let (bob, _) = hall.enters("Bob");
    hall.heard.clear();
    let you = joined.you;
    for command in [Command::Remove(you.clone()), Command::Mute(you.clone()), Command::HandOver(you.clone())] {
        hall.commands(alice, command);
        assert_eq!(*refused(&hall.hears(alice)), Refusal::NoSuchPeer);
    }
    assert_eq!(hall.hears(bob), []);
}

#[test]
fn a_locked_room_stays_shut_for_newcomers_and_open_for_those_who_were_in() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    hall.heard.clear();
    hall.changes_door(alice, LOCK);
    let signs = DoorSigns { locked: true, ..DoorSigns::default() };
    assert_eq!(hall.hears(bob), [Message::Door(signs)]);
    let carol = hall.knocks("Carol", "i", None);
    assert_eq!(*refused(&hall.hears(carol)), Refusal::Locked);
    hall.happens(Event::Closed(bob));
    hall.passes(SECOND * 3600);
    let back = hall.knocks("Bob", "first", Some(&bob_joined.seat));
    assert_eq!(hall.joined(back).door, signs);
    hall.changes_door(alice, DoorChange { locked: Some(false), ..DoorChange::default() });
    hall.asks(carol, join("kitchen", "Carol", "i", None, 50));
    hall.joined(carol);
}

#[test]
fn yesterdays_seat_is_no_key_to_a_locked_room() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    hall.asks(bob, Request::Leave);
    hall.changes_door(alice, LOCK);
    hall.passes(SECOND * 25 * 3600);
    let back = hall.knocks("Bob", "first", Some(&bob_joined.seat));
    assert_eq!(*refused(&hall.hears(back)), Refusal::Locked);
}

#[test]
fn yesterdays_host_is_a_newcomer_like_everybody_else() {
    let mut hall = hall();
    let (alice, alice_joined) = hall.enters("Alice");
    hall.asks(alice, Request::Leave);
    hall.passes(SECOND * 25 * 3600);
    let (bob, _) = hall.enters("Bob");
    hall.changes_door(bob, LOCK);
    let back = hall.knocks("Alice", "first", Some(&alice_joined.seat));
    assert_eq!(*refused(&hall.hears(back)), Refusal::Locked);
    hall.changes_door(bob, DoorChange { locked: Some(false), ..DoorChange::default() });
    let back = hall.knocks("Alice", "first", Some(&alice_joined.seat));
    assert!(!hall.joined(back).host);
}

#[test]
fn whoever_knocks_again_by_another_socket_gets_one_seat() {
    let mut hall = hall();
    let (carol, carol_joined) = hall.enters("Carol");
    hall.asks(carol, Request::Leave);
    hall.passes(SECOND * 25 * 3600);
    let (alice, _) = hall.enters("Alice");
    hall.changes_door(alice, LOBBY);
    let [dead, alive] = [(), ()].map(|()| hall.knocks("Carol", "first", Some(&carol_joined.seat)));
    assert!(hall.was_closed(dead), "the newer one knocks");
    hall.commands(alice, Command::Admit(carol_joined.you.clone()));
    assert!(matches!(hall.hears(alive)[..], [Message::Waiting(_), Message::Joined(_)]));
    hall.commands(alice, Command::Admit(carol_joined.you));
    assert_eq!(hall.hub.people("kitchen"), 2);
}

#[test]
fn new_sockets_bring_no_new_guesses() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    hall.changes_door(alice, DoorChange { password: Some(Secret::new("open sesame")), ..DoorChange::default() });
    let mut guess = |n: u64| {
        let socket = hall.opens_from(99);
        let Request::Join(join) = join("kitchen", "Mallory", "i", None, 1000 + n) else { unreachable!() };
        hall.asks(socket, Request::Join(Join { password: Some(Secret::new("guess")), ..join }));
        refused(&hall.hears(socket)).clone()
    };
    assert_eq!((0..1000).take_while(|n| guess(*n) == Refusal::PasswordWrong).count(), 10);
    assert!(matches!(guess(1001), Refusal::TooManyJoins(_)));
    assert!(matches!(hall.tries("open sesame")[..], [Message::Joined(_)]), "others come in as ever");
}

#[test]
fn the_password_is_asked_for_and_guessing_it_is_slow() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    hall.changes_door(alice, DoorChange { password: Some(Secret::new("open sesame")), ..DoorChange::default() });
    let carol = hall.knocks("Carol", "i", None);
    assert_eq!(*refused(&hall.hears(carol)), Refusal::PasswordNeeded);
    assert_eq!(*refused(&hall.tries("open barley")), Refusal::PasswordWrong);
    assert!(matches!(hall.tries("open sesame")[..], [Message::Joined(_)]));
    let Request::Join(guess) = join("kitchen", "Carol", "i", None, 70) else { unreachable!() };
    let guess = Join { password: Some(Secret::new("guess")), ..guess };
    let guesses = (0..1000).take_while(|_| {
        hall.asks(carol, Request::Join(guess.clone()));
        *refused(&hall.hears(carol)) == Refusal::PasswordWrong
    });
    assert!(guesses.count() < 20);
    assert!(hall.was_closed(carol));
    hall.changes_door(alice, DoorChange { password: Some(Secret::new("")), ..DoorChange::default() });
    hall.enters("Dave");
}

#[test]
fn who_knocks_waits_until_a_host_opens() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let (bob, _) = hall.enters("Bob");
    hall.changes_door(alice, LOBBY);
    hall.heard.clear();
    let carol = hall.knocks("Carol", "i", None);
    assert!(matches!(hall.hears(carol)[..], [Message::Waiting(_)]));
    let [Message::Knock(knock)] = &hall.hears(alice)[..] else { panic!("the host heard nothing") };
    assert_eq!((&*knock.name, hall.hears(bob).len()), ("Carol", 0), "guests are not disturbed");
    hall.commands(alice, Command::Admit(knock.id.clone()));
    assert_eq!(hall.joined(carol).you, knock.id);
    assert_eq!(hall.hears(alice)[0], Message::KnockOver(knock.id.clone()));
}

#[test]
fn who_is_sent_away_or_goes_knocks_no_longer() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    hall.changes_door(alice, LOBBY);
    let knocking = [hall.knocks("Carol", "i", None), hall.knocks("Dave", "i", None), hall.knocks("Eve", "i", None)];
    let knocks: Vec<_> = hall
        .hears(alice)
        .into_iter()
        .filter_map(|message| match message {
            Message::Knock(knock) => Some(knock.id),
            _ => None,
        })
        .collect();
    hall.heard.clear();
    hall.commands(alice, Command::Decline(knocks[0].clone()));
    assert_eq!(*refused(&hall.hears(knocking[0])), Refusal::Declined);
    hall.asks(knocking[1], Request::Leave);
    hall.happens(Event::Closed(knocking[2]));
    assert_eq!(hall.hears(alice), knocks.iter().cloned().map(Message::KnockOver).collect::<Vec<_>>());
    hall.commands(alice, Command::Admit(knocks[2].clone()));
    assert_eq!(*refused(&hall.hears(alice)), Refusal::NoSuchPeer);
}

#[test]
fn a_host_who_comes_back_sees_who_knocked_meanwhile() {
    let mut hall = hall();
    let (alice, alice_joined) = hall.enters("Alice");
    hall.changes_door(alice, LOBBY);
    hall.happens(Event::Closed(alice));
    hall.knocks("Carol", "i", None);
    let back = hall.knocks("Alice", "first", Some(&alice_joined.seat));
    assert_eq!(&*hall.joined(back).knocks[0].name, "Carol");
}

#[test]
fn whoever_waits_when_the_last_one_leaves_opens_the_room_anew() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    hall.changes_door(alice, LOBBY);
    let (carol, dave) = (hall.knocks("Carol", "i", None), hall.knocks("Dave", "i", None));
    hall.heard.clear();
    hall.asks(alice, Request::Leave);
    let joined = hall.joined(carol);
    assert!(joined.host && !joined.door.lobby, "with an ordinary door");
    assert_eq!(&*joined.knocks[0].name, "Dave");
    hall.commands(carol, Command::Admit(joined.knocks[0].id.clone()));
    hall.joined(dave);
}

#[test]
fn the_queue_at_the_door_is_bounded() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    hall.changes_door(alice, LOBBY);
    let answers: Vec<_> = (0..20)
        .map(|_| {
            let carol = hall.knocks("Carol", "i", None);
            hall.hears(carol)
        })
        .collect();
    assert!(matches!(answers[15][..], [Message::Waiting(_)]));
    assert_eq!(*refused(&answers[16]), Refusal::LobbyFull);
}

#[test]
fn whoever_is_removed_is_out_everywhere_and_comes_in_only_by_knocking() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let mallory = hall.opens_from(99);
    hall.asks(mallory, join("kitchen", "Mallory", "i", None, 70));
    let seat = hall.joined(mallory);
    hall.heard.clear();
    hall.commands(alice, Command::Remove(seat.you.clone()));
    assert!(hall.heard.contains(&Effect::Revoke(seat.you.clone())), "the relay hears of it");
    assert_eq!(*refused(&hall.hears(mallory)), Refusal::Removed);
    assert!(hall.was_closed(mallory));
    assert_eq!(hall.hears(alice), [Message::PeerLeft(seat.you, Parting::Removed)]);
    for token in [Some(seat.seat.as_str()), None] {
        let again = hall.opens_from(99);
        hall.asks(again, join("kitchen", "Not Mallory", "j", token, 71));
        assert!(matches!(hall.hears(again)[..], [Message::Waiting(_)]));
    }
    hall.enters("Dave, who lives elsewhere");
}

#[test]
fn who_was_removed_and_let_in_again_is_like_everybody_else() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let bob = hall.opens_from(99);
    hall.asks(bob, join("kitchen", "Bob", "i", None, 70));
    let seat = hall.joined(bob);
    hall.commands(alice, Command::Remove(seat.you.clone()));
    let again = hall.opens_from(99);
    hall.asks(again, join("kitchen", "Bob", "i", Some(&seat.seat), 71));
    hall.commands(alice, Command::Admit(seat.you.clone()));
    let Some(Message::Joined(joined)) = hall.hears(again).pop() else { panic!("not let in") };
    hall.happens(Event::Closed(again));
    hall.passes(SECOND * 60);
    let once_more = hall.opens_from(99);
    hall.asks(once_more, join("kitchen", "Bob", "i", Some(&joined.seat), 72));
    hall.joined(once_more);
}

#[test]
fn a_host_asks_for_quiet_and_hands_the_room_over() {
    let mut hall = hall();
    let (alice, alice_joined) = hall.enters("Alice");
    let (bob, bob_joined) = hall.enters("Bob");
    hall.heard.clear();
    hall.commands(alice, Command::Mute(bob_joined.you.clone()));
    assert_eq!(hall.hears(bob), [Message::MuteAsked(alice_joined.you.clone())]);
    hall.commands(alice, Command::HandOver(bob_joined.you.clone()));
    assert!(matches!(hall.hears(alice)[..], [Message::Role { host: false, .. }, Message::PeerRole(_, true)]));
    assert!(matches!(hall.hears(bob)[..], [Message::PeerRole(_, false), Message::Role { host: true, .. }]));
    hall.commands(alice, Command::Mute(bob_joined.you));
    assert_eq!(*refused(&hall.hears(alice)), Refusal::NotHost);
}
