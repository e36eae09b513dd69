//! Rooms by invitation only, and what an invitation is worth.

use std::num::NonZeroU16;

use super::*;
use crate::invitation::{Invitation, InvitationId, Role};

fn closed() -> Hall {
    Hall::new(Options { open: false, ..Options::default() })
}

impl Hall {
    /// Comes to the kitchen with an invitation's text.
    fn brings(&mut self, name: &str, token: &str) -> (SocketId, Vec<Message>) {
        let socket = self.opens();
        let Request::Join(join) = join("kitchen", name, "i", None, self.next) else { unreachable!() };
        self.asks(socket, Request::Join(Join { invitation: Some(token.to_owned()), ..join }));
        (socket, self.hears(socket))
    }

    /// An invitation from outside: the command line, say.
    fn invitation(&mut self, role: Role, uses: u16) -> String {
        self.next += 1;
        let ends = self.now.unix.as_secs() as u32 + 3600;
        let invitation = Invitation { id: InvitationId([self.next as u8; 8]), role, ends, uses };
        self.hub.invitations.token(&RoomName::new("kitchen").expect("a name"), &invitation)
    }

    /// A host asks for one.
    fn wishes(&mut self, host: SocketId, wish: Wish) -> String {
        self.asks(host, Request::Host(Command::Invite(wish)));
        match self.hears(host).pop() {
            Some(Message::Invited { token, .. }) => token,
            other => panic!("no invitation: {other:?}"),
        }
    }
}

fn wish(role: Role, uses: u16) -> Wish {
    Wish { fresh: PersonId(format!("fresh-{uses}").into()), role, seconds: Some(60), uses: NonZeroU16::new(uses) }
}

fn let_in(messages: &[Message]) -> &Joined {
    match messages {
        [Message::Joined(joined)] => joined,
        other => panic!("not let in: {other:?}"),
    }
}

fn refused(messages: &[Message]) -> &Refusal {
    match messages {
        [Message::Error(refusal)] => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn without_an_invitation_nobody_opens_a_closed_room() {
    let mut hall = closed();
    let stranger = hall.knocks("Mallory", "i", None);
    assert_eq!(*refused(&hall.hears(stranger)), Refusal::InvitationNeeded);
    assert_eq!(*refused(&hall.brings("Mallory", "made-up").1), Refusal::InvitationEnded);
    assert_eq!(hall.hub.rooms(), 0);
}

#[test]
fn a_host_and_a_guest_come_in_as_what_they_were_invited() {
    let mut hall = closed();
    let (host, guest) = (hall.invitation(Role::Host, 0), hall.invitation(Role::Guest, 0));
    assert!(!let_in(&hall.brings("Bob", &guest).1).host, "a guest who comes first is a guest");
    assert!(let_in(&hall.brings("Alice", &host).1).host);
    let elsewhere = hall.opens();
    let Request::Join(join) = join("cellar", "Eve", "i", None, 99) else { unreachable!() };
    hall.asks(elsewhere, Request::Join(Join { invitation: Some(host), ..join }));
    assert_eq!(*refused(&hall.hears(elsewhere)), Refusal::InvitationEnded, "it opens its own room alone");
}

#[test]
fn an_invitation_ends_but_nobody_who_is_in_is_sent_out_for_it() {
    let mut hall = closed();
    let token = hall.invitation(Role::Guest, 0);
    let (bob, heard) = hall.brings("Bob", &token);
    let seat = let_in(&heard).seat.clone();
    hall.passes(SECOND * 3600);
    assert_eq!(*refused(&hall.brings("Carol", &token).1), Refusal::InvitationEnded);
    hall.happens(Event::Closed(bob));
    hall.passes(SECOND * 3600);
    let back = hall.knocks("Bob", "i", Some(&seat));
    hall.joined(back);
}

#[test]
fn an_invitation_for_two_lets_two_in_and_counts_nobody_twice() {
    let mut hall = closed();
    let token = hall.invitation(Role::Guest, 2);
    let (bob, heard) = hall.brings("Bob", &token);
    let seat = let_in(&heard).seat.clone();
    hall.happens(Event::Closed(bob));
    let back = hall.opens();
    let Request::Join(again) = join("kitchen", "Bob", "i", Some(&seat), 98) else { unreachable!() };
    hall.asks(back, Request::Join(Join { invitation: Some(token.clone()), ..again }));
    hall.joined(back);
    let_in(&hall.brings("Carol", &token).1);
    assert_eq!(*refused(&hall.brings("Dave", &token).1), Refusal::InvitationSpent);
}

#[test]
fn two_who_wait_with_an_invitation_for_one_do_not_both_come_in() {
    let mut hall = Hall::new(Options { open: false, lobby: true, ..Options::default() });
    let (host, guest) = (hall.invitation(Role::Host, 0), hall.invitation(Role::Guest, 1));
    let (alice, _) = hall.brings("Alice", &host);
    let [(_, _), (carol, _)] = [hall.brings("Bob", &guest), hall.brings("Carol", &guest)];
    let knocks: Vec<_> = hall.room("kitchen").door.knocks().into_iter().map(|knock| knock.id).collect();
    for knock in knocks {
        hall.asks(alice, Request::Host(Command::Admit(knock)));
    }
    assert_eq!(*refused(&hall.hears(carol)), Refusal::InvitationSpent);
    assert_eq!(hall.hub.people("kitchen"), 2);
}

#[test]
fn a_guest_with_an_invitation_waits_where_there_is_a_lobby_also_before_the_host_comes() {
    let mut hall = Hall::new(Options { open: false, lobby: true, ..Options::default() });
    let (host, guest) = (hall.invitation(Role::Host, 0), hall.invitation(Role::Guest, 0));
    let (bob, heard) = hall.brings("Bob", &guest);
    assert!(matches!(heard[..], [Message::Waiting(_)]));
    let (alice, heard) = hall.brings("Alice", &host);
    let knock = let_in(&heard).knocks[0].id.clone();
    hall.asks(alice, Request::Host(Command::Admit(knock)));
    hall.joined(bob);
    let late = hall.brings("Carol", &guest).0;
    hall.happens(Event::Closed(late));
    assert_eq!(hall.room("kitchen").door.knocks(), []);
}

#[test]
fn a_host_invites_and_takes_it_back() {
    let mut hall = closed();
    let token = hall.invitation(Role::Host, 0);
    let (alice, _) = hall.brings("Alice", &token);
    let (kept, revoked) = (hall.wishes(alice, wish(Role::Guest, 5)), hall.wishes(alice, wish(Role::Guest, 6)));
    hall.asks(alice, Request::Host(Command::Revoke(revoked.clone())));
    assert_eq!(hall.hears(alice), [Message::Revoked(revoked.clone())]);
    assert_eq!(*refused(&hall.brings("Mallory", &revoked).1), Refusal::InvitationEnded);
    let bob = hall.brings("Bob", &kept).0;
    hall.asks(bob, Request::Host(Command::Invite(wish(Role::Host, 1))));
    assert_eq!(*refused(&hall.hears(bob)), Refusal::NotHost, "a guest makes nobody a host");
}

#[test]
fn what_the_command_line_revoked_opens_nothing() {
    let mut hall = closed();
    let token = hall.invitation(Role::Guest, 0);
    let invitation = hall.hub.invitations.read(&RoomName::new("kitchen").expect("a name"), &token, hall.now);
    let Invitation { id, ends, .. } = invitation.expect("a good one");
    hall.happens(Event::Revoked(vec![(id, ends)]));
    assert_eq!(*refused(&hall.brings("Bob", &token).1), Refusal::InvitationEnded);
}

#[test]
fn in_an_open_room_an_invitation_only_makes_hosts() {
    let mut hall = hall();
    hall.enters("Alice");
    let (host, guest) = (hall.invitation(Role::Host, 0), hall.invitation(Role::Guest, 1));
    assert!(let_in(&hall.brings("Bob", &host).1).host);
    for name in ["Carol", "Dave"] {
        assert!(!let_in(&hall.brings(name, &guest).1).host, "{name} would have come in without one");
    }
}

#[test]
fn whoever_was_sent_out_does_not_come_back_by_the_old_seat() {
    let mut hall = closed();
    let (host, guest) = (hall.invitation(Role::Host, 0), hall.invitation(Role::Guest, 1));
    let (alice, _) = hall.brings("Alice", &host);
    let (_, mallory) = hall.brings("Mallory", &guest);
    let mallory = let_in(&mallory).clone();
    hall.asks(alice, Request::Host(Command::Remove(mallory.you.clone())));
    hall.asks(alice, Request::Leave);
    hall.heard.clear();
    let back = hall.knocks("Mallory", "i", Some(&mallory.seat));
    assert_eq!(*refused(&hall.hears(back)), Refusal::InvitationNeeded);
}

#[test]
fn whoever_was_sent_out_and_let_in_again_may_reload_like_everybody_else() {
    let mut hall = closed();
    let (host, guest) = (hall.invitation(Role::Host, 0), hall.invitation(Role::Guest, 2));
    let (alice, _) = hall.brings("Alice", &host);
    let (_, mallory) = hall.brings("Mallory", &guest);
    let mallory = let_in(&mallory).clone();
    hall.asks(alice, Request::Host(Command::Remove(mallory.you.clone())));
    let again = hall.opens();
    let Request::Join(join) = join("kitchen", "Mallory", "i", Some(&mallory.seat), 50) else { unreachable!() };
    hall.asks(again, Request::Join(Join { invitation: Some(guest), ..join }));
    hall.asks(alice, Request::Host(Command::Admit(mallory.you.clone())));
    hall.heard.clear();
    let reloaded = hall.knocks("Mallory", "j", Some(&mallory.seat));
    assert_eq!(hall.joined(reloaded).you, mallory.you);
}

#[test]
fn who_waits_with_a_used_up_invitation_leaves_no_empty_room_behind() {
    let mut hall = Hall::new(Options { lobby: true, open: false, ..Options::default() });
    let (host, guest) = (hall.invitation(Role::Host, 0), hall.invitation(Role::Guest, 1));
    let (alice, _) = hall.brings("Alice", &host);
    let (first, _) = hall.brings("Bob", &guest);
    hall.brings("Carol", &guest);
    hall.heard.clear();
    let knocks: Vec<PersonId> = hall.hub.rooms.values().flat_map(|room| room.door.knocks()).map(|k| k.id).collect();
    knocks.iter().for_each(|id| hall.asks(alice, Request::Host(Command::Admit(id.clone()))));
    hall.asks(first, Request::Leave);
    hall.asks(alice, Request::Leave);
    assert_eq!(hall.hub.rooms(), 0);
}

#[test]
fn nobody_has_the_server_remember_more_than_a_network_opens_rooms() {
    let mut hall = hall();
    let (alice, _) = hall.enters("Alice");
    let mut revoked = 0;
    for n in 1..200 {
        let token = hall.wishes(alice, wish(Role::Guest, n));
        hall.asks(alice, Request::Host(Command::Revoke(token)));
        revoked += hall.hears(alice).iter().filter(|message| matches!(message, Message::Revoked(_))).count();
        if hall.was_closed(alice) {
            break;
        }
    }
    assert!(revoked <= 30, "{revoked} in no time");
}
