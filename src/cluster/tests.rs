//! Conversations with one node, where the simulated cluster would need luck to come by.

use std::time::Duration;

use super::*;
use crate::clock::Now;
use crate::hub::{Command, DoorChange, Hub, Invitations, Join, Message, Network, Options, Refusal, Request, SocketId};
use crate::invitation::InvitationKey;
use crate::pass::SeatKey;

const ALICE: SocketId = SocketId(1);
const BOB: SocketId = SocketId(2);
const AGAIN: SocketId = SocketId(3);

/// A node, and what it wants done.
struct Alone {
    node: Node,
    now: Now,
    outputs: Vec<Output>,
}

impl Alone {
    /// Its lease is good.
    fn new() -> Alone {
        let invitations = Invitations::new(InvitationKey::new(&[4; 32], Vec::new()), "");
        let node = Node::new(Hub::new(Options::default(), SeatKey::new(&[3; 32]), invitations));
        let mut alone = Alone { node, now: Now::read(), outputs: Vec::new() };
        alone.hears(Input::Up);
        alone.beats(true);
        alone
    }

    fn hears(&mut self, input: Input) {
        self.node.handle(input, self.now, &mut self.outputs);
    }

    fn beats(&mut self, kept: bool) {
        self.hears(Input::Beat { asked: Duration::ZERO, kept, alive: vec![NodeId(1)] });
    }

    /// Alice opens the kitchen, which is kept here.
    fn seats_alice(&mut self) {
        self.seats(ALICE, "alice", None);
    }

    fn seats(&mut self, socket: SocketId, id: &str, seat: Option<String>) {
        self.comes(socket, id, seat);
        self.hears(Input::Claimed(kitchen(), Claim::Ours(None)));
        assert!(self.node.person(socket).is_some());
    }

    fn comes(&mut self, socket: SocketId, id: &str, seat: Option<String>) {
        self.hears(Input::Here(Event::Opened { socket, network: Network(socket.0), counted: true }));
        let join = Join {
            room: "kitchen".to_owned(),
            name: id.to_owned(),
            instance: "first".to_owned(),
            seat,
            invitation: None,
            password: None,
            fresh: PersonId(id.into()),
        };
        self.hears(Input::Here(Event::Asked(socket, Request::Join(join))));
    }

    /// How many doors were put down since it was asked last.
    fn doors(&mut self) -> usize {
        let all = std::mem::take(&mut self.outputs);
        all.iter().filter(|output| matches!(output, Output::Order(Order::PutDoor(..)))).count()
    }
}

fn lock(by: SocketId) -> Input {
    let locked = DoorChange { locked: Some(true), ..DoorChange::default() };
    Input::Here(Event::Asked(by, Request::Host(Command::SetDoor(locked))))
}

fn kitchen() -> RoomName {
    RoomName::new("kitchen").unwrap()
}

#[test]
fn who_was_sent_out_at_another_node_does_not_come_back_past_a_lock_here() {
    let mut node = Alone::new();
    node.seats_alice();
    let seat = node.node.locals[&ALICE].stay.as_ref().unwrap().join.seat.clone();
    node.hears(Input::Here(Event::Asked(ALICE, Request::Leave)));
    // The kitchen was opened elsewhere meanwhile, and here again after that.
    let since = u64::try_from(node.now.unix.as_millis()).unwrap();
    let alice = RoomBans::of(PersonId("alice".into()), since);
    node.hears(Input::Heard(NodeId(2), Word::Banned(kitchen(), alice)));
    node.seats(BOB, "bob", None);
    node.hears(lock(BOB));
    node.outputs.clear();
    node.comes(AGAIN, "alice", seat);
    let refused = Output::Here(Effect::Send(AGAIN, Message::Error(Refusal::Locked)));
    assert!(node.outputs.contains(&refused), "{:?}", node.outputs);
}

#[test]
fn a_room_that_somebody_asks_for_is_not_let_go_of_before_the_answer() {
    let mut node = Alone::new();
    let alive = |node: &mut Alone, alive: &[u64]| {
        node.now = node.now.after(LEASE / 2);
        node.hears(Input::Beat {
            asked: Duration::ZERO,
            kept: true,
            alive: alive.iter().copied().map(NodeId).collect(),
        });
    };
    node.comes(ALICE, "alice", None);
    node.hears(Input::Claimed(kitchen(), Claim::Theirs(NodeId(2))));
    (0..3).for_each(|_| alive(&mut node, &[1, 2]));
    // The other node let go of the kitchen, and Bob opened it again here before Alice heard that the other node is lost.
    node.seats(BOB, "bob", None);
    node.outputs.clear();
    alive(&mut node, &[1]);
    node.hears(Input::Here(Event::Asked(BOB, Request::Leave)));
    node.hears(Input::Claimed(kitchen(), Claim::Ours(None)));
    let orders: Vec<_> = node
        .outputs
        .iter()
        .filter(|output| matches!(output, Output::Order(Order::Claim { .. } | Order::Release(_))))
        .collect();
    assert_eq!(orders, [&Output::Order(Order::Claim { room: kitchen(), again: false })]);
    assert!(node.node.people("kitchen") == Some(1) && node.node.person(ALICE).is_some());
}

#[test]
fn of_several_answers_about_a_room_only_the_last_one_counts() {
    let mut node = Alone::new();
    for (socket, id) in [(ALICE, "alice"), (BOB, "bob")] {
        node.comes(socket, id, None);
        node.hears(Input::Here(Event::Closed(socket)));
    }
    let released = |node: &Alone| node.outputs.contains(&Output::Order(Order::Release(kitchen())));
    // Let go of now, the kitchen would be taken again by what is on the way for Bob, and let go of behind his back.
    node.hears(Input::Claimed(kitchen(), Claim::Ours(None)));
    assert!(!released(&node));
    node.hears(Input::Claimed(kitchen(), Claim::Ours(None)));
    assert!(released(&node));
}

#[test]
fn what_is_answered_to_words_before_a_cut_is_not_taken_for_the_answer_to_coming_back() {
    let mut node = Alone::new();
    node.comes(ALICE, "alice", None);
    node.hears(Input::Claimed(kitchen(), Claim::Theirs(NodeId(2))));
    let visits = |node: &mut Alone| -> Vec<Visit> {
        let entering = |output| match output {
            Output::Order(Order::Tell(NodeId(2), Word::Enter { visit, .. })) => Some(visit),
            _ => None,
        };
        node.outputs.drain(..).filter_map(entering).collect()
    };
    let before = visits(&mut node);
    node.hears(Input::Down);
    node.hears(Input::Up);
    let after = visits(&mut node);
    let late = Word::Said(before[0], Message::Error(Refusal::NoSuchPeer));
    node.hears(Input::Heard(NodeId(2), late));
    assert!(node.node.locals[&ALICE].stay.is_some() && node.outputs.is_empty(), "{:?}", node.outputs);
    let refused = Message::Error(Refusal::Locked);
    node.hears(Input::Heard(NodeId(2), Word::Said(after[0], refused.clone())));
    assert!(node.outputs.contains(&Output::Here(Effect::Send(ALICE, refused))));
}

#[test]
fn a_door_that_may_be_somebody_elses_is_not_put_down() {
    let mut node = Alone::new();
    node.seats_alice();
    node.doors();
    // The lease ran out: another node may keep the kitchen, with a door of its own.
    node.beats(false);
    node.hears(lock(ALICE));
    node.hears(Input::Down);
    node.hears(Input::Up);
    node.beats(true);
    assert_eq!(node.doors(), 0);
    node.hears(Input::Claimed(kitchen(), Claim::Ours(None)));
    assert_eq!(node.doors(), 1, "it is ours after all");
}
